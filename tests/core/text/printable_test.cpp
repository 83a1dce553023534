#include "core/text/printable.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tidemark;
using namespace std::string_literals;

TEST_CASE("ordinary text of any language is shown as it is") {
  for (const std::string text :
       {"", "V2__orders.sql", "a\\b", "größe", "миграция", "注文", "🙂 fine", "a\u00A0b"}) {
    CHECK(printable(text) == text);
    CHECK(valid_utf8(text) == text);
  }
}

TEST_CASE("control characters are named and not sent") {
  CHECK(printable("a\nb\r\tc") == "a\\nb\\r\\tc");
  CHECK(printable("\0"s) == "\\x00");
  CHECK(printable("\a\b\x1b\x1f") == "\\x07\\x08\\x1b\\x1f");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\u0080\u009b\u009f") == "\\u0080\\u009b\\u009f");
}

TEST_CASE("a terminal gets no escape sequence from a name") {
  CHECK(printable("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m");
  CHECK(printable("\x1b]52;c;cm0gLXJm\a") == "\\x1b]52;c;cm0gLXJm\\x07");
  CHECK(printable("\x1b]8;;http://example.com\x1b\\here") ==
        "\\x1b]8;;http://example.com\\x1b\\here");
  CHECK(printable("\u009d0;title\u009c") == "\\u009d0;title\\u009c");
  CHECK(printable("\x9b\x9d") == "\\x9b\\x9d");
}

TEST_CASE("what turns text around or hides in it is named") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"a\u202Eb", "a\\u202eb"},
      {"\u202A\u202B\u202C\u202D", "\\u202a\\u202b\\u202c\\u202d"},
      {"\u2066\u2069", "\\u2066\\u2069"},
      {"\u200E\u200F", "\\u200e\\u200f"},
      {"\u061C", "\\u061c"},
      {"a\u200Bb", "a\\u200bb"},
      {"\u2028\u2029", "\\u2028\\u2029"},
      {"\u00AD", "\\u00ad"},
      {"\uFEFF", "\\ufeff"},
      {"\uFFF9", "\\ufff9"},
      {"\U000E0041", "\\U000e0041"}};
  for (const auto& [text, shown] : table) {
    CHECK(printable(text) == shown);
  }
}

TEST_CASE("bytes that are no UTF-8 are named one by one") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"\x80", "\\x80"},                             // a continuation of nothing
      {"\xC3", "\\xc3"},                             // cut off
      {"\xC3(", "\\xc3("},                           // not continued
      {"\xE2\x82", "\\xe2\\x82"},                    // cut off later
      {"\xC0\x80", "\\xc0\\x80"},                    // overlong NUL
      {"\xC1\xBF", "\\xc1\\xbf"},                    // overlong, two bytes
      {"\xE0\x80\x8A", "\\xe0\\x80\\x8a"},           // overlong line feed
      {"\xF0\x80\x80\x8A", "\\xf0\\x80\\x80\\x8a"},  // overlong, four bytes
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},           // a surrogate
      {"\xED\xBF\xBF", "\\xed\\xbf\\xbf"},           // the last surrogate
      {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // above U+10FFFF
      {"\xF5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},  // no lead byte
      {"\xFE\xFF", "\\xfe\\xff"},
      {"a\xFFg", "a\\xffg"}};
  for (const auto& [text, shown] : table) {
    CAPTURE(shown);
    CHECK(printable(text) == shown);
  }
}

TEST_CASE("nothing is read beyond the end of the text") {
  const std::string_view euro = "\xE2\x82\xAC";
  CHECK(printable(euro.substr(0, 2)) == "\\xe2\\x82");
  CHECK(display_width(euro.substr(0, 2)) == 2);
}

TEST_CASE("the outermost code points of each length are valid") {
  for (const std::string text : {"\xC2\xA0",
                                 "\xDF\xBF",
                                 "\xE0\xA0\x80",
                                 "\xED\x9F\xBF",
                                 "\xEE\x80\x80",
                                 "\xF0\x90\x80\x80",
                                 "\xF4\x8F\xBF\xBF"}) {
    CHECK(printable(text) == text);
  }
}

TEST_CASE("JSON gets a replacement character for each byte that is no UTF-8") {
  CHECK(valid_utf8("a\xFFz") == "a\uFFFDz");
  CHECK(valid_utf8("\xE2\x82") == "\uFFFD\uFFFD");
  CHECK(valid_utf8("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(valid_utf8("\x1b\n") == "\x1b\n");
}

TEST_CASE("whatever comes in, what is shown is plain, and showing it again changes nothing") {
  CHECK(rc::check([](const std::string& text) {
    const auto shown = printable(text);
    for (const char c : shown) {
      const auto byte = static_cast<unsigned char>(c);
      RC_ASSERT(byte >= 0x20 && byte != 0x7F);
    }
    RC_ASSERT(valid_utf8(shown) == shown);
    RC_ASSERT(printable(shown) == shown);
  }));
}

TEST_CASE("columns are counted by code point, wide ones as two") {
  CHECK(display_width("") == 0);
  CHECK(display_width("orders") == 6);
  CHECK(display_width("größe") == 5);
  CHECK(display_width("注文") == 4);
  CHECK(display_width("🙂") == 2);
  CHECK(display_width("a\xFF") == 2);
}
