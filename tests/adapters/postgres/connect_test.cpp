#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/reading.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::string canary = "kanarienvogel-7c1f";

// A server that asks for passwords and offers TLS for the name localhost.
PostgresServer& guarded() {
  static PostgresServer server({true, "scram-sha-256", {}});
  static const bool prepared = [] {
    const auto folder = server.folder().string();
    run_program({"/usr/bin/openssl",
                 "req",
                 "-x509",
                 "-newkey",
                 "ec",
                 "-pkeyopt",
                 "ec_paramgen_curve:prime256v1",
                 "-nodes",
                 "-days",
                 "2",
                 "-subj",
                 "/CN=localhost",
                 "-addext",
                 "subjectAltName=DNS:localhost",
                 "-keyout",
                 folder + "/key.pem",
                 "-out",
                 folder + "/cert.pem"},
                server.folder() / "openssl.log");
    server.run("ALTER SYSTEM SET ssl_cert_file = '" + folder + "/cert.pem'");
    server.run("ALTER SYSTEM SET ssl_key_file = '" + folder + "/key.pem'");
    server.run("ALTER SYSTEM SET ssl = on");
    server.run("SET password_encryption = 'scram-sha-256'; CREATE ROLE reader LOGIN PASSWORD '" +
               canary + "'");
    server.restart();
    return true;
  }();
  static_cast<void>(prepared);
  return server;
}

std::string tls_address(const std::string& host, const std::string& more) {
  return "host=" + host + " port=" + std::to_string(guarded().port()) +
         " user=reader dbname=postgres " + more;
}

ReadFailure refusal(const std::string& address, const std::string& password = "") {
  Reading reading;
  const auto connected = reading.connect(address, password);
  REQUIRE(!connected);
  CHECK(connected.error().error.detail.find(canary) == std::string::npos);
  CHECK(connected.error().error.detail.find('\n') == std::string::npos);
  return connected.error();
}

// What is written to stderr during `act`.
template <class Act>
std::string printed(Act act) {
  const auto path =
      std::filesystem::temp_directory_path() / ("tidemark-stderr-" + std::to_string(::getpid()));
  const int before = ::dup(2);
  FILE* file = std::fopen(path.c_str(), "w");
  REQUIRE(file != nullptr);
  ::dup2(::fileno(file), 2);
  act();
  ::dup2(before, 2);
  ::close(before);
  std::fclose(file);
  auto text = end_of(path);
  std::filesystem::remove(path);
  return text;
}

}  // namespace

TEST_CASE("a password opens the door and is not left lying about") {
  if (!PostgresServer::available()) {
    return;
  }
  Reading reading;
  const auto connected = reading.connect(guarded().tcp_address("postgres", "reader"), canary);
  REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
  const auto answer = reading.read(**connected, {query("SELECT current_user")});
  REQUIRE(answer);
  CHECK(answer->at(0).rows == Rows{{"reader"}});
}

TEST_CASE("a wrong or missing password is denied, and no password is told") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto address = guarded().tcp_address("postgres", "reader");
  const auto wrong = refusal(address, canary + "x");
  CHECK(wrong.error.code == Errc::denied);
  CHECK(wrong.sqlstate == "28P01");
  CHECK(wrong.error.detail.starts_with("127.0.0.1:" + std::to_string(guarded().port()) +
                                       "/postgres as reader: "));
  const auto missing = refusal(address);
  CHECK(missing.error.code == Errc::denied);
}

TEST_CASE("a database or role that is not there is denied") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = refusal(server.address("nowhere"));
  CHECK(database.error.code == Errc::denied);
  CHECK(database.sqlstate == "3D000");
  const auto role = refusal(server.address("postgres", "nobody_at_all"));
  CHECK(role.error.code == Errc::denied);
  CHECK(role.sqlstate == "28000");
}

TEST_CASE("a host without an entry in pg_hba.conf is denied") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto& server = guarded();
  const auto failure = refusal("host=127.0.0.1 port=" + std::to_string(server.port()) +
                               " user=reader dbname=replication sslmode=disable");
  CHECK(failure.error.code == Errc::denied);
}

