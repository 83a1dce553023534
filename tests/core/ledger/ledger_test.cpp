#include "core/ledger/observation.h"
#include "core/ledger/record.h"

#include <doctest/doctest.h>

using namespace tidemark;

TEST_CASE("how and evidence are read as they are written") {
  for (const auto how :
       {How::managed, How::marked, How::reconciled, How::adopted, How::rolled_back}) {
    CHECK(parse_how(to_string(how)) == how);
  }
  for (const auto evidence : {Evidence::executed, Evidence::observed, Evidence::attested}) {
    CHECK(parse_evidence(to_string(evidence)) == evidence);
  }
  CHECK(!parse_how("executed"));
  CHECK(!parse_evidence("managed"));
}

TEST_CASE("two observations are the same sight when only the time differs") {
  Observation one;
  one.ledger = Observation::Ledger::read;
  one.tool = "flyway";
  one.table = "public.flyway_schema_history";
  one.rows.emplace_back().key = Key{"1"};
  auto other = one;
  other.as_of = TimePoint{std::chrono::hours{5}};
  CHECK(same_sight(one, other));
  CHECK(one != other);
}

TEST_CASE("everything but the time makes another sight") {
  const Observation one;
  const auto differs = [&](auto change) {
    auto other = one;
    change(other);
    return !same_sight(one, other);
  };
  CHECK(differs([](Observation& o) { o.ledger = Observation::Ledger::unreadable; }));
  CHECK(differs([](Observation& o) { o.tool = "flyway"; }));
  CHECK(differs([](Observation& o) { o.table = "public.flyway_schema_history"; }));
  CHECK(differs([](Observation& o) { o.rows.emplace_back(); }));
  CHECK(differs([](Observation& o) { o.trouble = "permission denied"; }));
  CHECK(differs([](Observation& o) { o.invalid_indexes.emplace_back(); }));
  CHECK(differs([](Observation& o) { o.standby = true; }));
  CHECK(differs([](Observation& o) { o.identity.timeline = 2; }));
}
