#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tests/daemon/client/fakes.h"
#include "tests/daemon/client/samples.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

struct Desk {
  FakeDaemon daemon;
  FakeConsole console;

  Desk() {
    daemon.answer("GET /v1/status", std::string(samples::status));
    daemon.answer("GET /v1/apps/shop/matrix", std::string(samples::matrix));
    daemon.answer("GET /v1/findings", std::string(samples::findings));
    daemon.answer("GET /v1/findings?app=shop&environment=staging", std::string(samples::findings));
  }

  Exit type(const std::vector<std::string>& words) {
    console.output.clear();
    console.errors.clear();
    daemon.requests.clear();
    return typed(words, daemon, console);
  }
  json::value body(const std::string& asked) { return json::parse(daemon.bodies.at(asked)); }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string problem(std::string_view title, std::string_view detail, std::string_view slug = "x") {
  return R"({"type":"urn:tidemark:problem:)" + std::string(slug) + R"(","title":")" +
         std::string(title) + R"(","detail":")" + std::string(detail) + "\"}";
}

std::string acknowledged_findings() {
  auto findings = json::parse({samples::findings.data(), samples::findings.size()});
  findings.at("findings").as_array()[0].as_object()["acknowledged"] =
      json::parse(R"({"by":"ana","reason":"known"})");
  return json::serialize(findings);
}

}  // namespace

TEST_CASE("--json prints the daemon's document as it came") {
  Desk desk;
  CHECK(desk.type({"matrix", "shop", "--json"}) == Exit::done);
  CHECK(desk.console.output == std::string(samples::matrix) + "\n");
  CHECK(desk.type({"status", "--json"}) == Exit::done);
  CHECK(desk.console.output == std::string(samples::status) + "\n");
}

TEST_CASE("status of one environment as JSON has that environment only") {
  Desk desk;
  CHECK(desk.type({"status", "staging", "--json"}) == Exit::done);
  const auto status = json::parse(desk.console.output);
  REQUIRE(status.at("environments").as_array().size() == 1);
  CHECK(status.at("environments").as_array()[0].at("name") == "staging");
}

TEST_CASE("--exit-code is 3 for what is pending or drifted, and 0 for what is neither") {
  Desk desk;
  CHECK(desk.type({"status", "--exit-code"}) == Exit::attention);
  CHECK(desk.type({"status", "shop/dev", "--exit-code"}) == Exit::done);
  CHECK(desk.type({"status"}) == Exit::done);
  CHECK(desk.type({"matrix", "--exit-code"}) == Exit::attention);
  CHECK(desk.type({"findings", "--exit-code"}) == Exit::attention);
  CHECK(desk.type({"findings"}) == Exit::done);
}

TEST_CASE("acknowledged drift is no reason for exit code 3") {
  Desk desk;
  auto status = json::parse({samples::status.data(), samples::status.size()});
  status.at("environments").as_array()[1].at("counts").as_object()["pending"] = 0;
  desk.daemon.answer("GET /v1/status", json::serialize(status));
  CHECK(desk.type({"status", "--exit-code"}) == Exit::attention);
  auto matrix = json::parse({samples::matrix.data(), samples::matrix.size()});
  auto& cells = matrix.at("migrations").as_array();
  cells[0].at("cells").as_object()["staging"] = json::parse(R"({"state":"applied"})");
  desk.daemon.answer("GET /v1/apps/shop/matrix", json::serialize(matrix));
  CHECK(desk.type({"matrix", "--exit-code"}) == Exit::attention);

  desk.daemon.answer("GET /v1/findings", acknowledged_findings());
  cells[1].at("cells").at("staging").at("findings").as_array()[0].as_object()["acknowledged"] =
      true;
  desk.daemon.answer("GET /v1/apps/shop/matrix", json::serialize(matrix));
  CHECK(desk.type({"status", "--exit-code"}) == Exit::done);
  CHECK(desk.type({"matrix", "--exit-code"}) == Exit::done);
  CHECK(desk.type({"findings", "--exit-code"}) == Exit::done);
}

