#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "tests/daemon/client/fakes.h"
#include "tests/daemon/client/samples.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

const std::string environment = "/v1/apps/shop/environments/dev/";
const std::string post_plan = "POST " + environment + "plan";
const std::string post_apply = "POST " + environment + "apply";
const std::string post_rollback = "POST " + environment + "rollback";
const std::string post_cancel = "POST " + environment + "cancel";
const std::string get_apply = "GET " + environment + "apply";

struct Desk {
  FakeDaemon daemon;
  FakeConsole console;

  Desk() {
    daemon.answer("GET /v1/status", std::string(samples::status));
    daemon.answer("GET /v1/apps/shop/matrix", std::string(samples::matrix));
    daemon.answer(post_plan, std::string(samples::plan));
    daemon.answer(post_apply, std::string(samples::applied));
    daemon.answer(get_apply, std::string(samples::applied));
  }

  Exit type(const std::vector<std::string>& words) {
    console.output.clear();
    console.errors.clear();
    daemon.requests.clear();
    daemon.bodies.clear();
    return typed(words, daemon, console);
  }
  json::value body(const std::string& asked) { return json::parse(daemon.bodies.at(asked)); }
  bool asked(const std::string& what) const { return daemon.bodies.contains(what); }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string plan_with(const std::function<void(json::object&)>& change) {
  auto plan = json::parse({samples::plan.data(), samples::plan.size()}).as_object();
  change(plan);
  return json::serialize(plan);
}

std::string hindered(const std::string& what) {
  return plan_with([&](auto& plan) {
    plan["hindrances"] = json::parse(
        R"([{"what":")" + what +
        R"(","why":"as ana said\u001b","settle":"tidemark unfreeze shop/dev --reason …"}])");
  });
}

std::string ended(const std::string& outcome) {
  return R"({"type":"finished","at":"2026-04-18T14:22:01.000Z","outcome":")" + outcome +
         R"(","done":[],"left":["003_tax"],"message":null})" + "\n";
}

}  // namespace

TEST_CASE("plan asks with the selectors, as ids, and shows the command that runs just that") {
  Desk desk;
  CHECK(desk.type({"plan", "dev", "--only", "2", "V1", "V2__o", "--unanalysed", "--from-empty"}) ==
        Exit::done);
  CHECK(
      desk.body(post_plan) ==
      json::parse(
          R"({"action":"apply","only":["V2__orders","V1__users"],"unanalysed":true,"from_empty":true})"));
  CHECK(contains(desk.console.output,
                 "tidemark apply shop/dev --only V2__orders V1__users --unanalysed --from-empty "
                 "--plan-id p_0123456789abcdef\n"));
  CHECK(desk.type({"plan", "shop/dev", "--rollback", "--to", "1"}) == Exit::done);
  CHECK(desk.body(post_plan) == json::parse(R"({"action":"rollback","to":"V1__users"})"));
  CHECK(contains(desk.console.output,
                 "tidemark rollback shop/dev --to V1__users --plan-id p_0123456789abcdef\n"));
  CHECK(desk.type({"plan", "shop/dev", "--json"}) == Exit::done);
  CHECK(desk.body(post_plan) == json::parse(R"({"action":"apply"})"));
  CHECK(desk.console.output == std::string(samples::plan) + "\n");
}

