#pragma once

#include <chrono>
#include <cstdint>
#include <expected>

namespace tidemark {

// Nanoseconds of the wall clock: what file systems stamp changes with.
using FileTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// What tells one state of a file from another without reading it. `changed` (ctime) is the one time
// that nobody can set: every write, rename and chmod moves it.
struct FileStat {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  FileTime modified;
  FileTime changed;
  std::uint32_t mode = 0;
  bool mount_root = false;  // another file system, or another part of one, was mounted here

  bool is_file() const;
  bool is_folder() const;
  bool is_link() const;
  friend bool operator==(const FileStat&, const FileStat&) = default;
};

// Of `name` in `folder`, never following a link; errno when it fails.
std::expected<FileStat, int> stat_at(int folder, const char* name);
std::expected<FileStat, int> stat_of(int fd);

FileTime file_time_now();

}  // namespace tidemark
