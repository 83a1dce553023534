#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/config/settings.h"
#include "adapters/files/directory.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/tools/tool.h"
#include "daemon/world.h"

namespace tidemark {

// Ledgers of the app's environments, for scans to know, which are on a pool thread.
struct SeenLedgers {
  std::atomic<const Tool*> first = nullptr;
  std::atomic<bool> own_shape = false;
};

// Follows one app's directory and tells the world each catalog that has settled.
class AppDirectory {
 public:
  AppDirectory(asio::io_context& loop, World& world, Pool& workers, const AppSettings& settings);

  // Never returns.
  Awaitable<void> run();

  std::optional<TimePoint> last_scan() const { return directory_.last_scan(); }

  // In one of its environments there is a ledger of this tool: that may tell whose the files are,
  // where they do not. The first one counts. Beside a ledger of our own shape files have one
  // checksum more. True: it is looked into, and what was made of that ledger beside these files is
  // better not told.
  bool ledger_seen(std::string_view tool);
  // That was looked into, whatever came of it.
  std::function<void()> on_asked_anew;

  // For the ledger to keep what was applied.
  static ContentReader content_reader(const RepoSettings& repo);

 private:
  Awaitable<Result<Catalog>> arranged(Result<ScanResult> scanned);
  Awaitable<void> tell(Catalog catalog);

  World& world_;
  Pool& workers_;
  std::string app_;
  bool auto_layout_;
  bool asked_anew_ = false;
  std::shared_ptr<SeenLedgers> seen_;
  RepoPaths paths_;
  Directory directory_;
};

}  // namespace tidemark
