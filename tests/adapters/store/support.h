#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/store/ledger.h"

namespace tidemark::store_test {

// A folder of its own, gone with its test. In memory where the system has such a place: a test that
// does not ask what a disk does need not wait for one.
enum class On { memory, disk };
class Folder {
 public:
  explicit Folder(On where = On::memory);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Time `minutes` after some morning.
TimePoint at(int minutes);

const EnvironmentRef staging{.app = "shop", .name = "staging"};
const EnvironmentRef prod{.app = "shop", .name = "prod"};

// An opened ledger; the test ends when it does not open.
Ledger::Opened opened(const std::filesystem::path& file, TimePoint now = at(0));

// What a call returned; the test ends when it failed.
template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().detail);
  }
  return std::move(*result);
}

AuditEvent event(std::string what, int minute = 1);
Finding finding(FindingKind kind, std::string key);
Record record(std::string key, std::string content = "SELECT 1;\n");
ContentBytes bytes_of(std::string content);

// One that has just begun, and what it is when it has ended.
Attempt attempt(std::string id, std::string key = "1", std::string content = "SELECT 1;\n");
Attempt ended(Attempt attempt, Attempt::Outcome outcome, int minute = 2);

// A change in staging with nothing in it yet.
Change change(int minute = 1);

// Runs SQL on the file behind the ledger's back, as somebody with a SQL client would; triggers that
// guard a table are dropped first. Returns the first column of the answer.
std::vector<std::string> meddle(const std::filesystem::path& file, const std::string& sql);

// Runs `work` in a child process and returns how it exited (128 + signal when it was killed).
// `work` returns its exit code; it must not use doctest's macros.
int in_child(const std::function<int()>& work);

std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace tidemark::store_test
