#include <doctest/doctest.h>

#include "adapters/store/ledger.h"
#include "adapters/store/mark.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

constexpr int entries = 6;

void fill(const std::filesystem::path& file) {
  auto ledger = opened(file).ledger;
  for (int i = 1; i <= entries; ++i) {
    REQUIRE(ledger.append({event("mark.recorded", i)}));
  }
}

// What verifying says of a log after somebody ran this SQL on the file.
AuditCheck after(const std::string& sql) {
  const Folder folder;
  fill(folder / "ledger.db");
  auto ledger = opened(folder / "ledger.db").ledger;
  meddle(folder / "ledger.db", sql);
  const auto check = ledger.verify_audit();
  REQUIRE(check);
  return *check;
}

}  // namespace

TEST_CASE("audit entries are numbered without gaps and each names the one before") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto two = change();
  two.audit = {event("mark.recorded", 1), event("mode.changed", 2)};
  const auto committed = ledger.commit(two);
  REQUIRE(committed);
  const auto third = ledger.append({event("refused.mark", 3)});
  REQUIRE(third);
  const auto log = ledger.audit({}).value();
  REQUIRE(log.size() == 3);
  CHECK(log[0] == committed->audit[0]);
  CHECK(log[2] == third->at(0));
  CHECK(log[0].previous == Digest{});
  for (std::size_t i = 0; i < log.size(); ++i) {
    CHECK(log[i].seq == i + 1);
    CHECK(log[i].hash == chain_hash(log[i].seq, log[i].event, log[i].previous));
    CHECK((i == 0 || log[i].previous == log[i - 1].hash));
  }
  CHECK(log[1].event == two.audit[1]);
  const auto check = ledger.verify_audit().value();
  CHECK(check.ok);
  CHECK(check.entries == 3);
  CHECK(check.last == AuditMark{.seq = 3, .hash = log[2].hash});
}

TEST_CASE("the log is read by time, app, place and in pages") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto other = event("reload", 20);
  other.app.clear();
  other.environment.clear();
  REQUIRE(ledger.append({event("a", 1), event("b", 10), other}));
  AuditFilter filter;
  filter.since = at(10);
  CHECK(ledger.audit(filter)->size() == 2);
  filter.app = "shop";
  CHECK(ledger.audit(filter)->size() == 1);
  CHECK(ledger.audit({.since = {}, .app = "", .after_seq = 1, .limit = 1})->at(0).event.what ==
        "b");
  CHECK(ledger.audit({.since = {}, .app = "", .after_seq = 3})->empty());
}

TEST_CASE("a log longer than what is read at a time verifies, and its end is found") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  REQUIRE(ledger.append(std::vector(4000, event("many"))));
  CHECK(ledger.verify_audit()->entries == 4000);
  meddle(folder / "ledger.db", "UPDATE audit SET actor = 'x' WHERE seq = 3999");
  CHECK(ledger.verify_audit()->first_bad == 3999);
}

TEST_CASE("a changed entry is found, whichever part of it was changed") {
  for (const std::string column :
       {"actor", "what", "app", "environment", "details", "previous", "hash"}) {
    const auto check =
        after("UPDATE audit SET " + column + " = " + column + " || ' ' WHERE seq = 3");
    CHECK_MESSAGE(!check.ok, column);
    CHECK_MESSAGE(check.first_bad == 3, column);
    CHECK_MESSAGE(check.entries == 2, column);
    CHECK_MESSAGE(check.problem.starts_with("audit entry 3"), check.problem);
  }
  CHECK(after("UPDATE audit SET at = at + 1 WHERE seq = 3").first_bad == 3);
  CHECK(after("UPDATE audit SET hash = upper(hash) WHERE seq = 3").first_bad == 3);
  // The same details, written in another way.
  CHECK(after("UPDATE audit SET details = replace(details, ':', ': ') WHERE seq = 3").first_bad ==
        3);
}

