#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tests/daemon/control/calls.h"
#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;
namespace json = boost::json;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// An app with something of everything: applied, edited, foreign, failed, a baseline, a repeatable,
// a rollback, an environment that cannot be reached, one that nobody connects to, and a directory
// with a problem.
struct Shop : Rig {
  Shop() {
    auto& server = PostgresServer::shared();
    file("V2__users.sql", users);
    file("U2__users.sql", "DROP TABLE users;\n");
    file("V3__orders.sql", orders);
    file("V4__phone.sql", "ALTER TABLE users ADD phone text;\n");
    file("V5__index.sql", "CREATE INDEX ON users (id);\n");
    file("V5__twice.sql", "SELECT 5;\n");
    file("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 1;\n");
    const auto database = server.create_database("shop");
    const auto row = [&](const FlywayRow& each) { server.run(insert_flyway_row(each), database); };
    server.run(create_flyway_ledger(), database);
    row({.rank = 1,
         .description = "<< Flyway Baseline >>",
         .script = "<< Flyway Baseline >>",
         .content = "",
         .type = "BASELINE"});
    row({.rank = 2, .version = "2", .script = "V2__users.sql", .content = users});
    row({.rank = 3,
         .version = "3",
         .description = "orders",
         .script = "V3__orders.sql",
         .content = orders});
    row({.rank = 4,
         .version = "147",
         .description = "hotfix",
         .script = "V147__hotfix.sql",
         .content = "x"});
    row({.rank = 5,
         .version = "4",
         .description = "phone",
         .script = "V4__phone.sql",
         .content = "x",
         .success = false});
    const auto ours = server.create_database("dev");
    server.run(create_flyway_ledger(), ours);
    server.run(
        insert_flyway_row({.rank = 1, .version = "2", .script = "V2__users.sql", .content = users}),
        ours);
    configure(
        "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        "
        "@password\n        database: " +
        server.address(database) +
        "\n      - name: away\n        mode: reconcile_only\n        poll: 1s\n        database: "
        "postgresql://postgres@127.0.0.1:1/away?sslmode=disable\n      - name: prod\n        poll: "
        "1s\n        database: " +
        server.address(server.create_database("prod")) +
        "\n      - name: dev\n        after: []\n        poll: 1s\n        database: " +
        server.address(ours) + "\n");
    start();
    REQUIRE(eventually([this] { return cell("dev", "V2__users") == "applied"; }));
    REQUIRE(eventually([this] { return cell("staging", "V2__users") == "applied"; }));
    file("V3__orders.sql", orders + "-- edited\n");
    REQUIRE(eventually([this] { return cell("staging", "V3__orders") == "drifted edited"; }));
    REQUIRE(eventually([this] { return !status("away").at("problem").is_null(); }));
  }

  // Asks, and writes down what came for validate.py; `path` is the template in the document.
  Reply ask(const std::string& path, Call asked) {
    const auto reply = call(*this, asked);
    answers << json::serialize(json::object{{"path", path},
                                            {"method", asked.method},
                                            {"transport", asked.tcp ? "tcp" : "socket"},
                                            {"sent", asked.body},
                                            {"status", reply.status},
                                            {"type", reply.type},
                                            {"body", reply.body}})
            << "\n";
    return reply;
  }
  void expect(int status, const std::string& path, Call asked) {
    const auto reply = ask(path, asked);
    CHECK_MESSAGE(reply.status == status,
                  asked.method << " " << asked.target << " " << asked.body << ": " << reply.body);
  }
  void get(int status, const std::string& path, const std::string& target) {
    expect(status, path, {.target = target});
  }
  void get_everywhere(int status, const std::string& path, const std::string& target) {
    get(status, path, target);
    expect(status, path, {.target = target, .tcp = true});
  }
  void post(int status,
            const std::string& path,
            const std::string& target,
            const std::string& body) {
    expect(status, path, {.method = "POST", .target = target, .body = body});
  }

  std::string users = "CREATE TABLE users (id int);\n";
  std::string orders = "CREATE TABLE orders (id int);\n";
  std::ostringstream answers;
};

const std::string any_app = "/v1/apps/{app}";
const std::string any = any_app + "/environments/{environment}";
const std::string shop_of = "/v1/apps/shop/environments/";

