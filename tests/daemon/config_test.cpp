#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Paper : Rig {
  Paper() {
    file("001_users.sql", "CREATE TABLE users (id int);\n");
    configure("      - name: staging\n      - name: prod\n");
  }
  bool has_environment(const std::string& name) {
    return tidemark({"matrix", "shop", "--json"}).out.find("\"name\":\"" + name + "\"") !=
           std::string::npos;
  }
};

}  // namespace

TEST_CASE("--check-config prints every problem with file, line and column, and exits with 2") {
  Paper rig;
  const auto good = run({TIDEMARKD, "--config", rig.config().string(), "--check-config"});
  CHECK(good.status == 0);
  CHECK(good.out == "config is good: 1 app, 2 environments\n");
  rig.configure(
      "      - name: staging\n        mod: managed\n      - name: staging\n        mode: "
      "sometimes\n");
  const auto bad = run({TIDEMARKD, "--config", rig.config().string(), "--check-config"});
  CHECK(bad.status == 2);
  const auto at = rig.config().string() + ":";
  CHECK(bad.err.find(at + "9:9: ") != std::string::npos);
  CHECK(bad.err.find(at + "10:15: ") != std::string::npos);
  CHECK(bad.err.find(at + "11:15: ") != std::string::npos);
  CHECK(run({TIDEMARKD, "--config", rig.config().string()}).status == 2);
  CHECK(run({TIDEMARKD, "--config", "/nowhere/at/all.yaml"}).status == 2);
}

TEST_CASE(
    "a reload takes a good config and says what changed; a bad one changes nothing and says so") {
  Paper rig;
  rig.start();
  REQUIRE(rig.tidemark({"mark", "shop/prod", "001", "--reason", "x"}).status == 0);

  rig.configure("      - name: staging\n      - name: prod\n      - name: eu-prod\n");
  const auto reloaded = rig.json({"reload"});
  CHECK(reloaded.at("ok").as_bool());
  CHECK(rig.has_environment("eu-prod"));
  CHECK(rig.eventually([&] { return rig.cell("prod", "001_users") == "applied"; }));

  rig.configure("      - name: staging\n      - name: prod\n        poll: never\n");
  const auto refused = rig.tidemark({"reload"});
  CHECK(refused.status == 2);
  CHECK(refused.err.find("tidemark.yaml:10:15") != std::string::npos);
  CHECK(rig.has_environment("eu-prod"));
  CHECK(rig.get("/metrics").find("tidemark_config_last_reload_successful 0") != std::string::npos);
  CHECK(rig.tidemark({"status", "--json"}).out.find("the last reload changed nothing") !=
        std::string::npos);

  SUBCASE("by SIGHUP too") {
    rig.configure("      - name: staging\n");
    rig.send(SIGHUP);
    CHECK(rig.eventually([&] { return !rig.has_environment("eu-prod"); }));
    CHECK(rig.get("/metrics").find("tidemark_config_last_reload_successful 1") !=
          std::string::npos);
    CHECK(rig.get("/metrics").find("environment=\"prod\"") == std::string::npos);
  }
  SUBCASE("and what cannot change while it runs is refused with words") {
    auto text = text_of(rig.config());
    text.replace(text.find("poll: never"), 11, "poll: 30s");
    text.replace(text.find("ledger.db"), 9, "other.db");
    write_file(rig.config(), text);
    const auto ran = rig.tidemark({"reload"});
    CHECK(ran.status != 0);
    CHECK(ran.err.find("restart") != std::string::npos);
  }
  const auto audit = rig.tidemark({"audit"}).out;
  CHECK(audit.find("config.reloaded") != std::string::npos);
  CHECK(audit.find("config.reload_failed") != std::string::npos);
}