TEST_CASE("every flipped bit of an entry is found") {
  const Folder folder;
  fill(folder / "ledger.db");
  const auto file = folder / "ledger.db";
  const auto whole = meddle(file,
                            "SELECT actor || what || app || environment || details || previous || "
                            "hash FROM audit WHERE seq = 3");
  auto ledger = opened(file).ledger;
  int flipped = 0;
  for (const std::string column :
       {"actor", "what", "app", "environment", "details", "previous", "hash"}) {
    const auto original = meddle(file, "SELECT hex(" + column + ") FROM audit WHERE seq = 3").at(0);
    for (std::size_t i = 0; i < original.size(); ++i) {
      for (const unsigned bit : {1U, 2U, 4U, 8U}) {
        auto changed = original;
        const auto nibble =
            static_cast<unsigned>(std::stoi(changed.substr(i, 1), nullptr, 16)) ^ bit;
        changed[i] = "0123456789ABCDEF"[nibble];
        meddle(file,
               "UPDATE audit SET " + column + " = CAST(x'" + changed + "' AS TEXT) WHERE seq = 3");
        const auto check = ledger.verify_audit();
        REQUIRE(check);
        if (check->ok || check->first_bad != 3) {
          FAIL_CHECK(column << " digit " << i << " bit " << bit << ": not found");
        }
        ++flipped;
      }
    }
    meddle(file,
           "UPDATE audit SET " + column + " = CAST(x'" + original + "' AS TEXT) WHERE seq = 3");
  }
  CHECK(ledger.verify_audit()->ok);
  CHECK(static_cast<std::size_t>(flipped) == 8 * whole.at(0).size());
}

TEST_CASE("removed, swapped, inserted and duplicated entries are found") {
  for (int seq = 1; seq <= entries; ++seq) {
    CHECK(after("DELETE FROM audit WHERE seq = " + std::to_string(seq)).first_bad ==
          static_cast<std::uint64_t>(seq));
  }
  CHECK(after("UPDATE audit SET seq = -1 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; "
              "UPDATE audit SET seq = 3 WHERE seq = -1")
            .first_bad == 2);
  const std::string all_but_seq = "at, actor, what, app, environment, details, previous, hash";
  CHECK(
      after("INSERT INTO audit SELECT 7, " + all_but_seq + " FROM audit WHERE seq = 6").first_bad ==
      7);
  CHECK(after("INSERT INTO audit SELECT 0, " + all_but_seq + " FROM audit WHERE seq = 1").ok ==
        false);
  CHECK(after("UPDATE audit SET seq = -seq WHERE seq > 3; UPDATE audit SET seq = 1 - seq WHERE seq "
              "< 0; "
              "INSERT INTO audit SELECT 4, " +
              all_but_seq + " FROM audit WHERE seq = 3")
            .first_bad == 4);
}

TEST_CASE("entries that were cut off at the end, or written by somebody else, are found") {
  CHECK(after("DELETE FROM audit WHERE seq > 4").first_bad == 5);
  CHECK(after("DELETE FROM audit").first_bad == 1);

  // Somebody who knows how the hashes are made.
  AuditEvent forged = event("mark.recorded", 7);
  const Folder folder;
  fill(folder / "ledger.db");
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto last = ledger.audit({})->back();
  forged.details.clear();
  meddle(folder / "ledger.db",
         "INSERT INTO audit VALUES (7, " + std::to_string(forged.at.time_since_epoch().count()) +
             ", '" + forged.actor + "', '" + forged.what + "', 'shop', 'staging', '{}', '" +
             last.hash.hex() + "', '" + chain_hash(7, forged, last.hash).hex() + "')");
  const auto check = ledger.verify_audit().value();
  CHECK_FALSE(check.ok);
  CHECK(check.first_bad == 7);
}

TEST_CASE(
    "a log that does not verify stops every change, at once and after a restart, but not reading") {
  const Folder folder;
  fill(folder / "ledger.db");
  const auto cannot_write = [](Ledger& ledger) {
    CHECK(ledger.append({event("x")}).error().code == Errc::broken);
    CHECK(ledger.commit(change()).error().code == Errc::broken);
    CHECK(ledger.prune(at(1), std::chrono::minutes{1}).error().code == Errc::broken);
    CHECK(ledger.audit_problem().starts_with("audit entry 2"));
    CHECK(ledger.audit({})->size() == entries);
    REQUIRE(ledger.load(prod, at(1)));
    CHECK_FALSE(ledger.load(prod, at(1))->history.certain);
  };
  {
    auto ledger = opened(folder / "ledger.db").ledger;
    REQUIRE(ledger.load(staging, at(1)));
    meddle(folder / "ledger.db", "UPDATE audit SET actor = 'nobody' WHERE seq = 2");
    CHECK(ledger.append({}));
    CHECK_FALSE(ledger.verify_audit()->ok);
    cannot_write(ledger);
  }
  auto again = opened(folder / "ledger.db");
  CHECK(again.audit_problem.starts_with("audit entry 2"));
  cannot_write(again.ledger);
}
