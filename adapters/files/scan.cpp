#include "adapters/files/scan.h"

#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>
#include <memory>

#include "adapters/files/git.h"
#include "adapters/files/parallel.h"
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

// Many thousand files are nearly always in order already.
template <class Range, class Projection>
void sort_unless_sorted(Range& range, Projection by) {
  if (!std::ranges::is_sorted(range, {}, by)) {
    std::ranges::sort(range, {}, by);
  }
}

// Where a scanned path is now. Files of one folder come one after the other, so the last folder is
// remembered.
class Finder {
 public:
  explicit Finder(const Place& root) : root_(root), folder_(root) {}

  // A file that was seen as itself is opened where it was seen: should it be a link by now, it is
  // not opened.
  std::expected<Resolved, Obstacle> find(const Walk::File& file) {
    const auto path = file.path.substr(file.above);
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
    auto name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    if (!file.linked) {
      return Resolved{folder_, std::move(name), file.stat};
    }
    return resolve(folder_, name);
  }

 private:
  Place root_;
  Place folder_;
  std::string folder_path_;
};

// Text of which no two different lists of parts have the same.
class Parts {
 public:
  void add(std::string_view part) {
    text_ += std::to_string(part.size());
    text_ += ':';
    text_ += part;
  }
  void add(const Digest& digest) {
    for (const auto byte : digest.bytes) {
      text_ += static_cast<char>(byte);
    }
  }
  Digest digest() const { return sha256(text_); }

 private:
  std::string text_;
};

Digest fingerprint_of(std::span<const ScannedFile> files) {
  Parts parts;
  for (const auto& file : files) {
    parts.add(file.path);
    parts.add(file.content.raw);
  }
  return parts.digest();
}

Digest fingerprint_of(const ScanResult& result, const Digest& of_files) {
  Parts parts;
  parts.add(of_files);
  parts.add(result.layout);
  for (const auto& problem : result.problems) {
    parts.add(problem.file);
    parts.add(problem.what);
  }
  return parts.digest();
}

}  // namespace

// A file to be read, and what came of it.
struct DirectoryScanner::Read {
  const Walk::File& file;
  std::size_t root;
  Known* before;
  Known known;
  Content content;
  std::vector<FileEntry> entries;
  std::string problem;  // why there is nothing new to be known
  bool unsteady;
};

// One scan under way.
struct DirectoryScanner::Pass {
  struct Found {
    std::size_t root;
    Walk::File file;
  };
  ScanResult result;
  std::vector<Place> places;
  std::vector<Found> found;  // sorted by path once all roots were walked
  std::vector<Read> reads;
  std::vector<std::pair<std::size_t, std::string>> unreadable;  // root and folder
  std::vector<const Found*> doubled;  // that count, each for one of its path that does not
  KnownFiles known;
  std::vector<ScannedFile> files;
  std::size_t before = 0;  // up to here known_ was asked for
  FileTime newest_change;
  std::stop_token stop;

  const Walk::File* file(const std::string& path, std::size_t& root) const;
  static void sort(std::vector<Found>& found) {
    sort_unless_sorted(found, [](const Found& one) {
      return std::pair<const std::string&, std::size_t>(one.file.path, one.root);
    });
  }
};

DirectoryScanner::DirectoryScanner(RepoPaths paths, ChooseLayout choose_layout, ScanLimits limits)
    : paths_(std::move(paths)),
      choose_layout_(std::move(choose_layout)),
      limits_(limits),
      roots_(paths_.roots.size()) {}

Result<ScanResult> DirectoryScanner::scan(FolderVisitor* visitor, const std::stop_token& stop) try {
  const auto now = file_time_now();
  Pass pass;
  pass.stop = stop;
  for (std::size_t index = 0; index < paths_.roots.size(); ++index) {
    if (const auto walked = walk_root(index, visitor, pass); !walked) {
      return std::unexpected(walked.error());
    }
  }
  if (const auto chosen = choose(pass); !chosen) {
    return std::unexpected(chosen.error());
  }
  if (unchanged(pass)) {
    pass.result.statistics.reused = known_.size();
  } else {
    read_all(pass);
    know(pass);
    if (stop.stop_requested()) {
      return fail(Errc::cancelled, "the scan was stopped");
    }
  }
  pass.result.files = files_;
  pass.result.git_busy = std::ranges::any_of(
      paths_.roots, [](const std::string& root) { return git_is_busy(without_links(root)); });
  if (now >= pass.newest_change) {
    pass.result.quiet_for = now - pass.newest_change;
  }
  std::ranges::sort(pass.result.problems);
  pass.result.fingerprint = fingerprint_of(pass.result, fingerprint_);
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
  auto found = walk(*place, paths_.ignore, limits_.walk, visitor, pass.stop);
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
  for (auto& folder : found->unreadable) {
    pass.unreadable.emplace_back(index, std::move(folder));
  }
  pass.found.reserve(pass.found.size() + found->files.size());
  for (auto& file : found->files) {
    pass.found.push_back({index, std::move(file)});
  }
  return {};
}