TEST_CASE("an acknowledgement that has run out counts again") {
  Desk desk;
  auto findings = json::parse(acknowledged_findings());
  auto& given = findings.at("findings").as_array()[0].at("acknowledged").as_object();
  given["until"] = "2026-04-18T14:24:59.000Z";
  desk.daemon.answer("GET /v1/findings", json::serialize(findings));
  CHECK(desk.type({"findings", "--exit-code"}) == Exit::attention);
  given["until"] = "2026-04-18T14:25:01.000Z";
  desk.daemon.answer("GET /v1/findings", json::serialize(findings));
  CHECK(desk.type({"findings", "--exit-code"}) == Exit::done);
}

TEST_CASE("drift that concerns no single migration is attention too, though no cell shows it") {
  Desk desk;
  auto status = json::parse({samples::status.data(), samples::status.size()});
  status.at("environments").as_array()[1].as_object()["environment_findings"] = 1;
  desk.daemon.answer("GET /v1/status", json::serialize(status));
  desk.daemon.answer("GET /v1/findings?app=shop", std::string(samples::findings));
  desk.daemon.answer("GET /v1/apps/shop/matrix",
                     R"({"app":"shop","environments":[],"migrations":[]})");
  CHECK(desk.type({"matrix", "--exit-code"}) == Exit::attention);
}

TEST_CASE("as JSON the matrix is of one app, and says so when there are several") {
  Desk desk;
  CHECK(desk.type({"matrix", "--json"}) == Exit::done);
  desk.daemon.answer("GET /v1/status",
                     R"({"environments":[{"app":"a","name":"dev"},{"app":"b","name":"dev"}]})");
  CHECK(desk.type({"matrix", "--json"}) == Exit::usage);
  CHECK(contains(desk.console.errors, "a or b?"));
}

TEST_CASE(
    "a daemon that cannot be reached is exit code 5, with the path, the reason and what to do") {
  Desk desk;
  desk.daemon.away(Errc::not_found, "there is none");
  CHECK(desk.type({"status"}) == Exit::unreachable);
  CHECK(desk.console.output.empty());
  CHECK(desk.console.errors ==
        "tidemark: the daemon cannot be reached: /run/tidemark/control.sock: there is none\n"
        "  systemctl status tidemark tells whether it runs; --socket PATH or TIDEMARK_SOCKET names "
        "another socket\n");
}

TEST_CASE("each refusal of the daemon has its exit code, and its words stand on the error output") {
  const std::map<int, Exit> exits{{400, Exit::usage},
                                  {403, Exit::not_allowed},
                                  {404, Exit::usage},
                                  {409, Exit::failed},
                                  {500, Exit::failed},
                                  {503, Exit::failed}};
  for (const auto& [status, exit] : exits) {
    Desk desk;
    desk.daemon.answer(
        "POST /v1/findings/f_01/unack", problem("Not now", "because \\u001b[2J"), status);
    CHECK(desk.type({"unack", "f_01"}) == exit);
    CHECK(desk.console.errors == "tidemark: Not now: because \\x1b[2J\n");
    CHECK(desk.console.output.empty());
  }
  Desk desk;
  desk.daemon.answer(
      "POST /v1/findings/f_01/unack", problem("Changed", "look again", "world-changed"), 409);
  CHECK(desk.type({"unack", "f_01"}) == Exit::world_changed);
}

TEST_CASE("a reload that finds errors is exit code 2, each with its place") {
  Desk desk;
  desk.daemon.answer("POST /v1/reload",
                     R"({"title":"The configuration has errors","detail":"nothing was changed",
                        "errors":[{"file":"/etc/t.yaml","line":12,"column":5,"message":"unknown key 'pol'"}]})",
                     409);
  CHECK(desk.type({"reload"}) == Exit::usage);
  CHECK(desk.console.errors ==
        "tidemark: The configuration has errors: nothing was changed\n  /etc/t.yaml:12:5: unknown "
        "key 'pol'\n");
}