TEST_CASE("an id that a shell could act upon is quoted in the command that a plan ends with") {
  Desk desk;
  desk.daemon.answer("GET /v1/apps/shop/matrix",
                     R"json({"app":"shop","migrations":[{"id":"a $(id) it's\u001b"}]})json");
  CHECK(desk.type({"plan", "shop/dev", "--to", "a"}) == Exit::done);
  CHECK(contains(desk.console.output, R"(--to 'a $(id) it'\''s\x1b' --plan-id)"));
}

TEST_CASE(
    "plan --exit-code is 3 when something would run, 0 when nothing, 1 when nobody can tell") {
  Desk desk;
  CHECK(desk.type({"plan", "shop/dev", "--exit-code"}) == Exit::attention);
  const auto nothing = [](auto& plan) { plan["migrations"] = json::array{}; };
  desk.daemon.answer(post_plan, plan_with(nothing));
  CHECK(desk.type({"plan", "shop/dev", "--exit-code"}) == Exit::done);
  CHECK(contains(desk.console.output, "Nothing is pending in shop/dev.\n"));
  desk.daemon.answer(post_plan, plan_with([&](auto& plan) {
                       nothing(plan);
                       plan["hindrances"] = json::parse(R"([{"what":"never_read","why":"x"}])");
                     }));
  CHECK(desk.type({"plan", "shop/dev", "--exit-code"}) == Exit::failed);
  CHECK(desk.type({"plan", "shop/dev"}) == Exit::done);
}

TEST_CASE("apply runs the plan that it has shown, by its id") {
  Desk desk;
  CHECK(desk.type({"apply", "dev", "--to", "2", "--yes"}) == Exit::done);
  CHECK(desk.body(post_apply) ==
        json::parse(R"({"to":"V2__orders","plan_id":"p_0123456789abcdef"})"));
  CHECK(desk.console.output ==
        R"(plan p_0123456789abcdef: 2 migrations to apply to shop/dev
  003_tax  2 statements, in one transaction
  004_idx  1 statement, outside a transaction, statement by statement
warning: it has drifted: 001_users
shop/dev: apply of 2 migrations, plan p_0123456789abcdef, by ana (uid 1000)
003_tax  1 of 2, 2 statements in one transaction
003_tax  applied in 1.2 s
004_idx  2 of 2, 1 statement outside a transaction
004_idx  applied in 93 s
shop/dev: applied 003_tax, 004_idx
)");
  CHECK(desk.console.errors.empty());
}

TEST_CASE("on a terminal apply shows the plan and asks, and runs nothing without a yes") {
  Desk desk;
  desk.console.person = true;
  desk.console.typed = {"", "n", "y"};
  for (int refusal = 0; refusal < 2; ++refusal) {
    CHECK(desk.type({"apply", "shop/dev"}) == Exit::failed);
    CHECK(contains(desk.console.errors, "plan p_0123456789abcdef: 2 migrations to apply"));
    CHECK(contains(desk.console.errors, "Apply this? [y/N] "));
    CHECK(contains(desk.console.errors, "nothing was changed"));
    CHECK_FALSE(desk.asked(post_apply));
  }
  CHECK(desk.type({"apply", "shop/dev"}) == Exit::done);
  CHECK(desk.asked(post_apply));
}

TEST_CASE("without a terminal nothing is applied or rolled back without --yes") {
  Desk desk;
  CHECK(desk.type({"apply", "shop/dev"}) == Exit::usage);
  CHECK(contains(desk.console.errors, "add --yes"));
  CHECK(desk.type({"rollback", "shop/dev", "--only", "2"}) == Exit::usage);
  CHECK(contains(desk.console.errors, "add --yes"));
  CHECK_FALSE(desk.asked(post_apply));
  CHECK_FALSE(desk.asked(post_rollback));
}

TEST_CASE("to roll back the environment's name is typed: a yes is not enough") {
  Desk desk;
  desk.daemon.answer(post_plan, plan_with([](auto& plan) { plan["action"] = "rollback"; }));
  desk.daemon.answer(
      post_rollback,
      R"({"type":"started","environment":"shop/dev","plan":"p_0123456789abcdef","action":"rollback","by":"ana","migrations":["003_tax"]}
{"type":"migration.finished","migration":"003_tax","outcome":"applied","elapsed_ms":40}
{"type":"finished","outcome":"applied","done":["003_tax"],"left":[],"message":null}
)");
  desk.console.person = true;
  desk.console.typed = {"y", "shop/dev"};
  CHECK(desk.type({"rollback", "shop/dev", "--only", "2"}) == Exit::failed);
  CHECK_FALSE(desk.asked(post_rollback));
  CHECK(desk.type({"rollback", "shop/dev", "--only", "2"}) == Exit::done);
  CHECK(contains(desk.console.errors, "2 migrations to roll back in shop/dev"));
  CHECK(desk.body(post_plan) == json::parse(R"({"action":"rollback","only":["V2__orders"]})"));
  CHECK(desk.body(post_rollback) ==
        json::parse(R"({"only":["V2__orders"],"plan_id":"p_0123456789abcdef"})"));
  CHECK(contains(desk.console.output,
                 "003_tax  rolled back in 40 ms\nshop/dev: rolled back 003_tax\n"));
}

TEST_CASE("what stands in the way ends an apply before it is asked for, with what settles it") {
  Desk desk;
  desk.daemon.answer(post_plan, hindered("history_uncertain"));
  CHECK(desk.type({"apply", "shop/dev", "--yes", "--override-freeze", "hotfix"}) == Exit::failed);
  CHECK(desk.console.errors ==
        "tidemark: nothing was run in shop/dev: this stands in the way\n"
        "  history_uncertain: as ana said\\x1b\n"
        "    tidemark unfreeze shop/dev --reason …\n");
  CHECK_FALSE(desk.asked(post_apply));
}

TEST_CASE("a freeze stands in the way until it is overridden with a reason") {
  Desk desk;
  desk.daemon.answer(post_plan, hindered("frozen"));
  CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::failed);
  CHECK_FALSE(desk.asked(post_apply));
  CHECK(desk.type({"apply", "shop/dev", "--yes", "--override-freeze", "hotfix"}) == Exit::done);
  CHECK(desk.body(post_apply) ==
        json::parse(R"({"plan_id":"p_0123456789abcdef","override_freeze":"hotfix"})"));
}

