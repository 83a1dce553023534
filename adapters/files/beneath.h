#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/files/descriptor.h"
#include "adapters/files/file_stat.h"

namespace tidemark {

// Told of every folder that a scan passes through, before it looks into it: who watches them misses
// nothing.
class FolderVisitor {
 public:
  virtual ~FolderVisitor() = default;
  // A folder in the tree, or one outside of what is listed that a link in the tree leads through.
  virtual void folder(int fd) = 0;
  // `name` in `folder` is a step on the way to a root: when it changes, the root may be another
  // one.
  virtual void step(const std::string& folder, const std::string& name) = 0;
};

// A folder of the tree, held open together with all folders between it and the root, so that ".."
// in a link is a step back in this list and never a question to the kernel.
class Place {
 public:
  explicit Place(FileDescriptor root, const FileStat& stat);

  int fd() const { return steps_.back().fd->get(); }
  bool is_root() const { return steps_.size() == 1; }
  std::size_t depth() const { return steps_.size() - 1; }
  const FileStat& root_stat() const { return root_; }
  std::string path() const;  // below the root, without links; "" is the root

  Place child(FileDescriptor fd, std::string_view name) const;
  Place parent() const;

 private:
  struct Step {
    std::shared_ptr<const FileDescriptor> fd;
    std::string name;
  };
  std::vector<Step> steps_;
  FileStat root_;
};

// Where a path leads when every link in it was followed by hand, never leaving the tree.
struct Resolved {
  Place folder;
  std::string name;  // of a file in `folder`; empty: it is `folder` itself
  FileStat stat;
};

struct Obstacle {
  enum class Kind {
    leaves,    // an absolute link, or ".." above the root
    mount,     // crosses into something mounted below the root
    missing,   // leads nowhere
    circular,  // too many links, or too many folders deep
    failed,    // `error` says why
  };
  Kind kind;
  int error = 0;
};

// `path` seen from `from`. The kernel is only ever asked for one name at a time and told not to
// follow links, so neither a link nor a race can lead outside; that needs no openat2, which old
// container runtimes refuse.
std::expected<Resolved, Obstacle> resolve(const Place& from,
                                          std::string_view path,
                                          FolderVisitor* visitor = nullptr);

// Mounted below the root: told by the kernel where it can (5.8), else by the device.
bool is_mounted_below(const FileStat& stat, const Place& folder);

// For reading, without waiting for a FIFO and without becoming its terminal; errno when it fails.
std::expected<FileDescriptor, int> open_file(const Place& folder, const std::string& name);
std::expected<FileDescriptor, int> open_folder(const Place& folder, const std::string& name);

}  // namespace tidemark
