#include "core/catalog/content.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tidemark;

namespace {

const std::string bom = "\xEF\xBB\xBF";

Content in_pieces(const std::vector<std::string_view>& pieces) {
  ContentHasher hasher;
  for (const auto piece : pieces) {
    hasher.update(piece);
  }
  return hasher.finish();
}

// What `normalised` is the hash of, said as plainly as possible.
std::string normal_form(std::string text) {
  if (text.starts_with(bom)) {
    text.erase(0, bom.size());
  }
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      result += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      result += '\n';
    }
  }
  return result;
}

bool only_line_endings(std::string_view a, std::string_view b) {
  return same_but_for_line_endings(content_of(a), content_of(b));
}

}  // namespace

TEST_CASE("SHA-256 gives what FIPS 180-4 says") {
  CHECK(sha256("").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex() ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1'000'000, 'a')).hex() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a digest is read back from its hex, and nothing else is") {
  const auto hex = sha256("abc").hex();
  CHECK(parse_digest(hex) == sha256("abc"));
  CHECK(!parse_digest(""));
  CHECK(!parse_digest(hex.substr(1)));
  CHECK(!parse_digest(hex + "0"));
  CHECK(!parse_digest("BA" + hex.substr(2)));
  CHECK(!parse_digest("0x" + hex.substr(2)));
  CHECK(!parse_digest("g0" + hex.substr(2)));
}

TEST_CASE("the raw hash is of the bytes as they are, the normalised one of their normal form") {
  const std::string text = bom + "a\r\nb\rc\nd\r\r\n";
  const auto content = content_of(text);
  CHECK(content.raw == sha256(text));
  CHECK(content.normalised == sha256("a\nb\nc\nd\n\n"));
  CHECK(content.size == text.size());
}

TEST_CASE("a line ending that is cut in two is one line ending") {
  CHECK(in_pieces({"abc\r", "\ndef"}) == content_of("abc\r\ndef"));
  CHECK(in_pieces({"abc\r", "", "\ndef"}) == content_of("abc\r\ndef"));
  CHECK(in_pieces({"abc\r", "def"}) == content_of("abc\rdef"));
  CHECK(in_pieces({"abc\r", "\r\n"}) == content_of("abc\r\r\n"));
  CHECK(in_pieces({"abc\r"}) == content_of("abc\r"));
  CHECK(in_pieces({"\r", "\n"}) == content_of("\r\n"));
}

TEST_CASE("a byte-order mark that is cut in pieces is a byte-order mark") {
  const auto whole = content_of(bom + "select 1;");
  CHECK(in_pieces({"\xEF", "\xBB", "\xBF", "select 1;"}) == whole);
  CHECK(in_pieces({"\xEF\xBB", "\xBFselect 1;"}) == whole);
  CHECK(in_pieces({"", "\xEF", "\xBB\xBFselect", " 1;"}) == whole);
  CHECK(whole.normalised == sha256("select 1;"));
}

TEST_CASE("only a whole byte-order mark at the very beginning is left out") {
  CHECK(content_of("\xEF\xBB").normalised == sha256("\xEF\xBB"));
  CHECK(content_of("\xEF").normalised == sha256("\xEF"));
  CHECK(content_of("x" + bom).normalised == sha256("x" + bom));
  CHECK(content_of(bom + bom).normalised == sha256(bom));
  CHECK(content_of(bom).normalised == sha256(""));
}

TEST_CASE("however a file is cut, its content is the same") {
  CHECK(rc::check([] {
    const auto byte = rc::gen::elementOf(std::string("\r\n\r\nab\xEF\xBB\xBF"));
    auto text = *rc::gen::container<std::string>(byte);
    if (*rc::gen::arbitrary<bool>()) {
      text.insert(0, bom);
    }
    ContentHasher hasher;
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto length = *rc::gen::inRange<std::size_t>(1, 6);
      hasher.update("");
      hasher.update(rest.substr(0, length));
      rest.remove_prefix(std::min(length, rest.size()));
    }
    const auto content = hasher.finish();
    RC_ASSERT(content == content_of(text));
    RC_ASSERT(content.raw == sha256(text));
    RC_ASSERT(content.normalised == sha256(normal_form(text)));
    RC_ASSERT(content.size == text.size());
  }));
}

TEST_CASE("a hasher that has finished is as good as new") {
  ContentHasher hasher;
  for (const auto* text : {"a\r", "\nb", "\xEF\xBB", "\xBF", ""}) {
    CAPTURE(text);
    hasher.update(text);
    CHECK(hasher.finish() == content_of(text));
  }
}

TEST_CASE("copies that differ in line endings or a byte-order mark are told from edits") {
  CHECK(only_line_endings("a\nb\n", "a\r\nb\r\n"));
  CHECK(only_line_endings("a\nb\n", "a\rb\r"));
  CHECK(only_line_endings("a\nb\n", "a\r\nb\n"));
  CHECK(only_line_endings("a\nb\n", bom + "a\nb\n"));
  CHECK(only_line_endings(bom + "a\r\n", "a\n"));
  CHECK(only_line_endings("", bom));

  CHECK_FALSE(only_line_endings("a\n", "a\n"));
  CHECK_FALSE(only_line_endings("a\n", "a"));
  CHECK_FALSE(only_line_endings("a\n", "a\n\n"));
  CHECK_FALSE(only_line_endings("a\n", "a \n"));
  CHECK_FALSE(only_line_endings("a\n", "a\n\r"));
  CHECK_FALSE(only_line_endings("a\tb", "a b"));
  CHECK_FALSE(only_line_endings("a", "b"));
}
