#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/daemon/chaos/chaos.h"

using namespace tidemark::test;

namespace {

// A server that takes nothing but the right password, and a secret that can be rotated.
struct Locked {
  Locked() : shop(server) {
    shop.watch_at(server.tcp_address(shop.database(), shop.role()));
    set_role(canary);
  }
  void set_role(const std::string& password) {
    std::string quoted;
    for (const char c : password) {
      quoted += c == '\'' ? "''" : std::string(1, c);
    }
    shop.sql("SET password_encryption = 'scram-sha-256'; ALTER ROLE " + shop.role() +
             " PASSWORD '" + quoted + "'");
  }
  std::string file() const { return (shop.folder() / "secrets" / "password").string(); }
  void set_file(const std::string& password) const {
    write_file(file() + ".new", password + "\n", 0600);
    std::filesystem::rename(file() + ".new", file());
  }
  std::string next() { return canary + std::to_string(++rotations); }

  PostgresServer server{{.tcp = true, .tcp_auth = "scram-sha-256"}};
  ChaosShop shop;
  int rotations = 0;
};

}  // namespace

TEST_CASE("a password that is rotated costs one poll, or none") {
  if (!PostgresServer::available()) {
    return;
  }
  Locked it;
  auto& shop = it.shop;
  const std::string from_file = "        password: {file: " + it.file() + "}\n";
  const std::string from_command = "        password: {command: [/bin/cat, " + it.file() + "]}\n";
  std::string source;
  SUBCASE("read from a file") {
    source = from_file;
  }
  SUBCASE("told by a command") {
    source = from_command;
  }
  shop.start_and_look(source + "        connection: per_poll\n");
  for (int round = 0; round < 8; ++round) {
    INFO("round " << round);
    const int failed = shop.failures("staging");
    const auto password = it.next();
    const bool slowly = round % 4 >= 2;  // with a poll in between for certain
    const auto one_fails = [&] {
      if (slowly) {
        REQUIRE(shop.eventually([&] { return shop.polls("staging", "denied") > 0; }));
        REQUIRE(shop.eventually([&] { return !shop.reachable(); }));
        CHECK_MESSAGE(
            shop.problem().find("check user in database:, and password:") != std::string::npos,
            shop.problem());
        CHECK(shop.cell("staging", "V1__users") == "applied");
      }
    };
    if (round % 2 == 0) {
      it.set_role(password);
      one_fails();
      it.set_file(password);
    } else {
      it.set_file(password);
      one_fails();
      it.set_role(password);
    }
    if (round < 7) {  // where a person looks, the pause of half a minute is over
      CHECK(shop.tidemark({"poll", "shop/staging"}).status == 0);
      const int seen = shop.polls("staging", "ok");
      REQUIRE(shop.eventually([&] { return shop.polls("staging", "ok") >= seen + 2; }));
    }
    shop.check_as_before();
    CHECK(shop.failures("staging") - failed <= 1);
    CHECK((!slowly || shop.failures("staging") - failed == 1));
  }
}

TEST_CASE("a connection that is kept does not notice that the password is another") {
  if (!PostgresServer::available()) {
    return;
  }
  Locked it;
  auto& shop = it.shop;
  shop.start_and_look("        password: {file: " + it.file() + "}\n");
  for (int round = 0; round < 6; ++round) {
    INFO("round " << round);
    const int failed = shop.failures("staging");
    const auto password = it.next();
    if (round % 2 == 0) {
      it.set_role(password);
      CHECK(shop.looks("staging"));
      it.set_file(password);
    } else {
      it.set_file(password);
      CHECK(shop.looks("staging"));
      it.set_role(password);
    }
    CHECK(shop.looks("staging"));
    CHECK(shop.failures("staging") == failed);
    // The next connection takes the new one.
    CHECK(shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" +
                   shop.role() + "'") == "t");
    shop.check_as_before();
    CHECK(shop.failures("staging") - failed <= 1);
    CHECK(shop.polls("staging", "denied") == 0);
  }
}
