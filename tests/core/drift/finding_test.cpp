#include "core/drift/finding.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

using Findings = std::vector<Finding>;
using Stored = std::vector<StoredFinding>;

TimePoint minute(int n) {
  return TimePoint{std::chrono::minutes{n}};
}

Finding finding(FindingKind kind, std::string key, std::string evidence = "v1") {
  Finding made;
  made.kind = kind;
  made.key = Key{key};
  made.id = MigrationId{"V" + key + "__x"};
  made.summary = "something is wrong";
  made.details = {{"seen", std::move(evidence)}};
  return made;
}

StoredFinding stored(Finding what) {
  StoredFinding made;
  made.id = "f_1";
  made.finding = std::move(what);
  made.opened_at = minute(1);
  made.updated_at = minute(1);
  return made;
}

Finding edited(std::string evidence = "v1") {
  return finding(FindingKind::edited, "2", std::move(evidence));
}

}  // namespace

TEST_CASE("a finding that is new is opened") {
  const auto result = changes({}, Findings{edited()}, minute(5));
  CHECK(result == FindingChanges{{edited()}, {}, {}});
}

TEST_CASE("a finding that lasts is not announced again") {
  CHECK(changes(Stored{stored(edited())}, Findings{edited()}, minute(5)).empty());
}

TEST_CASE("the same cause seen twice at once is one finding") {
  const auto result = changes({}, Findings{edited("v1"), edited("v2")}, minute(5));
  CHECK(result == FindingChanges{{edited("v1")}, {}, {}});
  CHECK(changes(Stored{stored(edited("v1"))}, Findings{edited("v1"), edited("v2")}, minute(5))
            .empty());
}

TEST_CASE("a finding whose cause is gone is resolved") {
  const auto open = stored(edited());
  auto expected = open;
  expected.resolved_at = minute(5);
  CHECK(changes(Stored{open}, {}, minute(5)) == FindingChanges{{}, {}, {expected}});
}

TEST_CASE("new evidence updates a finding, keeps its life, and ends its acknowledgement") {
  auto open = stored(edited("v1"));
  open.acknowledged = Acknowledgement{"ana", "known", minute(2), std::nullopt};
  auto expected = open;
  expected.finding = edited("v2");
  expected.updated_at = minute(5);
  expected.acknowledged.reset();
  CHECK(changes(Stored{open}, Findings{edited("v2")}, minute(5)) ==
        FindingChanges{{}, {expected}, {}});
}

TEST_CASE("the same evidence leaves an acknowledgement alone") {
  auto open = stored(edited());
  open.acknowledged = Acknowledgement{"ana", "known", minute(2), std::nullopt};
  CHECK(changes(Stored{open}, Findings{edited()}, minute(5)).empty());
}

TEST_CASE("a resolved finding keeps that it was acknowledged") {
  auto open = stored(edited());
  open.acknowledged = Acknowledgement{"ana", "known", minute(2), std::nullopt};
  const auto result = changes(Stored{open}, {}, minute(5));
  REQUIRE(result.resolved.size() == 1);
  CHECK(result.resolved[0].acknowledged == open.acknowledged);
}

TEST_CASE("another kind, another key, or an environment's own finding is another finding") {
  auto environmental = edited();
  environmental.environmental = true;
  for (const auto& other :
       {finding(FindingKind::checksum, "2"), finding(FindingKind::edited, "3"), environmental}) {
    const auto result = changes(Stored{stored(edited())}, Findings{other}, minute(5));
    CHECK(result.opened == Findings{other});
    CHECK(result.updated.empty());
    CHECK(result.resolved.size() == 1);
  }
}

TEST_CASE("many changes at once are each told once, in the order in which they were seen") {
  const auto removed = finding(FindingKind::removed, "9");
  const auto foreign = finding(FindingKind::foreign, "1");
  const auto open = Stored{stored(edited("v1")), stored(finding(FindingKind::dirty, "4"))};
  const auto result = changes(open, Findings{removed, edited("v2"), foreign}, minute(5));
  CHECK(result.opened == Findings{removed, foreign});
  REQUIRE(result.updated.size() == 1);
  CHECK(result.updated[0].finding == edited("v2"));
  REQUIRE(result.resolved.size() == 1);
  CHECK(result.resolved[0].finding.kind == FindingKind::dirty);
}

TEST_CASE("an acknowledgement holds until its end") {
  auto open = stored(edited());
  CHECK_FALSE(open.acknowledged_at(minute(5)));
  open.acknowledged = Acknowledgement{"ana", "known", minute(2), minute(10)};
  CHECK(open.acknowledged_at(minute(9)));
  CHECK_FALSE(open.acknowledged_at(minute(10)));
  open.acknowledged->until.reset();
  CHECK(open.acknowledged_at(minute(1000000)));
}

TEST_CASE("kinds and severities are read as they are written") {
  for (const auto kind : all_finding_kinds) {
    CAPTURE(to_string(kind));
    CHECK(!to_string(kind).empty());
    CHECK(parse_finding_kind(to_string(kind)) == kind);
  }
  CHECK(parse_severity("drift") == Severity::drift);
  CHECK(parse_severity("warning") == Severity::warning);
  CHECK(!parse_finding_kind("Edited"));
  CHECK(!parse_severity(""));
}

TEST_CASE("other words for the same evidence end no acknowledgement") {
  auto known = stored(edited());
  known.acknowledged = Acknowledgement{"ana", "known", minute(2), std::nullopt};
  auto reworded = edited();
  reworded.summary = "a newer version of tidemark says it like this";
  CHECK(changes(Stored{known}, Findings{reworded}, minute(3)).empty());
}
