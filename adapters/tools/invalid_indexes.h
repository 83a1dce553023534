#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/read_session.h"
#include "adapters/postgres/statement.h"
#include "core/ledger/observation.h"

namespace tidemark {

// Finds the indexes that a concurrent build left invalid. One that is still being built is invalid
// too, and rightly so: only what nobody works on is told, and what was told stays so until it is
// valid or gone, whoever mends it meanwhile. Remembers what it told.
class InvalidIndexes {
 public:
  // `schema` is empty where the environment is a whole database.
  InvalidIndexes(std::string schema, ReadLimits limits)
      : schema_(std::move(schema)), limits_(limits) {}

  // Part of every look, as it costs little: whether any index at all is invalid. Another answer
  // means that there are others.
  static ReadQuery any();

  // `answer` is that to any(). A standby shows what its primary builds, and not that it does: there
  // nothing is told that was not before.
  Awaitable<std::expected<std::monostate, ReadFailure>> find(ReadSession& session,
                                                             ResultSet answer,
                                                             bool standby);

  // As found last, by name.
  const std::vector<InvalidIndex>& left() const { return left_; }

  // False while somebody works on one that was not told: how that ends changes no answer to any().
  bool decided() const { return decided_; }

 private:
  void decide(const std::vector<ResultSet>& answers, bool standby);

  std::string schema_;
  ReadLimits limits_;
  std::vector<InvalidIndex> left_;
  bool decided_ = true;
};

}  // namespace tidemark
