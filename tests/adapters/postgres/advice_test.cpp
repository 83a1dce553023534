#include "adapters/postgres/advice.h"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <openssl/x509_vfy.h>

namespace tidemark {
namespace {

const std::map<std::string, std::string> parameters = {{"sslrootcert", "/etc/own.pem"}};

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
  };
  for (const auto& [message, change] : cases) {
    CAPTURE(message);
    CHECK(told(to + message).ends_with(": " + change));
    CHECK(told(to + message).find("10.0.0.1") == std::string::npos);
  }
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
