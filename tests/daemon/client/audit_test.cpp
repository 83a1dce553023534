#include <doctest/doctest.h>

#include <filesystem>

#include "daemon/client/csv.h"
#include "tests/daemon/client/fakes.h"
#include "tests/daemon/client/program.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

constexpr std::string_view first_page = "GET /v1/audit?limit=1000";
constexpr std::string_view second_page = "GET /v1/audit?after=1&limit=1000";

std::string entry(int seq, std::string_view reason) {
  return R"({"seq":)" + std::to_string(seq) +
         R"json(,"at":"2026-04-18T14:22:00.000Z","actor":"ana (uid 1000)","what":"mark.recorded","app":"shop","environment":"prod","details":{"reason":")json" +
         std::string(reason) + R"("},"previous":"00","hash":"11"})";
}

std::string page(const std::string& entries, const std::string& next) {
  return R"({"entries":[)" + entries + R"(],"next":)" + next + "}";
}

FakeDaemon with_trail() {
  FakeDaemon daemon;
  daemon.answer(std::string(first_page), page(entry(1, "OPS-311"), "1"));
  daemon.answer(std::string(second_page), page(entry(2, "=1+1"), "null"));
  return daemon;
}

std::size_t files(const Folder& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder.path), {}));
}

}  // namespace

TEST_CASE("as JSON Lines each entry stands exactly as the daemon has it, over all pages") {
  auto daemon = with_trail();
  FakeConsole console;
  CHECK(typed({"audit", "--format", "json"}, daemon, console) == Exit::done);
  CHECK(console.output == entry(1, "OPS-311") + "\n" + entry(2, "=1+1") + "\n");
}

TEST_CASE("as CSV there is a head, and every record ends as RFC 4180 says") {
  auto daemon = with_trail();
  FakeConsole console;
  CHECK(typed({"audit", "--format", "csv"}, daemon, console) == Exit::done);
  CHECK(console.output ==
        "seq,at,actor,what,app,environment,details,previous,hash\r\n"
        "1,2026-04-18T14:22:00.000Z,ana (uid "
        "1000),mark.recorded,shop,prod,\"{\"\"reason\"\":\"\"OPS-311\"\"}\",00,11\r\n"
        "2,2026-04-18T14:22:00.000Z,ana (uid "
        "1000),mark.recorded,shop,prod,\"{\"\"reason\"\":\"\"=1+1\"\"}\",00,11\r\n");
}

TEST_CASE("people get a line for each entry") {
  auto daemon = with_trail();
  FakeConsole console;
  CHECK(typed({"audit"}, daemon, console) == Exit::done);
  CHECK(
      console.output.starts_with("1  2026-04-18T14:22:00.000Z  mark.recorded  shop/prod  by ana "
                                 "(uid 1000)  reason=OPS-311\n"));
}

TEST_CASE("what a spreadsheet would run as a formula is neutralised") {
  CHECK(csv_line({"=1+1", "+1", "-1", "@x", "\tx", "\rx", "a=b", ""}) ==
        "'=1+1,'+1,'-1,'@x,'\tx,\"'\rx\",a=b,\r\n");
  CHECK(csv_line({"=\"a\",b"}) == "\"'=\"\"a\"\",b\"\r\n");
  CHECK(csv_line({"two\nlines", "say \"hi\""}) == "\"two\nlines\",\"say \"\"hi\"\"\"\r\n");
}

TEST_CASE("a file is there complete or not at all") {
  const Folder folder;
  const auto file = folder.path / "audit.csv";
  FakeConsole console;
  auto daemon = with_trail();
  CHECK(typed({"audit", "-o", file.string()}, daemon, console) == Exit::done);
  CHECK(content(file).starts_with("seq,at,"));
  CHECK(console.output.empty());
  CHECK(files(folder) == 1);

  const auto before = content(file);
  daemon.answer(std::string(second_page), R"({"title":"Something failed"})", 500);
  CHECK(typed({"audit", "-o", file.string()}, daemon, console) == Exit::failed);
  CHECK(content(file) == before);
  CHECK(files(folder) == 1);

  daemon.answer(std::string(second_page), R"({"entries":7})");
  CHECK(typed({"audit", "-o", file.string()}, daemon, console) == Exit::failed);
  CHECK(files(folder) == 1);
}

TEST_CASE("a file that cannot be written is told with its path") {
  auto daemon = with_trail();
  FakeConsole console;
  CHECK(typed({"audit", "-o", "/nonexistent/audit.csv"}, daemon, console) == Exit::failed);
  CHECK(console.errors.find("/nonexistent/audit.csv") != std::string::npos);
  CHECK(console.errors.find("No such file or directory") != std::string::npos);
}

TEST_CASE("the filters go to the daemon, and pages that go in a circle end") {
  FakeDaemon daemon;
  FakeConsole console;
  const std::string asked = "GET /v1/audit?since=2026-04-01T00%3A00%3A00Z&app=shop&limit=1000";
  daemon.answer(asked, page("", "null"));
  CHECK(typed({"audit", "--since", "2026-04-01T00:00:00Z", "--app", "shop"}, daemon, console) ==
        Exit::done);
  daemon.answer(std::string(first_page), page("", "1"));
  daemon.answer(std::string(second_page), page("", "1"));
  CHECK(typed({"audit"}, daemon, console) == Exit::failed);
}

TEST_CASE("audit verify says whether the trail is whole, also to scripts") {
  FakeDaemon daemon;
  FakeConsole console;
  daemon.answer(
      "GET /v1/audit/verify",
      R"({"ok":true,"entries":7,"first_bad":null,"problem":null,"last":{"seq":7,"hash":"ab"}})");
  CHECK(typed({"audit", "verify"}, daemon, console) == Exit::done);
  CHECK(console.output == "the audit trail is whole: 7 entries, the last is 7 with hash ab\n");
  console.output.clear();
  daemon.answer(
      "GET /v1/audit/verify",
      R"({"ok":false,"entries":7,"first_bad":3,"problem":"its hash does not fit","last":null})");
  CHECK(typed({"audit", "verify"}, daemon, console) == Exit::failed);
  CHECK(console.output == "the audit trail is BROKEN at entry 3: its hash does not fit\n");
}
