// The wall itself: how the program is found and started, what it may do, and what becomes of a
// batch when it dies.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "adapters/parser/answer.h"
#include "adapters/process/child.h"
#include "tests/adapters/parser/parsing.h"

using namespace tidemark;
using namespace std::chrono_literals;
using test::repeated;
using test::StandIn;

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Counts its starts, and becomes the parser.
StandIn counting() {
  return StandIn("echo started >>\"${0%/*}/starts\"\nexec '" + test::built_parser().string() +
                 "' \"$@\"");
}

std::size_t starts(const StandIn& program) {
  const auto text = content(program.folder() / "starts");
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

Result<Script> asked(const StandIn& program, std::chrono::milliseconds patience = 20s) {
  const std::array<std::string_view, 1> files{"SELECT 1"};
  auto scripts = Parser(program.program(), patience).parse(files);
  REQUIRE(scripts.size() == 1);
  return std::move(scripts[0]);
}

const std::string crash = "SELECT 1" + repeated("+1", 700'000);

}  // namespace

TEST_CASE("the program of a build is beside the daemon, and that of an installation in libexec") {
  // This test is beside neither.
  const auto program = parser_program();
  CHECK(program.filename() == "tidemark-parser");
  CHECK(program.string().ends_with("/libexec/tidemark/tidemark-parser"));
  CHECK(std::filesystem::exists(test::built_parser()));
}

TEST_CASE("without the program every file is told its path") {
  const std::array<std::string_view, 2> files{"SELECT 1", "SELECT 2"};
  const auto scripts = Parser("/nowhere/tidemark-parser").parse(files);
  REQUIRE(scripts.size() == 2);
  for (const auto& each : scripts) {
    REQUIRE(!each.has_value());
    CHECK(each.error().code == Errc::not_found);
    CHECK(each.error().detail ==
          "parser /nowhere/tidemark-parser: cannot be started: No such file or directory");
  }
}

TEST_CASE("no program is asked about nothing") {
  const Parser parser("/nowhere");
  CHECK(parser.parse({}).empty());
  const std::array<std::string_view, 1> files{std::string_view("a\0b", 3)};
  CHECK(parser.parse(files)[0]->problems.size() == 1);
}

TEST_CASE("five hundred files are one child's work") {
  const auto program = counting();
  std::vector<std::string> texts;
  for (int k = 0; k < 500; ++k) {
    texts.push_back("CREATE TABLE t" + std::to_string(k) + " (id int);");
  }
  const std::vector<std::string_view> files(texts.begin(), texts.end());
  const auto scripts = Parser(program.program()).parse(files);
  REQUIRE(scripts.size() == 500);
  for (std::size_t k = 0; k < scripts.size(); ++k) {
    REQUIRE(scripts[k].has_value());
    CHECK(scripts[k]->statements[0].objects[0].name == "t" + std::to_string(k));
  }
  CHECK(starts(program) == 1);
}

TEST_CASE("behind a file that kills the parser the batch goes on with another one") {
  const auto program = counting();
  const std::array<std::string_view, 5> files{
      "SELECT 1", crash, "SELECT 2; SELECT 3", crash, "SELECT 4"};
  const auto scripts = Parser(program.program()).parse(files);
  for (const auto& each : scripts) {
    REQUIRE(each.has_value());
  }
  CHECK(scripts[0]->statements.size() == 1);
  CHECK(test::problems(*scripts[1]) == std::vector<std::string>{"too_deep 1:1"});
  CHECK(scripts[2]->statements.size() == 2);
  CHECK(scripts[3]->problems[0].message ==
        "too deep or too long for the parser: make several files of it");
  CHECK(scripts[4]->statements.size() == 1);
  CHECK(starts(program) == 3);
}

TEST_CASE("a parser that somebody kills is no problem of the file") {
  const StandIn program("head -c 12 >/dev/null\nkill -KILL $$");
  const auto script = asked(program);
  REQUIRE(!script.has_value());
  CHECK(script.error().code == Errc::retry);
  CHECK(script.error().detail.ends_with(": was ended by signal 9"));
}

TEST_CASE("a parser that is killed before it reads a long file is noticed while that is sent") {
  const StandIn program("kill -KILL $$");
  const std::string large(8 << 20, ' ');
  const std::array<std::string_view, 1> files{large};
  const auto scripts = Parser(program.program()).parse(files);
  REQUIRE(!scripts[0].has_value());
  CHECK(scripts[0].error().code == Errc::retry);
}

TEST_CASE("a file that takes too much of the parser's time is told so") {
  const auto script = asked(StandIn("ulimit -S -t 1\nwhile :; do :; done"));
  REQUIRE(script.has_value());
  REQUIRE(script->problems.size() == 1);
  CHECK(script->problems[0].kind == SqlProblem::Kind::too_deep);
  CHECK(script->problems[0].message ==
        "takes more than 10 s of the parser's time: make several files of it");
}

TEST_CASE("a parser that hangs is killed with all that it started when patience ends") {
  const StandIn program("sleep 1000 & echo $! >\"${0%/*}/child\"\nwait");
  const auto begin = std::chrono::steady_clock::now();
  const auto script = asked(program, 300ms);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  REQUIRE(!script.has_value());
  CHECK(script.error().code == Errc::retry);
  CHECK(script.error().detail.ends_with(": did not answer in time and was killed"));
  const auto left = "/proc/" + std::to_string(std::stoi(content(program.folder() / "child")));
  for (int k = 0; k < 500 && content(left + "/stat").find(" Z ") == std::string::npos &&
                  std::filesystem::exists(left);
       ++k) {
    std::this_thread::sleep_for(10ms);
  }
  CHECK(
      (!std::filesystem::exists(left) || content(left + "/stat").find(" Z ") != std::string::npos));
}

TEST_CASE("whoever is told to stop does not wait for the parser") {
  const StandIn program("sleep 1000");
  std::stop_source stop;
  std::jthread later([&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  const std::array<std::string_view, 2> files{"SELECT 1", "SELECT 2"};
  const auto scripts = Parser(program.program()).parse(files, stop.get_token());
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  for (const auto& each : scripts) {
    REQUIRE(!each.has_value());
    CHECK(each.error().code == Errc::cancelled);
  }
}

TEST_CASE("an answer that is none is told, and the batch goes on") {
  const auto says = [](const std::string& bytes) {
    return asked(StandIn("head -c 12 >/dev/null\nprintf '" + bytes + "'\nsleep 1000"));
  };
  const auto no_json = says("\\000\\000\\000\\002{]");
  REQUIRE(!no_json.has_value());
  CHECK(no_json.error().code == Errc::broken);
  const auto huge = says("\\377\\377\\377\\377");
  REQUIRE(!huge.has_value());
  CHECK(huge.error().detail.ends_with(": announced an answer of 4294967295 bytes"));
}

TEST_CASE("a parser that ends in the middle of its answer gives none") {
  const auto script =
      asked(StandIn("head -c 12 >/dev/null\nprintf '\\000\\000\\001\\000{\"statements\"'"));
  REQUIRE(!script.has_value());
  CHECK(script.error().detail.ends_with(": ended with status 0"));
}

TEST_CASE("a parser of another version is not asked, and not started again") {
  const StandIn program("echo started >>\"${0%/*}/starts\"\nexec '" +
                        test::built_parser().string() + "' 0.0.0");
  const std::array<std::string_view, 2> files{"SELECT 1", "SELECT 2"};
  const auto scripts = Parser(program.program()).parse(files);
  for (const auto& each : scripts) {
    REQUIRE(!each.has_value());
    CHECK(each.error().code == Errc::conflict);
    CHECK(each.error().detail.ends_with(": is not of this daemon's version: restart the daemon"));
  }
  CHECK(starts(program) == 1);
}

TEST_CASE("a parser that lacks a library is not started again") {
  const StandIn program("echo started >>\"${0%/*}/starts\"\nexit 127");
  const std::array<std::string_view, 3> files{"SELECT 1", "SELECT 2", "SELECT 3"};
  const auto scripts = Parser(program.program()).parse(files);
  REQUIRE(!scripts[2].has_value());
  CHECK(scripts[2].error().detail.ends_with(": ended with status 127"));
  CHECK(starts(program) == 1);
}

TEST_CASE("the parser has no environment, and nothing open but its socket") {
  const StandIn program(
      "tr '\\0' '\\n' </proc/$$/environ >\"${0%/*}/environment\"\n"
      "ls -l /proc/$$/fd >\"${0%/*}/open\"\nexit 1");
  const std::ifstream ours("/dev/null");  // open here, and not there
  (void)asked(program);
  const auto environment = content(program.folder() / "environment");
  CHECK(environment.find("HOME=") == std::string::npos);
  CHECK(environment.find("PATH=") == std::string::npos);
  const auto open = content(program.folder() / "open");
  CHECK(open.find(" 0 -> socket:") != std::string::npos);
  CHECK(open.find(" 2 -> /dev/null") != std::string::npos);
  CHECK(open.find(" 3 -> /dev/null") == std::string::npos);
}

TEST_CASE("the parser has confined itself before it reads") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  auto child = Child::start({test::built_parser().string(), TIDEMARK_VERSION},
                            {.input = theirs.get(), .output = theirs.get(), .environment = false});
  REQUIRE(child.has_value());
  theirs.close();
  const std::string question = count_bytes(8) + "SELECT 1";
  REQUIRE(::send(ours.get(), question.data(), question.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(question.size()));
  std::array<char, 4> count{};
  REQUIRE(::recv(ours.get(), count.data(), count.size(), MSG_WAITALL) == 4);

  const auto folder = std::filesystem::path("/proc") / std::to_string(child->pid());
  const auto limits = content(folder / "limits");
  const auto soft = [&](const std::string& name) {
    const auto at = limits.find(name);
    REQUIRE(at != std::string::npos);
    return std::stoull(limits.substr(at + 26));
  };
  CHECK(soft("Max cpu time") == 11);
  CHECK(soft("Max file size") == 0);
  CHECK(soft("Max core file size") == 0);
  if (parser_limits_memory) {
    CHECK(soft("Max address space") == parser_memory_max);
  }
  CHECK(content(folder / "status").find("NoNewPrivs:\t1") != std::string::npos);
  CHECK(content(folder / "maps").find("libpg_query") != std::string::npos);
}

TEST_CASE("whoever links the daemon's side has no symbol of PostgreSQL's server") {
  CHECK(content("/proc/self/maps").find("libpg_query") == std::string::npos);
}