TEST_CASE("an answer that is not understood names both versions") {
  Desk desk;
  desk.daemon.answer("GET /v1/findings", R"({"defects":[]})");
  CHECK(desk.type({"findings"}) == Exit::failed);
  CHECK(contains(desk.console.errors, "does not understand"));
  CHECK(contains(desk.console.errors, "client " TIDEMARK_VERSION ", daemon 0.1.0"));
  desk.daemon.answer("GET /v1/findings", "<html>");
  CHECK(desk.type({"findings"}) == Exit::failed);
  CHECK(contains(desk.console.errors, "not JSON"));
  desk.daemon.answer_text("GET /v1/findings", "Not Found", 404);
  CHECK(desk.type({"findings"}) == Exit::failed);
  CHECK(contains(desk.console.errors,
                 "HTTP 404 without saying why; client " TIDEMARK_VERSION ", daemon 0.1.0"));
}

TEST_CASE("an ambiguous or unknown name is exit code 2 before anything is changed") {
  Desk desk;
  CHECK(desk.type({"mark", "shop/prod", "V", "--reason", "x"}) == Exit::usage);
  CHECK(contains(desk.console.errors, "\n  V1__users\n  V2__orders"));
  CHECK(desk.type({"mark", "nowhere", "V1", "--reason", "x"}) == Exit::usage);
  CHECK(desk.daemon.bodies.empty());
}

TEST_CASE("mark sends ids, each once, and says what was recorded") {
  Desk desk;
  desk.daemon.answer(
      "POST /v1/apps/shop/environments/prod/mark",
      R"({"recorded":[{"id":"V2__orders","at":"2026-04-18T14:00:00.000Z","by":"ana","evidence":"attested"}],"already":[]})");
  CHECK(desk.type({"mark",
                   "prod",
                   "2",
                   "V2__o",
                   "--at",
                   "2026-04-18T14:00:00Z",
                   "--by",
                   "ana",
                   "--reason",
                   "OPS-311"}) == Exit::done);
  CHECK(
      desk.body("POST /v1/apps/shop/environments/prod/mark") ==
      json::parse(
          R"({"reason":"OPS-311","migrations":["V2__orders"],"at":"2026-04-18T14:00:00Z","by":"ana"})"));
  CHECK(contains(
      desk.console.output,
      "shop/prod: V2__orders recorded as applied, 2026-04-18T14:00:00.000Z, by ana, attested\n"));
}

TEST_CASE("a baseline is marked by its id") {
  Desk desk;
  desk.daemon.answer("POST /v1/apps/shop/environments/prod/mark",
                     R"({"recorded":[],"already":["V1__users"]})");
  CHECK(desk.type({"mark", "shop/prod", "--baseline", "1", "--reason", "x"}) == Exit::done);
  CHECK(desk.body("POST /v1/apps/shop/environments/prod/mark") ==
        json::parse(R"({"reason":"x","baseline":"V1__users"})"));
}

TEST_CASE("to become managed the environment's name is typed, and a wrong one changes nothing") {
  Desk desk;
  const std::string asked = "POST /v1/apps/shop/environments/staging/mode";
  desk.daemon.answer(asked,
                     R"({"environment":"shop/staging","from":"reconcile_only","to":"managed"})");
  desk.console.person = true;
  desk.console.typed = {"yes", "shop/staging"};
  const std::vector<std::string> words{"mode", "staging", "managed", "--reason", "x"};
  CHECK(desk.type(words) == Exit::failed);
  CHECK(contains(desk.console.errors, "nothing was changed"));
  CHECK_FALSE(desk.daemon.bodies.contains(asked));
  CHECK(desk.type(words) == Exit::done);
  CHECK(desk.body(asked) == json::parse(R"({"reason":"x","mode":"managed"})"));
  CHECK(desk.console.output == "shop/staging: was reconcile_only, is managed now\n");
}

