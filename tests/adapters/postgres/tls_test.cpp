// A real PostgreSQL that presents certificates of all kinds.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "tests/adapters/postgres/certificates.h"
#include "tests/adapters/postgres/reading.h"

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

const std::string canary = "kanarienvogel-7c1f";

class TlsServer {
 public:
  TlsServer() : authority_(Certificate::authority("the right one")), server_({true, "md5", {}}) {
    authority_.write(file("ca.pem"), file("ca.key"));
    Certificate::authority("another").write(file("other.pem"), file("other.key"));
    server_.run("ALTER SYSTEM SET ssl_cert_file = '" + file("cert.pem") + "'");
    server_.run("ALTER SYSTEM SET ssl_key_file = '" + file("key.pem") + "'");
    server_.run("ALTER SYSTEM SET ssl = on");
    server_.run("CREATE ROLE reader LOGIN PASSWORD '" + canary + "'");
  }

  // From now on, the server shows this one.
  void present(const Certificate& certificate) {
    certificate.write(file("cert.pem"), file("key.pem"));
    server_.restart();
  }
  void set(const std::string& name, const std::string& value) {
    server_.run("ALTER SYSTEM SET " + name + " = '" + value + "'");
  }

  ReadFailure refusal(const std::string& host, const std::string& more) {
    const auto connected = connect(host, more);
    REQUIRE(!connected);
    CHECK(connected.error().error.detail.find(canary) == std::string::npos);
    return connected.error();
  }
  std::string told(const std::string& host, const std::string& more) {
    auto connected = connect(host, more);
    return connected ? "connected" : connected.error().error.detail;
  }

  // One that lasts.
  std::unique_ptr<ReadSession> session() {
    auto connected = connect("db.example", trusting("ca.pem"));
    REQUIRE_MESSAGE(connected.has_value(), (connected ? "" : connected.error().error.detail));
    return std::move(*connected);
  }
  Reading& reading() { return reading_; }
  PostgresServer& server() { return server_; }

  const Certificate& authority() const { return authority_; }
  std::string file(const std::string& name) const { return (server_.folder() / name).string(); }
  std::string trusting(const std::string& name) const { return "sslrootcert=" + file(name); }

 private:
  Connected connect(const std::string& host, const std::string& more) {
    return reading_.connect("host=" + host +
                                " hostaddr=127.0.0.1 port=" + std::to_string(server_.port()) +
                                " user=reader dbname=postgres " + more,
                            canary);
  }

  Certificate authority_;
  PostgresServer server_;
  Reading reading_;
};

bool has(const ReadFailure& failure, const std::string& words) {
  return failure.error.detail.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "a certificate that must not be trusted is refused with its reason and the key to change") {
  if (!PostgresServer::available()) {
    return;
  }
  TlsServer server;
  server.present(server.authority().signs("db.example"));
  CHECK(server.told("db.example", server.trusting("ca.pem")) == "connected");

  const auto unknown = server.refusal("db.example", server.trusting("other.pem"));
  CAPTURE(unknown.error.detail);
  CHECK(unknown.error.code == Errc::denied);
  CHECK(has(unknown, "it is not signed by an authority in " + server.file("other.pem")));
  CHECK(has(unknown, "set tls_ca:"));

  const auto name = server.refusal("other.example", server.trusting("ca.pem"));
  CHECK(name.error.code == Errc::denied);
  CHECK(has(name, "does not match host name"));
  CHECK(has(name, "name the server in database: as its certificate does"));
  CHECK(server.told("other.example", "sslmode=verify-ca " + server.trusting("ca.pem")) ==
        "connected");

  const auto file = server.refusal("db.example", server.trusting("none.pem"));
  CHECK(file.error.code == Errc::denied);
  CHECK(has(file, "check tls_ca:"));

  server.present(server.authority().signs("db.example", -48h, -24h));
  const auto expired = server.refusal("db.example", server.trusting("ca.pem"));
  CHECK(expired.error.code == Errc::denied);
  CHECK(has(expired, "certificate has expired: renew the server's certificate"));

  server.present(server.authority().signs("db.example", 24h, 48h));
  const auto early = server.refusal("db.example", server.trusting("ca.pem"));
  CHECK(early.error.code == Errc::denied);
  CHECK(has(early, "certificate is not yet valid"));

  // Its own words: whoever says require wants no more than that nobody listens.
  CHECK(server.told("db.example", "sslmode=require") == "connected");
}

TEST_CASE("much goes out within TLS while much comes in, and a server that goes says why") {
  if (!PostgresServer::available()) {
    return;
  }
  TlsServer server;
  server.present(server.authority().signs("db.example"));
  const auto session = server.session();
  const std::string large(6'000'000, 'x');
  for (int turn = 0; turn < 2; ++turn) {
    const auto answer =
        server.reading().read(*session,
                              {query("SELECT $1::text", {large}),
                               query("SELECT pg_catalog.generate_series(1, 200000)"),
                               query("SELECT $1::text", {large})});
    REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().error.detail));
    CHECK(answer->at(0).rows.at(0).at(0) == large);
    CHECK(answer->at(1).rows.size() == 200'000);
    CHECK(answer->at(1).rows.back() == Rows::value_type{"200000"});
    CHECK(answer->at(2).rows.at(0).at(0) == large);
  }
  server.server().run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'");
  while (!server.server().run("SELECT 1 FROM pg_stat_activity WHERE usename = 'reader'").empty()) {
    std::this_thread::sleep_for(2ms);
  }
  const auto gone = server.reading().read(*session, {query("SELECT 1")});
  REQUIRE(!gone);
  CAPTURE(gone.error().error.detail);
  CHECK(gone.error().error.code == Errc::retry);
  CHECK(gone.error().sqlstate == "57P01");
  CHECK_FALSE(session->usable());
}

TEST_CASE("a server that speaks only an old version of TLS is denied") {
  if (!PostgresServer::available()) {
    return;
  }
  TlsServer server;
  server.present(server.authority().signs("db.example"));
  server.set("ssl_min_protocol_version", "TLSv1");
  server.set("ssl_max_protocol_version", "TLSv1.1");
  server.present(server.authority().signs("db.example"));
  const auto old = server.refusal("db.example", server.trusting("ca.pem"));
  CAPTURE(old.error.detail);
  CHECK(old.error.code == Errc::denied);
}

TEST_CASE("a server without TLS is denied, with the key that asks for it") {
  if (!PostgresServer::available()) {
    return;
  }
  PostgresServer plain({true, "trust", {}});
  Reading reading;
  const auto connected =
      reading.connect("host=127.0.0.1 user=postgres port=" + std::to_string(plain.port()), canary);
  REQUIRE(!connected);
  CHECK(connected.error().error.code == Errc::denied);
  CHECK(has(connected.error(), "say sslmode=disable in database:"));
}

}  // namespace tidemark::test
