#include "daemon/watch/directory_watch.h"

#include "adapters/log/log.h"
#include "adapters/tools/layout.h"

namespace tidemark {

namespace {

RepoPaths paths_of(const RepoSettings& repo) {
  return {repo.paths, repo.ignore};
}

ChooseLayout chooser(const std::string& setting) {
  return [setting](std::span<const std::string> paths) -> Result<Layout> {
    const auto choice = choose_layout(setting, paths);
    if (choice.tool == nullptr) {
      return fail(Errc::invalid, choice.trouble);
    }
    Layout layout;
    layout.name = std::string(choice.tool->name());
    layout.entries = [tool = choice.tool](std::string_view path, std::string_view bytes) {
      return tool->entries(path, bytes);
    };
    layout.entries_by_name = [tool = choice.tool](std::string_view path) {
      return tool->entries_by_name(path);
    };
    if (!choice.trouble.empty()) {
      layout.problems.push_back({"", choice.trouble});
    }
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
      directory_(loop.get_executor(),
                 paths_of(settings.repo),
                 chooser(settings.repo.layout),
                 times_of(settings.repo)) {}

ContentReader AppDirectory::content_reader(const RepoSettings& repo) {
  return [paths = paths_of(repo)](const std::string& file, const Digest& raw) {
    return read_file(paths, file, raw);
  };
}

Awaitable<void> AppDirectory::run() {
  bool told_of_polling = false;
  for (;;) {
    auto scanned = co_await directory_.next(workers_);
    if (directory_.polling() && !told_of_polling) {
      told_of_polling = true;
      log_info("directory is polled", {{"app", app_}, {"why", directory_.why_polling()}});
    }
    if (!scanned) {
      log_warn("directory cannot be read", {{"app", app_}, {"error", scanned.error().detail}});
      co_await world_.directory_failed(app_, scanned.error());
      continue;
    }
    auto work = [result = std::move(*scanned)] {
      Catalog catalog = make_catalog(result.layout, *result.files);
      catalog.problems.insert(
          catalog.problems.end(), result.problems.begin(), result.problems.end());
      catalog.unread = result.unread;
      return catalog;
    };
    Catalog catalog = co_await workers_.run(std::move(work));
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
}

}  // namespace tidemark
