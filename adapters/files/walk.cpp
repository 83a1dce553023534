#include "adapters/files/walk.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

#include "adapters/files/glob.h"
#include "adapters/files/system_error.h"

namespace tidemark {

namespace {

constexpr std::array<std::string_view, 4> never_migrations{
    "node_modules", "venv", "__pycache__", "lost+found"};

std::string joined(const std::string& folder, std::string_view name) {
  std::string path;
  path.reserve(folder.size() + 1 + name.size());
  path = folder;
  if (!path.empty()) {
    path += '/';
  }
  path += name;
  return path;
}

bool looks_like_sql(std::string_view path) {
  constexpr std::string_view extension = ".sql";
  const auto name = path.substr(path.rfind('/') + 1);
  return name.size() > extension.size() &&
         std::ranges::equal(name.substr(name.size() - extension.size()), extension, {}, [](char c) {
           return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
         });
}

// The process or the machine is short of something: what follows would be a listing with holes.
bool leaves_holes(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using OpenDirectory = std::unique_ptr<DIR, CloseDirectory>;

class Walker {
 public:
  Walker(std::span<const std::string> ignore,
         const WalkLimits& limits,
         FolderVisitor* visitor,
         const std::stop_token& stop)
      : ignore_(ignore), limits_(limits), visitor_(visitor), stop_(stop) {}

  // `path` is how people see the folder; its Place may be elsewhere in the tree when a link led
  // here.
  std::optional<Error> enter(const Place& folder, const std::string& path, std::size_t depth) {
    if (stop_.stop_requested()) {
      return Error{Errc::cancelled, "list '" + path + "': stopped"};
    }
    auto fd = open_folder(folder, ".");
    if (!fd) {
      return give_up_on(path, fd.error());
    }
    const auto stat = stat_of(fd->get());
    if (!stat) {
      return give_up_on(path, stat.error());
    }
    if (!entered_.insert({stat->device, stat->inode}).second) {
      return std::nullopt;
    }
    found_.newest_change = std::max(found_.newest_change, stat->changed);
    if (visitor_ != nullptr) {
      visitor_->folder(fd->get());
    }
    auto paths = list(*std::move(fd), path);
    if (!paths) {
      return paths.error();
    }
    const auto before_name = path.empty() ? 0 : path.size() + 1;
    for (auto& below : *paths) {
      if (auto error = look_at(folder, std::move(below), before_name, depth)) {
        return error;
      }
    }
    return std::nullopt;
  }

  Walk take() { return std::move(found_); }

 private:
  bool ignored(std::string_view name, const std::string& folder) const {
    if (name.starts_with('.') ||
        std::ranges::find(never_migrations, name) != never_migrations.end()) {
      return true;
    }
    if (ignore_.empty()) {
      return false;
    }
    const auto path = joined(folder, name);
    return std::ranges::any_of(ignore_,
                               [&](const auto& pattern) { return glob_matches(pattern, path); });
  }

  // Whether a folder is left out when one comes to it through real folders only.
  bool left_out(const std::string& real_path) const {
    for (std::size_t begin = 0; begin < real_path.size();) {
      const auto end = std::min(real_path.find('/', begin), real_path.size());
      if (ignored(std::string_view(real_path).substr(begin, end - begin),
                  real_path.substr(0, begin == 0 ? 0 : begin - 1))) {
        return true;
      }
      begin = end + 1;
    }
    return false;
  }

  // The paths of what is in a folder, sorted.
  Result<std::vector<std::string>> list(FileDescriptor fd, const std::string& path) {
    std::vector<std::string> paths;
    const OpenDirectory directory(::fdopendir(fd.get()));
    if (!directory) {
      return fail(Errc::retry, "list '" + path + "': " + error_text(errno));
    }
    fd.release();
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr) {
        break;
      }
      const std::string_view name = entry->d_name;
      if (ignored(name, path)) {
        continue;
      }
      if (++listed_ > limits_.files) {
        return fail(
            Errc::invalid,
            "more than " + std::to_string(limits_.files) +
                " files: point it at the migrations alone, or name what is not one under `ignore`");
      }
      paths.push_back(joined(path, name));
    }
    if (errno != 0) {
      return fail(Errc::retry, "list '" + path + "': " + error_text(errno));
    }
    std::ranges::sort(paths);
    return paths;
  }