TEST_CASE("nothing pending is said and is done, also without --yes") {
  Desk desk;
  desk.daemon.answer(post_plan, plan_with([](auto& plan) { plan["migrations"] = json::array{}; }));
  CHECK(desk.type({"apply", "shop/dev"}) == Exit::done);
  CHECK(desk.console.output == "Nothing is pending in shop/dev.\n");
  CHECK(desk.type({"apply", "shop/dev", "--json"}) == Exit::done);
  CHECK(desk.console.output.empty());  // no line of a stream
  CHECK(desk.console.errors == "Nothing is pending in shop/dev.\n");
  CHECK_FALSE(desk.asked(post_apply));
}

TEST_CASE("another plan than the one that was named is exit code 6, and nothing is run") {
  Desk desk;
  CHECK(desk.type({"apply", "shop/dev", "--to", "2", "--plan-id", "p_old", "--yes"}) ==
        Exit::world_changed);
  CHECK(contains(desk.console.errors, "what would run in shop/dev is no longer plan p_old"));
  CHECK(contains(desk.console.errors, "tidemark plan shop/dev --to V2__orders shows"));
  CHECK_FALSE(desk.asked(post_apply));
  CHECK(desk.type({"apply", "shop/dev", "--plan-id", "p_0123456789abcdef", "--yes"}) == Exit::done);
}

TEST_CASE("a plan that changes between the question and the answer is exit code 6") {
  Desk desk;
  desk.daemon.answer(
      post_apply,
      R"({"type":"urn:tidemark:problem:plan-changed","title":"The plan changed","detail":"a file did"})",
      409);
  CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::world_changed);
  CHECK(desk.console.errors ==
        "tidemark: The plan changed: a file did\n  tidemark plan shop/dev shows what would run "
        "now\n");
}

TEST_CASE("what the daemon finds in the way is told line by line") {
  Desk desk;
  desk.daemon.answer(
      post_apply,
      R"({"type":"urn:tidemark:problem:hindered","title":"Nothing was run","detail":"frozen: by ana\nstandby: \u001b[2J"})",
      409);
  CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::failed);
  CHECK(desk.console.errors ==
        "tidemark: Nothing was run:\n  frozen: by ana\n  standby: \\x1b[2J\n");
}

TEST_CASE("only what was applied whole is exit code 0") {
  for (const std::string outcome : {"failed", "cancelled", "unknown", "open"}) {
    Desk desk;
    desk.daemon.answer(post_apply, ended(outcome));
    CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::failed);
    CHECK(contains(desk.console.output, "shop/dev: " + outcome + "\n"));
  }
}

TEST_CASE("--json prints the stream's lines as they come, and nothing else") {
  Desk desk;
  CHECK(desk.type({"apply", "shop/dev", "--yes", "--json"}) == Exit::done);
  CHECK(desk.console.output == samples::applied);
  desk.daemon.answer(post_apply, ended("failed"));
  CHECK(desk.type({"apply", "shop/dev", "--yes", "--json"}) == Exit::failed);
  CHECK(desk.console.output == ended("failed"));
}

TEST_CASE("how it ends is the exit code also when nobody reads what is printed") {
  Desk desk;
  desk.console.reader = false;
  desk.daemon.answer(post_apply, "{\"type\":\"skipped\"}\n" + ended("failed"));
  CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::failed);
}

TEST_CASE(
    "a stream that breaks off is exit code 5, and says that the apply may go on, and how to look") {
  const std::string begun =
      R"({"type":"progress","migration":"003_tax","statement":1,"statements":2,"elapsed_ms":10})"
      "\n";
  Desk desk;
  desk.console.look.terminal = true;
  for (const bool torn : {false, true}) {
    desk.daemon.answer(post_apply, begun);
    desk.daemon.torn = torn;
    CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::unreachable);
    CHECK(contains(desk.console.errors, "the apply may go on"));
    CHECK(contains(desk.console.errors, "tidemark apply shop/dev --attach"));
    CHECK(desk.console.output.ends_with("\r"));  // the line that was being rewritten is gone
  }
}

TEST_CASE("a daemon that is lost before its first word may have begun") {
  Desk desk;
  desk.daemon.answer(post_apply, "");
  desk.daemon.torn = true;
  CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::unreachable);
  CHECK(contains(desk.console.errors, "tidemark apply shop/dev --attach"));
}

TEST_CASE("a line that is no JSON is an answer that is not understood") {
  Desk desk;
  desk.daemon.answer(post_apply, "<html>\n");
  CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::failed);
  CHECK(contains(desk.console.errors, "does not understand"));
}

