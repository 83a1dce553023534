#include "daemon/client/render/progress.h"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

#include "tests/daemon/client/samples.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

const Style piped{false, false, 80, TimePoint{}};

Style terminal(std::size_t width) {
  return {true, false, width, TimePoint{}};
}

json::object event(std::string_view text) {
  return json::parse({text.data(), text.size()}).as_object();
}

const auto building = event(
    R"({"type":"progress","migration":"004_idx","number":2,"of":2,"statement":2,"statements":3,"line":7,
        "kind":"CREATE INDEX CONCURRENTLY","elapsed_ms":12340,"phase":"scanning table","per_cent":42,
        "waiting_for":[{"pid":4711,"role":"ana","application":"psql","state":"idle in transaction",
                        "transaction_age_ms":93000,"query":"SELECT 1"}]})");

const auto brief = event(
    R"({"type":"progress","migration":"004_idx","statement":3,"statements":3,"elapsed_ms":500})");

const auto failed_migration = event(
    R"({"type":"migration.finished","migration":"003_tax","outcome":"not_applied","elapsed_ms":1234,
        "error":{"message":"relation \"x\" does not exist","sqlstate":"42P01","detail":"one\ntwo","hint":"look",
                 "file":"003_tax.sql","statement":2,"line":7,"column":3}})");

}  // namespace

TEST_CASE("on a terminal what runs is one line, which says who is in the way") {
  Progress progress("shop/dev");
  CHECK(progress.tell(building, terminal(200)) ==
        "\r004_idx  statement 2 of 3 (line 7, CREATE INDEX CONCURRENTLY), 12 s, 42 % scanning "
        "table, waiting for pid 4711 (ana, psql, idle in transaction for 93 s): SELECT 1");
  auto several = building;
  several["waiting_for"].as_array().push_back(event(R"({"pid":12})"));
  CHECK(progress.tell(several, terminal(200)).ends_with("for 93 s) and 1 more: SELECT 1"));
}

TEST_CASE("a shorter line wipes out the one before it, and a whole line stands where it was") {
  Progress progress("shop/dev");
  const auto first = progress.tell(building, terminal(60));
  CHECK(first.size() == 1 + 58 + std::string_view("…").size());  // 59 columns: the last stays free
  const std::string text = "004_idx  statement 3 of 3, 0 s";
  CHECK(progress.tell(brief, terminal(60)) == "\r" + text + std::string(59 - text.size(), ' '));
  CHECK(progress.tell(event(R"({"type":"skipped","migration":"004_idx","statement":3,
                               "message":"relation \"x\" already exists, skipping"})"),
                      terminal(60)) ==
        "\r" + std::string(text.size(), ' ') +
            "\r004_idx  statement 3 skipped: relation \"x\" already exists, skipping\n");
  CHECK(progress.end().empty());
}

TEST_CASE("what was skipped is told with what came of comparing it") {
  Progress progress("shop/dev");
  const auto told = [&](const std::string& more) {
    return progress.tell(event(R"({"type":"skipped","migration":"004_idx","statement":3,
                                   "message":"x exists")" +
                               more + "}"),
                         piped);
  };
  const std::string line = "004_idx  statement 3 skipped: x exists";
  CHECK(told("") == line + "\n");
  CHECK(told(R"(,"same":true,"differences":[],"not_compared":null)") ==
        line + "; what is there is the same\n");
  CHECK(told(R"(,"same":null,"differences":[],"not_compared":"lock timeout")") ==
        line + "; it was not compared: lock timeout\n");
  CHECK(
      told(
          R"(,"same":false,"differences":["table x: column a is missing","index i"],"not_compared":"lock timeout")") ==
      line +
          "; it was not compared: lock timeout\n"
          "  DIFFERS: table x: column a is missing\n"
          "  DIFFERS: index i\n");
}

TEST_CASE("in a pipe there are whole lines only, and each says which migration it is about") {
  Progress progress("shop/dev");
  CHECK(progress.tell(building, piped).empty());
  CHECK(progress.end().empty());
  CHECK(progress.tell(event(R"({"type":"migration.started","migration":"003_tax","number":1,"of":2,
                               "statements":3,"transaction":true})"),
                      piped) == "003_tax  1 of 2, 3 statements in one transaction\n");
  CHECK(progress.tell(event(R"json({"type":"retrying","migration":"003_tax","try":2,"of":11,
                               "in_ms":430,"why":"lock timeout, behind pid 4711 (ana)"})json"),
                      piped) ==
        "003_tax  tries again in 430 ms, try 2 of 11: lock timeout, behind pid 4711 (ana)\n");
  CHECK(progress.tell(event(R"({"type":"repairing","migration":"004_idx",
                               "message":"drops the invalid index i"})"),
                      piped) == "004_idx  drops the invalid index i\n");
  CHECK(progress.tell(event(R"({"type":"settled","migration":"003_tax","outcome":"applied",
                               "why":"the server says that it was committed"})"),
                      piped) ==
        "003_tax  settled as applied: the server says that it was committed\n");
  CHECK(progress.tell(event(R"({"type":"of.a.newer.daemon"})"), piped).empty());
}

TEST_CASE("a failure is told at the end, with its place, its SQLSTATE and what the server adds") {
  Progress progress("shop/dev");
  CHECK(progress.tell(failed_migration, piped) == "003_tax  not applied after 1.2 s\n");
  CHECK(progress.outcome().empty());
  CHECK(progress.tell(event(R"({"type":"finished","outcome":"failed","done":["002"],
                               "left":["003_tax","004_idx"],"message":"003_tax stopped"})"),
                      piped) ==
        R"(shop/dev: failed: 003_tax stopped: relation "x" does not exist
  003_tax.sql:7:3, statement 2, SQLSTATE 42P01
  detail: one
    two
  hint: look
  applied: 002
  left: 003_tax, 004_idx
  what would run next: tidemark plan shop/dev
)");
  CHECK(progress.outcome() == "failed");
}

