// Servers that mean harm, one of each kind, beside one that does not: nobody waits for them, they
// cost little memory, it is told what to change, and none of them hears of a password.

#include <chrono>
#include <deque>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/certificates.h"
#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/fake_tls.h"
#include "tests/adapters/postgres/messages.h"
#include "tests/daemon/support/flyway.h"
#include "tests/daemon/support/rig.h"
#include "tests/support/postgres_server.h"

using namespace tidemark::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;
using Script = std::function<void(int)>;

// Of a look 256 MiB are taken at most, and a million rows, beside what holds them. Measured: 70 MiB
// for a million rows of one letter, 260 MiB for 256 MiB in large rows or in one.
constexpr std::uint64_t resident_max_of_flood = 320ULL << 20U;
constexpr std::uint64_t resident_max_of_rest = 64ULL << 20U;
#ifdef TIDEMARK_KEEPS_BOOKS_OF_MEMORY
constexpr std::uint64_t resident_for_each = 4;
#else
constexpr std::uint64_t resident_for_each = 1;
#endif

// The most that a process had in memory so far.
std::uint64_t peak_bytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string word;
  std::uint64_t kilobytes = 0;
  while (status >> word && word != "VmHWM:") {
  }
  status >> kilobytes;
  return kilobytes << 10U;
}

// Sends something again and again, as long as somebody listens.
Script flood(std::string greeting, const std::string& more, std::size_t times) {
  std::string much;
  for (std::size_t i = 0; i < times; ++i) {
    much += more;
  }
  return [greeting = std::move(greeting), much = std::move(much)](int socket) {
    receive(socket);
    send(socket, greeting);
    while (send(socket, much)) {
    }
  };
}

Script says(std::string words, bool closes = false) {
  return [words = std::move(words), closes](int socket) {
    receive(socket);
    send(socket, words);
    if (!closes) {
      receive_all(socket);
    }
  };
}

// What a server does that has let us in, and was asked.
Script when_asked(Script script) {
  return [script = std::move(script)](int socket) {
    welcome(socket);
    script(socket);
  };
}

// One row of a gigabyte. Not faster than a network, or libpq would take all of it at once.
Script endless_row() {
  return when_asked([](int socket) {
    receive(socket);
    send(socket, beginning() + std::string("D\x3f\xff\xff\xff\0\1\x3f\xff\xff\xf0", 11));
    const std::string part(1U << 20U, 'x');
    while (send(socket, part)) {
      std::this_thread::sleep_for(2ms);
    }
  });
}

Script strips_tls() {
  return [](int socket) {
    if (receive(socket).size() == 8) {  // the wish for it
      send(socket, "N");
      receive(socket);
    }
    send(socket, asks_in_clear());
    receive_all(socket);
  };
}

Script shows(const Certificate& certificate) {
  return [&certificate](int socket) { ask_in_clear_within_tls(certificate, socket); };
}

struct Enemy {
  Enemy(std::string name_, std::string advice_, Script script, std::string parameters_ = "")
      : name(std::move(name_)),
        advice(std::move(advice_)),
        server(std::move(script)),
        parameters(std::move(parameters_)) {}

  std::string name;
  std::string advice;
  FakeServer server;
  std::string parameters;  // empty: without TLS
};

std::string environment(const std::string& name, int port, const std::string& parameters) {
  const auto more = parameters.empty() ? std::string("host=127.0.0.1 sslmode=disable") : parameters;
  return "      - name: " + name +
         "\n        mode: reconcile_only\n        poll: 1s\n        @password\n"
         "        database: \"user=reader dbname=shop port=" +
         std::to_string(port) + " " + more + "\"\n";
}

