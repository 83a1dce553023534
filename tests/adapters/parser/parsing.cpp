#include "tests/adapters/parser/parsing.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <span>

#include <doctest/doctest.h>

namespace tidemark::test {

std::filesystem::path built_parser() {
  return PARSER_PROGRAM;
}

Script parsed(std::string_view file) {
  const std::array files{file};
  const auto scripts = Parser(built_parser()).parse(files);
  REQUIRE(scripts.size() == 1);
  INFO((scripts[0] ? "" : scripts[0].error().detail));
  REQUIRE(scripts[0].has_value());
  return *scripts[0];
}

Statement statement(std::string_view file) {
  const auto script = parsed(file);
  CAPTURE(file);
  REQUIRE(script.statements.size() == 1);
  return script.statements[0];
}

std::vector<std::string> problems(const Script& script) {
  std::vector<std::string> all;
  for (const auto& each : script.problems) {
    all.push_back(std::string(to_string(each.kind)) + " " + std::to_string(each.place.line) + ":" +
                  std::to_string(each.place.column));
  }
  return all;
}

std::string repeated(std::string_view part, int times) {
  std::string text;
  for (int k = 0; k < times; ++k) {
    text += part;
  }
  return text;
}

StandIn::StandIn(const std::string& script) {
  std::string name = (std::filesystem::temp_directory_path() / "tidemark-parser-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
  std::ofstream(program()) << "#!/bin/sh\n" << script << "\n";
  std::filesystem::permissions(program(), std::filesystem::perms::owner_all);
}

StandIn::~StandIn() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace tidemark::test
