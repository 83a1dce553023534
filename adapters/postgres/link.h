#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/handle.h"
#include "adapters/postgres/statement.h"
#include "adapters/postgres/wait.h"

namespace tidemark {

struct Command {
  std::string sql;
  std::vector<std::optional<std::string>> values;
};

struct Reply {
  ResultSet rows;
  std::string tag;  // "COMMIT"
};

struct Bounds {
  Deadline deadline;
  std::uint64_t rows_max;
  std::uint64_t bytes_max;
  std::size_t tags_only;  // so many of the first replies: nobody wants their rows
};

class ReplyCollector;

// An open connection in pipeline mode. It knows nothing of transactions and of what is sent.
class Link {
 public:
  using Replies = std::expected<std::vector<Reply>, ReadFailure>;

  static std::expected<std::unique_ptr<Link>, ReadFailure> make(
      const asio::any_io_executor& executor, ConnectionHandle connection);

  // Sends all commands and one Sync, and takes a reply for each. The first error stands for all;
  // the server skips what comes after it. Whatever else happens, late, cancelled, lost, too much
  // or not understood, closes the link.
  Awaitable<Replies> exchange(std::vector<Command> commands, Bounds bounds);

  bool open() const { return connection_ != nullptr; }
  // Not in a transaction, as far as the server said.
  bool idle() const;
  // An exchange that is under way ends soon, as cancelled.
  void close();
  int server_version() const;

 private:
  Link(ConnectionHandle connection, asio::posix::stream_descriptor socket);
  bool send(const std::vector<Command>& commands);
  Awaitable<Woke> receive(ReplyCollector& collector, Deadline deadline);
  void consume(ReplyCollector& collector);
  std::uint64_t taken() { return local_ ? 0 : bytes_taken(socket_.native_handle()); }

  ConnectionHandle connection_;
  asio::posix::stream_descriptor socket_;
  bool local_;               // over a Unix socket, of which nobody knows how much came
  std::uint64_t taken_ = 0;  // from the socket, before the exchange
};

}  // namespace tidemark
