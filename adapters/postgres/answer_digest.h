#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/postgres/statement.h"
#include "core/catalog/content.h"

namespace tidemark {

// Made of the values of some answers, one after the other: the same for others only if they have
// the same values.
class AnswerDigest {
 public:
  AnswerDigest() { text_.reserve(usual_size); }
  void add(std::optional<std::string_view> value);
  void end_row() { text_ += '\n'; }
  void end_answer() { text_ += ';'; }
  Digest digest() const { return sha256(text_); }

 private:
  static constexpr std::size_t usual_size = 1000;
  std::string text_;
};

Digest digest_of(std::span<const ResultSet> answers);

}  // namespace tidemark
