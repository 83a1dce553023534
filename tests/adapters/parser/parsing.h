#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/parser/parser.h"

namespace tidemark::test {

// The program of this build.
std::filesystem::path built_parser();

// What it makes of a file; the test ends when that is nothing.
Script parsed(std::string_view file);

// The only statement of a file.
Statement statement(std::string_view file);

// "transaction_control 3:1", for each problem.
std::vector<std::string> problems(const Script& script);

std::string repeated(std::string_view part, int times);

// A program that stands in for the parser: a script of the shell, in a folder of its own.
class StandIn {
 public:
  explicit StandIn(const std::string& script);
  ~StandIn();
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;

  std::filesystem::path program() const { return folder_ / "program"; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace tidemark::test
