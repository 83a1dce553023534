#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "adapters/postgres/statement.h"
#include "core/catalog/content.h"

namespace tidemark {

// Made of the rows of some answers, one after the other: the same for others only if they have the
// same rows.
class AnswerDigest {
 public:
  AnswerDigest() { text_.reserve(usual_size); }
  // As the protocol has it: how many values, and each with its length before it.
  void add_row(std::string_view row) { text_ += row; }
  // No row begins like that.
  void end_answer() { text_ += "\xff\xff"; }
  Digest digest() const { return sha256(text_); }

 private:
  static constexpr std::size_t usual_size = 1000;
  std::string text_;
};

Digest digest_of(std::span<const ResultSet> answers);

}  // namespace tidemark
