#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "adapters/store/ledger.h"
#include "adapters/store/mark.h"
#include "adapters/store/schema.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

unsigned permissions(const std::filesystem::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

// What a tidemark of that version left behind.
Ledger opened_fixture(const Folder& folder, int version) {
  const auto file = folder / "ledger.db";
  const std::filesystem::path fixtures(TIDEMARK_STORE_FIXTURES);
  const auto name = "ledger-v" + std::to_string(version);
  meddle(file, read_file(fixtures / (name + ".sql")));
  std::filesystem::copy_file(fixtures / (name + ".mark"), mark_file(file));
  REQUIRE(meddle(file, "SELECT value FROM meta WHERE name = 'schema_version'").back() ==
          std::to_string(version));
  auto old = opened(file, at(1));
  CHECK(old.restored.empty());
  CHECK(old.audit_problem.empty());
  CHECK(old.upgraded_from == (newest_schema_version() == version ? 0 : version));
  return std::move(old.ledger);
}

// What all of them have in it.
void check_fixture(Ledger& ledger) {
  const auto state = must(ledger.load(staging, at(2)));
  CHECK(state.last_mode == Mode::reconcile_only);
  CHECK(state.identity->system_identifier == "7300000000000000001");
  CHECK(state.observation->rows.size() == 2);
  CHECK(state.findings.at(0).acknowledged->by == "ana (uid 1000)");
  CHECK(ledger.content(sha256("CREATE TABLE orders (id bigint);\n")).value().has_value());
  CHECK(ledger.findings({.app = "", .environment = "", .include_resolved = true})->size() == 2);
  CHECK(ledger.verify_audit()->ok);
  CHECK(ledger.append({event("after the upgrade")}));
}

}  // namespace

TEST_CASE("a new ledger and the files beside it can be read by their owner only") {
  const Folder folder;
  const auto before = ::umask(0);
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.append({event("x")}));
  ::umask(before);
  for (const auto* name :
       {"ledger.db", "ledger.db.lock", "ledger.db.mark", "ledger.db-wal", "ledger.db-shm"}) {
    CHECK_MESSAGE(permissions(folder / name) == 0600, name);
  }
}

TEST_CASE("the folder of a ledger is not made, and its absence is told") {
  const Folder folder;
  const auto missing = Ledger::open(folder / "nowhere/ledger.db", at(0));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::not_found);
  CHECK(missing.error().detail.find((folder / "nowhere").string()) != std::string::npos);
}

TEST_CASE("a second daemon on the same ledger is refused before it touches anything") {
  const Folder folder;
  const auto file = folder / "ledger.db";
  std::array<int, 2> ready{};
  std::array<int, 2> finish{};
  REQUIRE(::pipe(ready.data()) == 0);
  REQUIRE(::pipe(finish.data()) == 0);
  const auto first = ::fork();
  if (first == 0) {
    ::close(finish[1]);
    const auto ledger = Ledger::open(file, at(0));
    char byte = ledger ? 'y' : 'n';
    const bool told = ::write(ready[1], &byte, 1) == 1;
    const bool finished = ::read(finish[0], &byte, 1) == 0;
    ::_exit(told && finished ? 0 : 1);
  }
  char answer = '?';
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  REQUIRE(answer == 'y');

  const auto before = read_file(file) + read_file(mark_file(file));
  std::filesystem::create_symlink(file, folder / "another-name.db");
  for (const auto& name : {file, folder / "another-name.db"}) {
    const auto second = Ledger::open(name, at(1));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::conflict);
    const auto words = "ledger " + file.string() + ": it is in use by another tidemarkd (pid " +
                       std::to_string(first) + ")";
    CHECK_MESSAGE(second.error().detail.starts_with(words), second.error().detail);
  }
  CHECK(read_file(file) + read_file(mark_file(file)) == before);

  for (const int descriptor : {ready[0], ready[1], finish[0], finish[1]}) {
    ::close(descriptor);
  }
  int status = 0;
  REQUIRE(::waitpid(first, &status, 0) == first);
  CHECK(status == 0);
  CHECK(Ledger::open(file, at(2)));
}

TEST_CASE("of many daemons that start at once on one ledger exactly one gets it") {
  const Folder folder;
  std::array<int, 2> hold{};
  REQUIRE(::pipe(hold.data()) == 0);
  std::vector<pid_t> children;
  std::array<int, 2> answers{};
  REQUIRE(::pipe(answers.data()) == 0);
  for (int i = 0; i < 20; ++i) {
    children.push_back(::fork());
    if (children.back() == 0) {
      ::close(hold[1]);
      const auto ledger = Ledger::open(folder / "ledger.db", at(0));
      char byte = 'e';
      if (ledger) {
        byte = 'y';
      } else if (ledger.error().code == Errc::conflict) {
        byte = 'n';
      }
      const bool told = ::write(answers[1], &byte, 1) == 1;
      const bool held = ::read(hold[0], &byte, 1) == 0;
      ::_exit(told && held ? 0 : 1);
    }
  }
  std::string all;
  for (std::size_t i = 0; i < children.size(); ++i) {
    char byte = '?';
    REQUIRE(::read(answers[0], &byte, 1) == 1);
    all += byte;
  }
  for (const int descriptor : {hold[0], hold[1], answers[0], answers[1]}) {
    ::close(descriptor);
  }
  for (const auto child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(std::ranges::count(all, 'y') == 1);
  CHECK(std::ranges::count(all, 'n') == 19);
}

TEST_CASE("a ledger that a newer tidemark has upgraded is refused with words and left alone") {
  const Folder folder;
  const auto file = folder / "ledger.db";
  { auto ledger = opened(file).ledger; }
  meddle(file, "UPDATE meta SET value = '999' WHERE name = 'schema_version'");
  const auto before = read_file(file);
  const auto newer = Ledger::open(file, at(1));
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Errc::invalid);
  const auto& words = newer.error().detail;
  CHECK_MESSAGE(words.find("schema version 999") != std::string::npos, words);
  CHECK_MESSAGE(words.find("up to " + std::to_string(newest_schema_version())) != std::string::npos,
                words);
  CHECK_MESSAGE(words.find("restore a backup") != std::string::npos, words);
  CHECK(read_file(file) == before);
}

