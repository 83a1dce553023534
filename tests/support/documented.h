#pragma once

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace tidemark::test {

using Statements = std::set<std::string>;

// In one line, whatever the white space.
inline std::string in_words(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) {
    line += (line.empty() ? "" : " ") + word;
  }
  return line;
}

// What deploy/STATEMENTS.md lists: before the ledgers of the single tools, and those.
struct Documented {
  Statements general;
  Statements of_tools;
};

inline Documented documented(const std::string& path) {
  Documented all;
  std::ifstream file(path);
  std::string statement;
  bool inside = false;
  bool of_tools = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "# Ledgers of the tools") {
      of_tools = true;
    } else if (line.starts_with("```")) {
      if (inside) {
        (of_tools ? all.of_tools : all.general).insert(in_words(std::exchange(statement, "")));
      }
      inside = !inside;
    } else if (inside) {
      statement += line + "\n";
    }
  }
  return all;
}

}  // namespace tidemark::test