TEST_CASE("a reload that changes an app leaves no moment in which it is not known") {
  Paper rig;
  rig.start();
  REQUIRE(rig.tidemark({"mark", "shop/staging", "001", "--reason", "x"}).status == 0);
  for (int round = 0; round < 10; ++round) {
    rig.configure("      - name: staging\n        poll: " + std::to_string(10 + round) +
                  "s\n      - name: prod\n");
    rig.send(SIGHUP);
    for (int look = 0; look < 5; ++look) {
      CHECK(rig.cell("staging", "001_users") == "applied");
      CHECK(rig.cell("prod", "001_users") == "pending");
      CHECK(
          rig.get("/metrics")
              .find(R"(tidemark_migrations{app="shop",environment="staging",state="applied"} 1)") !=
          std::string::npos);
    }
  }
  CHECK(rig.log().find("config reloaded") != std::string::npos);
}

TEST_CASE("renamed_from keeps an environment's history") {
  Paper rig;
  rig.start();
  REQUIRE(rig.tidemark({"mark", "shop/staging", "001", "--reason", "x"}).status == 0);
  rig.configure("      - name: uat\n        renamed_from: staging\n      - name: prod\n");
  CHECK(rig.tidemark({"reload"}).status == 0);
  CHECK(rig.eventually([&] { return rig.cell("uat", "001_users") == "applied"; }));
  rig.stop();
  rig.start();
  CHECK(rig.cell("uat", "001_users") == "applied");
}

TEST_CASE(
    "a mode is the name's, the config's, or an admin's with a reason, and each change is audited") {
  Paper rig;
  rig.configure(
      "      - name: staging\n        mode: export_only\n      - name: prod\n      - name: dev\n   "
      "     database: postgresql:///nothing?host=" +
      rig.folder().string() + "\n");
  rig.start();
  CHECK(rig.status("staging").at("mode_source").as_string() == "config");
  CHECK(rig.status("prod").at("mode_source").as_string() == "name");
  CHECK(rig.status("dev").at("mode").as_string() == "managed");
  const auto pinned = rig.tidemark({"mode", "shop/staging", "reconcile_only", "--reason", "x"});
  CHECK(pinned.status == 1);
  CHECK(pinned.err.find("the config pins the mode") != std::string::npos);
  const auto nowhere = rig.tidemark({"mode", "shop/prod", "reconcile_only", "--reason", "x"});
  CHECK(nowhere.status == 1);
  CHECK(nowhere.err.find("has no `database:`") != std::string::npos);
  CHECK(rig.tidemark({"mode", "shop/dev", "export_only"}).status == 2);  // no reason

  CHECK(rig.tidemark({"mode", "shop/dev", "export_only", "--reason", "quarantine"}).status == 0);
  CHECK(rig.status("dev").at("mode").as_string() == "export_only");
  CHECK(rig.status("dev").at("mode_source").as_string() == "admin");
  rig.stop();
  rig.start();
  CHECK(rig.status("dev").at("mode").as_string() == "export_only");
  CHECK(rig.tidemark({"audit"}).out.find("reason=quarantine") != std::string::npos);

  SUBCASE("a config edit that changes a mode is audited as well") {
    rig.configure(
        "      - name: staging\n      - name: prod\n      - name: dev\n        mode: managed\n     "
        "   database: postgresql:///nothing?host=" +
        rig.folder().string() + "\n");
    CHECK(rig.tidemark({"reload"}).status == 0);
    CHECK(rig.status("dev").at("mode").as_string() == "managed");
    CHECK(rig.tidemark({"audit"}).out.find("the config changed") != std::string::npos);
  }
}