TEST_CASE("a file that is somebody else's is refused and left alone") {
  const Folder folder;
  meddle(folder / "photos.db", "CREATE TABLE photos (id INTEGER)");
  meddle(folder / "meta.db", "CREATE TABLE meta (tag TEXT)");
  write_file(folder / "text.db", std::string(9000, 'x'));
  for (const auto* name : {"photos.db", "meta.db", "text.db"}) {
    const auto before = read_file(folder / name);
    const auto refused = Ledger::open(folder / name, at(0));
    REQUIRE_FALSE(refused);
    const auto code = refused.error().code;
    CHECK((code == Errc::invalid || code == Errc::broken));
    CHECK(read_file(folder / name) == before);
  }
}

TEST_CASE("a damaged ledger does not open") {
  const Folder folder;
  const auto file = folder / "ledger.db";
  {
    auto ledger = opened(file).ledger;
    for (int i = 0; i < 200; ++i) {
      REQUIRE(ledger.append({event("filler", i)}));
    }
  }
  const auto whole = read_file(file);
  int noticed = 0;
  constexpr std::size_t page = 4096;
  for (std::size_t at_byte = page; at_byte < whole.size(); at_byte += page) {
    auto torn = whole;
    torn.replace(at_byte, page, std::string(page, '\0'));
    write_file(file, torn);
    const auto result = Ledger::open(file, at(1));
    noticed += !result || !result->audit_problem.empty() || !result->restored.empty() ? 1 : 0;
    if (!result) {
      CHECK(result.error().code == Errc::broken);
    }
  }
  CHECK(static_cast<std::size_t>(noticed) == whole.size() / page - 1);
  write_file(file, whole.substr(0, whole.size() / 2));
  CHECK_FALSE(Ledger::open(file, at(1)));
}

TEST_CASE("a ledger of schema version 1 opens with all that is in it") {
  const Folder folder;
  auto ledger = opened_fixture(folder, 1);
  check_fixture(ledger);
  const auto state = must(ledger.load(staging, at(2)));
  CHECK(state.records.size() == 3);
  CHECK(state.told == Told{});
}

TEST_CASE("a ledger of schema version 2 opens with all that is in it") {
  const Folder folder;
  auto ledger = opened_fixture(folder, 2);
  check_fixture(ledger);
  const auto state = must(ledger.load(staging, at(2)));
  CHECK(state.records.size() == 2);
  CHECK(state.told == Told{.lag_at = at(-5), .excess_privileges = "is superuser"});
  CHECK(state.attempts.empty());
  CHECK_FALSE(state.freeze.has_value());

  // What the older ones know nothing of can be written now.
  auto next = change(3);
  next.attempts = {attempt("a1")};
  next.freeze = Freeze{.by = "ben", .reason = "sale", .at = at(3), .until = std::nullopt};
  REQUIRE(ledger.commit(next));
  CHECK(must(ledger.load(staging, at(4))).attempts == next.attempts);
  CHECK(must(ledger.load(staging, at(4))).freeze == *next.freeze);
}

TEST_CASE("a ledger of schema version 3 opens with all that is in it") {
  const Folder folder;
  auto ledger = opened_fixture(folder, 3);
  check_fixture(ledger);
  CHECK(must(ledger.load(staging, at(2))).attempts.empty());
  const auto state = must(ledger.load(prod, at(2)));
  CHECK(state.records.size() == 1);
  REQUIRE(state.attempts.size() == 2);
  CHECK(state.attempts[0].outcome == Attempt::Outcome::applied);
  CHECK(state.attempts[0].mark->xid == 771);
  CHECK(state.attempts[0].mark->flushed == 0x16B3748);
  CHECK(state.attempts[1].outcome == Attempt::Outcome::unknown);
  CHECK(state.attempts[1].journal ==
        Journal{.done = 1,
                .under_way = true,
                .kind = "CREATE INDEX CONCURRENTLY",
                .index = SqlObject{"index", "public", "orders_paid", ""}});
  CHECK(state.attempts[1].makes == std::vector<std::string>{"t"});
  CHECK(state.freeze ==
        Freeze{.by = "ben", .reason = "quarter end", .at = at(9), .until = at(9000)});
}

TEST_CASE("a ledger of schema version 4 opens with all that is in it") {
  const Folder folder;
  auto ledger = opened_fixture(folder, 4);
  check_fixture(ledger);
  const auto state = must(ledger.load(prod, at(2)));
  REQUIRE(state.attempts.size() == 2);
  CHECK_FALSE(state.attempts[0].no_op);
  CHECK(state.attempts[0].differences ==
        std::map<std::string, std::string>{{"table orders", "column paid is missing"}});
  CHECK(state.attempts[1].differences.empty());
}