TEST_CASE("a message that has the server's words in it is not told twice") {
  Progress progress("shop/dev");
  (void)progress.tell(failed_migration, piped);
  CHECK(progress
            .tell(event(R"({"type":"finished","outcome":"failed","done":[],"left":[],
                            "message":"003_tax: relation \"x\" does not exist"})"),
                  piped)
            .starts_with("shop/dev: failed: 003_tax: relation \"x\" does not exist\n"));
}

TEST_CASE("an outcome that is unknown names the command that settles it") {
  Progress progress("shop/dev");
  CHECK(progress.tell(event(R"({"type":"migration.finished","migration":"003_tax",
                               "outcome":"unknown","elapsed_ms":61000})"),
                      piped) == "003_tax  unknown after 61 s\n");
  const auto text = progress.tell(
      event(R"({"type":"finished","outcome":"unknown","done":[],"left":["003_tax"]})"), piped);
  CHECK(text ==
        "shop/dev: unknown\n  applied: nothing\n  left: 003_tax\n"
        "  look into the database, then: tidemark resolve shop/dev 003_tax (applied|not-applied) "
        "--reason …\n");
}

TEST_CASE("very many migrations are counted and not listed") {
  Progress progress("shop/dev");
  auto finished = event(R"({"type":"finished","outcome":"applied","left":[]})");
  json::array done;
  for (int i = 10; i < 30; ++i) {
    done.emplace_back("m" + std::to_string(i));
  }
  finished["done"] = done;
  CHECK(progress.tell(finished, piped) == "shop/dev: applied 20 migrations from m10 to m29\n");
}

TEST_CASE("nothing that a server or a file says can command the terminal") {
  const std::string hostile = R"(\u001b]0;owned\u0007\n\u202e)";
  const auto all = "\"migration\":\"" + hostile + "\",\"message\":\"" + hostile + "\",\"why\":\"" +
                   hostile + "\",\"by\":\"" + hostile + "\",\"kind\":\"" + hostile +
                   "\",\"phase\":\"" + hostile + "\",\"outcome\":\"" + hostile + "\",\"plan\":\"" +
                   hostile + "\",\"migrations\":[],\"done\":[\"" + hostile +
                   "\"],\"left\":[],\"waiting_for\":[{\"role\":\"" + hostile +
                   "\",\"application\":\"" + hostile + "\",\"state\":\"" + hostile +
                   "\"}],\"error\":{\"message\":\"" + hostile + "\",\"detail\":\"" + hostile +
                   "\",\"hint\":\"" + hostile + "\",\"file\":\"" + hostile + "\",\"sqlstate\":\"" +
                   hostile + "\"}}";
  Progress progress("shop/dev");
  for (const auto* type : {"started",
                           "migration.started",
                           "progress",
                           "skipped",
                           "retrying",
                           "repairing",
                           "migration.finished",
                           "settled",
                           "finished"}) {
    const auto text =
        progress.tell(event("{\"type\":\"" + std::string(type) + "\"," + all), terminal(400));
    CHECK_FALSE(text.empty());
    CHECK(text.find_first_of("\x1b\x07") == std::string::npos);
    CHECK(text.find("\u202e") == std::string::npos);
  }
}

TEST_CASE("what is not told of a try or of an end is not made up") {
  Progress progress("shop/dev");
  CHECK(progress.tell(event(R"({"type":"retrying","migration":"004_idx","statement":1,"in_ms":250,
                                "why":"canceling statement due to lock timeout"})"),
                      piped) ==
        "004_idx  tries again in 250 ms: canceling statement due to lock timeout\n");
  CHECK(progress.tell(
            event(R"({"type":"migration.finished","migration":"004_idx","outcome":"open"})"),
            piped) == "004_idx  open: nobody knows yet whether it was applied\n");
}

TEST_CASE("while the server is asked what became of it, the live line says so") {
  Progress progress("shop/dev");
  CHECK(progress.tell(event(R"({"type":"progress","migration":"004_idx","elapsed_ms":4000,
                                "phase":"the connection was lost, asking what became of it"})"),
                      terminal(200)) ==
        "\r004_idx  4 s, the connection was lost, asking what became of it");
}

TEST_CASE("who was in the way of what failed is told with the query, on one line") {
  Progress progress("shop/dev");
  auto failed = failed_migration;
  failed["error"].as_object()["waiting_for"] = json::parse(
      R"([{"pid":7,"role":"bob","application":"","state":"active","transaction_age_ms":null,
           "query":"SELECT *\n  FROM\tusers\u001b"}])");
  progress.tell(failed, piped);
  const auto summary = progress.tell(
      event(R"({"type":"finished","outcome":"failed","done":[],"left":["003_tax"],"message":"x"})"),
      piped);
  CHECK(summary.find("\n  in the way: pid 7 (bob, active): SELECT * FROM users\\x1b\n") !=
        std::string::npos);
}

TEST_CASE("of a rollback whose outcome nobody knows, it is said what applied would mean") {
  Progress progress("shop/dev");
  progress.tell(event(R"({"type":"started","action":"rollback","migrations":["003_tax"]})"), piped);
  const auto summary = progress.tell(
      event(
          R"({"type":"finished","outcome":"unknown","done":[],"left":["003_tax"],"message":"x"})"),
      piped);
  CHECK(summary.find("--reason …, where applied says that it was rolled back\n") !=
        std::string::npos);
}
