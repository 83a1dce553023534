#pragma once

#include <optional>
#include <string>

#include "adapters/config/settings.h"
#include "adapters/files/directory.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "daemon/world.h"

namespace tidemark {

// Follows one app's directory and tells the world each catalog that has settled.
class AppDirectory {
 public:
  AppDirectory(asio::io_context& loop, World& world, Pool& workers, const AppSettings& settings);

  // Never returns.
  Awaitable<void> run();

  std::optional<TimePoint> last_scan() const { return directory_.last_scan(); }

  // For the ledger to keep what was applied.
  static ContentReader content_reader(const RepoSettings& repo);

 private:
  World& world_;
  Pool& workers_;
  std::string app_;
  Directory directory_;
};

}  // namespace tidemark
