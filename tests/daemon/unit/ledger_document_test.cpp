#include <doctest/doctest.h>

#include "daemon/control/documents.h"
#include "tests/daemon/unit/watched.h"

using namespace tidemark;
using namespace tidemark::unit_test;

namespace {

namespace json = boost::json;

class Ledgers {
 public:
  Ledgers() {
    watched.directory_has({file("1", "a"), file("2", "b")});
    const auto flipped =
        watched.run(watched.world().set_mode(staging, Mode::reconcile_only, "because", "ana"));
    REQUIRE(flipped);
  }

  json::object document() {
    return ledger_document(*watched.world().app("shop"), *watched.world().environment(staging));
  }
  // "applied | - | ours_only": one side, the other, and what is made of it.
  std::string row(std::string_view key) {
    for (const auto& entry : document().at("rows").as_array()) {
      const auto& row = entry.as_object();
      const auto word = [&](std::string_view member) {
        const auto& value = row.at(member);
        return value.is_null() ? std::string("-") : std::string(value.as_string());
      };
      if (word("key") == key) {
        const auto kind = word("kind");
        return word("ours") + " | " + word("theirs") + " | " + word("state") +
               (kind == "-" ? "" : " " + kind);
      }
    }
    return "(no row)";
  }

  Watched watched;
};

Observation working(std::vector<Row> rows) {
  auto observation = seen(std::move(rows));
  observation.at_work = "pid 7, role deploy";
  return observation;
}

}  // namespace

TEST_CASE("a ledger of theirs stands beside ours") {
  Ledgers ledgers;
  ledgers.watched.was_read(staging, seen({applied("1", "a"), applied("7", "hotfix")}));
  CHECK(ledgers.row("1") == "applied | applied | in_sync");
  CHECK(ledgers.row("2") == "(no row)");  // in neither
  CHECK(ledgers.row("7") == "- | applied | drift foreign");
  CHECK(ledgers.document().at("at_work").is_null());
}

TEST_CASE("what is applied there and has no file, as is right, is theirs alone") {
  Ledgers ledgers;
  auto base = applied("2", "");
  base.key = {"baseline:2"};
  base.state = Row::State::baseline;
  ledgers.watched.directory_has({file("2", "b"), file("3", "c")});
  ledgers.watched.was_read(staging, seen({applied("1", "a"), base, applied("3", "c")}));
  CHECK(ledgers.row("baseline:2") == "- | baseline | in_sync");
  CHECK(ledgers.row("1") == "- | applied | theirs_only");
  CHECK(ledgers.row("2") == "- | - | in_sync");
}

TEST_CASE("while somebody is at work, what is pending is in progress") {
  Ledgers ledgers;
  ledgers.watched.was_read(staging, seen({applied("1", "a")}));
  ledgers.watched.was_read(staging, working({applied("1", "a"), applied("2", "half")}));
  CHECK(ledgers.document().at("at_work").as_string() == "pid 7, role deploy");
  CHECK(ledgers.row("1") == "applied | applied | in_sync");
  CHECK(ledgers.row("2") == "- | - | in_progress");
  ledgers.watched.was_read(staging, seen({applied("1", "a"), applied("2", "b")}));
  CHECK(ledgers.row("2") == "applied | applied | in_sync");
}

TEST_CASE("a ledger that cannot be read is not told as none, and what would help is told") {
  Ledgers ledgers;
  CHECK(ledgers.document().at("trouble").is_null());
  Observation refused;
  refused.ledger = Observation::Ledger::unreadable;
  refused.trouble = "ambiguous: a.h, b.h";
  ledgers.watched.was_read(staging, refused);
  CHECK(ledgers.document().at("trouble").as_string() == "ambiguous: a.h, b.h");
  ledgers.watched.was_read(staging, seen({applied("1", "a")}));
  CHECK(ledgers.document().at("trouble").is_null());
}

TEST_CASE("a database that was never seen but at work has everything in progress") {
  Ledgers ledgers;
  ledgers.watched.was_read(staging, working({applied("1", "a")}));
  CHECK(ledgers.row("1") == "- | - | in_progress");
}

TEST_CASE("what is no drift is none beside their ledger either") {
  Ledgers ledgers;
  ledgers.watched.was_read(staging, seen({applied("2", "b"), applied("1", "a")}));
  CHECK(ledgers.row("1") == "applied | applied | in_sync out_of_order");
}
