#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/loop/asio.h"
#include "adapters/postgres/connect.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/replies.h"
#include "adapters/postgres/transport.h"
#include "adapters/postgres/wait.h"
#include "adapters/postgres/wire.h"

namespace tidemark {

// An open connection. libpq has opened it, and closes it; what is said in between is said here. It
// knows nothing of transactions and of what is sent.
class Link {
 public:
  using Ending = std::expected<std::string, ReadFailure>;

  explicit Link(OpenedConnection connection);

  // Sends all commands and one Sync, and gives the rows to `sink`; its answer is the last command's
  // tag. The first error stands for all; the server skips what comes after it. Whatever else
  // happens, late, cancelled, lost, too much or not understood, closes the link. What is passed by
  // reference must live until then.
  Awaitable<Ending> exchange(std::span<const Command> commands,
                             Deadline deadline,
                             AnswerBounds bounds,
                             RowSink* sink);

  bool open() const { return connection_ != nullptr; }
  // Not in a transaction, as far as the server said.
  bool idle() const { return open() && idle_; }
  // An exchange that is under way ends soon, as cancelled.
  void close();
  int server_version() const;

 private:
  struct Talk;
  void begin(Talk& talk, std::span<const Command> commands);
  void go_on(Talk& talk);
  void read(Talk& talk);
  Ending ending_of(Talk& talk);
  static ReadFailure why_over(Talk talk);

  ConnectionHandle connection_;
  Transport transport_;
  asio::posix::stream_descriptor socket_;
  MessageReader messages_;
  bool idle_ = true;
};

}  // namespace tidemark
