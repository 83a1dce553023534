#include "adapters/postgres/answer_digest.h"

namespace tidemark {

void AnswerDigest::add(std::optional<std::string_view> value) {
  if (value) {
    text_ += std::to_string(value->size());
    text_ += ':';
    text_ += *value;
  } else {
    text_ += '-';
  }
}

Digest digest_of(std::span<const ResultSet> answers) {
  AnswerDigest digest;
  for (const auto& answer : answers) {
    for (const auto& row : answer.rows) {
      for (const auto& value : row) {
        digest.add(value);
      }
      digest.end_row();
    }
    digest.end_answer();
  }
  return digest.digest();
}

}  // namespace tidemark
