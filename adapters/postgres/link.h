#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/handle.h"
#include "adapters/postgres/statement.h"
#include "adapters/postgres/wait.h"

namespace tidemark {

struct Command {
  const char* literal;
  std::vector<std::optional<std::string>> values;
  std::string made;  // unless empty, of the literal, and sent instead
  const char* sql() const { return made.empty() ? literal : made.c_str(); }
};

struct Bounds {
  Deadline deadline;
  std::uint64_t rows_max;
  std::uint64_t bytes_max;
  // A large answer is noticed while it is small, for twice the work.
  bool row_by_row = true;
};

class RowSink;

// An open connection in pipeline mode. It knows nothing of transactions and of what is sent.
class Link {
 public:
  using Ending = std::expected<std::string, ReadFailure>;

  static std::expected<std::unique_ptr<Link>, ReadFailure> make(
      const asio::any_io_executor& executor, ConnectionHandle connection);

  // Sends all commands and one Sync, and gives the rows to `sink`; its answer is the last command's
  // tag. The first error stands for all; the server skips what comes after it. Whatever else
  // happens, late, cancelled, lost, too much or not understood, closes the link. What is passed by
  // reference must live until then.
  Awaitable<Ending> exchange(std::span<const Command> commands, Bounds bounds, RowSink& sink);

  bool open() const { return connection_ != nullptr; }
  // Not in a transaction, as far as the server said.
  bool idle() const;
  // An exchange that is under way ends soon, as cancelled.
  void close();
  int server_version() const;

 private:
  Link(ConnectionHandle connection, asio::posix::stream_descriptor socket);
  struct Exchange;
  bool send(std::span<const Command> commands, bool row_by_row);
  Awaitable<Woke> receive(Exchange& exchange);
  void consume(Exchange& exchange);

  ConnectionHandle connection_;
  asio::posix::stream_descriptor socket_;
  bool local_;  // over a Unix socket
};

}  // namespace tidemark
