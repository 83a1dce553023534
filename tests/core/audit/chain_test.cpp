#include "core/audit/event.h"

#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

AuditEvent marked() {
  return AuditEvent{TimePoint{std::chrono::milliseconds{1776522120123}},
                    "ana (uid 1000)",
                    "mark.recorded",
                    "shop",
                    "prod",
                    {{"key", "2"}, {"reason", "ran by hand"}}};
}

}  // namespace

// The hash is a format: ledgers written today must verify in ten years, and with tools that are not
// ours. The value was computed apart from this code, from the description in core/audit/event.cpp.
TEST_CASE("the hash of an entry never changes") {
  CHECK(chain_hash(7, marked(), sha256("the one before")).hex() ==
        "9d1cc9d4cfba2826895248a0da29969e27bdfaff150f54d300cf000cada0b929");
}

TEST_CASE("every part of an entry is in its hash") {
  const std::vector<std::function<void(AuditEvent&)>> alterations{
      [](AuditEvent& e) { e.at += std::chrono::milliseconds{1}; },
      [](AuditEvent& e) { e.actor = "ana (uid 1001)"; },
      [](AuditEvent& e) { e.what = "mark.removed"; },
      [](AuditEvent& e) { e.app = "shop2"; },
      [](AuditEvent& e) { e.environment = ""; },
      [](AuditEvent& e) { e.details["reason"] = "ran by hand "; },
      [](AuditEvent& e) { e.details.erase("reason"); },
      [](AuditEvent& e) { e.details.clear(); },
      [](AuditEvent& e) { e.details["more"] = ""; }};
  const auto previous = sha256("the one before");
  const auto original = chain_hash(7, marked(), previous);
  for (std::size_t i = 0; i < alterations.size(); ++i) {
    CAPTURE(i);
    auto altered = marked();
    alterations[i](altered);
    CHECK(chain_hash(7, altered, previous) != original);
  }
  CHECK(chain_hash(8, marked(), previous) != original);
  CHECK(chain_hash(7, marked(), sha256("another one before")) != original);
}

TEST_CASE("nothing can be moved from one field to the next") {
  auto one = marked();
  one.app = "shop";
  one.environment = "2prod";
  auto other = marked();
  other.app = "shop2";
  other.environment = "prod";
  CHECK(chain_hash(1, one, {}) != chain_hash(1, other, {}));

  one = other = marked();
  one.details = {{"a", "1:b1:c"}};
  other.details = {{"a", ""}, {"b", "c"}};
  CHECK(chain_hash(1, one, {}) != chain_hash(1, other, {}));

  one = other = marked();
  one.actor = std::string("ana\0", 4);
  other.actor = "ana";
  CHECK(chain_hash(1, one, {}) != chain_hash(1, other, {}));
}
