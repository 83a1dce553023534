#include "adapters/parser/answer.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

ParsedSql everything() {
  Statement first{.offset = 0,
                  .size = 5,
                  .line = 1,
                  .kind = "BEGIN",
                  .no_transaction = "",
                  .lock = LockClass::none,
                  .control = TransactionControl::begin,
                  .copy_from_stdin = true,
                  .if_not_exists = false,
                  .objects = {}};
  Statement second{.offset = 7,
                   .size = 3,
                   .line = 1,
                   .kind = "CREATE \"é\n\"",
                   .no_transaction = "rests",
                   .lock = LockClass::share,
                   .control = TransactionControl::none,
                   .copy_from_stdin = false,
                   .if_not_exists = true,
                   .does_more = true,
                   .objects = {{"table", "s", "n\\", "t"}, {"index", "", "ü", ""}},
                   .twins = {{.object = {"table", "", "t", ""},
                              .unlogged = true,
                              .sql = "CREATE \n\"",
                              .references = {"\"a\"", "b"}},
                             {.object = {"column", "s", "c", "t"}, .cannot = "why not"}}};
  return {.statements = {first, second}, .refused = std::nullopt, .too_deep = ""};
}

std::string one(std::string_view fields) {
  return R"({"statements":[{"at":0,"size":1,"kind":"x","lock":"none")" + std::string(fields) +
         "}]}";
}

bool is_the_same(const ParsedSql& parsed, std::size_t text_size) {
  const auto read = read_answer(answer_text(parsed), text_size);
  return read.has_value() && *read == parsed;
}

}  // namespace

TEST_CASE("an answer is the same behind the wall") {
  CHECK(is_the_same(everything(), 10));

  ParsedSql refused;
  refused.refused = {4, "syntax error at or near \"é\""};
  CHECK(is_the_same(refused, 4));

  ParsedSql deep;
  deep.too_deep = "too deep";
  CHECK(is_the_same(deep, 0));

  CHECK(is_the_same({}, 0));
}

TEST_CASE("bytes that are no UTF-8 do not spoil an answer") {
  auto parsed = everything();
  parsed.statements[1].objects[0].name = "a\xE9";
  const auto read = read_answer(answer_text(parsed), 10);
  REQUIRE(read.has_value());
  CHECK(read->statements[1].objects[0].name == "a\xEF\xBF\xBD");
}

TEST_CASE("an answer that no parser of ours gives is broken") {
  REQUIRE(read_answer(one(""), 1).has_value());
  for (
      const std::string& text : std::vector<std::string>{
          "",
          "[]",
          "{}",
          "{\"statements\":{}}",
          "{\"statements\":[1]}",
          "{\"statements\":[{}]}",
          "{\"too_deep\":\"\"}",
          "{\"too_deep\":1}",
          "{\"refused\":1}",
          "{\"refused\":{\"at\":0}}",
          "{\"refused\":{\"at\":2,\"message\":\"x\"}}",
          "{\"refused\":{\"at\":-1,\"message\":\"x\"}}",
          R"({"statements":[{"at":1,"size":1,"kind":"x","lock":"none"}]})",
          R"({"statements":[{"at":0,"size":2,"kind":"x","lock":"none"}]})",
          R"({"statements":[{"at":0,"size":0,"kind":"x","lock":"none"}]})",
          R"({"statements":[{"at":0,"size":1,"kind":"","lock":"none"}]})",
          R"({"statements":[{"at":0,"size":1,"kind":"x","lock":"all"}]})",
          R"({"statements":[{"at":0.5,"size":1,"kind":"x","lock":"none"}]})",
          R"({"statements":[{"at":0,"size":1,"kind":"x","lock":"none"},{"at":0,"size":1,"kind":"x","lock":"none"}]})",
          one(R"(,"control":"end")"),
          one(R"(,"copy_from_stdin":1)"),
          one(R"(,"objects":1)"),
          one(R"(,"objects":[["a","b","c"]])"),
          one(R"(,"objects":[["a","b","c",1]])"),
          one(R"(,"does_more":1)"),
          one(R"(,"twins":1)"),
          one(R"(,"twins":[1])"),
          one(R"(,"twins":[{}])"),
          one(R"(,"twins":[{"object":["a"]}])"),
          one(R"(,"twins":[{"object":["a","b","c","d"],"sql":1}])"),
          one(R"(,"twins":[{"object":["a","b","c","d"],"references":[1]}])"),
          one(R"(,"twins":[{"object":["a","b","c","d"],"sql":"x","cannot":"y"}])"),
          one("") + "x"}) {
    CAPTURE(text);
    const auto read = read_answer(text, 1);
    REQUIRE(!read.has_value());
    CHECK(read.error().code == Errc::broken);
  }
}

TEST_CASE("a count is four bytes, the highest first") {
  CHECK(count_bytes(0x01020304) == "\x01\x02\x03\x04");
  CHECK(count_of("\x01\x02\x03\x04\x05") == 0x01020304);
  CHECK(count_of(count_bytes(answer_bytes_max)) == answer_bytes_max);
}
