#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/files/steady_read.h"
#include "adapters/files/walk.h"
#include "core/catalog/catalog.h"
#include "core/result.h"

namespace tidemark {

// An app's `path` or `paths`, and its `ignore` globs.
struct RepoPaths {
  std::vector<std::string> roots;  // absolute; each may be a link, resolved anew at every scan
  std::vector<std::string> ignore;
};

// The layout of a directory: what a file of it is.
struct Layout {
  std::string name;
  std::function<std::vector<FileEntry>(std::string_view path, std::string_view bytes)> entries;
  std::function<std::vector<FileEntry>(std::string_view path)>
      entries_by_name;  // for files too large to be held
  // Which of a root's own last names, with the slash, belong in front of a file's path below it. No
  // function: none do.
  std::function<std::string(std::string_view root, std::string_view path)> names_above{};
  std::vector<CatalogProblem> problems{};  // of the choice itself
  std::function<bool()> stands{};          // false: it would be another one now
};
// Reads how a file begins, some thousand bytes of it; empty when it cannot be read.
using ReadHead = std::function<std::string(const std::string& path)>;
// Chooses by the paths of all files, sorted, and by a look into some of them. Asked again when a
// file came or went, and when one changed that was looked into.
using ChooseLayout =
    std::function<Result<Layout>(std::span<const std::string> paths, const ReadHead& head)>;

struct ScanLimits {
  WalkLimits walk;
  FileReadLimits read;
  // A file that was read this soon after it changed may change again without any of its times
  // moving: it is hashed again by the next scan, whatever they say.
  std::chrono::milliseconds racy{2000};
};

// What an app's directory holds at one moment.
struct ScanResult {
  std::string layout;
  // Sorted by path; only those that the layout knows as its own. The same as those of the scan
  // before when no file is another.
  std::shared_ptr<const std::vector<ScannedFile>> files;
  std::vector<CatalogProblem> problems;
  UnreadFiles unread;  // of which nothing is known from earlier
  Digest fingerprint;  // the same for two scans with the same layout, files, contents and problems

  struct Statistics {
    std::size_t hashed = 0;
    std::size_t reused = 0;
  } statistics;

  // What speaks against taking it for what the directory is meant to be.
  bool git_busy = false;
  std::vector<std::string>
      unsteady;  // files written while they were read; shown as last read before
  std::optional<std::chrono::nanoseconds>
      quiet_for;  // since the newest change on disk; none when clocks disagree
};

// Reads the files below an app's roots, and again only those that changed. Blocks, and reads many
// files with a few threads of its own: it belongs on a pool thread, one call at a time. A root that
// is missing or cannot be listed is a failure, never an empty directory.
class DirectoryScanner {
 public:
  DirectoryScanner(RepoPaths paths, ChooseLayout choose_layout, ScanLimits limits = {});

  // The visitor hears of every folder before it is looked into. `cancelled` soon after it was told
  // to stop; what was read by then is not read again.
  Result<ScanResult> scan(FolderVisitor* visitor = nullptr, const std::stop_token& stop = {});

  // The next scan reads every file.
  void forget();

 private:
  struct Known {
    std::string path;
    FileStat stat;
    const ScannedFile* file = nullptr;  // in `files_`, if it counts
    bool racy = false;
    bool kept = false;  // moved to what the scan under way knows
  };
  using KnownFiles = std::vector<Known>;  // sorted by path
  struct Root {
    std::uint64_t device = 0;
    bool had_files = false;
  };
  struct Read;
  struct Pass;

  Result<void> walk_root(std::size_t index, FolderVisitor* visitor, Pass& pass);
  Result<void> choose(Pass& pass);
  void add_names_above(Pass& pass) const;
  Result<Layout> choose_by(std::span<const std::string> paths, const Pass& pass);
  bool choice_stands(const Pass& pass) const;
  bool unchanged(const Pass& pass) const;
  void read_all(Pass& pass);
  void keep_or_read(const Walk::File& file, std::size_t root, Pass& pass);
  Known* known_as(const std::string& path, Pass& pass);
  void read(std::span<Read> reads, const Pass& pass) const;
  void read_one(Read& read,
                const Resolved& target,
                std::string& buffer,
                const std::stop_token& stop) const;
  void take(Read& read, Pass& pass);
  void know(Pass& pass);
  void keep(Known& known, Pass& pass);
  void keep_as_before(Known* before, const std::string& path, std::string problem, Pass& pass);
  void keep_what_is_hidden(Pass& pass);

  RepoPaths paths_;
  ChooseLayout choose_layout_;
  ScanLimits limits_;
  std::vector<Root> roots_;
  std::string chosen_name_;  // of the layout
  std::vector<std::string> chosen_by_;
  std::map<std::string, FileStat> looked_into_;  // to choose
  std::optional<Layout> layout_;
  KnownFiles known_;
  std::shared_ptr<const std::vector<ScannedFile>> files_;
  Digest fingerprint_;  // of these
};

// The bytes of a scanned file, as safely as a scan reads them; `conflict` when they are not the
// expected ones any more.
Result<std::string> read_file(const RepoPaths& paths,
                              const std::string& path,
                              const Digest& expected,
                              const FileReadLimits& limits = {});

// The same of parts of a file, wherever the rest of it may have changed. Remembers the file that
// was read last: the parts of one file, asked for one after the other, cost one reading.
class PieceReader {
 public:
  explicit PieceReader(RepoPaths paths, FileReadLimits limits = {})
      : paths_(std::move(paths)), limits_(limits) {}

  Result<std::string> read(const std::string& path, const Piece& piece, const Digest& expected);
  std::size_t files_read() const { return files_read_; }

 private:
  RepoPaths paths_;
  FileReadLimits limits_;
  std::string path_;  // of the file that is remembered
  std::string bytes_;
  std::size_t files_read_ = 0;
};

}  // namespace tidemark