  std::optional<Error> look_at(const Place& folder,
                               std::string path,
                               std::size_t before_name,
                               std::size_t depth) {
    const auto stat = stat_at(folder.fd(), path.c_str() + before_name);
    if (!stat) {
      return stat.error() == ENOENT ? std::nullopt : give_up_on(path, stat.error());
    }
    if (is_mounted_below(*stat, folder)) {
      problem(
          std::move(path),
          "is a mount below the directory and is not read; add it under `paths` if it should be");
      return std::nullopt;
    }
    if (stat->is_link()) {
      return follow(folder, path.substr(before_name), path, depth);
    }
    if (stat->is_folder()) {
      return descend(folder, path.substr(before_name), path, depth);
    }
    take_file(std::move(path), *stat, false);
    return std::nullopt;
  }

  std::optional<Error> descend(const Place& folder,
                               const std::string& name,
                               const std::string& path,
                               std::size_t depth) {
    if (depth == limits_.depth) {
      problem(path, "is nested too deeply and is not read");
      return std::nullopt;
    }
    auto fd = open_folder(folder, name);
    if (!fd) {
      return give_up_on(path, fd.error());
    }
    const auto stat = stat_of(fd->get());
    if (!stat || is_mounted_below(*stat, folder)) {
      return std::nullopt;  // replaced since it was looked at: that is a change, and the next scan
                            // sees it
    }
    return enter(folder.child(*std::move(fd), name), path, depth + 1);
  }

  std::optional<Error> follow(const Place& folder,
                              const std::string& name,
                              std::string path,
                              std::size_t depth) {
    const auto target = resolve(folder, name, visitor_);
    if (!target) {
      return refuse(target.error(), std::move(path));
    }
    if (!target->name.empty()) {
      take_file(std::move(path), target->stat, true);
      return std::nullopt;
    }
    if (!left_out(target->folder.path())) {
      return std::nullopt;
    }
    if (depth == limits_.depth) {
      problem(std::move(path), "is nested too deeply and is not read");
      return std::nullopt;
    }
    return enter(target->folder, path, depth + 1);
  }

  std::optional<Error> refuse(const Obstacle& obstacle, std::string path) {
    switch (obstacle.kind) {
      case Obstacle::Kind::leaves:
        problem(std::move(path),
                "is a link that leaves the directory and is not followed (an absolute one always "
                "does)");
        return std::nullopt;
      case Obstacle::Kind::mount:
        problem(std::move(path), "is a link into a mount below the directory and is not followed");
        return std::nullopt;
      case Obstacle::Kind::missing:
        problem(std::move(path), "is a link to nothing");
        return std::nullopt;
      case Obstacle::Kind::circular:
        problem(std::move(path), "is a link that goes in circles");
        return std::nullopt;
      case Obstacle::Kind::failed:
        return give_up_on(path, obstacle.error);
    }
    return std::nullopt;
  }

  void take_file(std::string path, const FileStat& stat, bool linked) {
    if (!stat.is_file()) {
      if (looks_like_sql(path)) {
        problem(std::move(path), "is not a regular file and is not read");
      }
      return;
    }
    found_.newest_change = std::max(found_.newest_change, stat.changed);
    found_.files.push_back({std::move(path), stat, linked});
  }

  void problem(std::string path, std::string what) {
    found_.problems.push_back({std::move(path), std::move(what)});
  }

  std::optional<Error> give_up_on(const std::string& path, int error) {
    if (leaves_holes(error) || path.empty()) {
      return Error{errc_of(error), "open '" + path + "': " + error_text(error)};
    }
    if (error != ENOENT && error != ELOOP &&
        error != ENOTDIR) {  // those: it was replaced a moment ago
      problem(path, "cannot be read: " + error_text(error));
      found_.unreadable.push_back(path);
    }
    return std::nullopt;
  }

  std::span<const std::string> ignore_;
  const WalkLimits& limits_;
  FolderVisitor* visitor_;
  const std::stop_token& stop_;
  Walk found_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> entered_;
  std::size_t listed_ = 0;
};

}  // namespace

Result<Walk> walk(const Place& root,
                  std::span<const std::string> ignore,
                  const WalkLimits& limits,
                  FolderVisitor* visitor,
                  const std::stop_token& stop) {
  Walker walker(ignore, limits, visitor, stop);
  if (auto error = walker.enter(root, "", 0)) {
    return std::unexpected(*std::move(error));
  }
  Walk found = walker.take();
  if (!std::ranges::is_sorted(found.files, {}, &Walk::File::path)) {
    std::ranges::sort(found.files, {}, &Walk::File::path);
  }
  return found;
}

}  // namespace tidemark
