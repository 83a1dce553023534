#include "adapters/postgres/advice.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <openssl/x509_vfy.h>

#include "core/text/printable.h"

namespace tidemark {
namespace {

struct Advice {
  std::string_view sqlstate;  // empty: any
  std::string_view words;
  std::string_view change;
};

constexpr std::string_view closed =
    "look into the server's log, and check host and port in database:";
constexpr std::string_view too_much = "check their_ledger:, and host and port in database:";
constexpr std::string_view strange = "is it PostgreSQL? check host and port in database:";

// The first that fits.
constexpr std::array advices = {
    Advice{"28P01", "", "check user in database:, and password:"},
    Advice{"28000",
           "no encryption",
           "the server's pg_hba.conf has no entry for a connection without TLS; check sslmode in "
           "database:"},
    Advice{"28000", "pg_hba.conf", "add an entry for this host to the server's pg_hba.conf"},
    Advice{"28", "", "check user in database:"},
    Advice{"3D000", "", "check the database's name in database:"},
    Advice{"42501", "", "GRANT CONNECT ON DATABASE to the user in database:"},
    Advice{"53300", "", "raise max_connections or the role's connection limit on the server"},
    Advice{"08P01", "no such database", "check the database's name in database:"},
    Advice{"08P01", "does not exist", "check the database's name in database:"},
    Advice{"08P01", "no such user", "check user in database:, and password:"},
    Advice{"08P01", "authentication failed", "check user in database:, and password:"},
    Advice{"",
           "server does not support SSL",
           "turn on ssl on the server, or say sslmode=disable in database:"},
    Advice{"",
           "does not match host name",
           "name the server in database: as its certificate does (hostaddr can say where it is)"},
    Advice{"",
           "host name must be specified",
           "add host to database:, as the certificate names the server"},
    Advice{"", "Connection refused", "check host and port in database:"},
    Advice{"", "No route to host", "check host and port in database:"},
    Advice{"", "no password supplied", "set password:"},
    Advice{"", "unsupported protocol", "check ssl_min_protocol_version in database:"},
    Advice{"", "alert protocol version", "check ssl_min_protocol_version in database:"},
    Advice{"", "channel binding", "check channel_binding in database:"},
    Advice{"", "requirepeer specifies", "check requirepeer in database:"},
    Advice{"", "session is read-only", "check target_session_attrs in database:"},
    Advice{"", "session is not read-only", "check target_session_attrs in database:"},
    Advice{"", "server is in hot standby mode", "check target_session_attrs in database:"},
    Advice{"", "server is not in hot standby mode", "check target_session_attrs in database:"},
    Advice{"",
           "authentication method",
           "let the server's pg_hba.conf ask for scram-sha-256, or what else is known here"},
    Advice{"", "SCRAM", strange},
    Advice{"", "server signature", strange},
    Advice{"", "wrong version number", strange},
    Advice{"", "error response during SSL exchange", closed},
    Advice{"", "server closed the connection", closed},
    Advice{"", "connection has been closed", closed},
    Advice{"", "EOF detected", closed},
    Advice{"", "Connection reset by peer", closed},
    Advice{"", "Broken pipe", closed},
    Advice{"", "connection was lost", closed},
    Advice{"",
           "gave no answer",
           "look whether the server hangs, or what lies before it: no key of the config helps"},
};

std::string authorities(const Parameters& parameters) {
  const auto file = parameters.find("sslrootcert");
  return file == parameters.end() ? "the authorities" : printable(file->second);
}

// Says what libpq does not: why.
std::string of_certificate(int reason, const Parameters& parameters) {
  switch (reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "renew the server's certificate, if the clocks are right";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "it is not signed by an authority in " + authorities(parameters) +
             ": set tls_ca: to the file of the one that signed it";
    default:
      return "check the server's certificate, and tls_ca:";
  }
}

std::string change_for(const ReadFailure& failure, const Parameters& parameters) {
  const std::string_view text = failure.error.detail;
  const auto fits = [&](const Advice& advice) {
    return failure.sqlstate.starts_with(advice.sqlstate) &&
           (!advice.sqlstate.empty() || failure.sqlstate.empty()) &&
           text.find(advice.words) != std::string_view::npos;
  };
  if (failure.sqlstate.empty() && text.find("root certificate file") != std::string_view::npos) {
    return "check tls_ca: (or sslrootcert in database:)";
  }
  if (failure.sqlstate.empty() &&
      text.find("certificate verify failed") != std::string_view::npos) {
    return of_certificate(X509_V_ERR_UNSPECIFIED, parameters);
  }
  if (failure.sqlstate.empty() && failure.error.code == Errc::broken) {
    return std::string(text.find("answer has more than") == std::string_view::npos ? strange
                                                                                   : too_much);
  }
  const auto* found = std::ranges::find_if(advices, fits);
  return found == advices.end() ? std::string() : std::string(found->change);
}

}  // namespace

ReadFailure advised(ReadFailure failure, const Parameters& parameters, int certificate) {
  auto& detail = failure.error.detail;
  if (certificate != 0) {
    failure.error.code = Errc::denied;
    detail = std::string("its certificate is refused, ") +
             X509_verify_cert_error_string(certificate) + ": " +
             of_certificate(certificate, parameters);
    return failure;
  }
  if (const auto change = change_for(failure, parameters); !change.empty()) {
    if (detail.ends_with('.')) {
      detail.pop_back();
    }
    detail += ": " + change;
  }
  return failure;
}

// A SQLSTATE means something else there.
ReadFailure advised(ReadFailure failure) {
  return failure.sqlstate.empty() ? advised(std::move(failure), {}, 0) : failure;
}

}  // namespace tidemark
