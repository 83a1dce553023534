#include "core/sql/scanner.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/sql/place.h"

using namespace tidemark;

namespace {

// Everything that is neither blank nor a comment, as it stands.
std::vector<std::string> tokens(std::string_view text) {
  std::vector<std::string> found;
  SqlScanner scanner(text);
  while (const auto token = scanner.next()) {
    if (token->kind != SqlToken::Kind::blank && token->kind != SqlToken::Kind::comment) {
      found.emplace_back(text.substr(token->offset, token->size));
    }
  }
  return found;
}

using Tokens = std::vector<std::string>;

std::string trimmed(std::string_view text) {
  const auto span = without_margins(text, {0, text.size()});
  return std::string(text.substr(span.offset, span.size));
}

}  // namespace

TEST_CASE("quotes of every kind hold what would be something else outside of them") {
  CHECK(tokens("'a;--' ;") == Tokens{"'a;--'", ";"});
  CHECK(tokens("'it''s;' ;") == Tokens{"'it'", "'s;'", ";"});
  CHECK(tokens("\"a;\"\"\\;\" ;") == Tokens{"\"a;\"", "\"\\;\"", ";"});
  CHECK(tokens("'\\' ;") == Tokens{"'\\'", ";"});
  CHECK(tokens("E'\\';' ;") == Tokens{"E'\\';'", ";"});
  CHECK(tokens("e'a''\\'' ;") == Tokens{"e'a''\\''", ";"});
  CHECK(tokens("E'a'\n  'b\\';' ;") == Tokens{"E'a'\n  'b\\';'", ";"});
  CHECK(tokens("E'a' 'b\\' ;") == Tokens{"E'a'", "'b\\'", ";"});
  CHECK(tokens("note'\\' ;") == Tokens{"note", "'\\'", ";"});
  CHECK(tokens("$$ a'; $x$ $$ ;") == Tokens{"$$ a'; $x$ $$", ";"});
  CHECK(tokens("$f$ ; $$ ; $f$;") == Tokens{"$f$ ; $$ ; $f$", ";"});
  CHECK(tokens("$é$;$é$;") == Tokens{"$é$;$é$", ";"});
  CHECK(tokens("$1;$2") == Tokens{"$", "1", ";", "$", "2"});
  CHECK(tokens("a$b$;a$b$") == Tokens{"a$b$", ";", "a$b$"});
}

TEST_CASE("comments nest, and end with their line or where they are closed") {
  CHECK(tokens("a -- ; '\nb --;\rc") == Tokens{"a", "b", "c"});
  CHECK(tokens("a /* ; /* ' */ ; */ b") == Tokens{"a", "b"});
  CHECK(tokens("a /*/ ; */ b */* ; */ c") == Tokens{"a", "b", "*", "c"});
  CHECK(tokens("a /** ; **/ b") == Tokens{"a", "b"});
}

TEST_CASE("what is not closed goes to the end") {
  for (const std::string text : {"'a;", "\"a;", "E'a\\';", "$$ a;", "/* a; /* */", "-- a;"}) {
    SqlScanner scanner(text);
    CHECK(scanner.next()->size == text.size());
    CHECK(!scanner.next());
  }
}

TEST_CASE("a statement is shown without the blanks and comments around it") {
  CHECK(trimmed(" -- first\n/* a */ SELECT 1 /* one */ + 2 -- last\n ") ==
        "SELECT 1 /* one */ + 2");
  CHECK(trimmed(" -- nothing\n").empty());
  CHECK(without_margins("a; b ;", {2, 3}) == SqlSpan{3, 1});
}

TEST_CASE("tokens cover every text, byte by byte") {
  CHECK(rc::check([] {
    const auto part = rc::gen::element<std::string>("'",
                                                    "\"",
                                                    "E'",
                                                    "$$",
                                                    "$a$",
                                                    "/*",
                                                    "*/",
                                                    "--",
                                                    "\n",
                                                    "\r",
                                                    "\\",
                                                    ";",
                                                    "(",
                                                    ")",
                                                    "x",
                                                    "é",
                                                    " ",
                                                    "\xE9");
    std::string text;
    for (const auto& each : *rc::gen::container<std::vector<std::string>>(part)) {
      text += each;
    }
    SqlScanner scanner(text);
    std::size_t end = 0;
    while (const auto token = scanner.next()) {
      RC_ASSERT(token->offset == end);
      RC_ASSERT(token->size > 0u);
      end = token->end();
    }
    RC_ASSERT(end == text.size());
  }));
}

TEST_CASE("a place counts lines by line feeds and columns by characters") {
  SqlPlaces places("aé\r\n\nxü🙂z");
  CHECK(places.at(0) == SqlPlace{1, 1});
  CHECK(places.at(3) == SqlPlace{1, 3});
  CHECK(places.at(5) == SqlPlace{2, 1});
  CHECK(places.at(6) == SqlPlace{3, 1});
  CHECK(places.at(13) == SqlPlace{3, 4});
  CHECK(places.at(999) == SqlPlace{3, 5});
}