TEST_CASE(
    "an export_only environment is never connected to, even when the config gives it an address") {
  if (run({"strace", "-V"}).status != 0) {
    MESSAGE("skipped: no strace");
    return;
  }
  Paper rig;
  rig.configure(
      "      - name: prod\n        poll: 1s\n        database: "
      "postgresql://reader@127.0.0.1:54399/shop?sslmode=disable\n"
      "      - name: live\n        poll: 1s\n        database: "
      "postgresql:///shop?host=/nowhere/at/all\n"
      "      - name: dev\n        poll: 1s\n        database: "
      "postgresql://reader@127.0.0.1:54398/shop?sslmode=disable\n");
  const auto trace = rig.folder() / "trace";
  rig.start(
      {"strace", "-D", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", trace.string()});
  CHECK(rig.tidemark({"poll", "shop/prod"}).status == 1);
  CHECK(rig.tidemark({"reload"}).status == 0);
  // The managed one shows that the trace sees what is looked for.
  REQUIRE(rig.eventually([&] { return text_of(trace).find("htons(54398)") != std::string::npos; }));
  REQUIRE(rig.tidemark({"mode", "shop/dev", "export_only", "--reason", "x"}).status == 0);
  const auto before = text_of(trace).size();
  REQUIRE(rig.tidemark({"poll", "shop/dev"}).status == 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // longer than the interval
  rig.stop();
  const auto calls = text_of(trace);
  CHECK(calls.find("htons(54399)") == std::string::npos);
  CHECK(calls.find("/nowhere/at/all") == std::string::npos);
  CHECK(calls.substr(before).find("htons(54398)") == std::string::npos);
}

TEST_CASE("a password is used, and is nowhere to be seen") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.tcp = true, .tcp_auth = "scram-sha-256", .settings = {}});
  const auto database = server.create_database("shop");
  std::string quoted;
  for (const char c : canary) {
    quoted += c;
    if (c == '\'') {
      quoted += c;
    }
  }
  server.run("CREATE ROLE reader LOGIN PASSWORD '" + quoted + "'");
  Rig rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.configure(
      "      - name: staging\n        mode: reconcile_only\n        poll: 1s\n        @password\n  "
      "      database: " +
      server.tcp_address(database, "reader") + "\n");
  rig.start();
  REQUIRE(rig.eventually([&] { return rig.status("staging").at("reachable").as_bool(); }));

  SUBCASE("not even in a core") {
    rig.stop();
    rig.start(
        {"sh", "-c", "ulimit -c unlimited; cd " + rig.folder().string() + "; exec \"$@\"", "sh"});
    REQUIRE(rig.eventually([&] { return rig.status("staging").at("reachable").as_bool(); }));
    // Not SIGSEGV, which AddressSanitizer takes for a finding of its own. Under sanitizers there is
    // no core in any case: they forbid it themselves.
    rig.stop(SIGTRAP);
    // The rig reads every file in its folder when it ends; without a core there is none to read.
    for (const auto& entry : std::filesystem::directory_iterator(rig.folder())) {
      CHECK_FALSE(entry.path().filename().string().starts_with("core"));
    }
  }
  SUBCASE("a wrong one is said to be wrong, and a new one taken without a restart") {
    write_file(rig.folder() / "secrets" / "password", canary + "?\n", 0600);
    server.restart();
    CHECK(rig.eventually([&] {
      return rig.tidemark({"poll", "shop/staging"}).out.find("password") != std::string::npos;
    }));
    CHECK(std::string(rig.status("staging").at("last_poll").at("outcome").as_string()) == "denied");
    write_file(rig.folder() / "secrets" / "password", canary + "\n", 0600);
    CHECK(rig.tidemark({"poll", "shop/staging"}).status == 0);
    CHECK(rig.eventually([&] { return rig.status("staging").at("reachable").as_bool(); }));
  }
  // The rig looks for it everywhere when it ends.
  if (rig.running()) {
    rig.get("/metrics");
    rig.tidemark({"audit"});
    rig.tidemark({"status", "--json"});
  }
}

TEST_CASE("with nothing known yet, --exit-code does not say clean") {
  Paper rig;
  std::filesystem::rename(rig.migrations(), rig.folder() / "elsewhere");
  rig.start({}, false);
  REQUIRE(rig.eventually([&] { return rig.tidemark({"status"}).status == 0; }));
  const auto status = rig.tidemark({"status", "--exit-code"});
  CHECK(status.status == 1);
  CHECK(status.err.find("not ready") != std::string::npos);
  CHECK(rig.tidemark({"matrix", "shop", "--exit-code"}).status == 1);
  CHECK(rig.get("/-/ready", 503).find("directory") != std::string::npos);

  SUBCASE("until the directory is there") {
    std::filesystem::rename(rig.folder() / "elsewhere", rig.migrations());
    CHECK(rig.eventually([&] { return rig.ready(); }, 30));
    CHECK(rig.tidemark({"status", "--exit-code"}).status == 3);
  }
}
