#include "core/audit/refusals.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

TimePoint minute(int n) {
  return TimePoint{std::chrono::minutes{n}};
}

AuditEvent refusal(int at, std::string actor = "ana (uid 1)", std::string what = "refused.mark") {
  AuditEvent event;
  event.at = minute(at);
  event.actor = std::move(actor);
  event.what = std::move(what);
  event.app = "shop";
  event.environment = "prod";
  return event;
}

}  // namespace

TEST_CASE("the first refusal is written at once, those like it are counted for an hour") {
  Refusals refusals;
  CHECK(refusals.refused(refusal(0)) == std::vector{refusal(0)});
  CHECK(refusals.refused(refusal(10)).empty());
  CHECK(refusals.refused(refusal(20)).empty());
  CHECK(refusals.due(minute(59)).empty());
  const auto summary = refusals.due(minute(60));
  REQUIRE(summary.size() == 1);
  CHECK(summary.front().at == minute(20));
  CHECK(summary.front().details.at("count") == "2");
  CHECK(summary.front().details.at("since") == format_time(minute(0)));
  CHECK(refusals.due(minute(200)).empty());
  CHECK(refusals.refused(refusal(201)) == std::vector{refusal(201)});
}

TEST_CASE("a clock that is set back does not make the hour last longer") {
  Refusals refusals;
  CHECK(refusals.refused(refusal(2'000)).size() == 1);
  CHECK(refusals.refused(refusal(2'010)).empty());
  const auto summary = refusals.due(minute(570));
  REQUIRE(summary.size() == 1);
  CHECK(summary.front().details.at("count") == "1");
}

TEST_CASE("another caller, another command or another environment is another refusal") {
  Refusals refusals;
  auto elsewhere = refusal(0);
  elsewhere.environment = "dev";
  for (const auto& each : {refusal(0),
                           refusal(0, "bob (uid 2)"),
                           refusal(0, "ana (uid 1)", "refused.mode"),
                           elsewhere}) {
    CHECK(refusals.refused(each) == std::vector{each});
  }
}

TEST_CASE("a refusal that happened once is not told again when its hour is over") {
  Refusals refusals;
  CHECK(refusals.refused(refusal(0)).size() == 1);
  CHECK(refusals.due(minute(61)).empty());
  CHECK(refusals.all().empty());
}

TEST_CASE("what was counted is not lost at the end, nor by a crowd of callers") {
  Refusals refusals;
  refusals.refused(refusal(0));
  refusals.refused(refusal(1));
  std::size_t summaries = 0;
  for (int i = 0; i < 5000; ++i) {
    for (const auto& event : refusals.refused(refusal(2, "caller " + std::to_string(i)))) {
      summaries += event.details.contains("count") ? 1U : 0U;
    }
  }
  CHECK(summaries == 1);
  refusals.refused(refusal(3, "caller 4999"));
  const auto rest = refusals.all();
  REQUIRE(rest.size() == 1);
  CHECK(rest.front().actor == "caller 4999");
  CHECK(refusals.all().empty());
}
