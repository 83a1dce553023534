#include "adapters/files/glob.h"

#include <doctest/doctest.h>

#include <string>

using tidemark::glob_matches;

TEST_CASE("a star stays within a name, two stars cross folders") {
  CHECK(glob_matches("**/draft/*", "draft/1.sql"));
  CHECK(glob_matches("**/draft/*", "a/b/draft/1.sql"));
  CHECK_FALSE(glob_matches("**/draft/*", "a/draft/b/1.sql"));
  CHECK_FALSE(glob_matches("**/draft/*", "drafts/1.sql"));
  CHECK(glob_matches("*.bak", "1.sql.bak"));
  CHECK_FALSE(glob_matches("*.bak", "a/1.bak"));
  CHECK(glob_matches("old/**", "old/a/b.sql"));
  CHECK(glob_matches("a/**/b", "a/b"));
  CHECK(glob_matches("a/**/**/b", "a/x/y/b"));
  CHECK_FALSE(glob_matches("a/**/b", "a/x/c"));
}

TEST_CASE("a question mark is one character, everything else is itself") {
  CHECK(glob_matches("V?__x.sql", "V1__x.sql"));
  CHECK_FALSE(glob_matches("V?__x.sql", "V10__x.sql"));
  CHECK_FALSE(glob_matches("?", "/"));
  CHECK(glob_matches("[a]+.sql", "[a]+.sql"));
  CHECK(glob_matches("", ""));
  CHECK_FALSE(glob_matches("", "a"));
}

TEST_CASE("a pattern made of stars takes no time on a name made to fail it") {
  std::string pattern;
  for (int i = 0; i < 60; ++i) {
    pattern += "*a";
  }
  CHECK_FALSE(glob_matches(pattern + "b", std::string(5000, 'a')));
  CHECK_FALSE(
      glob_matches("**/a/**/a/**/a/**/a/**/b", std::string(400, 'a') + "/a/a/a/a/a/a/a/a/a/a/a/c"));
}