Result<void> DirectoryScanner::choose(Pass& pass) {
  Pass::sort(pass.found);
  const auto path = [](const Pass::Found& found) -> const std::string& { return found.file.path; };
  if (!layout_ || !std::ranges::equal(pass.found, chosen_by_, {}, path) || !choice_stands(pass)) {
    std::vector<std::string> paths;
    paths.reserve(pass.found.size());
    std::ranges::transform(pass.found, std::back_inserter(paths), path);
    auto layout = choose_by(paths, pass);
    if (!layout) {
      layout_.reset();  // what was chosen before is not what the files look like now
      return std::unexpected(layout.error());
    }
    if (chosen_name_ != layout->name) {
      forget();
    }
    chosen_name_ = layout->name;
    layout_ = *std::move(layout);
    chosen_by_ = std::move(paths);
  }
  if (layout_->names_above) {
    add_names_above(pass);
  }
  pass.result.layout = layout_->name;
  std::ranges::copy(layout_->problems, std::back_inserter(pass.result.problems));
  return {};
}

void DirectoryScanner::add_names_above(Pass& pass) const {
  for (auto& [root, file] : pass.found) {
    const auto names = layout_->names_above(paths_.roots[root], file.path);
    if (!names.empty()) {
      file.path.insert(0, names);
      file.above = names.size();
    }
  }
  Pass::sort(pass.found);
}

const Walk::File* DirectoryScanner::Pass::file(const std::string& path, std::size_t& root) const {
  const auto at = std::ranges::lower_bound(
      found, path, {}, [](const Found& one) -> const std::string& { return one.file.path; });
  if (at == found.end() || at->file.path != path) {
    return nullptr;
  }
  root = at->root;
  return &at->file;
}

Result<Layout> DirectoryScanner::choose_by(std::span<const std::string> paths, const Pass& pass) {
  looked_into_.clear();
  std::map<std::string, std::string> heads;
  const auto head = [&](const std::string& path) {
    const auto [at, added] = heads.try_emplace(path);
    std::size_t root = 0;
    const Walk::File* file = pass.file(path, root);
    if (added && file != nullptr) {
      looked_into_.emplace(path, file->stat);
      if (const auto target = Finder(pass.places[root]).find(*file); target) {
        at->second = read_head(target->folder, target->name);
      }
    }
    return at->second;
  };
  return choose_layout_(paths, head);
}

bool DirectoryScanner::choice_stands(const Pass& pass) const {
  if (layout_->stands && !layout_->stands()) {
    return false;
  }
  return std::ranges::all_of(looked_into_, [&](const auto& looked) {
    std::size_t root = 0;
    const Walk::File* file = pass.file(looked.first, root);
    return file != nullptr && file->stat == looked.second;
  });
}

void DirectoryScanner::forget() {
  known_.clear();
  files_.reset();
}

// Every file is where it was, and as it was when it was last read.
bool DirectoryScanner::unchanged(const Pass& pass) const {
  return files_ && pass.unreadable.empty() &&
         std::ranges::equal(pass.found, known_, [](const Pass::Found& found, const Known& known) {
           return !known.racy && found.file.stat == known.stat && found.file.path == known.path;
         });
}

void DirectoryScanner::read_all(Pass& pass) {
  pass.known.reserve(pass.found.size());
  pass.files.reserve(pass.found.size());
  pass.reads.reserve(pass.found.size() - std::min(pass.found.size(), known_.size()));
  const Pass::Found* counts = nullptr;
  for (const auto& found : pass.found) {
    if (counts != nullptr && counts->file.path == found.file.path) {
      pass.doubled.push_back(counts);
      continue;
    }
    counts = &found;
    keep_or_read(found.file, found.root, pass);
  }
  in_parallel(std::span(pass.reads), [&](std::span<Read> some) { read(some, pass); });
  for (auto& one : pass.reads) {
    take(one, pass);
  }
  keep_what_is_hidden(pass);
}

