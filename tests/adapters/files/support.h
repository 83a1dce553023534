#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/files/directory.h"

namespace tidemark::files_test {

namespace fs = std::filesystem;

// A folder of the test's own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  std::string root(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

// Writes a file, with the folders above it.
void write(const fs::path& file, std::string_view text);
void link(const fs::path& at, const std::string& target);

// Every *.sql is a migration with its file name as the key.
Result<Layout> every_sql_file(std::span<const std::string> paths, const ReadHead& head);

// Limits under which what was written a moment ago counts as old.
ScanLimits hasty();
// What was written less than a moment ago has become old.
void let_it_age();

DirectoryScanner scanner_of(std::vector<std::string> roots, std::vector<std::string> ignore = {});

std::vector<std::string> names(const ScanResult& result);
std::vector<std::string> problems(const ScanResult& result);  // "file: what"
// Throws when it is not there: never null.
const ScannedFile* find(const ScanResult& result, std::string_view path);

// Scans a file again and again while a thread overwrites it with two contents in turn, without
// pause but now and then.
struct SeenWhileWritten {
  std::size_t writes = 0;
  std::size_t whole = 0;
  std::size_t torn = 0;
  std::size_t unsteady = 0;
};
SeenWhileWritten scan_while_written(std::chrono::milliseconds how_long,
                                    std::size_t size,
                                    std::uint64_t held);

// A loop, a pool and a deadline: awaits one coroutine after the other.
class Loop {
 public:
  Result<ScanResult> next(Directory& directory,
                          std::chrono::milliseconds limit = std::chrono::seconds(20));
  // The same, with `act` run on the loop once `after` has passed.
  Result<ScanResult> next(Directory& directory,
                          std::chrono::milliseconds after,
                          std::function<void()> act);
  // False when nothing came in time.
  bool stays_silent(Directory& directory, std::chrono::milliseconds how_long);
  bool changed(DirectoryWatch& watch, std::chrono::milliseconds limit);

  asio::any_io_executor executor() { return io_.get_executor(); }

 private:
  asio::io_context io_{1};
  Pool pool_{2};
};

}  // namespace tidemark::files_test
