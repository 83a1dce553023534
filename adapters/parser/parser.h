#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/parser/limits.h"
#include "core/result.h"
#include "core/sql/script.h"

namespace tidemark {

// Where tidemark-parser is: beside this program in a folder of a build, in libexec when installed.
std::filesystem::path parser_program();

// PostgreSQL's own parser behind a wall: tidemark-parser, a process that may die of what it reads.
class Parser {
 public:
  explicit Parser(std::filesystem::path program,
                  std::chrono::milliseconds patience = parser_patience)
      : program_(std::move(program)), patience_(patience) {}

  // A script for each file, or why there is none: `retry` where another time may do, `cancelled`
  // when told to stop, `not_found` without the program. A file that kills the parser, or is too
  // much for it, is a script with that problem, and those behind it are read by another process.
  // Blocks: for a pool's thread.
  std::vector<Result<Script>> parse(std::span<const std::string_view> files,
                                    const std::stop_token& stop = {}) const;

 private:
  std::filesystem::path program_;
  std::chrono::milliseconds patience_;
};

}  // namespace tidemark
