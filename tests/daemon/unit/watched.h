#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "adapters/config/settings.h"
#include "adapters/loop/pool.h"
#include "adapters/metrics/metrics.h"
#include "adapters/store/ledger.h"
#include "daemon/world.h"

namespace tidemark::unit_test {

// Runs one coroutine to its end.
template <class T>
T run(asio::io_context& loop, Awaitable<T> work) {
  auto answer = asio::co_spawn(loop, std::move(work), asio::use_future);
  loop.restart();
  loop.run();
  return answer.get();
}

// A world over a real ledger in a folder of its own, with an app `shop` that has dev (managed),
// staging (reconcile_only) and prod (export_only), and a clock that stands still.
class Watched {
 public:
  Watched();
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // The daemon stops, and starts again on the same ledger.
  void restart();
  void add_app(AppSettings settings, ContentReader contents = {});
  World& world() { return running_->world; }
  Ledger& ledger() { return running_->ledger; }
  Events& events() { return running_->events; }
  template <class T>
  T run(Awaitable<T> work) {
    return unit_test::run(running_->loop, std::move(work));
  }

  asio::io_context& loop() { return running_->loop; }
  // How often something was flushed into the ledger since it was opened.
  std::size_t commits() const;

  void directory_has(std::vector<Migration> migrations);
  void was_read(const EnvironmentRef& ref, Observation seen);
  CellState state(const EnvironmentRef& ref, const std::string& key);
  std::multiset<std::string> findings(const EnvironmentRef& ref);  // "edited 2"
  std::size_t events_of(std::string_view type);
  std::string page() { return running_->metrics.page(); }

  // Nothing can be written for as long as this is on.
  void disk_full(bool full);

  TimePoint now = *parse_time("2026-04-18T12:00:00Z");
  Instant instant() const {
    return {now, std::chrono::steady_clock::time_point(now.time_since_epoch())};
  }

 private:
  struct Running;
  std::filesystem::path folder_;
  std::unique_ptr<Running> running_;

  struct Running {
    explicit Running(Ledger opened) : ledger(std::move(opened)) {}
    Ledger ledger;
    asio::io_context loop{1};
    Pool store{1};
    Pool workers{2};
    Metrics metrics;
    Events events{loop};
    World world{ledger, store, workers, metrics, events};
  };
};

const EnvironmentRef dev{"shop", "dev"};
const EnvironmentRef staging{"shop", "staging"};
const EnvironmentRef prod{"shop", "prod"};

AppSettings shop();
Migration file(const std::string& version, const std::string& text);
// Their row for that file, applied; its checksum is the file's text.
Row applied(const std::string& version, const std::string& text);
Observation seen(std::vector<Row> rows, Identity identity = {"7301", 1, 16384, 0});

}  // namespace tidemark::unit_test
