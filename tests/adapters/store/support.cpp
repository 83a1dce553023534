#include "tests/adapters/store/support.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <doctest/doctest.h>
#include <sqlite3.h>

namespace tidemark::store_test {

Folder::Folder(On where) {
  const std::filesystem::path memory = "/dev/shm";
  const bool in_memory = where == On::memory && ::access(memory.c_str(), W_OK) == 0;
  std::string name =
      (in_memory ? memory : std::filesystem::temp_directory_path()) / "tidemark-store-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a temporary folder");
  }
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

TimePoint at(int minutes) {
  using namespace std::chrono;
  return TimePoint{sys_days{year{2026} / 4 / 18} + 8h + std::chrono::minutes{minutes} + 123ms};
}

Ledger::Opened opened(const std::filesystem::path& file, TimePoint now) {
  auto result = Ledger::open(file, now);
  if (!result) {
    throw std::runtime_error(result.error().detail);
  }
  return std::move(*result);
}

AuditEvent event(std::string what, int minute) {
  AuditEvent made{.at = at(minute),
                  .actor = "ana (uid 1000)",
                  .what = std::move(what),
                  .app = "shop",
                  .environment = "staging",
                  .details = {}};
  made.details = {{"reason", "because"}, {"ticket", "OPS-7"}};
  return made;
}

Finding finding(FindingKind kind, std::string key) {
  Finding made;
  made.kind = kind;
  made.id.value = "V" + key + "__orders";
  made.key.value = std::move(key);
  made.summary = "something is wrong";
  made.details = {{"expected", "aa"}, {"found", "bb"}};
  return made;
}

Record record(std::string key, std::string content) {
  Record made;
  made.id.value = "V" + key + "__orders";
  made.version_text = key;
  made.key.value = std::move(key);
  made.at = at(-500);
  made.recorded_at = at(1);
  made.by = "ana";
  made.reason = "ran it by hand";
  made.content = content_of(content);
  return made;
}

ContentBytes bytes_of(std::string content) {
  const auto digest = sha256(content);
  return {.digest = digest, .bytes = std::move(content)};
}

Attempt attempt(std::string id, std::string key, std::string content) {
  Attempt made;
  made.id = std::move(id);
  made.migration.value = "V" + key + "__orders";
  made.version_text = key;
  made.key.value = std::move(key);
  made.content = content_of(content);
  made.statements = 1;
  made.by = "ana (uid 1000)";
  made.started_at = at(1);
  return made;
}

Attempt ended(Attempt attempt, Attempt::Outcome outcome, int minute) {
  attempt.outcome = outcome;
  attempt.ended_at = at(minute);
  attempt.detail = "as the server said";
  return attempt;
}

Change change(int minute) {
  Change made;
  made.environment = staging;
  made.at = at(minute);
  return made;
}

namespace {

int collect(void* into, int columns, char** values, char**) {
  if (columns > 0) {
    static_cast<std::vector<std::string>*>(into)->emplace_back(values[0] == nullptr ? ""
                                                                                    : values[0]);
  }
  return 0;
}

constexpr const char* drop_guards = R"sql(
  DROP TRIGGER IF EXISTS audit_is_not_changed;
  DROP TRIGGER IF EXISTS audit_is_not_deleted;
  DROP TRIGGER IF EXISTS records_are_not_changed;
  DROP TRIGGER IF EXISTS records_are_not_deleted;
  DROP TRIGGER IF EXISTS attempts_keep_their_intent;
  DROP TRIGGER IF EXISTS attempts_keep_their_mark;
  DROP TRIGGER IF EXISTS attempts_end_once;
  DROP TRIGGER IF EXISTS attempts_are_not_deleted;
)sql";

}  // namespace

std::vector<std::string> meddle(const std::filesystem::path& file, const std::string& sql) {
  sqlite3* handle = nullptr;
  std::vector<std::string> answer;
  char* message = nullptr;
  int code = sqlite3_open(file.c_str(), &handle);
  for (const std::string& statement : {std::string(drop_guards), sql}) {
    if (code == SQLITE_OK) {
      code = sqlite3_exec(handle, statement.c_str(), collect, &answer, &message);
    }
  }
  const std::string words = message == nullptr ? "" : message;
  sqlite3_free(message);
  sqlite3_close(handle);
  if (code != SQLITE_OK) {
    throw std::runtime_error("meddle: " + words);
  }
  return answer;
}

int in_child(const std::function<int()>& work) {
  std::fflush(nullptr);
  const auto child = ::fork();
  if (child == 0) {
    int code = 99;
    try {
      code = work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in a child: %s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace tidemark::store_test
