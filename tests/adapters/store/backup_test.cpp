#include <sys/stat.h>

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "adapters/store/ledger.h"
#include "adapters/store/mark.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

TEST_CASE("a backup taken while commits go on is a whole ledger of one moment") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  for (int i = 0; i < 50; ++i) {
    REQUIRE(ledger.append({event("filler", i)}));
  }
  std::atomic<bool> copied = false;
  std::vector<Result<void>> results;
  std::thread other([&] {
    for (int i = 0; i < 5; ++i) {
      results.push_back(ledger.backup(folder / ("copy" + std::to_string(i) + ".db")));
    }
    copied = true;
  });
  // One record and one audit entry each: in every copy there must be as many of the one as of the
  // other.
  int commits = 0;
  while (!copied) {
    auto next = change(commits);
    next.records = {record(std::to_string(++commits))};
    next.audit = {event("mark.recorded", commits)};
    const bool done = ledger.commit(next).has_value();
    CHECK(done);
  }
  other.join();
  CHECK(commits > 0);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(results.at(static_cast<std::size_t>(i)));
    auto copy = opened(folder / ("copy" + std::to_string(i) + ".db")).ledger;
    const auto check = copy.verify_audit().value();
    CHECK(check.ok);
    const auto records = copy.load(staging, at(0))->records.size();
    CHECK(check.entries - 1 == 50 + records);  // one more: it was noticed as a copy
  }
}

TEST_CASE("a backup is private, complete, and never overwrites") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto some = change();
  some.records = {record("1", "one")};
  some.contents = {bytes_of("one")};
  some.audit = {event("mark.recorded")};
  REQUIRE(ledger.commit(some));
  write_file(folder / "copy.db.partial", "left by a backup that was killed");
  REQUIRE(ledger.backup(folder / "copy.db"));
  struct stat status {};
  REQUIRE(::stat((folder / "copy.db").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  CHECK_FALSE(std::filesystem::exists(folder / "copy.db.partial"));
  CHECK_FALSE(std::filesystem::exists(folder / "copy.db-wal"));

  const auto again = ledger.backup(folder / "copy.db");
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::conflict);
  const auto nowhere = ledger.backup(folder / "nowhere/copy.db");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == Errc::not_found);

  auto copy = opened(folder / "copy.db").ledger;
  CHECK(copy.load(staging, at(1))->records == some.records);
  CHECK(copy.content(sha256("one")).value() == "one");
}

TEST_CASE("a backup that is put back is noticed as older") {
  const Folder folder;
  const auto file = folder / "ledger.db";
  {
    auto ledger = opened(file).ledger;
    REQUIRE(ledger.append({event("one")}));
    REQUIRE(ledger.backup(folder / "copy.db"));
    REQUIRE(ledger.append({event("two")}));
  }
  std::filesystem::rename(folder / "copy.db", file);
  const auto back = opened(file);
  CHECK(back.restored.find("older copy") != std::string::npos);
}

TEST_CASE("a backup that fails leaves nothing behind") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  std::filesystem::create_directories(folder / "copy.db.partial/in the way");
  CHECK_FALSE(ledger.backup(folder / "copy.db"));
  CHECK_FALSE(std::filesystem::exists(folder / "copy.db"));
  CHECK(ledger.append({event("goes on")}));
}
