#include "adapters/files/scan.h"

#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>
#include <memory>

#include "adapters/files/git.h"
#include "adapters/files/root_steps.h"
#include "adapters/files/system_error.h"

namespace tidemark {

namespace {

Result<Place> open_root(const std::string& root) {
  FileDescriptor fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    const int error = errno;
    const auto text = error == ENOENT ? "no such directory" : error_text(error);
    return fail(errc_of(error), root + ": " + text);
  }
  const auto stat = stat_of(fd.get());
  if (!stat) {
    return fail(errc_of(stat.error()), root + ": " + error_text(stat.error()));
  }
  return Place(std::move(fd), *stat);
}

std::string without_links(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  return real ? std::string(real.get()) : path;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

// Where a scanned path is now. Files of one folder come one after the other, so the last folder is
// remembered.
class Finder {
 public:
  explicit Finder(const Place& root) : root_(root), folder_(root) {}

  std::expected<Resolved, Obstacle> find(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder_path = slash == std::string::npos ? std::string() : path.substr(0, slash);
    if (folder_path != folder_path_) {
      auto folder = resolve(root_, folder_path);
      if (!folder) {
        return std::unexpected(folder.error());
      }
      folder_ = std::move(folder->folder);
      folder_path_ = folder_path;
    }
    return resolve(folder_,
                   std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1));
  }

 private:
  Place root_;
  Place folder_;
  std::string folder_path_;
};

}  // namespace

Digest fingerprint(const ScanResult& result) {
  std::string text;
  const auto add = [&text](std::string_view part) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  };
  add(result.layout);
  for (const auto& file : result.files) {
    add(file.path);
    for (const auto byte : file.content.raw.bytes) {
      text += static_cast<char>(byte);
    }
  }
  add("problems");
  for (const auto& problem : result.problems) {
    add(problem.file);
    add(problem.what);
  }
  return sha256(text);
}

// One scan under way.
struct DirectoryScanner::Pass {
  struct Found {
    std::size_t root;
    Walk::File file;
  };
  ScanResult result;
  std::vector<Place> places;
  std::vector<Found> found;     // sorted by path once all roots were walked
  std::vector<Finder> finders;  // one for each place
  std::vector<std::string> unreadable;
  KnownFiles known;
  FileTime newest_change;
  std::string buffer;
};

DirectoryScanner::DirectoryScanner(RepoPaths paths, ChooseLayout choose_layout, ScanLimits limits)
    : paths_(std::move(paths)),
      choose_layout_(std::move(choose_layout)),
      limits_(limits),
      roots_(paths_.roots.size()) {}

Result<ScanResult> DirectoryScanner::scan(FolderVisitor* visitor) try {
  const auto now = file_time_now();
  Pass pass;
  for (std::size_t index = 0; index < paths_.roots.size(); ++index) {
    if (const auto walked = walk_root(index, visitor, pass); !walked) {
      return std::unexpected(walked.error());
    }
  }
  if (const auto chosen = choose(pass); !chosen) {
    return std::unexpected(chosen.error());
  }
  read_all(pass);
  known_ = std::move(pass.known);
  pass.result.git_busy = std::ranges::any_of(
      paths_.roots, [](const std::string& root) { return git_is_busy(without_links(root)); });
  if (now >= pass.newest_change) {
    pass.result.quiet_for = now - pass.newest_change;
  }
  std::ranges::sort(pass.result.files, {}, &ScannedFile::path);
  std::ranges::sort(pass.result.problems);
  return std::move(pass.result);
} catch (const std::exception& error) {
  return fail(Errc::internal, std::string("scan: ") + error.what());
}

Result<void> DirectoryScanner::walk_root(std::size_t index, FolderVisitor* visitor, Pass& pass) {
  const std::string& path = paths_.roots[index];
  if (visitor != nullptr) {
    visit_steps(path, *visitor);
  }
  auto place = open_root(path);
  if (!place) {
    return std::unexpected(place.error());
  }
  auto found = walk(*place, paths_.ignore, limits_.walk, visitor);
  if (!found) {
    return fail(path, found.error());
  }
  Root& root = roots_[index];
  if (root.had_files && found->files.empty() && root.device != place->root_stat().device) {
    return fail(Errc::retry,
                path + ": is empty, and on another file system than before: was it unmounted?");
  }
  root = {place->root_stat().device, !found->files.empty()};
  pass.places.push_back(*std::move(place));
  pass.newest_change = std::max(pass.newest_change, found->newest_change);
  std::ranges::move(found->problems, std::back_inserter(pass.result.problems));
  std::ranges::move(found->unreadable, std::back_inserter(pass.unreadable));
  for (auto& file : found->files) {
    pass.found.push_back({index, std::move(file)});
  }
  return {};
}

