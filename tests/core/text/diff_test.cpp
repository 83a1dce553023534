#include "core/text/diff.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

using namespace tidemark;

namespace {

// Applies a unified diff as patch(1) would: the proof that it says what changed.
std::string patched(const std::string& from, const std::string& diff) {
  std::istringstream source(from);
  std::istringstream hunks(diff);
  std::string result;
  std::string line;
  std::size_t at = 1;
  const auto copy_line = [&] {
    std::string text;
    std::getline(source, text);
    ++at;
    return text + (source.eof() ? "" : "\n");
  };
  while (std::getline(hunks, line)) {
    if (line.starts_with("--- ") || line.starts_with("+++ ")) {
      continue;
    }
    if (line.starts_with("@@ -")) {
      auto first = static_cast<std::size_t>(std::strtoul(line.c_str() + 4, nullptr, 10));
      if (line.find(",0 +") != std::string::npos) {
        ++first;
      }
      while (at < first) {
        result += copy_line();
      }
    } else if (line.starts_with("\\")) {
      if (result.ends_with('\n') && !result.empty()) {
        result.pop_back();
      }
    } else if (line.starts_with("+")) {
      result += line.substr(1) + "\n";
    } else if (line.starts_with("-")) {
      copy_line();
      if (hunks.peek() == '\\') {
        std::getline(hunks, line);
      }
    } else {
      copy_line();
      result += line.substr(1) + "\n";
    }
  }
  for (std::string rest; source.good() && source.peek() != EOF;) {
    rest = copy_line();
    result += rest;
  }
  return result;
}

}  // namespace

TEST_CASE("nothing changed is nothing to show") {
  CHECK(unified_diff("a\nb\n", "a\nb\n", "x", "y").empty());
}

TEST_CASE("a changed line is shown with three lines around it") {
  CHECK(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n", "a", "b") ==
        "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n");
}

TEST_CASE("changes far apart are hunks of their own") {
  std::string from;
  for (int i = 0; i < 30; ++i) {
    from += std::to_string(i) + "\n";
  }
  std::string to = from;
  to.replace(to.find("3\n"), 1, "three");
  to.replace(to.find("25\n"), 2, "X");
  const auto diff = unified_diff(from, to, "a", "b");
  CHECK(diff.find("@@ -1,7 +1,7 @@") != std::string::npos);
  CHECK(diff.find("@@ -23,7 +23,7 @@") != std::string::npos);
  CHECK(patched(from, diff) == to);
}

TEST_CASE("a missing last line end is told as diff does") {
  CHECK(unified_diff("a", "a\n", "x", "y") ==
        "--- x\n+++ y\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

TEST_CASE("from nothing and to nothing") {
  CHECK(unified_diff("", "a\nb\n", "x", "y") == "--- x\n+++ y\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  CHECK(unified_diff("a\n", "", "x", "y") == "--- x\n+++ y\n@@ -1 +0,0 @@\n-a\n");
}

TEST_CASE("applying the diff to the old text gives the new one, for a thousand random edits") {
  std::mt19937 random(7);
  for (int round = 0; round < 1000; ++round) {
    std::string from;
    std::string to;
    const auto lines = random() % 40;
    for (unsigned i = 0; i < lines; ++i) {
      const std::string line = std::string(1, static_cast<char>('a' + random() % 5)) + "\n";
      if (random() % 5 != 0) {
        from += line;
      }
      if (random() % 5 != 0) {
        to += line;
      }
    }
    if (from != to) {
      CAPTURE(from);
      CAPTURE(to);
      CHECK(patched(from, unified_diff(from, to, "a", "b")) == to);
    }
  }
}

TEST_CASE("two large texts that share nothing are shown as replaced, soon") {
  std::string from;
  std::string to;
  for (int i = 0; i < 50'000; ++i) {
    from += "old " + std::to_string(i) + "\n";
    to += "new " + std::to_string(i) + "\n";
  }
  const auto diff = unified_diff(from, to, "a", "b");
  CHECK(patched(from, diff) == to);
}