void read_everything(Shop& shop) {
  for (const std::string path : {"/",
                                 "/-/healthy",
                                 "/-/ready",
                                 "/metrics",
                                 "/v1/openapi.json",
                                 "/v1/status",
                                 "/v1/findings"}) {
    shop.get_everywhere(200, path, path);
    shop.expect(200, path, {.method = "HEAD", .target = path});
  }
  shop.get(200, "/v1/status", "/v1/status?app=shop&environment=staging");
  shop.get(200, "/v1/findings", "/v1/findings?all=1");
  shop.get_everywhere(200, any_app + "/matrix", "/v1/apps/shop/matrix");
  shop.get(404, any_app + "/matrix", "/v1/apps/nope/matrix");
  for (const std::string id : {"V2__users", "V3__orders", "147", "R__view", "V5"}) {
    shop.get_everywhere(200, any_app + "/migrations/{id}", "/v1/apps/shop/migrations/" + id);
  }
  shop.get(400, any_app + "/migrations/{id}", "/v1/apps/shop/migrations/V");
  shop.get(404, any_app + "/migrations/{id}", "/v1/apps/shop/migrations/V99");
  for (const std::string name : {"staging", "away", "prod"}) {
    shop.get_everywhere(200, any, shop_of + name);
    shop.get_everywhere(200, any + "/ledger", shop_of + name + "/ledger");
  }
  shop.get(404, any, shop_of + "nope");
  shop.get(404, any + "/ledger", shop_of + "nope/ledger");
  const auto diff = any + "/migrations/{id}/diff";
  shop.get(200, diff, shop_of + "staging/migrations/V3/diff");
  shop.get(200, diff, shop_of + "staging/migrations/V2/diff");
  shop.get(409, diff, shop_of + "prod/migrations/V3/diff");
  shop.get(404, diff, shop_of + "staging/migrations/V99/diff");
  shop.expect(403, diff, {.target = shop_of + "staging/migrations/V3/diff", .tcp = true});
  shop.get(200, "/v1/audit", "/v1/audit?limit=2");
  shop.get(200, "/v1/audit", "/v1/audit?since=2020-01-01T00:00:00Z&app=shop&after=1");
  shop.get(400, "/v1/audit", "/v1/audit?limit=0");
  shop.get(400, "/v1/audit", "/v1/audit?after=x");
  shop.get(400, "/v1/audit", "/v1/audit?since=yesterday");
  shop.expect(403, "/v1/audit", {.target = "/v1/audit", .tcp = true});
  shop.get(200, "/v1/audit/verify", "/v1/audit/verify");
  shop.expect(403, "/v1/audit/verify", {.target = "/v1/audit/verify", .tcp = true});
}

void change_everything(Shop& shop) {
  shop.post(200, any + "/poll", shop_of + "staging/poll", "");
  shop.post(200, any + "/poll", shop_of + "away/poll", "");
  shop.post(409, any + "/poll", shop_of + "prod/poll", "");
  shop.post(404, any + "/poll", shop_of + "nope/poll", "");
  shop.post(400, any + "/poll", shop_of + "staging/poll", R"({"now":true})");
  const auto mark = any + "/mark";
  shop.post(
      200,
      mark,
      shop_of + "prod/mark",
      R"({"migrations":["V2__users"],"reason":"by hand","at":"2026-01-01T00:00:00Z","by":"ana"})");
  shop.post(200, mark, shop_of + "prod/mark", R"({"baseline":"V3","reason":"by hand"})");
  shop.post(404, mark, shop_of + "prod/mark", R"({"migrations":["V99"],"reason":"x"})");
  shop.post(400, mark, shop_of + "prod/mark", R"({"migrations":["V2"]})");
  shop.post(
      400, mark, shop_of + "prod/mark", R"({"migrations":["V2"],"baseline":"V2","reason":"x"})");
  shop.post(200,
            any + "/unmark",
            shop_of + "prod/unmark",
            R"({"migrations":["V2__users"],"reason":"wrong"})");
  shop.post(400, any + "/unmark", shop_of + "prod/unmark", R"({"migrations":[],"reason":"x"})");
  shop.post(404, any + "/unmark", shop_of + "nope/unmark", R"({"migrations":["V2"],"reason":"x"})");
  shop.post(
      200, any + "/mode", shop_of + "prod/mode", R"({"mode":"reconcile_only","reason":"look"})");
  shop.post(
      200, any + "/mode", shop_of + "prod/mode", R"({"mode":"export_only","reason":"again"})");
  shop.post(200, any + "/adopt", shop_of + "dev/adopt", R"({"reason":"it was here before us"})");
  shop.post(409, any + "/adopt", shop_of + "prod/adopt", "{}");
  shop.post(400, any + "/adopt", shop_of + "prod/adopt", R"({"reason":7})");
  shop.post(409, any + "/mode", shop_of + "away/mode", R"({"mode":"managed","reason":"pinned"})");
  shop.post(400, any + "/mode", shop_of + "prod/mode", R"({"mode":"other","reason":"x"})");
  shop.post(200, any + "/poll", shop_of + "staging/poll", "");
  shop.post(200,
            any + "/rebaseline",
            shop_of + "staging/rebaseline",
            R"({"as":"adopt","reason":"restored"})");
  shop.post(
      409, any + "/rebaseline", shop_of + "staging/rebaseline", R"({"as":"keep","reason":"x"})");
  shop.post(
      400, any + "/rebaseline", shop_of + "staging/rebaseline", R"({"as":"other","reason":"x"})");
}

