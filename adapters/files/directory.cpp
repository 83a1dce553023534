#include "adapters/files/directory.h"

#include <algorithm>
#include <stop_token>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "adapters/loop/timer.h"

namespace tidemark {

Directory::Directory(asio::any_io_executor executor,
                     RepoPaths paths,
                     ChooseLayout choose_layout,
                     DirectoryTimes times,
                     ScanLimits limits)
    : times_(times),
      scanner_(
          std::make_shared<DirectoryScanner>(std::move(paths), std::move(choose_layout), limits)),
      watch_(std::move(executor)),
      settle_(times.settle),
      reread_(Clock::now()) {}

Awaitable<Result<ScanResult>> Directory::next(Pool& pool) {
  for (;;) {
    co_await wait_until_due();
    const auto began = Clock::now();
    auto outcome = co_await look(pool);
    if (counts(outcome, began)) {
      co_return outcome;
    }
  }
}

Awaitable<void> Directory::wait_until_due() {
  for (;;) {
    const auto until = due();
    if (Clock::now() >= until) {
      co_return;
    }
    const bool something = co_await watch_.changed(until);
    if (something) {
      settle_.changed(Clock::now());
    }
  }
}

Directory::Clock::time_point Directory::due() const {
  if (requested_) {
    return looked_;
  }
  if (const auto settling = settle_.due()) {
    return *settling;
  }
  const auto usual = polling() ? times_.poll : times_.rescan;
  if (failures_ == 0) {
    return looked_ + usual;
  }
  constexpr unsigned doublings_max = 10;
  return looked_ +
         std::min(times_.poll * (1U << std::min(failures_ - 1, doublings_max)), times_.rescan);
}

Awaitable<Result<ScanResult>> Directory::look(Pool& pool) {
  requested_ = false;
  if (std::exchange(anew_, false)) {
    returned_.reset();
  }
  const auto now = Clock::now();
  const bool reread = std::exchange(all_, false) || now >= reread_ + times_.reread;
  if (reread) {
    reread_ = now;
  }
  auto plan = watch_.plan();
  auto job = [scanner = scanner_, plan, reread](const std::stop_token& stop) {
    if (reread) {
      scanner->forget();
    }
    return scanner->scan(plan.get(), stop);
  };
  auto outcome = co_await pool.run(std::move(job));
  looked_ = Clock::now();
  if (!outcome && outcome.error().code == Errc::cancelled) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  watch_.adopt(*plan);
  if (watch_.drain()) {
    settle_.changed(looked_);
  }
  co_return outcome;
}

bool Directory::counts(const Result<ScanResult>& outcome, Clock::time_point began) {
  Settle::Look seen{
      outcome ? outcome->fingerprint : sha256("failed: " + outcome.error().detail), began, {}};
  if (outcome) {
    failures_ = 0;
    last_scan_ = wall_clock_now();
    seen.quiet_for = outcome->quiet_for;
    seen.unsteady = outcome->git_busy || !outcome->unsteady.empty();
    // A file that is just being written is not gone.
    const auto there = outcome->files->size() + outcome->unread.keys.size();
    seen.bereft = there * 2 < files_ || there == 0;
  } else {
    ++failures_;
  }
  if (!settle_.looked(seen, looked_) || returned_ == seen.fingerprint) {
    return false;
  }
  returned_ = seen.fingerprint;
  files_ = outcome ? outcome->files->size() : files_;
  return true;
}

void Directory::again() {
  anew_ = true;
  rescan();
}

void Directory::reread() {
  all_ = true;
  again();
}

void Directory::rescan() {
  requested_ = true;
  watch_.wake();
}

std::string Directory::why_polling() const {
  return times_.always_poll && !watch_.polling() ? "the configuration says so"
                                                 : watch_.why_polling();
}

}  // namespace tidemark
