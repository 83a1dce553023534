#include "adapters/postgres/advice.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <openssl/x509_vfy.h>

namespace tidemark {
namespace {

const Parameters parameters = {{"sslrootcert", "/etc/own.pem"}};

std::string told(const std::string& message, int certificate = 0) {
  return advised(connect_failure(message), parameters, certificate).error.detail;
}

}  // namespace

TEST_CASE("a failure to connect says which key of the config decides, or what to change there") {
  struct Case {
    std::string message;
    std::string change;
  };
  const std::string to = "connection to server at \"db\" (10.0.0.1), port 5432 failed: ";
  const std::vector<Case> cases = {
      {"FATAL:  28P01: password authentication failed for user \"x\"\n",
       "check user in database:, and password:"},
      {"FATAL:  28000: no pg_hba.conf entry for host \"h\", user \"u\", database \"d\", no "
       "encryption\n",
       "the server's pg_hba.conf has no entry for a connection without TLS; check sslmode in "
       "database:"},
      {"FATAL:  28000: no pg_hba.conf entry for host \"h\", user \"u\", database \"d\", SSL "
       "encryption\n",
       "add an entry for this host to the server's pg_hba.conf"},
      {"FATAL:  28000: role \"x\" does not exist\n", "check user in database:"},
      {"FATAL:  3D000: database \"x\" does not exist\n", "check the database's name in database:"},
      {"FATAL:  42501: permission denied for database \"x\"\n",
       "GRANT CONNECT ON DATABASE to the user in database:"},
      {"FATAL:  53300: sorry, too many clients already\n",
       "raise max_connections or the role's connection limit on the server"},
      {"FATAL:  08P01: no such database: shop\n", "check the database's name in database:"},
      {"server does not support SSL, but SSL was required\n",
       "turn on ssl on the server, or say sslmode=disable in database:"},
      {"server certificate for \"a\" does not match host name \"b\"\n",
       "name the server in database: as its certificate does (hostaddr can say where it is)"},
      {"root certificate file \"/x\" does not exist\n",
       "check tls_ca: (or sslrootcert in database:)"},
      {"Connection refused\n", "check host and port in database:"},
      {"fe_sendauth: no password supplied\n", "set password:"},
      {"session is read-only\n", "check target_session_attrs in database:"},
      {"SSL error: unsupported protocol\n", "check ssl_min_protocol_version in database:"},
      {"expected authentication request from server, but received H\n",
       "is it PostgreSQL? check host and port in database:"},
      {"received invalid response to SSL negotiation: H\n",
       "is it PostgreSQL? check host and port in database:"},
      {"incorrect server signature\n", "is it PostgreSQL? check host and port in database:"},
      {"server closed the connection unexpectedly\n\tThis probably means the server terminated "
       "abnormally\n\tbefore or while processing the request.\n",
       "look into the server's log, and check host and port in database:"},
      {"SSL SYSCALL error: EOF detected\n",
       "look into the server's log, and check host and port in database:"},
      {"authentication method 99 not supported\n",
       "let the server's pg_hba.conf ask for scram-sha-256, or what else is known here"},
  };
  for (const auto& [message, change] : cases) {
    CAPTURE(message);
    CHECK(told(to + message).ends_with(": " + change));
    CHECK(told(to + message).find("10.0.0.1") == std::string::npos);
  }
}

TEST_CASE("a failure to read says what to change, where anything helps") {
  const auto of_read = [](Errc code, const std::string& words, const std::string& sqlstate = "") {
    return advised({{code, words}, sqlstate}).error.detail;
  };
  CHECK(of_read(Errc::broken, "lost synchronization with server: got message type \"?\"")
            .ends_with(": is it PostgreSQL? check host and port in database:"));
  CHECK(of_read(Errc::broken, "the answer has more than 1000000 rows")
            .ends_with(" rows: check their_ledger:, and host and port in database:"));
  CHECK(
      of_read(Errc::retry, "gave no answer within 10000 ms")
          .ends_with("look whether the server hangs, or what lies before it: no key of the config "
                     "helps"));
  CHECK(of_read(Errc::retry, "the connection was lost")
            .ends_with("look into the server's log, and check host and port in database:"));
  CHECK(of_read(Errc::retry, "processing the request.").ends_with("request."));
  // That server answers as PostgreSQL does; it says by itself what is wrong.
  CHECK(of_read(Errc::denied, "permission denied for table x (42501)", "42501") ==
        "permission denied for table x (42501)");
  CHECK(of_read(Errc::cancelled, "stopped while waiting for an answer") ==
        "stopped while waiting for an answer");
}

TEST_CASE("what time alone changes comes without advice") {
  CHECK(told("FATAL:  57P03: the database system is starting up\n") ==
        "FATAL: 57P03: the database system is starting up");
}

TEST_CASE("a server's own words are not taken for libpq's") {
  const auto detail = told("FATAL:  57P03: server does not support SSL\n");
  CHECK(detail == "FATAL: 57P03: server does not support SSL");
}

TEST_CASE("a certificate is refused for a reason, and each has its remedy") {
  const std::string message = "SSL error: certificate verify failed\n";
  CHECK(told(message, X509_V_ERR_CERT_HAS_EXPIRED) ==
        "its certificate is refused, certificate has expired: renew the server's certificate, if "
        "the clocks are right");
  CHECK(told(message, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
            .ends_with("it is not signed by an authority in /etc/own.pem: set tls_ca: to the file "
                       "of the one that signed it"));
  CHECK(told(message).ends_with("check the server's certificate, and tls_ca:"));
  const auto failure = advised(connect_failure(message), parameters, X509_V_ERR_CERT_REVOKED);
  CHECK(failure.error.code == Errc::denied);
}

}  // namespace tidemark
