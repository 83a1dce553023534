#include <doctest/doctest.h>

#include "adapters/store/ledger.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

// Writes down what is wrong now, as the daemon does after each comparison.
Committed seen(Ledger& ledger, const std::vector<Finding>& findings, int minute) {
  const auto state = must(ledger.load(staging, at(minute)));
  auto next = change(minute);
  next.findings = changes(state.findings, findings, at(minute));
  auto committed = ledger.commit(next);
  REQUIRE(committed);
  return std::move(*committed);
}

std::vector<std::string> log_of(Ledger& ledger) {
  std::vector<std::string> names;
  const auto entries = ledger.audit({});
  REQUIRE(entries);
  for (const auto& entry : *entries) {
    names.push_back(entry.event.what);
  }
  return names;
}

const FindingFilter all{.app = "", .environment = "", .include_resolved = true};
const Acknowledgement by_ana{.by = "ana", .reason = "known", .at = at(2), .until = at(500)};

}  // namespace

TEST_CASE("a finding opens once, lasts over restarts, is resolved, and a repeat is a new one") {
  const Folder folder;
  const auto edited = finding(FindingKind::edited, "1");
  std::string id;
  {
    auto ledger = opened(folder / "ledger.db").ledger;
    const auto first = seen(ledger, {edited}, 1);
    REQUIRE(first.opened.size() == 1);
    id = first.opened[0].id;
    CHECK(id.starts_with("f_"));
    CHECK(id.size() == 22);
    CHECK(first.opened[0].opened_at == at(1));
    CHECK(seen(ledger, {edited}, 2).audit.empty());
  }
  auto ledger = opened(folder / "ledger.db").ledger;
  CHECK(seen(ledger, {edited}, 3).audit.empty());
  const auto last = seen(ledger, {}, 4);
  REQUIRE(last.resolved.size() == 1);
  CHECK(last.resolved[0].id == id);
  CHECK(ledger.finding(id)->stored.resolved_at == at(4));
  CHECK(ledger.findings({})->empty());

  const auto again = seen(ledger, {edited}, 5);
  REQUIRE(again.opened.size() == 1);
  CHECK(again.opened[0].id != id);
  CHECK(ledger.findings(all)->size() == 2);
  CHECK(log_of(ledger) ==
        std::vector<std::string>{"finding.opened", "finding.resolved", "finding.opened"});
}

TEST_CASE("new evidence updates a finding and ends its acknowledgement") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto edited = finding(FindingKind::edited, "1");
  const auto id = seen(ledger, {edited}, 1).opened.at(0).id;
  REQUIRE(ledger.acknowledge(id, by_ana));
  CHECK(ledger.load(staging, at(3))->findings.at(0).acknowledged == by_ana);
  CHECK(seen(ledger, {edited}, 3).audit.empty());
  CHECK(ledger.finding(id)->stored.acknowledged == by_ana);

  edited.details["found"] = "cc";
  edited.severity = Severity::warning;
  edited.summary = "edited again";
  const auto committed = seen(ledger, {edited}, 4);
  REQUIRE(committed.updated.size() == 1);
  CHECK(committed.audit.at(0).event.details.at("acknowledgement") == "ended");
  const auto stored = ledger.finding(id);
  REQUIRE(stored);
  CHECK(stored->stored.finding == edited);
  CHECK(stored->stored.opened_at == at(1));
  CHECK(stored->stored.updated_at == at(4));
  CHECK(stored->stored.acknowledged == std::nullopt);
  CHECK(log_of(ledger) ==
        std::vector<std::string>{"finding.opened", "finding.acknowledged", "finding.updated"});
}

TEST_CASE("an acknowledgement that comes while new evidence is on its way does not outlive it") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto id = seen(ledger, {finding(FindingKind::edited, "1")}, 1).opened.at(0).id;
  auto update = change(2);
  auto stale = ledger.load(staging, at(2))->findings.at(0);
  REQUIRE(ledger.acknowledge(id, by_ana));
  stale.acknowledged = by_ana;
  stale.finding.details["found"] = "cc";
  update.findings.updated = {stale};
  REQUIRE(ledger.commit(update));
  CHECK(ledger.finding(id)->stored.acknowledged == std::nullopt);
}