// While one migration runs, which takes its time, something else is asked.
void meanwhile(Shop& shop, const std::string& name, const std::function<void()>& asked) {
  shop.file(name + ".sql", "SELECT pg_sleep(3);\n");
  REQUIRE(shop.eventually([&] { return shop.cell("dev", name) == "pending"; }));
  Call apply{
      .method = "POST", .target = shop_of + "dev/apply", .body = R"({"only":[")" + name + R"("]})"};
  std::thread client([&] { call(shop, apply); });
  REQUIRE(shop.eventually([&] { return shop.cell("dev", name) == "applying"; }));
  asked();
  client.join();
}

// Of a statement outside a transaction whose connection is lost nobody can say what became of it.
void lose_one(Shop& shop) {
  auto& server = PostgresServer::shared();
  const auto busy = server.create_database("busy");
  PostgresSession session(server, busy);
  shop.file("V8__copy.sql", "CREATE DATABASE a_copy TEMPLATE " + busy + ";\n");
  REQUIRE(shop.eventually([&] { return shop.cell("dev", "V8__copy") == "pending"; }));
  std::thread client([&] {
    Call apply{
        .method = "POST", .target = shop_of + "dev/apply", .body = R"({"only":["V8__copy"]})"};
    call(shop, apply);
  });
  CHECK(shop.eventually([&] {
    return server.run(
               "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query "
               "LIKE 'CREATE DATABASE a_copy%'") != "0";
  }));
  client.join();
  CHECK(shop.eventually([&] { return shop.cell("dev", "V8__copy") == "unknown"; }));
}

void apply_everything(Shop& shop) {
  shop.post(200, any + "/plan", shop_of + "dev/plan", "");
  shop.post(200, any + "/plan", shop_of + "staging/plan", R"({"unanalysed":true})");
  shop.post(409, any + "/plan", shop_of + "dev/plan", R"({"action":"rollback","only":["V4"]})");
  shop.post(400, any + "/plan", shop_of + "dev/plan", R"({"action":"other"})");
  shop.post(404, any + "/plan", shop_of + "dev/plan", R"({"only":["V99"]})");
  shop.post(409, any + "/apply", shop_of + "staging/apply", "{}");
  shop.post(409, any + "/apply", shop_of + "dev/apply", R"({"plan_id":"p_0"})");
  shop.post(400, any + "/apply", shop_of + "dev/apply", R"({"only":[]})");
  shop.post(200, any + "/freeze", shop_of + "dev/freeze", R"({"reason":"sale"})");
  shop.post(400, any + "/freeze", shop_of + "dev/freeze", R"({"reason":""})");
  shop.post(409, any + "/apply", shop_of + "dev/apply", "{}");
  shop.post(200, any + "/unfreeze", shop_of + "dev/unfreeze", R"({"reason":"over"})");
  shop.post(409, any + "/unfreeze", shop_of + "dev/unfreeze", R"({"reason":"over"})");
  shop.post(200, any + "/apply", shop_of + "dev/apply", R"({"from_empty":true})");
  shop.file("V6__more.sql", "CREATE TABLE more (id int);\n");
  shop.file("U6__more.sql", "DROP TABLE more;\n");
  REQUIRE(shop.eventually([&] { return shop.cell("dev", "V6__more") == "pending"; }));
  shop.post(200, any + "/apply", shop_of + "dev/apply", R"({"only":["V6__more"]})");
  shop.post(200, any + "/rollback", shop_of + "dev/rollback", R"({"only":["V6__more"]})");
  shop.get(404, any + "/apply", shop_of + "dev/apply");
  shop.post(409, any + "/cancel", shop_of + "dev/cancel", "");
  meanwhile(shop, "V7__slow", [&] { shop.get(200, any + "/apply", shop_of + "dev/apply"); });
  meanwhile(
      shop, "V7.1__slow", [&] { shop.post(200, any + "/cancel", shop_of + "dev/cancel", ""); });
  shop.post(409,
            any + "/resolve",
            shop_of + "dev/resolve",
            R"({"migration":"V7__slow","as":"applied","reason":"x"})");
  lose_one(shop);
  shop.post(200,
            any + "/resolve",
            shop_of + "dev/resolve",
            R"({"migration":"V8__copy","as":"not-applied","reason":"it is not there"})");
}

