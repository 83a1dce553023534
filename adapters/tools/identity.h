#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/read_session.h"
#include "adapters/postgres/statement.h"
#include "core/environment/environment.h"
#include "core/time.h"

namespace tidemark {

// Asks which database it really is. Servers tell more or less of it, and a statement with a
// function that is not ours to call fails as a whole: so what is told is learnt first, and only
// that is asked afterwards.
class IdentityReader {
 public:
  // `schema` is empty where the environment is a whole database.
  IdentityReader(std::string schema, ReadLimits limits)
      : schema_(std::move(schema)), limits_(limits) {}

  // The answer to abilities() goes into learn(). What was refused is tried again after an hour, as
  // each time leaves an error in the server's log.
  static ReadQuery abilities();
  Awaitable<std::expected<std::monostate, ReadFailure>> learn(ReadSession& session,
                                                              ResultSet abilities,
                                                              TimePoint now);
  // The role whose privileges count; known once learnt.
  const std::string& role() const { return role_; }
  const std::string& database() const { return database_; }

  // Appended to a batch; its answers, in the same order, make an identity.
  void ask(std::vector<ReadQuery>& queries) const;
  struct Told {
    Identity identity;
    bool standby = false;
    std::size_t answers = 0;  // how many of them were for this
  };
  Told read(std::span<const ResultSet> answers) const;

 private:
  struct Part {
    bool told = false;
    std::optional<TimePoint> refused_at;
  };
  Awaitable<std::expected<std::monostate, ReadFailure>> try_out(
      ReadSession& session, Part& part, bool able, ReadStatement statement, TimePoint now);

  std::string schema_;
  ReadLimits limits_;
  std::string role_;
  std::string database_;
  Part system_;
  Part timeline_;
};

}  // namespace tidemark