TEST_CASE(
    "one subject may have findings of several kinds, and a migration and an object may share a "
    "name") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto object = finding(FindingKind::schema, "1");
  object.environmental = true;
  const std::vector<Finding> several{finding(FindingKind::edited, "1"),
                                     finding(FindingKind::checksum, "1"),
                                     finding(FindingKind::schema, "1"),
                                     object};
  CHECK(seen(ledger, several, 1).opened.size() == 4);
  CHECK(seen(ledger, several, 2).audit.empty());
  CHECK(seen(ledger, {}, 3).resolved.size() == 4);
}

TEST_CASE("the same finding cannot be open twice") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  auto twice = change();
  twice.findings.opened = {finding(FindingKind::edited, "1"), finding(FindingKind::edited, "1")};
  CHECK(ledger.commit(twice).error().code == Errc::conflict);
  CHECK(ledger.findings(all)->empty());
}

TEST_CASE("only what is open in its own environment can be updated or resolved") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto stored = seen(ledger, {finding(FindingKind::edited, "1")}, 1).opened.at(0);
  auto elsewhere = change(2);
  elsewhere.environment = prod;
  elsewhere.findings.resolved = {stored};
  CHECK(ledger.commit(elsewhere).error().code == Errc::conflict);
  elsewhere.findings = {};
  elsewhere.findings.updated = {stored};
  CHECK(ledger.commit(elsewhere).error().code == Errc::conflict);

  seen(ledger, {}, 3);
  auto late = change(4);
  late.findings.updated = {stored};
  CHECK(ledger.commit(late).error().code == Errc::conflict);
}

TEST_CASE("acknowledging and taking it back are events with who and why") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  const auto id = seen(ledger, {finding(FindingKind::edited, "1")}, 1).opened.at(0).id;
  CHECK(ledger.unacknowledge(id, "ben", "why not", at(2)).error().code == Errc::conflict);
  const auto silenced = ledger.acknowledge(id, by_ana);
  REQUIRE(silenced);
  CHECK(*silenced == *ledger.finding(id));
  CHECK(silenced->environment == staging);
  const auto loud = ledger.unacknowledge(id, "ben", "no longer known", at(3));
  REQUIRE(loud);
  CHECK(loud->stored.acknowledged == std::nullopt);
  CHECK(*loud == *ledger.finding(id));

  const auto log = ledger.audit({}).value();
  REQUIRE(log.size() == 3);
  CHECK(log[1].event.what == "finding.acknowledged");
  CHECK(log[1].event.actor == "ana");
  CHECK(log[1].event.environment == "staging");
  CHECK(log[1].event.details.at("until") == format_time(at(500)));
  CHECK(log[2].event.what == "finding.unacknowledged");
  CHECK(log[2].event.actor == "ben");
  CHECK(log[2].event.details.at("reason") == "no longer known");
}

TEST_CASE("what is not there or not open cannot be acknowledged") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  CHECK(ledger.finding("f_none").error().code == Errc::not_found);
  CHECK(ledger.acknowledge("f_none", by_ana).error().code == Errc::not_found);
  const auto id = seen(ledger, {finding(FindingKind::edited, "1")}, 1).opened.at(0).id;
  seen(ledger, {}, 2);
  const auto late = ledger.acknowledge(id, by_ana);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Errc::conflict);
  CHECK(late.error().detail.find(format_time(at(2))) != std::string::npos);
}

TEST_CASE("findings are listed by app and environment, oldest first") {
  const Folder folder;
  auto ledger = opened(folder / "ledger.db").ledger;
  for (const auto& [app, name] :
       {std::pair{"shop", "prod"}, {"shop", "staging"}, {"billing", "staging"}}) {
    auto one = change(static_cast<int>(std::string_view(name).size()));
    one.environment = {.app = app, .name = name};
    one.findings.opened = {finding(FindingKind::foreign, "3")};
    REQUIRE(ledger.commit(one));
  }
  CHECK(ledger.findings({})->size() == 3);
  CHECK(ledger.findings({})->at(0).environment == prod);
  CHECK(ledger.findings({.app = "shop", .environment = ""})->size() == 2);
  CHECK(ledger.findings({.app = "", .environment = "staging"})->size() == 2);
  CHECK(ledger.findings({.app = "shop", .environment = "staging"})->at(0).environment == staging);
}