void acknowledge(Shop& shop) {
  const auto findings = shop.json({"findings"});
  REQUIRE_FALSE(findings.at("findings").as_array().empty());
  const std::string id(findings.at("findings").at(0).at("id").as_string());
  const auto of = "/v1/findings/" + id;
  const std::string ack = "/v1/findings/{id}/ack";
  shop.post(200, ack, of + "/ack", R"({"reason":"known","until":"2999-01-01T00:00:00Z"})");
  shop.get(200, "/v1/findings", "/v1/findings");
  shop.post(400, ack, of + "/ack", R"({"reason":"known","until":"2020-01-01T00:00:00Z"})");
  shop.post(404, ack, "/v1/findings/f_0/ack", R"({"reason":"known"})");
  shop.post(200, "/v1/findings/{id}/unack", of + "/unack", "");
  shop.post(409, "/v1/findings/{id}/unack", of + "/unack", R"({"reason":"again"})");
}

void keep_house(Shop& shop) {
  const auto copy = (shop.folder() / "copy.db").string();
  shop.post(200, "/v1/backup", "/v1/backup", R"({"file":")" + copy + R"("})");
  shop.post(409, "/v1/backup", "/v1/backup", R"({"file":")" + copy + R"("})");
  shop.post(400, "/v1/backup", "/v1/backup", R"({"file":"relative"})");
  shop.post(200, "/v1/reload", "/v1/reload", "{}");
  shop.post(400, "/v1/reload", "/v1/reload", "[]");
  const auto good = contents(shop.config());
  write_file(shop.config(), good + "nonsense: 1\n");
  shop.post(409, "/v1/reload", "/v1/reload", "");
  shop.get(200, "/v1/status", "/v1/status");
  write_file(shop.config(), good);
  shop.post(200, "/v1/reload", "/v1/reload", "");
  shop.get_everywhere(200, "/v1/events", "/v1/events");
  shop.get(200, "/v1/events", "/v1/events?type=finding.*");
}

// Every operation: refused to strangers, to other sites, to other names and with a broken address.
void ask_wrongly(Shop& shop, const json::object& paths) {
  for (const auto& [path, item] : paths) {
    std::string target(path);
    for (const auto& [name, value] : {std::pair("{app}", "shop"),
                                      std::pair("{environment}", "staging"),
                                      std::pair("{id}", "f_0")}) {
      if (const auto at = target.find(name); at != std::string::npos) {
        target.replace(at, std::string_view(name).size(), value);
      }
    }
    const bool reads = item.as_object().contains("get");
    const bool acts = item.as_object().contains("post");
    const std::string method = reads ? "GET" : "POST";
    const std::string template_path(path);
    shop.expect(400, template_path, {.method = method, .target = target + "?a=%zz"});
    const auto other = call(shop, {.method = "DELETE", .target = target});
    CHECK_MESSAGE(other.status == 405, target);
    CHECK(other.allow == (reads && acts ? "POST, GET" : method));
    if (!reads) {
      shop.expect(
          405, template_path, {.method = "POST", .target = target, .body = "{}", .tcp = true});
      shop.expect(400, template_path, {.method = "POST", .target = target, .body = "{"});
      const auto large = shop.folder() / "large";
      write_file(large, std::string(2UL * 1024 * 1024, ' '));
      shop.expect(
          413, template_path, {.method = "POST", .target = target, .body = "@" + large.string()});
    } else {
      const bool for_anybody = target == "/metrics" || target.starts_with("/-/");
      if (!for_anybody) {
        shop.expect(
            421, template_path, {.target = target, .headers = {"Host: evil.example"}, .tcp = true});
      }
      shop.expect(403,
                  template_path,
                  {.target = target, .headers = {"Origin: http://evil.example"}, .tcp = true});
    }
  }
}

}  // namespace

TEST_CASE("every answer of the daemon is as openapi.json says, and every route is in it") {
  if (!PostgresServer::available()) {
    return;
  }
  Shop shop;
  const auto served = call(shop, {.target = "/v1/openapi.json", .tcp = true});
  CHECK(served.body == contents(OPENAPI_JSON));
  read_everything(shop);
  change_everything(shop);
  apply_everything(shop);
  acknowledge(shop);
  keep_house(shop);
  ask_wrongly(shop, served.json().at("paths").as_object());

  const auto answers = shop.folder() / "answers.ndjson";
  write_file(answers, shop.answers.str());
  const auto checked =
      run({"/usr/bin/python3", VALIDATE_PY, OPENAPI_JSON, answers.string(), ROUTES_CPP});
  if (checked.status == 77 || checked.status == 127) {
    MESSAGE(checked.out);
    return;
  }
  CHECK_MESSAGE(checked.status == 0, checked.out << checked.err);
}
