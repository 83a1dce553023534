#pragma once

#include <span>
#include <string_view>

#include "adapters/postgres/statement.h"
#include "core/text/siphash.h"

namespace tidemark {

// Made of the rows of some answers, one after the other: the same for others only if they have the
// same rows. Of this process; another one's differ.
class AnswerDigest {
 public:
  using Value = SipHash::Value;

  AnswerDigest();
  // As the protocol has it: how many values, and each with its length before it.
  void add_row(std::string_view row) { hash_.update(row); }
  // No row begins like that.
  void end_answer() { hash_.update("\xff\xff"); }
  Value value() const { return hash_.value(); }

 private:
  SipHash hash_;
};

AnswerDigest::Value digest_of(std::span<const ResultSet> answers);

}  // namespace tidemark
