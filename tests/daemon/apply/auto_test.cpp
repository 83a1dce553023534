#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <doctest/doctest.h>

#include "tests/daemon/apply/applying.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

// Applied by itself, from a git work tree.
struct Auto : Applying {
  explicit Auto(PostgresServer& server = PostgresServer::shared())
      : Applying("        apply: auto\n        poll: 1s\n", server) {}

  void git(const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"git", "-C", migrations().string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto ran = run(command,
                         {{"HOME", folder().string()},
                          {"GIT_CONFIG_NOSYSTEM", "1"},
                          {"GIT_AUTHOR_NAME", "ana"},
                          {"GIT_AUTHOR_EMAIL", "ana@localhost"},
                          {"GIT_COMMITTER_NAME", "ana"},
                          {"GIT_COMMITTER_EMAIL", "ana@localhost"}});
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
  }
  void commit() {
    git({"add", "-A"});
    git({"commit", "-q", "-m", "step"});
  }
  int attempts() { return static_cast<int>(metric("tidemark_applies_total")); }
  // How often the log or the audit log has it.
  static int count(const std::string& text, const std::string& word) {
    int found = 0;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      ++found;
    }
    return found;
  }
  // Long enough for whoever would apply by itself.
  static void a_while() { std::this_thread::sleep_for(7s); }
};

}  // namespace

TEST_CASE("what is committed is applied by itself, and nothing before it is") {
  if (!PostgresServer::available()) {
    return;
  }
  Auto rig;
  rig.git({"init", "-q"});
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  // An editor that saves in pieces.
  for (const auto* text :
       {"CREATE TABLE users (id int);\nCREATE", "CREATE TABLE users (id int);\n"}) {
    rig.file("001_users.sql", text);
    Auto::a_while();
    CHECK(rig.attempts() == 0);
  }
  CHECK(rig.cell_of("001_users") == "pending");
  rig.commit();
  CHECK(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }, 30));
  CHECK(rig.exists("users"));
  const auto audit = rig.tidemark({"audit"}).out;
  CHECK(audit.find("tidemark (apply: auto)") != std::string::npos);

  rig.file("002_orders.sql", "CREATE TABLE orders (id int);\n");
  Auto::a_while();
  CHECK(rig.cell_of("002_orders") == "pending");
  rig.commit();
  CHECK(rig.eventually([&] { return rig.cell_of("002_orders") == "applied"; }, 30));
}

TEST_CASE("each content is tried once, and what was corrected is tried again") {
  if (!PostgresServer::available()) {
    return;
  }
  Auto rig;
  rig.git({"init", "-q"});
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.file("002_wrong.sql", "INSERT INTO nowhere VALUES (1);\n");
  rig.file("003_later.sql", "CREATE TABLE later (id int);\n");
  rig.commit();
  rig.begin();
  CHECK(rig.eventually([&] { return rig.cell_of("002_wrong") == "failed"; }, 30));
  CHECK(rig.cell_of("001_users") == "applied");
  Auto::a_while();
  CHECK(rig.attempts() == 2);
  rig.stop();
  rig.begin();
  Auto::a_while();
  CHECK(rig.attempts() == 0);  // since the start
  CHECK(rig.cell_of("003_later") == "pending");
  rig.file("002_wrong.sql", "CREATE TABLE right_one (id int);\n");
  rig.commit();
  CHECK_MESSAGE(rig.eventually([&] { return rig.cell_of("003_later") == "applied"; }, 30),
                rig.log());
  CHECK(rig.exists("right_one"));
}

TEST_CASE("a directory that says that it is complete is applied from") {
  if (!PostgresServer::available()) {
    return;
  }
  Auto rig;
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.begin();
  Auto::a_while();
  CHECK(rig.cell_of("001_users") == "pending");
  rig.file(".complete", "");
  CHECK(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }, 30));
}

TEST_CASE("while the server is down it is tried seldom, told once, and applied when it is back") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server;
  Auto rig(server);
  rig.git({"init", "-q"});
  rig.begin();
  server.stop();
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.commit();
  REQUIRE(rig.eventually([&] { return rig.attempts() > 0; }, 30));
  Auto::a_while();
  Auto::a_while();
  CHECK(rig.attempts() <= 3);
  CHECK(Auto::count(rig.log(), "apply failed before a migration began") == 1);
  CHECK(Auto::count(rig.tidemark({"audit"}).out, "apply.finished") == 1);
  CHECK(rig.cell_of("001_users") == "pending");
  server.start();
  CHECK_MESSAGE(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }, 20),
                rig.log());
}