TEST_CASE("--attach shows what runs, and starts nothing") {
  Desk desk;
  CHECK(desk.type({"apply", "dev", "--attach"}) == Exit::done);
  CHECK(desk.daemon.requests == std::vector<std::string>{"GET /v1/status", get_apply});
  CHECK(contains(desk.console.output, "shop/dev: applied 003_tax, 004_idx\n"));
  desk.daemon.answer(get_apply, R"({"title":"Nothing runs there"})", 404);
  CHECK(desk.type({"apply", "shop/dev", "--attach"}) == Exit::usage);
  CHECK(desk.console.errors == "tidemark: Nothing runs there\n");
}

TEST_CASE("cancel follows the run to its end, and is done only when that was cancelled") {
  Desk desk;
  desk.daemon.answer(post_cancel, ended("cancelled"));
  CHECK(desk.type({"cancel", "dev"}) == Exit::done);
  CHECK(desk.body(post_cancel) == json::object{});
  CHECK(contains(desk.console.output, "shop/dev: cancelled\n"));
  desk.daemon.answer(post_cancel, std::string(samples::applied));
  CHECK(desk.type({"cancel", "dev"}) == Exit::failed);  // it was too late
  desk.daemon.answer(post_cancel, R"({"title":"Nothing runs there"})", 409);
  CHECK(desk.type({"cancel", "dev"}) == Exit::failed);
}

TEST_CASE("freeze, unfreeze and resolve say what holds from now on") {
  Desk desk;
  const std::string freeze = "POST " + environment + "freeze";
  desk.daemon.answer(freeze, R"({"environment":"shop/dev","reason":"load test","until":null})");
  CHECK(desk.type({"freeze", "dev", "--reason", "load test"}) == Exit::done);
  CHECK(desk.body(freeze) == json::parse(R"({"reason":"load test"})"));
  CHECK(desk.console.output == "shop/dev: frozen, until somebody ends it: load test\n");
  desk.daemon.answer(
      freeze, R"({"environment":"shop/dev","reason":"x","until":"2027-01-02T00:00:00.000Z"})");
  CHECK(desk.type({"freeze", "dev", "--reason", "x", "--until", "2027-01-02T00:00:00Z"}) ==
        Exit::done);
  CHECK(desk.body(freeze) == json::parse(R"({"reason":"x","until":"2027-01-02T00:00:00Z"})"));
  CHECK(desk.console.output == "shop/dev: frozen until 2027-01-02T00:00:00.000Z: x\n");

  const std::string unfreeze = "POST " + environment + "unfreeze";
  desk.daemon.answer(unfreeze, R"({"environment":"shop/dev"})");
  CHECK(desk.type({"unfreeze", "dev", "--reason", "over"}) == Exit::done);
  CHECK(desk.body(unfreeze) == json::parse(R"({"reason":"over"})"));
  CHECK(desk.console.output == "shop/dev: not frozen any more\n");

  const std::string resolve = "POST " + environment + "resolve";
  desk.daemon.answer(resolve,
                     R"({"environment":"shop/dev","migration":"V2__orders","as":"not-applied"})");
  CHECK(desk.type({"resolve", "dev", "2", "not-applied", "--reason", "looked"}) == Exit::done);
  CHECK(desk.body(resolve) ==
        json::parse(R"({"migration":"V2__orders","as":"not-applied","reason":"looked"})"));
  CHECK(desk.console.output == "shop/dev: V2__orders is settled: not applied\n");
}

TEST_CASE("mode --force asks the daemon to cancel what runs first") {
  Desk desk;
  const std::string mode = "POST " + environment + "mode";
  desk.daemon.answer(mode, R"({"environment":"shop/dev","from":"managed","to":"export_only"})");
  CHECK(desk.type({"mode", "dev", "export_only", "--reason", "x", "--force"}) == Exit::done);
  CHECK(desk.body(mode) == json::parse(R"({"mode":"export_only","reason":"x","force":true})"));
  CHECK(desk.type({"mode", "dev", "export_only", "--reason", "x"}) == Exit::done);
  CHECK(desk.body(mode) == json::parse(R"({"mode":"export_only","reason":"x"})"));
}

TEST_CASE("a world that turns out to have changed when the apply begins is exit code 6") {
  Desk desk;
  desk.daemon.answer(
      post_apply,
      R"({"type":"started","environment":"shop/dev","plan":"p_0123456789abcdef","action":"apply","by":"ana","migrations":["003_tax"]}
{"type":"finished","outcome":"failed","done":[],"left":["003_tax"],"message":"another database","world_changed":true}
)");
  CHECK(desk.type({"apply", "shop/dev", "--yes"}) == Exit::world_changed);
  CHECK(contains(desk.console.output, "another database"));
}
