#include "adapters/postgres/wire.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "adapters/postgres/replies.h"
#include "tests/adapters/postgres/fake_server.h"
#include "tests/adapters/postgres/messages.h"

namespace tidemark::test {
namespace {

using Rows = std::vector<std::vector<std::optional<std::string>>>;

constexpr AnswerBounds no_bounds{1'000'000, 1'000'000};

struct Understood {
  bool done = false;
  bool idle = false;
  std::string tag;
  std::string failure;
  std::vector<ResultSet> answers;
  friend bool operator==(const Understood&, const Understood&) = default;
};

// What is understood of the answer to three commands, of which the last is wanted, when it comes in
// pieces.
Understood understood(const std::string& bytes, std::size_t piece = 1'000'000) {
  MessageReader messages;
  AnswerSink sink(2, 3);
  ReplyReader reader(messages, 3, no_bounds, &sink);
  for (std::size_t at = 0; at < bytes.size() && !reader.done() && !reader.hopeless(); at += piece) {
    reader.read(std::string_view(bytes).substr(at, piece));
  }
  Understood all{reader.done(), reader.idle(), reader.last_tag(), "", {}};
  if (reader.failure()) {
    all.failure = reader.failure()->error.detail;
  }
  all.answers = std::move(sink).answers();
  return all;
}

std::string complete(const std::string& tag) {
  return message('C', tag + '\0');
}

std::string end() {
  return complete("SELECT 2") + message('Z', "I");
}

// BEGIN, a SELECT and the beginning of another.
std::string up_to(const std::string& row) {
  return beginning() + row;
}

std::string columns(std::size_t count) {
  const std::string column = std::string("c\0", 2) + std::string(18, '\0');
  std::string all{'\0', static_cast<char>(count)};
  for (std::size_t i = 0; i < count; ++i) {
    all += column;
  }
  return message('T', all);
}

}  // namespace

TEST_CASE("an answer is understood the same in whatever pieces it comes") {
  const auto null = message('D', std::string("\0\1\xff\xff\xff\xff", 6));
  const auto answer = up_to(row_of("x")) + notice("by the way") + null + row_of("") +
                      parameter("TimeZone", "UTC") + end();
  const auto whole = understood(answer);
  CHECK(whole.done);
  CHECK(whole.idle);
  CHECK(whole.tag == "SELECT 2");
  CHECK(whole.failure.empty());
  REQUIRE(whole.answers.size() == 1);
  CHECK(whole.answers[0].columns == std::vector<std::string>{"c"});
  CHECK(whole.answers[0].rows == Rows{{"x"}, {std::nullopt}, {""}});
  for (std::size_t piece = 1; piece < answer.size(); ++piece) {
    CAPTURE(piece);
    CHECK(understood(answer, piece) == whole);
  }
}

TEST_CASE("what comes after an answer belongs to the next one") {
  MessageReader messages;
  const auto answer = complete("COMMIT") + message('Z', "I");
  const auto later = notice("later");
  {
    ReplyReader reader(messages, 1, no_bounds, nullptr);
    reader.read(answer + later.substr(0, 7));
    CHECK(reader.done());
  }
  ReplyReader reader(messages, 1, no_bounds, nullptr);
  reader.read(later.substr(7) + answer);
  CHECK(reader.done());
  CHECK_FALSE(reader.failure());
}

TEST_CASE("whatever is not an answer to what was asked is one that nothing good can follow") {
  const std::string one("\0\1", 2);
  const std::string nothing;
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"more than it was asked", up_to(end().substr(0, end().size() - 6)) + complete("SELECT 1")},
      {"less than it was asked", complete("BEGIN") + message('Z', "I")},
      {"something else than rows", up_to(message('H', nothing))},
      {"something else than rows", up_to(message('I', nothing))},
      {"a row", row_of("before any columns")},
      {"a row", up_to(message('D', nothing))},
      {"a row", up_to(message('D', one))},
      {"a row", up_to(message('D', one + std::string("\0\0\0\5", 4) + "four"))},
      {"a row", up_to(message('D', one + std::string("\0\0\0\3", 4) + "four"))},
      {"a row", up_to(message('D', one + std::string("\xff\xff\xff\xfe", 4)))},
      {"a row", up_to(message('D', std::string("\0\0", 2)))},
      {"the columns", up_to(columns(1))},
      {"the columns", columns(2).substr(0, 1) + std::string("\0\0\0\6\0\1", 6)},
      {"a message", up_to(std::string("C\0\0\0\3", 5))},
      {"a message", up_to(std::string("?\0\0\0\4", 5))},
      {"a message", up_to(std::string("C\0\1\0\0", 5))},
      {"a message", up_to(std::string("D\xff\xff\xff", 4) + "\xff")},
  };
  for (const auto& [words, bytes] : wrong) {
    CAPTURE(words);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
      const auto all = understood(bytes, piece);
      CAPTURE(all.failure);
      CHECK_FALSE(all.done);
      CHECK(all.failure.find(words) != std::string::npos);
    }
  }
}

TEST_CASE("an error in a pipeline is its first one, and what was skipped is not missed") {
  const auto failed = [](const std::string& fields) {
    return understood(complete("BEGIN") + message('E', fields) +
                      message('E', error_fields("57P01", "and so on")) + message('Z', "E"));
  };
  const auto all = failed(error_fields("42P01", "no such table"));
  CHECK(all.done);
  CHECK_FALSE(all.idle);
  CHECK(all.failure == "no such table (42P01)");
  CHECK(failed("").failure == "the connection was lost");
  CHECK(failed(std::string("MNo code\0", 9)).failure == "No code");
  CHECK(failed("C42P01").failure == "the connection was lost");
  CHECK(failed(std::string("M \0", 3)).failure == "the connection was lost");
}

TEST_CASE("commands are written as the protocol has them") {
  const std::vector<Command> commands = {{"SELECT $1", {"v", std::nullopt}, ""},
                                         {"{ledger}", {}, "made"}};
  std::string bytes = "before";
  append_pipeline(bytes, commands);
  const auto sent = [](const std::string& sql, const std::string& values) {
    return message('P', '\0' + sql + std::string(3, '\0')) +
           message('B', std::string(4, '\0') + values + std::string(2, '\0')) +
           message('D', std::string("P\0", 2)) + message('E', std::string(5, '\0'));
  };
  CHECK(bytes == "before" + sent("SELECT $1", std::string("\0\2\0\0\0\1v\xff\xff\xff\xff", 11)) +
                     sent("made", std::string(2, '\0')) + message('S', ""));
}

}  // namespace tidemark::test