TEST_CASE("while it is frozen nothing is applied by itself, and that is told once") {
  if (!PostgresServer::available()) {
    return;
  }
  Auto rig;
  rig.git({"init", "-q"});
  rig.begin();
  const std::string where = "/v1/apps/shop/environments/dev/";
  REQUIRE(rig.request("POST", where + "freeze", R"({"reason": "sale"})").status == 200);
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.commit();
  CHECK(rig.eventually([&] { return Auto::count(rig.log(), "frozen by") == 1; }));
  Auto::a_while();
  Auto::a_while();
  CHECK(Auto::count(rig.log(), "frozen by") == 1);
  CHECK(rig.attempts() == 0);
  REQUIRE(rig.request("POST", where + "unfreeze", R"({"reason": "over"})").status == 200);
  CHECK(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }, 10));
}

TEST_CASE("a checkout of another branch is applied from as it stands, and never a mixture") {
  if (!PostgresServer::available()) {
    return;
  }
  Auto rig;
  rig.git({"init", "-q", "-b", "main"});
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.commit();
  rig.git({"checkout", "-q", "-b", "other"});
  for (int i = 2; i <= 40; ++i) {
    const auto number = std::to_string(100 + i).substr(1);
    rig.file("0" + number + "_t.sql", "CREATE TABLE other_" + number + " (id int);\n");
  }
  rig.commit();
  rig.git({"checkout", "-q", "main"});
  rig.begin();
  CHECK(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }, 30));
  Auto::a_while();
  CHECK(rig.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'other_%'") == "0");
  rig.git({"checkout", "-q", "other"});
  CHECK_MESSAGE(rig.eventually([&] { return rig.cell_of("040_t") == "applied"; }, 60), rig.log());
  CHECK(rig.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'other_%'") == "39");
  // Back again: what is applied is not there any more, and nothing else happens.
  rig.git({"checkout", "-q", "main"});
  CHECK(rig.eventually([&] { return rig.cell_of("040_t").starts_with("drifted"); }, 30));
  const int before = rig.attempts();
  Auto::a_while();
  CHECK(rig.attempts() == before);
}

TEST_CASE("what a person rolled back is not applied again by itself, until its file is another") {
  if (!PostgresServer::available()) {
    return;
  }
  Auto rig;
  rig.git({"init", "-q"});
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.file("001_users.down.sql", "DROP TABLE users;\n");
  rig.commit();
  rig.begin();
  REQUIRE(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }, 30));
  REQUIRE(rig.post("rollback", R"({"only": ["001_users"]})").outcome() == "applied");
  Auto::a_while();
  CHECK_FALSE(rig.exists("users"));
  CHECK(rig.cell_of("001_users") == "pending");
  CHECK(Auto::count(rig.log(), "001_users was rolled back") == 1);
  rig.stop();
  rig.begin();
  Auto::a_while();
  CHECK_FALSE(rig.exists("users"));
  rig.file("001_users.sql", "CREATE TABLE users (id bigint);\n");
  rig.commit();
  CHECK(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }, 30));
}

TEST_CASE("a wrong password is tried once, and then no sooner than half a minute later") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer server({.tcp = true, .tcp_auth = "scram-sha-256"});
  const auto set_password = [&](const std::string& password) {
    server.run("ALTER ROLE postgres PASSWORD '" + password + "'");
  };
  set_password("first");
  Auto rig(server);
  const auto file = rig.folder() / "password";
  write_file(file, "first\n", 0600);
  rig.configure("      - name: dev\n        database: " + server.tcp_address(rig.database()) +
                "\n        password: {file: " + file.string() +
                "}\n        apply: auto\n        poll: 1s\n        connection: per_poll\n");
  rig.git({"init", "-q"});
  rig.begin();
  set_password("second");
  REQUIRE(rig.eventually([&] { return rig.polls("dev", "denied") > 0; }));
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  rig.commit();
  REQUIRE(rig.eventually([&] { return rig.attempts() > 0; }));
  Auto::a_while();
  Auto::a_while();
  CHECK(rig.attempts() == 1);
  std::ifstream log(server.folder() / "server.log");
  const std::string text(std::istreambuf_iterator<char>(log), {});
  CHECK(Auto::count(text, "password authentication failed") <= 3);  // with those of polls
  // Somebody looks, and the pause is over.
  write_file(file, "second\n", 0600);
  CHECK(rig.tidemark({"poll", "shop/dev"}).status == 0);
  CHECK(rig.eventually([&] { return rig.cell_of("001_users") == "applied"; }));
}
