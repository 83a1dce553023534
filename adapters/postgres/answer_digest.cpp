#include "adapters/postgres/answer_digest.h"

#include <random>
#include <string>

#include "adapters/postgres/wire.h"

namespace tidemark {
namespace {

// Who can write rows shall not find some that look like others.
SipHash::Key key_of_this_process() {
  static const SipHash::Key key = [] {
    std::random_device random;
    const auto word = [&random] { return std::uint64_t{random()} << 32U | random(); };
    return SipHash::Key{word(), word()};
  }();
  return key;
}

}  // namespace

AnswerDigest::AnswerDigest() : hash_(key_of_this_process()) {}

AnswerDigest::Value digest_of(std::span<const ResultSet> answers) {
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
  return digest.value();
}

}  // namespace tidemark
