#include <doctest/doctest.h>

#include "adapters/store/ledger.h"
#include "adapters/store/mark.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

// A ledger with three audit entries and a record in staging.
std::filesystem::path filled(const Folder& folder) {
  const auto file = folder / "ledger.db";
  auto ledger = opened(file).ledger;
  for (int i = 1; i <= 3; ++i) {
    auto next = change(i);
    next.records = {record(std::to_string(i))};
    next.audit = {event("mark.recorded", i)};
    REQUIRE(ledger.commit(next));
  }
  return file;
}

void one_more(const std::filesystem::path& file) {
  auto ledger = opened(file).ledger;
  REQUIRE(ledger.append({event("mark.recorded", 9)}));
}

// Noticed, said, written into the log; every history uncertain; and that stays so after the next
// start.
void check_noticed(const std::filesystem::path& file, const std::string& words) {
  {
    auto back = opened(file, at(100));
    REQUIRE_MESSAGE(back.restored.find(words) != std::string::npos, back.restored);
    CHECK(back.audit_problem.empty());
    CHECK(back.ledger.audit({})->back().event.what == "ledger.restored");
    CHECK(back.ledger.audit({})->back().event.details.at("why") == back.restored);
    CHECK(back.ledger.verify_audit()->ok);
  }
  auto next = opened(file, at(200));
  CHECK(next.restored.empty());
  const auto state = must(next.ledger.load(staging, at(200)));
  CHECK_FALSE(state.history.certain);
  CHECK(state.history.reason.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("a ledger that was only closed and opened again is not taken for a restored one") {
  const Folder folder;
  const auto file = filled(folder);
  CHECK(opened(file).restored.empty());
  CHECK(opened(file).ledger.load(staging, at(4))->history.certain);
}

TEST_CASE("an older copy of the ledger is noticed") {
  const Folder folder;
  const auto file = filled(folder);
  std::filesystem::copy_file(file, folder / "yesterday.db");
  one_more(file);
  std::filesystem::copy_file(
      folder / "yesterday.db", file, std::filesystem::copy_options::overwrite_existing);
  check_noticed(file, "audit entry 4 was written: an older copy was restored");
}

TEST_CASE("an older copy that was written to meanwhile is noticed") {
  const Folder folder;
  const auto file = filled(folder);
  std::filesystem::copy_file(file, folder / "copy.db");
  one_more(file);
  {
    std::filesystem::copy_file(mark_file(file), folder / "copy.db.mark");
    write_file(folder / "copy.db.mark", "");
    auto fork = opened(folder / "copy.db").ledger;  // another daemon, on another machine
    REQUIRE(fork.append({event("other", 1), event("history", 2), event("altogether", 3)}));
  }
  std::filesystem::copy_file(
      folder / "copy.db", file, std::filesystem::copy_options::overwrite_existing);
  check_noticed(file, "audit entry 4 is not the one that was written");
}

TEST_CASE("a log whose end was cut off while the daemon was down is noticed") {
  const Folder folder;
  const auto file = filled(folder);
  meddle(file, "DELETE FROM audit WHERE seq = 3");
  check_noticed(file, "it ends at audit entry 2, but audit entry 3 was written");
}

TEST_CASE("a last entry that was replaced by a well-made other one is noticed") {
  const Folder folder;
  const auto file = filled(folder);
  const auto log = opened(file).ledger.audit({}).value();
  auto forged = log.back();
  forged.event.actor = "somebody else";
  forged.hash = chain_hash(forged.seq, forged.event, forged.previous);
  meddle(
      file,
      "UPDATE audit SET actor = 'somebody else', hash = '" + forged.hash.hex() + "' WHERE seq = 3");
  check_noticed(file, "audit entry 3 is not the one that was written");
}

TEST_CASE("a ledger whose mark is missing or unreadable may be a copy, so it is doubted") {
  const Folder folder;
  const auto file = filled(folder);
  std::filesystem::remove(mark_file(file));
  check_noticed(file, "is missing");
  write_file(mark_file(file), "tidemark-mark-1 4 beef\n");
  check_noticed(file, "is not a high-water mark");
}

TEST_CASE("a ledger that was lost is noticed, also by environments which only it knew") {
  const Folder folder;
  const auto file = filled(folder);
  std::filesystem::remove(file);
  check_noticed(file, "it was lost");
}

TEST_CASE("environments that turn up soon after a restore are doubted, later ones are not") {
  const Folder folder;
  const auto file = filled(folder);
  std::filesystem::remove(mark_file(file));
  auto ledger = opened(file, at(100)).ledger;
  CHECK_FALSE(ledger.load(prod, at(101))->history.certain);
  CHECK(ledger.load({.app = "shop", .name = "next-week"}, at(100) + std::chrono::days{7})
            ->history.certain);
  CHECK_FALSE(ledger.load(prod, at(102))->history.certain);

  auto settled_by_a_person = change(103);
  settled_by_a_person.environment = prod;
  settled_by_a_person.history = History{};
  REQUIRE(ledger.commit(settled_by_a_person));
  CHECK(ledger.load(prod, at(104))->history.certain);
}

TEST_CASE("a crash between a commit and its mark is not taken for a restore") {
  const Folder folder;
  const auto file = filled(folder);
  const auto mark = read_file(mark_file(file));
  one_more(file);
  write_file(mark_file(file), mark);
  CHECK(opened(file).restored.empty());
  one_more(file);
  CHECK(read_mark(mark_file(file)).value()->seq == 5);
}

TEST_CASE("a crash before the first entry is not taken for a restore") {
  const Folder folder;
  const auto file = folder / "ledger.db";
  { auto ledger = opened(file).ledger; }
  CHECK(read_mark(mark_file(file)).value() == AuditMark{});
  std::filesystem::remove(file);  // the mark reached the disk and the ledger did not
  CHECK(opened(file).restored.empty());
  const auto mark = read_file(mark_file(file));
  one_more(file);
  write_file(mark_file(file), mark);  // the first commit reached the disk and its mark did not
  CHECK(opened(file).restored.empty());
}

TEST_CASE("a restore that was noticed is noticed again when we died before it was written down") {
  const Folder folder;
  const auto file = filled(folder);
  meddle(file, "DELETE FROM audit WHERE seq = 3");
  const auto mark = read_file(mark_file(file));
  CHECK_FALSE(opened(file, at(100)).restored.empty());
  write_file(mark_file(file), mark);
  CHECK_FALSE(opened(file, at(101)).restored.empty());
}

TEST_CASE("a mark is only what we write ourselves") {
  const Folder folder;
  const auto file = folder / "some.mark";
  CHECK(read_mark(file).value() == std::nullopt);
  const AuditMark mark{.seq = 12, .hash = sha256("x")};
  REQUIRE(write_mark(file, mark));
  CHECK(read_mark(file).value() == mark);
  const auto text = read_file(file);
  for (const auto& other : {std::string(),
                            text.substr(1),
                            text.substr(0, text.size() - 1),
                            text + "\n",
                            text + text,
                            "tidemark-mark-1 012 " + mark.hash.hex() + "\n",
                            "tidemark-mark-1 -1 " + mark.hash.hex() + "\n"}) {
    write_file(file, other);
    CHECK(read_mark(file).error().code == Errc::broken);
  }
}
