#include "tests/adapters/postgres/reading.h"

#include <exception>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Route> route_to(const std::string& address) {
  auto target = parse_target(address);
  if (!target) {
    throw std::runtime_error(target.error().detail);
  }
  return std::make_shared<const Route>(*target);
}

// Runs a coroutine to its end; terminal cancellation after a while, when one is given.
template <class T>
T run(asio::io_context& loop,
      Awaitable<T> work,
      std::optional<std::chrono::milliseconds> cancel_after = {}) {
  std::optional<T> answer;
  std::exception_ptr thrown;
  asio::cancellation_signal signal;
  asio::steady_timer timer(loop);
  if (cancel_after) {
    timer.expires_after(*cancel_after);
    timer.async_wait([&signal](boost::system::error_code error) {
      if (!error) {
        signal.emit(asio::cancellation_type::terminal);
      }
    });
  }
  bool ended = false;
  auto done = [&](std::exception_ptr exception, T value) {
    ended = true;
    thrown = exception;
    answer.emplace(std::move(value));
    timer.cancel();
  };
  asio::co_spawn(loop, std::move(work), asio::bind_cancellation_slot(signal.slot(), done));
  loop.restart();
  const auto patience = std::chrono::steady_clock::now() + 30s;
  while (!ended && std::chrono::steady_clock::now() < patience) {
    loop.run_one_for(100ms);
  }
  if (!ended) {
    throw std::runtime_error("still not done after half a minute");
  }
  if (thrown) {
    std::rethrow_exception(thrown);
  }
  return std::move(*answer);
}

}  // namespace

Connected Reading::connect(const std::string& address,
                           const std::string& password,
                           std::chrono::milliseconds within) {
  return run(loop_, ReadSession::connect(pool_, resolver_, route_to(address), password, within));
}

ReadSession::Answer Reading::read(ReadSession& session,
                                  std::vector<ReadQuery> queries,
                                  ReadLimits limits) {
  return run(loop_, session.read(std::move(queries), limits));
}

std::expected<AnswerDigest::Value, ReadFailure> Reading::digest(ReadSession& session,
                                                                std::vector<ReadQuery> queries,
                                                                ReadLimits limits) {
  auto batch = ReadBatch::make(std::move(queries), limits);
  if (!batch) {
    throw std::runtime_error(batch.error().detail);
  }
  return run(loop_, session.digest(*batch));
}

Connected Reading::connect_cancelled(const std::string& address, std::chrono::milliseconds after) {
  return run(loop_, ReadSession::connect(pool_, resolver_, route_to(address), ""), after);
}

ReadSession::Answer Reading::read_cancelled(ReadSession& session,
                                            std::vector<ReadQuery> queries,
                                            std::chrono::milliseconds after) {
  return run(loop_, session.read(std::move(queries), {}), after);
}

ReadSession::Answer Reading::read_interrupted(ReadSession& session,
                                              std::vector<ReadQuery> queries,
                                              std::chrono::milliseconds after) {
  asio::steady_timer timer(loop_, after);
  timer.async_wait([&session](boost::system::error_code) { session.interrupt(); });
  return run(loop_, session.read(std::move(queries), {}));
}

std::uint64_t resident_bytes() {
  std::ifstream pages("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  pages >> all >> resident;
  return resident * 4096;
}

ReadQuery query(ReadStatement statement, std::vector<std::optional<std::string>> values) {
  return {statement, std::nullopt, std::move(values)};
}

ReadQuery query_on(TableName ledger, ReadStatement statement) {
  return {statement, std::move(ledger), {}};
}

}  // namespace tidemark::test
