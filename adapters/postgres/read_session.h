#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/postgres/answer_digest.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/route.h"
#include "adapters/postgres/statement.h"
#include "core/result.h"

namespace tidemark {

class Link;
class Resolver;
struct Command;
struct Deadline;

struct ReadLimits {
  std::chrono::milliseconds statement_timeout{5000};  // the server gives up
  std::chrono::milliseconds lock_timeout{500};        // and before that when somebody is in the way
  std::chrono::milliseconds deadline{10000};          // we give up, whatever the server does
  // Of all answers of a batch together. More is Errc::broken and costs the connection.
  std::uint64_t rows_max = 1'000'000;
  std::uint64_t bytes_max = 256ULL << 20U;  // of memory, nearly
};

// Statements for one transaction, made once and sent again and again.
class ReadBatch {
 public:
  static Result<ReadBatch> make(std::vector<ReadQuery> queries, const ReadLimits& limits);

 private:
  friend class ReadSession;
  ReadBatch(std::vector<Command> commands, const ReadLimits& limits);
  std::shared_ptr<const std::vector<Command>> commands_;  // with what is sent around them
  ReadLimits limits_;
};

// One connection to a watched database that can only read: it sends nothing but ReadStatements,
// each batch pipelined as BEGIN TRANSACTION READ ONLY, settings for this transaction, the
// statements, COMMIT, in one round trip. Keeps no session state, so it works through a pooler in
// transaction mode.
class ReadSession {
 public:
  using Answer = std::expected<std::vector<ResultSet>, ReadFailure>;

  static constexpr std::chrono::milliseconds connect_deadline{10000};

  // Names are looked up by the resolver and connect steps that may take long run on the pool. The
  // password is wiped as soon as the server has taken it, and never sent in clear without TLS.
  static Awaitable<std::expected<std::unique_ptr<ReadSession>, ReadFailure>> connect(
      Pool& pool,
      Resolver& resolver,
      std::shared_ptr<const Route> route,
      std::string password,
      std::chrono::milliseconds within = connect_deadline);
  ~ReadSession();
  ReadSession(const ReadSession&) = delete;
  ReadSession& operator=(const ReadSession&) = delete;

  // One ResultSet for each query, all from one transaction. After a failure the session is usable
  // again or, if it cannot be, says so by usable().
  Awaitable<Answer> read(std::vector<ReadQuery> queries, ReadLimits limits);

  // digest_of() what read() would answer, for less: nothing is kept of it. For answers that are
  // small unless something changed.
  Awaitable<std::expected<AnswerDigest::Value, ReadFailure>> digest(const ReadBatch& batch);

  // A read that is under way ends soon, as cancelled; the session is not usable any more.
  void interrupt();

  bool usable() const;
  int server_version() const;  // 150020; 0 once it is not usable

 private:
  ReadSession(std::unique_ptr<Link> link, std::shared_ptr<const Route> route);
  bool in_transaction() const;
  Awaitable<ReadFailure> roll_back(ReadFailure failure, Deadline deadline);

  std::unique_ptr<Link> link_;
  std::shared_ptr<const Route> route_;
};

}  // namespace tidemark
