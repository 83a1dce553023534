#include "core/drift/invalid_index.h"

#include <doctest/doctest.h>

#include "core/drift/compare.h"

using namespace tidemark;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");
const Policy reconcile{.mode = Mode::reconcile_only, .upstream = std::nullopt};
const Policy export_only{.mode = Mode::export_only, .upstream = std::nullopt};
const InvalidIndex by_email{"public", "users_by_email", "users", 16400};

Observation seen(std::vector<InvalidIndex> indexes) {
  Observation observation;
  observation.ledger = Observation::Ledger::read;
  observation.invalid_indexes = std::move(indexes);
  return observation;
}

Standing standing_of(const std::optional<Observation>& observation,
                     const Policy& policy = reconcile) {
  return compare({}, {}, observation, policy);
}

std::string summary_of(const std::string& name) {
  return finding_of({"public", name, "users", 1}).summary;
}

StoredFinding open(const Finding& finding) {
  return {"f_1", finding, noon, noon, std::nullopt, std::nullopt};
}

}  // namespace

TEST_CASE("an invalid index is drift of its environment, and names its table and what to do") {
  const auto standing = standing_of(seen({by_email}));
  REQUIRE(standing.findings.size() == 1);
  const auto& finding = standing.findings.front();
  CHECK(finding.kind == FindingKind::invalid_index);
  CHECK(finding.key.value == "public.users_by_email");
  CHECK(finding.severity == Severity::drift);
  CHECK(finding.environmental);
  CHECK(finding.summary ==
        "index public.users_by_email of public.users is invalid: a concurrent build failed. DROP "
        R"(INDEX CONCURRENTLY "public"."users_by_email", then build it again)");
  CHECK(finding.details.at("table") == "public.users");
}

TEST_CASE("what a REINDEX CONCURRENTLY leaves is told as that, also under a numbered name") {
  for (const std::string name : {"users_by_email_ccnew", "users_by_email_ccnew1"}) {
    CHECK(summary_of(name).find("REINDEX again what it was to replace") != std::string::npos);
  }
  for (const std::string name : {"users_by_email_ccold", "users_by_email_ccold12"}) {
    CHECK(summary_of(name).find("could not drop this old one") != std::string::npos);
    CHECK(summary_of(name).find("again") == std::string::npos);
  }
  for (const std::string name : {"1", "ccnew", "users_ccnew_x"}) {
    CHECK(summary_of(name).find("REINDEX") == std::string::npos);
  }
}

TEST_CASE("a name that has quotes in it is quoted for SQL") {
  CHECK(summary_of("a\"b").find(R"(DROP INDEX CONCURRENTLY "public"."a""b",)") !=
        std::string::npos);
}

TEST_CASE("an index that failed again under its old name is news, the same one is not") {
  const auto before = open(finding_of(by_email));
  CHECK(changes(std::vector{before}, standing_of(seen({by_email})), noon).empty());
  auto again = by_email;
  again.oid = 16500;
  const auto changed = changes(std::vector{before}, standing_of(seen({again})), noon);
  CHECK(changed.updated.size() == 1);
  CHECK(changed.opened.empty());
}

TEST_CASE("an invalid index is over when it is gone, also where the ledger cannot be read") {
  const auto before = open(finding_of(by_email));
  auto now = seen({});
  CHECK(changes(std::vector{before}, standing_of(now), noon).resolved.size() == 1);
  now.ledger = Observation::Ledger::unreadable;
  CHECK(changes(std::vector{before}, standing_of(now), noon).resolved.size() == 1);
}

TEST_CASE("an invalid index lasts until somebody looks") {
  const auto before = open(finding_of(by_email));
  CHECK(changes(std::vector{before}, standing_of(std::nullopt), noon).empty());
}

TEST_CASE("an invalid index is found where the ledger cannot be read or there is none") {
  auto now = seen({by_email});
  for (const auto ledger : {Observation::Ledger::unreadable, Observation::Ledger::none}) {
    now.ledger = ledger;
    CHECK(standing_of(now).findings.size() == 1);
  }
}

TEST_CASE("an environment that is only exported to has no invalid indexes") {
  CHECK(standing_of(seen({by_email}), export_only).findings.empty());
}