TEST_CASE("too many clients are a reason to try again") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  server.run("CREATE ROLE only_one LOGIN CONNECTION LIMIT 1");
  Reading reading;
  const auto first = reading.connect(server.address("postgres", "only_one"));
  REQUIRE(first);
  const auto failure = refusal(server.address("postgres", "only_one"));
  CHECK(failure.error.code == Errc::retry);
  CHECK(failure.sqlstate == "53300");
}

TEST_CASE("a port or a socket where nobody listens is a reason to try again") {
  const auto port = refusal("postgresql://reader@127.0.0.1:" + std::to_string(closed_port()) +
                            "/shop?sslmode=disable");
  CHECK(port.error.code == Errc::retry);
  CHECK(port.error.detail.find("refused") != std::string::npos);
  CHECK(refusal("host=/nowhere dbname=shop").error.code == Errc::retry);
  CHECK(refusal("host=name.invalid dbname=shop sslmode=disable").error.code == Errc::retry);
}

TEST_CASE("the second address of a list is tried when the first refuses") {
  if (!PostgresServer::available()) {
    return;
  }
  Reading reading;
  const auto ports = std::to_string(closed_port()) + "," + std::to_string(guarded().port());
  const auto start = Clock::now();
  const auto connected = reading.connect(
      "host=127.0.0.1,127.0.0.1 port=" + ports + " user=reader dbname=postgres sslmode=disable",
      canary);
  CHECK(Clock::now() - start < 5s);
  REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
}

TEST_CASE("where TLS is only preferred, a server that has trouble with it is asked without") {
  std::atomic<int> connections = 0;
  FakeServer server([&connections](int socket) {
    if (++connections == 1) {
      receive(socket);  // the wish for TLS
      send(socket, "S");
      receive(socket);
      send(socket, "this is no TLS");
      receive_all(socket);
      return;
    }
    welcome(socket);
    receive_all(socket);
  });
  Reading reading;
  const auto start = Clock::now();
  const auto connected =
      reading.connect("host=127.0.0.1 sslmode=prefer user=reader dbname=shop port=" +
                      std::to_string(server.port()));
  CHECK(Clock::now() - start < 5s);
  REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
  CHECK(connections == 2);
}

TEST_CASE("TLS is verified: authority, name, and that there is any") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto authority = "sslrootcert=" + (guarded().folder() / "cert.pem").string();
  Reading reading;
  const auto connected = reading.connect(tls_address("localhost", authority), canary);
  REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
  const auto answer = reading.read(
      **connected, {query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()")});
  REQUIRE(answer);
  CHECK(answer->at(0).rows == Rows{{"t"}});

  const auto other_name =
      refusal(tls_address("db.example", "hostaddr=127.0.0.1 " + authority), canary);
  CHECK(other_name.error.code == Errc::denied);
  CHECK(other_name.error.detail.find("does not match host name") != std::string::npos);

  const auto unknown_authority = refusal(tls_address("localhost", ""), canary);
  CHECK(unknown_authority.error.code == Errc::denied);
  CHECK(unknown_authority.error.detail.find("tls_ca:") != std::string::npos);

  const auto no_file = refusal(tls_address("localhost", "sslrootcert=/nowhere"), canary);
  CHECK(no_file.error.code == Errc::denied);

  FakeServer plain([](int socket) {
    receive(socket);
    send(socket, "N");
    receive_all(socket);
  });
  const auto none = refusal("host=127.0.0.1 user=reader port=" + std::to_string(plain.port()));
  CHECK(none.error.code == Errc::denied);
  CHECK(none.error.detail.find("does not support SSL") != std::string::npos);
}

TEST_CASE("somebody who does not speak PostgreSQL's protocol is broken") {
  const std::string elsewhere = "is it PostgreSQL? check host and port in database:";
  for (const auto& [greeting, advice] :
       {std::pair{std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), elsewhere},
        {message('R', std::string("\0\0\0\x63", 4)),
         "let the server's pg_hba.conf ask for scram-sha-256, or what else is known here"},
        {message('Z', "I"), elsewhere}}) {
    FakeServer server([&](int socket) {
      receive(socket);
      send(socket, greeting);
    });
    const auto failure = refusal(server.address(), canary);
    CAPTURE(failure.error.detail);
    CHECK(failure.error.code != Errc::retry);
    CHECK(failure.error.detail.ends_with(advice));
    CHECK(server.heard_nothing_of(canary));
  }
}

