#include <filesystem>
#include <thread>

#include <doctest/doctest.h>

#include "tests/daemon/apply/applying.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

// Applied by itself, from a git work tree.
struct Auto : Applying {
  Auto() : Applying("        apply: auto\n        poll: 1s\n") {}

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