// All of it or, when something throws, nothing: what is known points into the files.
void DirectoryScanner::know(Pass& pass) {
  sort_unless_sorted(pass.known, &Known::path);
  sort_unless_sorted(pass.files, &ScannedFile::path);
  auto files = std::make_shared<const std::vector<ScannedFile>>(std::move(pass.files));
  const auto fingerprint = fingerprint_of(*files);
  auto file = files->begin();
  for (auto& known : pass.known) {
    const bool counts = file != files->end() && file->path == known.path;
    known.file = counts ? &*file++ : nullptr;
  }
  // What is of no use to the layout may lie in all of them.
  for (const auto* counts : pass.doubled) {
    const auto& path = counts->file.path;
    if (std::ranges::binary_search(*files, path, {}, &ScannedFile::path) ||
        !layout_->entries_by_name(path).empty()) {
      pass.result.problems.push_back(
          {path,
           "is in several of the paths; the one in " + paths_.roots[counts->root] + " counts"});
    }
  }
  known_ = std::move(pass.known);
  files_ = std::move(files);
  fingerprint_ = fingerprint;
}

void DirectoryScanner::keep_or_read(const Walk::File& file, std::size_t root, Pass& pass) {
  Known* before = known_as(file.path, pass);
  if (before != nullptr && !before->racy && before->stat == file.stat) {
    ++pass.result.statistics.reused;
    keep(*before, pass);
    return;
  }
  if (file.stat.size <= limits_.read.held || !layout_->entries_by_name(file.path).empty()) {
    pass.reads.push_back({file, root, before, {}, {}, {}, "", false});
  }
}

// What was known of it before this scan. Asked for in the order of the paths, which is that of
// `known_`.
DirectoryScanner::Known* DirectoryScanner::known_as(const std::string& path, Pass& pass) {
  while (pass.before < known_.size() && known_[pass.before].path < path) {
    ++pass.before;
  }
  const bool found = pass.before < known_.size() && known_[pass.before].path == path;
  return found ? &known_[pass.before++] : nullptr;
}

// On any thread, for files of its own.
void DirectoryScanner::read(std::span<Read> reads, const Pass& pass) const {
  std::vector<Finder> finders(pass.places.begin(), pass.places.end());
  std::string buffer;
  for (auto& one : reads) {
    if (pass.stop.stop_requested()) {
      one.problem = "was not read any more";
      continue;
    }
    const auto target = finders[one.root].find(one.file);
    if (!target || target->name.empty()) {
      one.problem = "was replaced while it was read";
      one.unsteady = true;
    } else {
      read_one(one, *target, buffer, pass.stop);
    }
  }
}

void DirectoryScanner::read_one(Read& read,
                                const Resolved& target,
                                std::string& buffer,
                                const std::stop_token& stop) const {
  const std::string& path = read.file.path;
  auto reading = read_steadily(target.folder, target.name, target.stat, limits_.read, buffer, stop);
  if (!reading) {
    read.problem = "cannot be read: " + reading.error().detail;
    read.unsteady = reading.error().code == Errc::invalid;  // a link in its place
    return;
  }
  if (!reading->steady) {
    read.problem = "was written while it was read";
    read.unsteady = true;
    return;
  }
  const bool racy = reading->at - reading->stat.changed < limits_.racy;
  read.known = {path, reading->stat, nullptr, racy};
  read.content = reading->content;
  const ScannedFile* before = read.before != nullptr ? read.before->file : nullptr;
  if (before != nullptr && before->content == reading->content) {
    read.entries = before->entries;
  } else {
    read.entries = reading->held ? layout_->entries(path, buffer) : layout_->entries_by_name(path);
  }
}

void DirectoryScanner::take(Read& read, Pass& pass) {
  if (read.unsteady) {
    pass.result.unsteady.push_back(read.file.path);
  }
  if (!read.problem.empty()) {
    keep_as_before(read.before, read.file.path, std::move(read.problem), pass);
    return;
  }
  ++pass.result.statistics.hashed;
  if (read.before != nullptr) {
    read.before->kept = true;  // as what it is now
  }
  if (!read.entries.empty()) {
    pass.files.push_back({read.known.path, read.content, std::move(read.entries)});
  }
  pass.known.push_back(std::move(read.known));
}

void DirectoryScanner::keep(Known& known, Pass& pass) {
  if (known.file != nullptr) {
    pass.files.push_back(*known.file);
  }
  pass.known.push_back(std::move(known));
  known.kept = true;
}

