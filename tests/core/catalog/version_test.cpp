#include "core/catalog/version.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tidemark;

namespace {

Version v(std::string_view text) {
  return Version::parse(text);
}

// Few digits and short parts, so that equal and nearly equal versions come up often.
rc::Gen<std::string> version_text() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::container<std::string>(rc::gen::elementOf(std::string("0019")))),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const auto& part : parts) {
                          text += (text.empty() ? "" : ".") + part;
                        }
                        return text;
                      });
}

}  // namespace

TEST_CASE("versions are ordered by number, part by part") {
  const std::vector<std::string> in_order{"",
                                          "0",
                                          "0.0.1",
                                          "0.9",
                                          "1",
                                          "1.0.1",
                                          "1.1",
                                          "1.2",
                                          "1.9",
                                          "1.10",
                                          "1.10.1",
                                          "2",
                                          "9",
                                          "10",
                                          "144",
                                          "20260418",
                                          "20260418143000",
                                          "99999999999999999999",
                                          "1234567890123456789012345678901234567890",
                                          "1234567890123456789012345678901234567891"};
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    for (std::size_t j = 0; j < in_order.size(); ++j) {
      CAPTURE(in_order[i]);
      CAPTURE(in_order[j]);
      CHECK((v(in_order[i]) <=> v(in_order[j])) == (i <=> j));
    }
  }
}

TEST_CASE("leading zeros and trailing zero parts do not count") {
  for (const auto* text : {"01", "1.0", "001.0.0", "1_0", "1."}) {
    CAPTURE(text);
    CHECK(v(text) == v("1"));
  }
  CHECK(v("0.0") == v("0"));
  CHECK(v("000") == v("0"));
  CHECK(v("1.0.2") != v("1.2"));
  CHECK(v("0007") == v("7"));
}

TEST_CASE("everything that is no digit only separates") {
  CHECK(v("1_2") == v("1.2"));
  CHECK(v("v1-2") == v("1.2"));
  CHECK(v("2026-04-18 14:30") == v("2026.4.18.14.30"));
  CHECK(v("1..2") == v("1.2"));
}

TEST_CASE("a text without digits is no version, and zero is one") {
  CHECK(v("").empty());
  CHECK(v("beta").empty());
  CHECK(v("...").empty());
  CHECK_FALSE(v("0").empty());
  CHECK(v("beta") < v("0"));
}

TEST_CASE("a version is shown without what does not count") {
  CHECK(v("001.010.0").canonical() == "1.10");
  CHECK(v("0").canonical() == "0");
  CHECK(v("0.0.5").canonical() == "0.0.5");
  CHECK(v("").canonical() == "");
}

TEST_CASE("the order of versions is total and agrees with equality") {
  CHECK(rc::check([] {
    const auto a = v(*version_text());
    const auto b = v(*version_text());
    const auto c = v(*version_text());
    RC_ASSERT((a == b) == ((a <=> b) == 0));
    RC_ASSERT((a < b) == (b > a));
    RC_ASSERT((a < b) + (a == b) + (a > b) == 1);
    RC_ASSERT(!(a <= b && b <= c) || a <= c);
  }));
}

TEST_CASE("what a version is shown as is the same version") {
  CHECK(rc::check([] {
    const auto version = v(*version_text());
    RC_ASSERT(v(version.canonical()) == version);
    RC_ASSERT(v(version.canonical()).canonical() == version.canonical());
  }));
}

TEST_CASE("zeros before a part and zero parts at the end change nothing") {
  CHECK(rc::check([](std::uint32_t major, std::uint32_t minor) {
    const auto zeros = std::string(*rc::gen::inRange<std::size_t>(0, 50), '0');
    const auto plain = std::to_string(major) + "." + std::to_string(minor);
    const auto padded =
        zeros + std::to_string(major) + "." + zeros + std::to_string(minor) + ".0.00";
    RC_ASSERT(v(plain) == v(padded));
  }));
}

TEST_CASE("parts of forty digits are compared by every digit") {
  CHECK(rc::check([] {
    const auto digits = rc::gen::container<std::string>(40, rc::gen::inRange<char>('1', '9' + 1));
    const auto a = *digits;
    const auto b = *digits;
    RC_ASSERT((v(a) <=> v(b)) == (a.compare(b) <=> 0));
    RC_ASSERT(v(a) < v(a + "0"));
    RC_ASSERT(v("1." + a) > v("1.999999999999999999"));
  }));
}

TEST_CASE("in byte order 10 is before 2, and 001 is not 1") {
  const auto text = [](std::string_view version) { return Version::in_byte_order(version); };
  CHECK(text("10") < text("2"));
  CHECK(text("1") < text("10"));
  CHECK(text("001") < text("1"));
  CHECK(text("Z") < text("a"));
  CHECK(text("20260101") < text("20260101_b"));
  CHECK(text("").empty());
  CHECK_FALSE(text("a").empty());
}

TEST_CASE("versions in byte order are ordered as text is, also once they were stored") {
  CHECK(rc::check([] {
    const auto character = rc::gen::elementOf(std::string("0129._az\xFF"));
    const auto a = *rc::gen::container<std::string>(character);
    const auto b = *rc::gen::container<std::string>(character);
    const auto first = Version::in_byte_order(a);
    const auto second = Version::in_byte_order(b);
    RC_ASSERT((first < second) == (a < b));
    RC_ASSERT((first == second) == (a == b));
    RC_ASSERT(v(first.canonical()) == first);
  }));
}
