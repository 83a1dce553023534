#include "adapters/postgres/link.h"

#include <array>
#include <cassert>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tidemark {

struct Link::Talk {
  std::string said;
  std::string_view unsent;
  ReplyReader reader;
  std::optional<ReadFailure> lost;
  bool over() const { return reader.done() || reader.hopeless() || lost; }
};

Link::Link(ConnectionHandle connection, asio::posix::stream_descriptor socket)
    : connection_(std::move(connection)),
      transport_(connection_.get()),
      socket_(std::move(socket)) {}

std::expected<std::unique_ptr<Link>, ReadFailure> Link::make(const asio::any_io_executor& executor,
                                                             ConnectionHandle connection) {
  auto socket = watched_socket(executor, connection.get());
  if (!socket) {
    return std::unexpected(socket.error());
  }
  return std::unique_ptr<Link>(new Link(std::move(connection), std::move(*socket)));
}

Awaitable<Link::Ending> Link::exchange(std::span<const Command> commands,
                                       Deadline deadline,
                                       AnswerBounds bounds,
                                       RowSink* sink) {
  assert(open());
  Talk current{
      pipeline_of(commands), {}, ReplyReader(messages_, commands.size(), bounds, sink), {}};
  current.unsent = current.said;
  idle_ = false;
  const auto woke = co_await talk(current, deadline);
  if (woke != Woke::ready) {
    close();
    co_return std::unexpected(not_in_time(woke, deadline));
  }
  const ReplyReader& reader = current.reader;
  if (!reader.done()) {
    close();
    // The server's own word first, why it closes.
    co_return std::unexpected(reader.failure() ? *reader.failure() : std::move(*current.lost));
  }
  idle_ = reader.idle();
  if (reader.failure()) {
    co_return std::unexpected(*reader.failure());
  }
  co_return reader.last_tag();
}

Awaitable<Woke> Link::talk(Talk& talk, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  for (;;) {
    const auto interest = move(talk);
    if (talk.over()) {
      co_return Woke::ready;
    }
    auto woke = Woke::ready;
    if (interest) {
      woke = co_await wait_ready(socket_, *interest, deadline);
    } else if (std::chrono::steady_clock::now() < deadline.at) {
      co_await asio::post(executor, asio::use_awaitable);  // others have their turn
    } else {
      woke = Woke::late;
    }
    if (woke != Woke::ready) {
      co_return woke;
    }
    if (!open()) {
      co_return Woke::cancelled;
    }
  }
}

// Reads while it sends: a server that waits for us to read would never read the rest.
std::optional<Interest> Link::move(Talk& talk) {
  auto interest = Interest::read;
  if (!talk.unsent.empty()) {
    const bool first = talk.unsent.size() == talk.said.size();
    const auto sent = transport_.write(talk.unsent);
    if (!sent) {
      // Closed by the server, which may have said why.
      talk.lost = sent.error();
      talk.unsent = {};
    } else {
      talk.unsent.remove_prefix(sent->bytes);
      interest =
          talk.unsent.empty() || sent->next == Interest::read ? Interest::read : Interest::either;
      if (first) {
        return interest;  // nothing can have come
      }
    }
  }
  std::array<char, 65536> come;
  const auto got = transport_.read(come);
  if (!got) {
    if (!talk.lost) {
      talk.lost = got.error();
    }
    return interest;
  }
  if (got->bytes > 0) {
    talk.reader.read({come.data(), got->bytes});
  }
  if (!got->all_there_is) {
    return std::nullopt;
  }
  return got->next == Interest::write ? Interest::either : interest;
}

void Link::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  connection_.reset();
}

int Link::server_version() const {
  return PQserverVersion(connection_.get());
}

}  // namespace tidemark
