#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/read_session.h"
#include "adapters/postgres/route.h"
#include "adapters/postgres/statement.h"
#include "adapters/postgres/write_result.h"
#include "core/environment/managed.h"

namespace tidemark {

class Resolver;

// The one connection that can change a database, which therefore has to be a managed one. It sends
// what it is given, as it is, one thing at a time, and sets nothing by itself. It knows nothing of
// what a migration is.
class WriteSession {
 public:
  // As the server said last. Once the session is not usable, there is none.
  enum class Transaction { none, open, failed };

  using Answer = std::expected<Ran, WriteFailure>;

  // As ReadSession::connect(). PostgreSQL 13 or newer.
  static Awaitable<std::expected<std::unique_ptr<WriteSession>, ReadFailure>> connect(
      ManagedEnvironment environment,
      Pool& pool,
      Resolver& resolver,
      std::shared_ptr<const Route> route,
      std::string password,
      std::chrono::milliseconds within = ReadSession::connect_deadline);
  ~WriteSession();
  WriteSession(const WriteSession&) = delete;
  WriteSession& operator=(const WriteSession&) = delete;

  // Sends all of it by the simple protocol: several statements are one transaction, unless they say
  // otherwise, and the first error ends them. Waits as long as the server takes when no time is
  // given. Late, cancelled, interrupted or not understood: the connection is closed, the failure is
  // `lost`, and the server may go on with the statement for a while. To stop one and learn what
  // became of it, cancel() it from another session.
  Awaitable<Answer> run(std::string sql, std::optional<std::chrono::milliseconds> within = {});

  // One statement of our own, with values for its $1, $2, …
  Awaitable<Answer> ask(ReadStatement statement,
                        std::vector<std::optional<std::string>> values,
                        std::optional<std::chrono::milliseconds> within = {});

  // What runs ends soon, as cancelled; the session is not usable any more.
  void interrupt() { close(); }
  void close();

  bool usable() const;
  Transaction transaction() const { return transaction_; }
  int server_version() const;  // 150020; 0 once it is not usable
  // What was said when it connected: of a pooler, another one's or none at all. 0 once it is not
  // usable.
  int backend_pid() const;
  const std::string& where() const { return route_->where(); }  // for people

 private:
  struct Connection;
  WriteSession(std::unique_ptr<Connection> connection, std::shared_ptr<const Route> route);
  Awaitable<Answer> talk(bool sent,
                         std::size_t rows_max,
                         std::optional<std::chrono::milliseconds> within);
  Answer answer();
  Answer refused(Error error, bool lost = false) const;

  std::unique_ptr<Connection> connection_;
  std::shared_ptr<const Route> route_;
  Transaction transaction_ = Transaction::none;
};

}  // namespace tidemark
