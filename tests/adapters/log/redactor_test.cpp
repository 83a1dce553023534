#include "adapters/log/redactor.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

std::string apply(std::string secret, std::string_view text) {
  Redactor redactor;
  redactor.add(std::move(secret));
  return redactor.apply(text);
}

}  // namespace

TEST_CASE("a secret is taken out wherever it stands") {
  CHECK(apply("hunter2", "hunter2") == "[redacted]");
  CHECK(apply("hunter2", "password hunter2 for hunter2!") == "password [redacted] for [redacted]!");
  CHECK(apply("hunter2", "hunter3") == "hunter3");
}

TEST_CASE("a secret is found percent-encoded, whichever characters were encoded") {
  const std::string secret = "p@ss w/ä&";
  CHECK(apply(secret, "postgresql://u:p%40ss%20w%2F%C3%A4%26@h/d") ==
        "postgresql://u:[redacted]@h/d");
  CHECK(apply(secret, "postgresql://u:p%40ss%20w/%c3%a4&@h/d") == "postgresql://u:[redacted]@h/d");
  CHECK(apply(secret, "password=p%40ss+w%2f%C3%A4%26;") == "password=[redacted];");
  CHECK(apply(secret, "50% of %zz and 1+1") == "50% of %zz and 1+1");
}

TEST_CASE("a secret is found in base64 at every alignment and in both alphabets") {
  // printf '%s' 'hunter2?>~' | base64, alone and behind "u:" and "me:"
  const std::string secret = "hunter2?>~";
  CHECK(apply(secret, "aHVudGVyMj8+fg==") == "[redacted]g==");
  CHECK(apply(secret, "aHVudGVyMj8-fg") == "[redacted]g");
  CHECK(apply(secret, "Basic dTpodW50ZXIyPz5+") == "Basic dTp[redacted]");
  CHECK(apply(secret, "Basic bWU6aHVudGVyMj8+fg==") == "Basic bWU6[redacted]g==");
  CHECK(apply(secret, "Basic bWVlOmh1bnRlcjI/Pn4=").find("h1bnRlcjI/Pn") == std::string::npos);
}

TEST_CASE("a secret is found with its quotes escaped, doubled, or made printable") {
  const std::string secret = "it's\\a \"word\"\n";
  CHECK(apply(secret,
              R"(password='it\'s\\a \"word\")"
              "\n'") == "password='[redacted]'");
  CHECK(apply("it's a", "'it''s a'") == "'[redacted]'");
  CHECK(apply("two\nlines", R"(seen two\nlines here)") == "seen [redacted] here");
}

TEST_CASE("secrets that overlap leave nothing of each other") {
  Redactor redactor;
  redactor.add("abcdef");
  redactor.add("defghi");
  redactor.add("cdef");
  CHECK(redactor.apply("xabcdefghiy") == "x[redacted]y");
  CHECK(redactor.apply("cdef cdef") == "[redacted] [redacted]");
}

TEST_CASE("a secret of less than four bytes is taken out only as a whole value") {
  CHECK(apply("abc", "abc") == "[redacted]");
  CHECK(apply("abc", "abcd") == "abcd");
  CHECK(apply("", "abc") == "abc");
}

TEST_CASE("rotating secrets do not grow for ever, the newest are known") {
  Redactor redactor;
  for (int i = 0; i < 1001; ++i) {
    redactor.add("secret-" + std::to_string(1000 + i));
  }
  CHECK(redactor.apply("secret-1000") == "secret-1000");
  CHECK(redactor.apply("secret-1001") == "[redacted]");
  CHECK(redactor.apply("secret-2000") == "[redacted]");
}