// A file that is there and cannot be read now has not been removed: it counts as what was last read
// of it.
void DirectoryScanner::keep_as_before(Known* before,
                                      const std::string& path,
                                      std::string problem,
                                      Pass& pass) {
  pass.result.problems.push_back({path, std::move(problem)});
  if (before != nullptr) {
    before->racy = true;
    keep(*before, pass);
    return;
  }
  for (const auto& entry : layout_->entries_by_name(path)) {
    pass.result.unread.keys.insert(entry.key);
    // What a part of the whole would have told is not in its name.
    pass.result.unread.any = pass.result.unread.any || entry.role == FileEntry::Role::part;
  }
}

void DirectoryScanner::keep_what_is_hidden(Pass& pass) {
  for (const auto& [root, folder] : pass.unreadable) {
    const auto above =
        layout_->names_above ? layout_->names_above(paths_.roots[root], folder) : std::string();
    bool any = false;
    for (auto& known : known_) {
      const bool below = is_below(known.path, folder) || is_below(known.path, above + folder);
      if (!known.kept && below) {
        keep(known, pass);
        any = true;
      }
    }
    pass.result.unread.any = pass.result.unread.any || !any;
  }
}

namespace {

std::unexpected<Error> changed_since(const std::string& path) {
  return fail(Errc::conflict, path + ": its content has changed since it was scanned");
}

// Where below a root a scanned path may be: as it is, or behind names of the root's own.
std::vector<std::string> places_below(std::string_view root, const std::string& path) {
  std::vector<std::string> places{path};
  for (auto slash = root.rfind('/'); slash != std::string_view::npos;) {
    const auto names = std::string(root.substr(slash + 1)) + "/";
    if (names.size() > 1 && path.starts_with(names)) {
      places.push_back(path.substr(names.size()));
    }
    slash = slash == 0 ? std::string_view::npos : root.rfind('/', slash - 1);
  }
  return places;
}

// The bytes that are there now; `content` is what they are. `not_found`: nothing is there.
Result<std::string> read_now(const Place& root,
                             const std::string& path,
                             const FileReadLimits& limits,
                             Content& content) {
  const auto target = resolve(root, path);
  if (!target) {
    if (target.error().kind == Obstacle::Kind::missing) {
      return fail(Errc::not_found, path + ": no such file");
    }
    return fail(Errc::denied, path + ": leads out of its root or cannot be opened");
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
  const auto reading = read_steadily(target->folder, target->name, target->stat, limits, bytes);
  if (!reading) {
    return fail(path, reading.error());
  }
  if (!reading->held) {
    return changed_since(path);
  }
  content = reading->content;
  return bytes;
}

// The first that is what was scanned; else what is the matter with the first that is there.
template <class IsIt>
Result<std::string> read_scanned(const RepoPaths& paths,
                                 const std::string& path,
                                 const FileReadLimits& limits,
                                 IsIt is_it) {
  Error trouble{Errc::not_found, path + ": no such file"};
  for (const auto& root : paths.roots) {
    const auto place = open_root(root);
    if (!place) {
      return std::unexpected(place.error());
    }
    for (const auto& below : places_below(root, path)) {
      Content content;
      auto bytes = read_now(*place, below, limits, content);
      if (bytes && is_it(*bytes, content)) {
        return bytes;
      }
      if (trouble.code == Errc::not_found) {
        trouble = bytes ? changed_since(path).error() : bytes.error();
      }
    }
  }
  return std::unexpected(trouble);
}

std::optional<std::string> part_of(const std::string& bytes,
                                   const Piece& piece,
                                   const Digest& expected) {
  if (piece.offset > bytes.size() || piece.size > bytes.size() - piece.offset) {
    return std::nullopt;
  }
  auto part = bytes.substr(piece.offset, piece.size);
  return sha256(part) == expected ? std::optional(std::move(part)) : std::nullopt;
}

}  // namespace

Result<std::string> read_file(const RepoPaths& paths,
                              const std::string& path,
                              const Digest& expected,
                              const FileReadLimits& limits) {
  return read_scanned(paths, path, limits, [&](const std::string&, const Content& content) {
    return content.raw == expected;
  });
}

Result<std::string> PieceReader::read(const std::string& path,
                                      const Piece& piece,
                                      const Digest& expected) {
  if (path_ != path || files_read_ == 0) {
    ++files_read_;
    auto bytes = read_scanned(paths_, path, limits_, [&](const std::string& there, const Content&) {
      return part_of(there, piece, expected).has_value();
    });
    if (!bytes) {
      return bytes;
    }
    path_ = path;
    bytes_ = *std::move(bytes);
  }
  auto part = part_of(bytes_, piece, expected);
  return part ? Result<std::string>(*std::move(part)) : changed_since(path);
}

}  // namespace tidemark
