#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace tidemark {

// What a server says beside its answer: that IF NOT EXISTS skipped something, say. All texts of a
// server are one line each, shortened when they are long.
struct Notice {
  std::string severity;  // in English: "NOTICE", "WARNING"
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
  friend bool operator==(const Notice&, const Notice&) = default;
};

// Why a statement failed: the first error, whatever came after it.
struct WriteFailure {
  Error error;  // for people, and says where
  // What the server said; empty when it said nothing.
  std::string sqlstate{};
  std::string message{};
  std::string detail{};
  std::string hint{};
  std::string context{};
  std::optional<std::size_t> position{};  // a character of what was sent, from 1
  std::vector<std::string> tags{};        // of the first statements that were done before
  // The connection is gone, and with it whoever could tell what became of what was sent.
  bool lost = false;
};

// What a server answered: to several statements, the last one's answer.
struct Ran {
  std::string tag;                // "CREATE TABLE", "COMMIT"; empty when there was nothing to do
  std::vector<std::string> tags;  // of the first statements
  // Of a long answer the first ones; what COPY TO STDOUT gives is not kept at all.
  std::vector<std::vector<std::optional<std::string>>> rows;
  bool shortened = false;           // there were more
  std::vector<Notice> notices;      // the first ones, of all statements
  std::size_t notices_dropped = 0;  // so many more came
};

}  // namespace tidemark
