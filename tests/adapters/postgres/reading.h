#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/read_session.h"
#include "adapters/postgres/resolver.h"
#include "tests/support/postgres_server.h"

namespace tidemark::test {

using Connected = std::expected<std::unique_ptr<ReadSession>, ReadFailure>;
using Rows = std::vector<std::vector<std::optional<std::string>>>;

// A loop and a pool of one thread, on which sessions are driven step by step. Throws when something
// has not ended within half a minute.
class Reading {
 public:
  explicit Reading(Resolver::Lookup lookup = look_up_name, ResolverLimits limits = {})
      : resolver_(loop_, std::move(lookup), limits) {}

  Connected connect(const std::string& address,
                    const std::string& password = "",
                    std::chrono::milliseconds within = ReadSession::connect_deadline);
  ReadSession::Answer read(ReadSession& session,
                           std::vector<ReadQuery> queries,
                           ReadLimits limits = {});

  std::expected<AnswerDigest::Value, ReadFailure> digest(ReadSession& session,
                                                         std::vector<ReadQuery> queries,
                                                         ReadLimits limits = {});

  // The same, cancelled after a while.
  Connected connect_cancelled(const std::string& address, std::chrono::milliseconds after);
  ReadSession::Answer read_cancelled(ReadSession& session,
                                     std::vector<ReadQuery> queries,
                                     std::chrono::milliseconds after);
  // The same, but the session is interrupted.
  ReadSession::Answer read_interrupted(ReadSession& session,
                                       std::vector<ReadQuery> queries,
                                       std::chrono::milliseconds after);

  Pool& pool() { return pool_; }

 private:
  asio::io_context loop_;
  Pool pool_{1};
  Resolver resolver_;
};

// Of this process.
std::uint64_t resident_bytes();

ReadQuery query(ReadStatement statement, std::vector<std::optional<std::string>> values = {});
ReadQuery query_on(TableName ledger, ReadStatement statement);

}  // namespace tidemark::test
