#include "adapters/postgres/answer_digest.h"

#include "adapters/postgres/wire.h"

namespace tidemark {

Digest digest_of(std::span<const ResultSet> answers) {
  AnswerDigest digest;
  std::string bytes;
  for (const auto& answer : answers) {
    for (const auto& row : answer.rows) {
      bytes.clear();
      append_row(bytes, row);
      digest.add_row(bytes);
    }
    digest.end_answer();
  }
  return digest.digest();
}

}  // namespace tidemark