struct Battlefield : Rig {
  Battlefield() {
    authority.write(folder() / "ca.pem", folder() / "ca.key");
    const auto verified =
        "host=db.example hostaddr=127.0.0.1 sslrootcert=" + (folder() / "ca.pem").string();
    const std::string elsewhere = "check host and port in database:";
    const std::string strange = "is it PostgreSQL? " + elsewhere;
    const std::string too_much = ": check their_ledger:, and host and port in database:";
    const std::string gap(1U << 20U, 'x');

    enemies.emplace_back("silent", elsewhere, says(""));
    enemies.emplace_back("garbage", strange, flood("", "garbage\r\n", 1000));
    enemies.emplace_back("greetings", strange, flood(lets_in(), parameter("a", "b"), 1000));
    enemies.emplace_back("half", "look into the server's log", says(lets_in().substr(0, 6), true));
    enemies.emplace_back("in-clear", "set sslmode=verify-full in database:", says(asks_in_clear()));
    enemies.emplace_back("stripped", "turn on ssl on the server", strips_tls(), verified);
    enemies.emplace_back("stripped-preferred",
                         "set sslmode=verify-full in database:",
                         strips_tls(),
                         "host=127.0.0.1 sslmode=prefer");
    enemies.emplace_back("stranger", "set tls_ca:", shows(unknown), verified);
    enemies.emplace_back("expired", "renew the server's certificate", shows(expired), verified);
    enemies.emplace_back("other-name", "name the server in database:", shows(other), verified);
    enemies.emplace_back("stalls",
                         "look whether the server hangs",
                         when_asked(says(beginning() + row_of("x") + row_of("x").substr(0, 6))));
    enemies.emplace_back("half-an-answer",
                         "look into the server's log",
                         when_asked(says(beginning() + row_of("x").substr(0, 6), true)));
    enemies.emplace_back("odd-answer", strange, when_asked(says(beginning() + "garbage")));
#ifndef TIDEMARK_KEEPS_BOOKS_OF_MEMORY
    enemies.emplace_back("million-rows",
                         "more than 1000000 rows" + too_much,
                         when_asked(flood(beginning(), row_of("x"), 1000)));
#endif
    enemies.emplace_back("large-rows",
                         "more than 268435456 bytes" + too_much,
                         when_asked(flood(beginning(), row_of(gap), 1)));
    enemies.emplace_back("endless-row", "more than 268435456 bytes" + too_much, endless_row());
  }

  std::string environments() const {
    std::string all =
        environment("refuses", closed_port(), "") + environment("black-hole", hole.port(), "");
    for (const auto& enemy : enemies) {
      all += environment(enemy.name, enemy.server.port(), enemy.parameters);
    }
    return all;
  }
  std::string problem(const std::string& environment) {
    const auto status = this->status(environment);
    CHECK(status.at("app").as_string() == "shop");
    const auto* problem = status.at("problem").if_string();
    return problem == nullptr ? "" : std::string(*problem);
  }
  void wait_until_told(const std::string& environment, const std::string& advice) {
    std::string told;
    const auto is_told = [&] {
      told = problem(environment);
      return told.find(advice) != std::string::npos;
    };
    CHECK_MESSAGE(eventually(is_told, 25), environment << ": " << told);
    CHECK_FALSE(status(environment).at("reachable").as_bool());
    CHECK(cell(environment, "V1__users") == "unknown");
  }

  const Certificate authority = Certificate::authority("the right one");
  const Certificate unknown = Certificate::authority("another").signs("db.example");
  const Certificate expired = authority.signs("db.example", -48h, -24h);
  const Certificate other = authority.signs("other.example");
  const BlackHole hole;
  std::deque<Enemy> enemies;
};

}  // namespace

TEST_CASE("servers that mean harm delay nobody, cost little, are told, and hear of no password") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("shop");
  const std::string users = "CREATE TABLE users (id int);\n";
  server.run(create_flyway_ledger() + ";" + insert_flyway_row({.content = users}), database);
  Battlefield field;
  field.file("V1__users.sql", users);
  field.configure(field.environments() +
                  "      - name: good\n        mode: reconcile_only\n        poll: 500ms\n"
                  "        database: " +
                  server.address(database) + "\n");
  field.start();
  REQUIRE(field.eventually([&] { return field.cell("good", "V1__users") == "applied"; }));
  const auto began = Clock::now();
  const int before = field.polls("good");

  field.wait_until_told("refuses", "check host and port in database:");
  for (const auto& enemy : field.enemies) {
    field.wait_until_told(enemy.name, enemy.advice);
  }
  field.wait_until_told("black-hole", "check host and port in database:");

  const auto asked = Clock::now();
  CHECK(field.tidemark({"poll", "shop/good"}).status == 0);
  CHECK(Clock::now() - asked < 5s);
  const std::chrono::duration<double> took = Clock::now() - began;
  const int polls = field.polls("good") - before;
  const auto peak = peak_bytes(field.pid());
  CAPTURE(peak);
  CAPTURE(took.count());
  CHECK(polls >= took.count() * 2 / 3);
  CHECK(field.problem("good").empty());
  CHECK(field.json({"findings"}).at("findings").as_array().empty());
  CHECK(peak < resident_for_each * (3 * resident_max_of_flood + resident_max_of_rest));

  const auto stopping = Clock::now();
  CHECK(field.stop() == 0);
  CHECK(Clock::now() - stopping < 30s);
  CHECK(field.log().find("without waiting") == std::string::npos);
  for (auto& enemy : field.enemies) {
    CAPTURE(enemy.name);
    CHECK_FALSE(enemy.server.heard().empty());
    CHECK(enemy.server.heard_nothing_of(canary));
    CHECK(field.log().find("environment=shop/" + enemy.name) != std::string::npos);
  }
}