TEST_CASE("a server that closes while we connect is a reason to try again") {
  FakeServer server([](int socket) { receive(socket); });
  const auto failure = refusal(server.address());
  CHECK(failure.error.code == Errc::retry);
  CHECK(failure.error.detail.ends_with("check host and port in database:"));
}

TEST_CASE("a server that repeats a password is not quoted") {
  const auto folder = make_server_folder();
  const FolderKeeper keeper(folder);
  const FakeServer server(
      [](int socket) {
        receive(socket);
        send(socket, message('R', std::string("\0\0\0\3", 4)));  // asks for it in clear
        const auto password = receive(socket).substr(5, canary.size());
        send(socket, message('E', error_fields("28P01", "not " + password)));
      },
      folder.string());
  const auto failure = refusal("host=" + folder.string() + " user=reader dbname=shop", canary);
  CHECK(failure.error.detail.find("not ***") != std::string::npos);
}

TEST_CASE("a server too old to be read is told from one that is not there") {
  FakeServer server([](int socket) {
    welcome(socket, "9.6.24");
    receive_all(socket);
  });
  const auto failure = refusal(server.address());
  CHECK(failure.error.code == Errc::denied);
  CHECK(failure.error.detail.find("runs PostgreSQL 9.6,") != std::string::npos);
}

TEST_CASE("nothing in the home directory is used") {
  if (!PostgresServer::available()) {
    return;
  }
  const auto home = make_server_folder();
  const FolderKeeper keeper(home);
  std::filesystem::create_directory(home / ".postgresql");
  write_file(home / ".pgpass", "*:*:*:*:" + canary + "\n", 0600);
  write_file(home / ".postgresql" / "root.crt", "no certificate");
  write_file(home / ".postgresql" / "postgresql.crt", "no certificate");
  const std::string before = std::getenv("HOME") == nullptr ? "/" : std::getenv("HOME");
  ::setenv("HOME", home.c_str(), 1);
  const auto password = refusal(guarded().tcp_address("postgres", "reader"));
  const auto required = refusal(tls_address("127.0.0.1", "sslmode=require"));
  const auto verified = refusal(tls_address("localhost", ""));
  ::setenv("HOME", before.c_str(), 1);
  CHECK(password.error.detail.find("no password supplied") != std::string::npos);
  CHECK(required.error.detail.find("no password supplied") != std::string::npos);
  CHECK(verified.error.detail.find(home.string()) == std::string::npos);
}

TEST_CASE("nothing that a server says goes to stderr") {
  if (!PostgresServer::available()) {
    return;
  }
  auto& server = PostgresServer::shared();
  const auto database = server.create_database("noisy");
  server.run(
      "CREATE FUNCTION public.noisy() RETURNS int LANGUAGE plpgsql AS "
      "$$ BEGIN FOR i IN 1..1000 LOOP RAISE WARNING 'loud'; END LOOP; RETURN 1; END $$",
      database);
  const auto text = printed([&] {
    Reading reading;
    const auto connected = reading.connect(server.address(database));
    REQUIRE(connected);
    const auto answer = reading.read(**connected, {query("SELECT public.noisy()")});
    REQUIRE(answer);
    CHECK(answer->at(0).rows == Rows{{"1"}});
  });
  CHECK(text.empty());
}

TEST_CASE("a connect that is cancelled ends at once and closes the connection") {
  std::atomic<bool> closed = false;
  FakeServer server([&closed](int socket) {
    receive_all(socket);
    closed = true;
  });
  Reading reading;
  const auto start = Clock::now();
  const auto connected = reading.connect_cancelled(server.address(), 50ms);
  CHECK(Clock::now() - start < 1s);
  REQUIRE(!connected);
  CHECK(connected.error().error.code == Errc::cancelled);
  while (!closed && Clock::now() - start < 10s) {
    std::this_thread::sleep_for(1ms);
  }
  CHECK(closed);
}

}  // namespace tidemark::test
