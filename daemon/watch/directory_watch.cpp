#include "daemon/watch/directory_watch.h"

#include <set>
#include <utility>

#include "adapters/log/log.h"
#include "adapters/tools/custom.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/own.h"
#include "adapters/tools/own_ledger.h"

namespace tidemark {

namespace {

RepoPaths paths_of(const RepoSettings& repo) {
  return {repo.paths, repo.ignore};
}

// With the checksums that ledgers of people's own keep, for the files as they are.
std::vector<FileEntry> with_checksums(std::vector<FileEntry> entries,
                                      std::string_view bytes,
                                      const std::set<std::string>& algorithms) {
  for (auto& entry : entries) {
    auto& checksums = entry.checksums;
    const bool has_none = checksums.accepted.empty();
    for (const auto& algorithm : algorithms) {
      for (auto& checksum : custom_checksums(algorithm, bytes)) {
        checksums.accepted.push_back(std::move(checksum));
      }
    }
    checksums.complete = checksums.complete || (has_none && !algorithms.empty());
  }
  return entries;
}

std::set<std::string> algorithms_of(const AppSettings& settings) {
  std::set<std::string> algorithms;
  for (const auto& environment : settings.environments) {
    const auto& custom = environment.their_ledger.custom;
    if (custom && !custom->algorithm.empty()) {
      algorithms.insert(custom->algorithm);
    }
  }
  return algorithms;
}

// Our own ledger keeps the hash of the bytes that were applied, whoever's files they are: a
// checkout with other line endings is no other file.
std::vector<FileEntry> with_own_checksums(std::vector<FileEntry> entries, std::string_view bytes) {
  const auto checksums = own_checksums(bytes);
  for (auto& entry : entries) {
    auto& accepted = entry.checksums.accepted;
    accepted.insert(accepted.end(), checksums.begin(), checksums.end());
  }
  return entries;
}

ChooseLayout chooser(const std::string& setting,
                     const std::shared_ptr<SeenLedgers>& seen,
                     std::set<std::string> algorithms) {
  return [setting, seen, algorithms = std::move(algorithms)](
             std::span<const std::string> paths, const ReadHead& head) -> Result<Layout> {
    const Tool* ledger = seen->first;
    const bool own_shape = seen->own_shape;
    const auto choice =
        choose_layout(setting, {paths, head}, ledger == nullptr ? "" : ledger->name());
    if (choice.tool == nullptr) {
      return fail(Errc::invalid, choice.trouble);
    }
    Layout layout;
    layout.name = std::string(choice.tool->name());
    const bool beside = own_shape && choice.tool != &own();
    layout.entries = [tool = choice.tool, algorithms, beside](std::string_view path,
                                                              std::string_view bytes) {
      auto entries = with_checksums(tool->entries(path, bytes), bytes, algorithms);
      return beside ? with_own_checksums(std::move(entries), bytes) : entries;
    };
    layout.entries_by_name = [tool = choice.tool](std::string_view path) {
      return tool->entries_by_name(path);
    };
    layout.names_above = [tool = choice.tool](std::string_view root, std::string_view path) {
      return tool->names_above(root, path);
    };
    if (!choice.trouble.empty()) {
      layout.problems.push_back({"", choice.trouble});
    }
    layout.stands = [seen, ledger, own_shape] {
      return seen->first == ledger && seen->own_shape == own_shape;
    };
    return layout;
  };
}

DirectoryTimes times_of(const RepoSettings& repo) {
  DirectoryTimes times;
  times.settle.settle = repo.settle;
  times.settle.bereft = 10 * repo.settle;
  return times;
}

}  // namespace

AppDirectory::AppDirectory(asio::io_context& loop,
                           World& world,
                           Pool& workers,
                           const AppSettings& settings)
    : world_(world),
      workers_(workers),
      app_(settings.name),
      auto_layout_(settings.repo.layout == "auto"),
      seen_(std::make_shared<SeenLedgers>()),
      paths_(paths_of(settings.repo)),
      directory_(loop.get_executor(),
                 paths_,
                 chooser(settings.repo.layout, seen_, algorithms_of(settings)),
                 times_of(settings.repo)) {}

ContentReader AppDirectory::content_reader(const RepoSettings& repo) {
  const auto paths = paths_of(repo);
  return [paths, pieces = PieceReader(paths)](const Migration& migration) mutable {
    const auto& expected = migration.content.raw;
    return migration.piece ? pieces.read(migration.file, *migration.piece, expected)
                           : read_file(paths, migration.file, expected);
  };
}

bool AppDirectory::ledger_seen(std::string_view tool) {
  const auto layout = world_.layout(app_);
  const Tool* none = nullptr;
  const Tool* seen = find_tool(tool);
  const bool other = !layout.empty() && layout != tool;
  bool doubted = false;
  if (seen != nullptr && seen_->first.compare_exchange_strong(none, seen)) {
    directory_.again();
    doubted = auto_layout_ && other;
  }
  if (seen == &own() && other && !seen_->own_shape.exchange(true)) {
    directory_.reread();
    doubted = true;
  }
  asked_anew_ = asked_anew_ || doubted;
  return asked_anew_ && other;  // also for those that ask before that is answered
}

namespace {

Result<Catalog> catalog_of(const ScanResult& result, const RepoPaths& paths) try {
  const ReadScanned read = [&paths](const ScannedFile& file) {
    return read_file(paths, file.path, file.content.raw);
  };
  auto catalog = find_tool(result.layout)->arrange(*result.files, read);
  if (catalog) {
    catalog->problems.insert(
        catalog->problems.end(), result.problems.begin(), result.problems.end());
    catalog->unread.any = catalog->unread.any || result.unread.any;
    catalog->unread.keys.insert(result.unread.keys.begin(), result.unread.keys.end());
  }
  return catalog;
} catch (const std::exception& error) {
  return fail(Errc::internal, std::string("make sense of the files: ") + error.what());
}

}  // namespace

Awaitable<void> AppDirectory::run() {
  bool told_of_polling = false;
  for (;;) {
    auto scanned = co_await directory_.next(workers_);
    if (directory_.polling() && !told_of_polling) {
      told_of_polling = true;
      log_info("directory is polled", {{"app", app_}, {"why", directory_.why_polling()}});
    }
    auto catalog = co_await arranged(std::move(scanned));
    if (!catalog && catalog.error().code == Errc::conflict) {
      directory_.again();  // changed since it was scanned
      continue;
    }
    if (catalog) {
      co_await tell(std::move(*catalog));
    } else {
      log_warn("directory cannot be read", {{"app", app_}, {"error", catalog.error().detail}});
      co_await world_.directory_failed(app_, std::move(catalog.error()));
    }
    if (asked_anew_ && !directory_.asked_again()) {
      asked_anew_ = false;
      on_asked_anew();
    }
  }
}

Awaitable<Result<Catalog>> AppDirectory::arranged(Result<ScanResult> scanned) {
  if (!scanned) {
    co_return std::unexpected(std::move(scanned.error()));
  }
  auto work = [result = std::move(*scanned), paths = paths_] { return catalog_of(result, paths); };
  auto catalog = co_await workers_.run(std::move(work));
  co_return catalog;
}

Awaitable<void> AppDirectory::tell(Catalog catalog) {
  log_info("directory read",
           {{"app", app_},
            {"layout", catalog.layout},
            {"migrations", catalog.migrations.size()},
            {"problems", catalog.problems.size()}});
  const auto stored = co_await world_.directory_read(app_, std::move(catalog));
  if (!stored) {
    log_warn("comparison could not be stored", {{"app", app_}, {"error", stored.error().detail}});
  }
}

}  // namespace tidemark
