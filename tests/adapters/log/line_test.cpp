#include "adapters/log/line.h"

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

using namespace tidemark;

namespace {

const auto now = *parse_time("2026-04-18T14:22:00.123Z");

std::string line(LogFormat format, Level level, std::string_view message, const Fields& fields) {
  return log_line(format, now, level, message, fields, [](std::string_view text) {
    return text == "hunter2" ? std::string("[redacted]") : std::string(text);
  });
}

std::string text(std::string_view value) {
  return line(LogFormat::text, Level::info, "m", {{"v", value}}).substr(33);
}

boost::json::object json(std::string_view message, const Fields& fields) {
  return boost::json::parse(line(LogFormat::json, Level::warn, message, fields)).as_object();
}

}  // namespace

TEST_CASE("a text line has the time in UTC, the level, the message and its fields") {
  CHECK(line(LogFormat::text,
             Level::info,
             "poll failed",
             {{"environment", "billing/eu"}, {"error", "timed out"}}) ==
        R"(2026-04-18T14:22:00.123Z info  poll failed environment=billing/eu error="timed out")");
  CHECK(line(LogFormat::text, Level::error, "stopped", {}) ==
        "2026-04-18T14:22:00.123Z error stopped");
}

TEST_CASE("a journal line has a priority and no time") {
  CHECK(line(LogFormat::journal, Level::debug, "m", {}) == "<7>m");
  CHECK(line(LogFormat::journal, Level::info, "m", {}) == "<6>m");
  CHECK(line(LogFormat::journal, Level::warn, "m", {{"attempt", 3}}) == "<4>m attempt=3");
  CHECK(line(LogFormat::journal, Level::error, "m", {}) == "<3>m");
}

TEST_CASE("a JSON line is one flat object, numbers stay numbers") {
  CHECK(
      line(
          LogFormat::json, Level::warn, "poll failed", {{"error", "timed out"}, {"attempt", -3}}) ==
      R"({"time":"2026-04-18T14:22:00.123Z","level":"warn","msg":"poll failed","error":"timed out","attempt":-3})");
}

TEST_CASE("values are quoted as soon as they could be misread") {
  CHECK(text("billing/eu") == "v=billing/eu");
  CHECK(text("") == R"(v="")");
  CHECK(text("a b") == R"(v="a b")");
  CHECK(text("a=b") == R"(v="a=b")");
  CHECK(text(R"(say "no")") == R"(v="say \"no\"")");
  CHECK(text("naïve") == R"(v="naïve")");
}

TEST_CASE(
    "a forged newline in a value stays inside its line and is told apart from a written \\n") {
  CHECK(text("x\n2026-04-18T14:22:00.123Z error forged") ==
        R"(v="x\n2026-04-18T14:22:00.123Z error forged")");
  CHECK(text(R"(x\ny)") == R"(v="x\\ny")");
  CHECK(line(LogFormat::journal, Level::info, "a\n<0>b", {{"v", "\r\n<0>c"}}) ==
        R"(<6>a\n<0>b v="\r\n<0>c")");
}

TEST_CASE("control characters, bidirectional overrides and broken UTF-8 are shown as escapes") {
  CHECK(text("\x1b[31mred") == R"(v="\x1b[31mred")");
  CHECK(text("\u202Eabc") == R"(v="\u202eabc")");
  CHECK(text("\xC3(") == R"(v="\xc3(")");
  CHECK(text("\u2028") == R"(v="\u2028")");
  CHECK(text(std::string("a\0b", 3)) == R"(v="a\x00b")");
}

TEST_CASE("a JSON line is valid whatever the values hold, and its strings are safe to print") {
  const auto object = json("a\nb", {{"v", "\x1b[31m\"\\\xC3("}, {"w", "}\n{"}});
  CHECK(object.at("msg") == R"(a\nb)");
  CHECK(object.at("v") == "\\x1b[31m\"\\\\xc3(");
  CHECK(object.at("w") == R"(}\n{)");
}

TEST_CASE("every text of a line is cleaned before it is escaped") {
  for (const auto format : {LogFormat::text, LogFormat::journal, LogFormat::json}) {
    CHECK(line(format, Level::info, "hunter2", {{"v", "hunter2"}}).find("hunter2") ==
          std::string::npos);
  }
}

TEST_CASE("a value of any size makes a line of bounded size") {
  CHECK(text(std::string(2048, 'a')) == "v=" + std::string(2048, 'a'));
  CHECK(text(std::string(100'000, 'a')) == "v=\"" + std::string(2048, 'a') + "…\"");
  CHECK(text(std::string(2047, 'a') + "ää") == "v=\"" + std::string(2047, 'a') + "…\"");
  CHECK(json("m", {{"v", std::string(100'000, '\n')}}).at("v").as_string().size() < 5000);
}
