#include "adapters/postgres/failure.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/text/printable.h"

namespace tidemark {

TEST_CASE("a SQLSTATE tells what the caller can do") {
  struct Case {
    std::string sqlstate;
    Errc code;
  };
  const std::vector<Case> cases = {
      {"28P01", Errc::denied}, {"28000", Errc::denied}, {"42501", Errc::denied},
      {"3D000", Errc::denied}, {"57P04", Errc::denied}, {"08006", Errc::retry},
      {"08P01", Errc::retry},  {"25P03", Errc::retry},  {"40001", Errc::retry},
      {"53300", Errc::retry},  {"55P03", Errc::retry},  {"57014", Errc::retry},
      {"57P01", Errc::retry},  {"57P03", Errc::retry},  {"42P01", Errc::broken},
      {"42703", Errc::broken}, {"0A000", Errc::broken}, {"25006", Errc::broken},
      {"XX000", Errc::broken}, {"55000", Errc::broken},
  };
  for (const auto& [sqlstate, code] : cases) {
    CAPTURE(sqlstate);
    CHECK(meaning_of(sqlstate) == code);
  }
}

TEST_CASE("a refused connect is understood from what libpq says of it") {
  struct Case {
    std::string message;
    Errc code;
    std::string sqlstate;
  };
  const std::string to = "connection to server at \"db\" (10.0.0.1), port 5432 failed: ";
  const std::vector<Case> cases = {
      {to + "FATAL:  28P01: password authentication failed for user \"x\"\n",
       Errc::denied,
       "28P01"},
      {to + "FATAL:  28000: no pg_hba.conf entry for host\n", Errc::denied, "28000"},
      {to + "SCHWERWIEGEND:  3D000: Datenbank »x« existiert nicht\n", Errc::denied, "3D000"},
      {to + "FATAL:  53300: sorry, too many clients already\n", Errc::retry, "53300"},
      {to + "FATAL:  57P03: the database system is starting up\n", Errc::retry, "57P03"},
      {to + "FATAL:  08P01: no such database: shop\n", Errc::denied, "08P01"},
      {to + "FATAL:  08P01: server login has been failing\n", Errc::retry, "08P01"},
      {to + "Connection refused\n\tIs the server running on that host?\n", Errc::retry, ""},
      {to + "server does not support SSL, but SSL was required\n", Errc::denied, ""},
      {to + "SSL error: certificate verify failed\n", Errc::denied, ""},
      {to + "SSL SYSCALL error: EOF detected\n", Errc::retry, ""},
      {to + "server certificate for \"a\" does not match host name \"b\"\n", Errc::denied, ""},
      {to + "expected authentication request from server, but received H\n", Errc::broken, ""},
      {"could not translate host name \"db\" to address: Try again\n", Errc::retry, ""},
      {to + "Connection refused\n" + to + "FATAL:  28P01: no\n", Errc::denied, "28P01"},
  };
  for (const auto& [message, code, sqlstate] : cases) {
    CAPTURE(message);
    const auto failure = connect_failure(message);
    CHECK(failure.error.code == code);
    CHECK(failure.sqlstate == sqlstate);
    CHECK(failure.error.detail.find('\n') == std::string::npos);
  }
}

TEST_CASE("a failure is told on one line, without the server's source and control characters") {
  CHECK(connect_failure("FATAL:  28P01: no\nDETAIL:  why\nLOCATION:  auth.c:1\n").error.detail ==
        "FATAL: 28P01: no DETAIL: why");
  CHECK(connect_failure(
            "connection to server at \"db\" (10.0.0.1), port 1 failed: Connection refused\n"
            "\tIs the server running on that host and accepting TCP/IP connections?\n")
            .error.detail == "Connection refused");
  CHECK(connect_failure("").error.detail == "sent an error without a word");
  CHECK(one_line("a\n\n\tb  c \x1b[31m") == "a b c \\x1b[31m");
}

TEST_CASE("of what is long the beginning and the end are told, in whole characters") {
  const auto told = [](const std::string& text) { return one_line("<" + text + ">"); };
  for (const std::string character : {"x", "é", "€", "\xF0\x9F\x8C\x8A", "\x01", "\xff"}) {
    for (int count = 90; count < 2000; count += 7) {
      std::string text;
      for (int i = 0; i < count; ++i) {
        text += character;
      }
      const auto line = told(text);
      CHECK(line.size() <= 500);
      CHECK(line.starts_with("<"));
      CHECK(line.ends_with(">"));
      CHECK(printable(line) == line);
    }
  }
  CHECK(told(std::string(498, 'x')).size() == 500);
  CHECK(told(std::string(499, 'x')).find("x … x") != std::string::npos);
}

}  // namespace tidemark