Result<void> DirectoryScanner::choose(Pass& pass) {
  std::ranges::sort(pass.found, {}, [](const Pass::Found& found) {
    return std::pair<const std::string&, std::size_t>(found.file.path, found.root);
  });
  std::vector<std::string> paths;
  paths.reserve(pass.found.size());
  for (const auto& found : pass.found) {
    paths.push_back(found.file.path);
  }
  if (!layout_ || paths != chosen_by_) {
    auto layout = choose_layout_(paths);
    if (!layout) {
      return std::unexpected(layout.error());
    }
    if (!layout_ || layout_->name != layout->name) {
      known_.clear();
    }
    layout_ = *std::move(layout);
    chosen_by_ = std::move(paths);
  }
  pass.result.layout = layout_->name;
  std::ranges::copy(layout_->problems, std::back_inserter(pass.result.problems));
  return {};
}

void DirectoryScanner::read_all(Pass& pass) {
  pass.known.reserve(pass.found.size());
  for (const auto& place : pass.places) {
    pass.finders.emplace_back(place);
  }
  const Pass::Found* counts = nullptr;
  for (const auto& found : pass.found) {
    if (counts != nullptr && counts->file.path == found.file.path) {
      const std::string& root = paths_.roots[counts->root];
      pass.result.problems.push_back(
          {found.file.path, "is in several of the paths; the one in " + root + " counts"});
      continue;
    }
    counts = &found;
    read_one(found.file, found.root, pass);
  }
  keep_what_is_hidden(pass);
}

void DirectoryScanner::read_one(const Walk::File& file, std::size_t root, Pass& pass) {
  const auto before = known_.find(file.path);
  if (before != known_.end() && !before->second.racy && before->second.stat == file.stat) {
    ++pass.result.statistics.reused;
    keep(known_.extract(before), pass);
    return;
  }
  if (file.stat.size > limits_.read.held && layout_->entries_by_name(file.path).empty()) {
    return;
  }
  const auto target = pass.finders[root].find(file.path);
  if (!target || target->name.empty()) {
    keep_as_before(file.path, "was replaced while it was read", pass);
    pass.result.unsteady.push_back(file.path);
    return;
  }
  const auto reading = read_steadily(target->folder, target->name, limits_.read, pass.buffer);
  if (!reading) {
    keep_as_before(file.path, "cannot be read: " + reading.error().detail, pass);
    return;
  }
  if (!reading->steady) {
    keep_as_before(file.path, "was written while it was read", pass);
    pass.result.unsteady.push_back(file.path);
    return;
  }
  ++pass.result.statistics.hashed;
  Known known{
      reading->stat, reading->content, {}, reading->at - reading->stat.changed < limits_.racy};
  if (before != known_.end() && before->second.content == known.content) {
    known.entries = std::move(before->second.entries);
  } else {
    known.entries = reading->held ? layout_->entries(file.path, pass.buffer)
                                  : layout_->entries_by_name(file.path);
  }
  known_.insert_or_assign(file.path, std::move(known));
  keep(known_.extract(file.path), pass);
}

void DirectoryScanner::keep(KnownFiles::node_type node, Pass& pass) {
  if (!node.mapped().entries.empty()) {
    pass.result.files.push_back({node.key(), node.mapped().content, node.mapped().entries});
  }
  pass.known.insert(std::move(node));
}

// A file that is there and cannot be read now has not been removed: it counts as what was last read
// of it.
void DirectoryScanner::keep_as_before(const std::string& path, std::string problem, Pass& pass) {
  pass.result.problems.push_back({path, std::move(problem)});
  if (auto node = known_.extract(path)) {
    node.mapped().racy = true;
    keep(std::move(node), pass);
  }
}

void DirectoryScanner::keep_what_is_hidden(Pass& pass) {
  if (pass.unreadable.empty()) {
    return;
  }
  for (auto at = known_.begin(); at != known_.end();) {
    const auto next = std::next(at);
    if (std::ranges::any_of(pass.unreadable,
                            [&](const auto& folder) { return is_below(at->first, folder); })) {
      keep(known_.extract(at), pass);
    }
    at = next;
  }
}

Result<std::string> read_file(const RepoPaths& paths,
                              const std::string& path,
                              const Digest& expected,
                              const FileReadLimits& limits) {
  for (const auto& root : paths.roots) {
    const auto place = open_root(root);
    if (!place) {
      return std::unexpected(place.error());
    }
    const auto target = resolve(*place, path);
    if (!target) {
      if (target.error().kind == Obstacle::Kind::missing) {
        continue;
      }
      return fail(Errc::denied, path + ": leads out of " + root + " or cannot be opened");
    }
    if (target->name.empty() || !target->stat.is_file()) {
      return fail(Errc::conflict, path + ": is not a regular file any more");
    }
    if (target->stat.size > limits.held) {
      return fail(
          Errc::invalid,
          path + ": is too large to be kept, " + std::to_string(target->stat.size) + " bytes");
    }
    std::string bytes;
    const auto reading = read_steadily(target->folder, target->name, limits, bytes);
    if (!reading) {
      return fail(path, reading.error());
    }
    if (!reading->held || reading->content.raw != expected) {
      return fail(Errc::conflict, path + ": its content has changed since it was scanned");
    }
    return bytes;
  }
  return fail(Errc::not_found, path + ": no such file");
}

}  // namespace tidemark
