#include "daemon/apply/progress.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "adapters/loop/timer.h"

namespace tidemark {

namespace {

constexpr std::chrono::milliseconds state_every{100};
// Nobody sees the difference, and each time costs whoever applies and whoever listens.
constexpr std::chrono::milliseconds told_every{20};
constexpr std::chrono::seconds sign_of_life_every{1};

}  // namespace

void Progress::tell(std::string_view type, boost::json::object line) {
  boost::json::object whole{{"type", type}, {"at", format_time(wall_clock_now())}};
  for (auto& member : line) {
    whole[member.key()] = std::move(member.value());
  }
  lines_.push_back(boost::json::serialize(whole) + "\n");
  wake();
}

void Progress::now(boost::json::object state) {
  now_ = std::move(state);
  ++states_;
  wake();
}

void Progress::end() {
  ended_ = true;
  wake();
}

void Progress::wake() {
  for (auto* listener : listeners_) {
    listener->call();
  }
}

ProgressStream::ProgressStream(std::shared_ptr<Progress> progress)
    : progress_(std::move(progress)), wakeup_(progress_->loop_) {
  progress_->listeners_.push_back(&wakeup_);
}

ProgressStream::~ProgressStream() {
  progress_->listeners_.remove(&wakeup_);
}

// A state is told when it is news and the last one is a moment old, or to show that all is well.
std::string ProgressStream::news(bool silent_for_long) {
  std::string text;
  for (; lines_told_ < progress_->lines_.size(); ++lines_told_) {
    text += progress_->lines_[lines_told_];
  }
  const auto now = std::chrono::steady_clock::now();
  const bool is_news = states_told_ != progress_->states_ && now - state_told_at_ >= state_every;
  if (!progress_->ended_ && !progress_->now_.empty() && (is_news || silent_for_long)) {
    states_told_ = progress_->states_;
    state_told_at_ = now;
    auto state = progress_->now_;
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - progress_->began_);
    state["type"] = "progress";
    state["elapsed_ms"] = elapsed.count();
    text += boost::json::serialize(state) + "\n";
  }
  return text;
}

Awaitable<std::optional<std::string>> ProgressStream::next() {
  const auto silent_until = std::chrono::steady_clock::now() + sign_of_life_every;
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (const auto next = told_at_ + told_every; now < next && !progress_->ended_) {
      co_await wakeup_.sleep(next - now);
      continue;
    }
    auto text = news(now >= silent_until);
    if (!text.empty()) {
      told_at_ = now;
      co_return text;
    }
    if (progress_->ended_) {
      co_return std::nullopt;
    }
    const bool held_back = states_told_ != progress_->states_;
    const auto until =
        held_back ? std::min(silent_until, state_told_at_ + state_every) : silent_until;
    co_await wakeup_.sleep(
        std::max<std::chrono::steady_clock::duration>(until - now, state_every / 10));
  }
}

}  // namespace tidemark