TEST_CASE("without a terminal what reaches far needs --yes") {
  Desk desk;
  const std::string mode = "POST /v1/apps/shop/environments/dev/mode";
  const std::string rebaseline = "POST /v1/apps/shop/environments/dev/rebaseline";
  desk.daemon.answer(mode, R"({"environment":"shop/dev","from":"a","to":"b"})");
  desk.daemon.answer(rebaseline,
                     R"({"environment":"shop/dev","as":"empty","ended":1,"adopted":0})");
  CHECK(desk.type({"mode", "dev", "managed", "--reason", "x"}) == Exit::usage);
  CHECK(contains(desk.console.errors, "add --yes"));
  CHECK(desk.type({"rebaseline", "dev", "empty", "--reason", "x"}) == Exit::usage);
  CHECK(desk.daemon.bodies.empty());
  CHECK(desk.type({"mode", "dev", "managed", "--reason", "x", "--yes"}) == Exit::done);
  CHECK(desk.type({"rebaseline", "dev", "empty", "--reason", "x", "--yes"}) == Exit::done);
  CHECK(desk.type({"mode", "dev", "export_only", "--reason", "x"}) ==
        Exit::done);  // takes rights away: not asked
}

TEST_CASE("a poll that failed is told and is exit code 1") {
  Desk desk;
  desk.daemon.answer("POST /v1/apps/shop/environments/dev/poll",
                     R"({"outcome":"unreachable","error":"refused","environment":{}})");
  CHECK(desk.type({"poll", "dev"}) == Exit::failed);
  CHECK(desk.console.output == "shop/dev: unreachable: refused\n");
}

TEST_CASE("the ids in paths are encoded") {
  Desk desk;
  desk.daemon.answer("GET /v1/apps/shop/matrix",
                     R"({"app":"shop","migrations":[{"id":"a/b.xml::1::ana"}]})");
  CHECK(desk.type({"diff", "shop/dev", "a/b"}) == Exit::usage);
  CHECK(desk.daemon.requests.back() ==
        "GET /v1/apps/shop/environments/dev/migrations/a%2Fb.xml%3A%3A1%3A%3Aana/diff");
}

TEST_CASE("the file of a backup is where the client stands") {
  Desk desk;
  desk.daemon.answer("POST /v1/backup", R"({"file":"/x","bytes":4096,"entries":7})");
  CHECK(desk.type({"backup", "/var/../tmp/b.db"}) == Exit::done);
  CHECK(desk.body("POST /v1/backup").at("file") == "/tmp/b.db");
  CHECK(desk.console.output == "/x: 4096 bytes, audit trail up to entry 7\n");
  CHECK(desk.type({"backup", "b.db"}) == Exit::done);
  CHECK(desk.body("POST /v1/backup").at("file").as_string().starts_with("/"));
}

TEST_CASE(
    "events are printed one a line, and a stream that ends while it is followed is exit code 5") {
  Desk desk;
  const std::string stream =
      "retry: 3000\n\n:\n\nid: evt_1\nevent: finding.opened\n"
      R"(data: {"type":"finding.opened","timestamp":"2026-04-18T14:22:00.000Z","id":"evt_1","data":{"app":"shop","environment":"dev","kind":"edited"}})"
      "\n\n";
  desk.daemon.answer("GET /v1/events?type=finding.%2A", stream);
  CHECK(desk.type({"events", "--type", "finding.*"}) == Exit::done);
  CHECK(desk.console.output == "2026-04-18T14:22:00.000Z  finding.opened  shop/dev  kind=edited\n");
  desk.daemon.answer("GET /v1/events?follow=1", stream);
  CHECK(desk.type({"events", "--follow", "--json"}) == Exit::unreachable);
  CHECK(
      desk.console.output ==
      R"({"type":"finding.opened","timestamp":"2026-04-18T14:22:00.000Z","id":"evt_1","data":{"app":"shop","environment":"dev","kind":"edited"}})"
      "\n");
  desk.console.reader = false;
  CHECK(desk.type({"events", "--follow"}) == Exit::done);  // nobody reads any more
}

TEST_CASE("the socket comes from the option, the environment, or the packages") {
  Arguments arguments;
  CHECK(socket_path(arguments, nullptr) == "/run/tidemark/control.sock");
  CHECK(socket_path(arguments, "") == "/run/tidemark/control.sock");
  CHECK(socket_path(arguments, "/e") == "/e");
  arguments.socket = "/o";
  CHECK(socket_path(arguments, "/e") == "/o");
}
