#include "adapters/postgres/link.h"

#include <array>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tidemark {
namespace {

// What a batch usually has at the most.
constexpr std::size_t said_max = 1U << 16U;

Interest while_unsent(Interest next) {
  return next == Interest::read ? Interest::read : Interest::either;
}

Awaitable<Woke> let_others(Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline.at) {
    co_return Woke::late;
  }
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  co_return Woke::ready;
}

}  // namespace

struct Link::Talk {
  ReplyReader reader;
  std::string unsent;
  std::optional<ReadFailure> lost;
  bool over() const { return reader.done() || reader.hopeless() || lost; }
};

Link::Link(OpenedConnection connection)
    : connection_(std::move(connection.handle)),
      transport_(connection_.get()),
      socket_(std::move(connection.socket)) {}

Awaitable<Link::Ending> Link::exchange(std::span<const Command> commands,
                                       Deadline deadline,
                                       AnswerBounds bounds,
                                       RowSink* sink) {
  if (!open()) {
    co_return std::unexpected(ReadFailure{{Errc::retry, "the connection is closed"}, ""});
  }
  idle_ = false;
  Talk talk{ReplyReader(messages_, commands.size(), bounds, sink), {}, {}};
  std::optional<Interest> interest = begin(talk, commands);
  auto woke = Woke::ready;
  while (!talk.over()) {
    woke = interest ? co_await wait_ready(socket_, *interest, deadline)
                    : co_await let_others(deadline);
    if (woke == Woke::ready && !open()) {
      woke = Woke::cancelled;
    }
    if (woke != Woke::ready) {
      close();
      co_return std::unexpected(not_in_time(woke, deadline));
    }
    interest = go_on(talk);
  }
  const ReplyReader& reader = talk.reader;
  if (!reader.done()) {
    close();
    // The server's own word first, why it closes.
    co_return std::unexpected(reader.failure() ? *reader.failure() : std::move(*talk.lost));
  }
  idle_ = reader.idle();
  if (reader.failure()) {
    co_return std::unexpected(*reader.failure());
  }
  co_return reader.last_tag();
}

Interest Link::begin(Talk& talk, std::span<const Command> commands) {
  // One for all: what is said goes out at once, nearly always.
  static thread_local std::string said;
  if (said.capacity() > said_max) {
    said = std::string();
  }
  said.clear();
  append_pipeline(said, commands);
  const auto sent = transport_.write(said);
  if (!sent) {
    read(talk);  // closed by the server, which may have said why
    talk.lost = sent.error();
    return Interest::read;
  }
  if (sent->bytes == said.size()) {
    return Interest::read;
  }
  talk.unsent = said.substr(sent->bytes);
  return while_unsent(sent->next);
}

// Reads while it sends: a server that waits for us to read would never read the rest. Empty: there
// is more to read at once.
std::optional<Interest> Link::go_on(Talk& talk) {
  auto interest = Interest::read;
  if (!talk.unsent.empty()) {
    const auto sent = transport_.write(talk.unsent);
    if (!sent) {
      talk.lost = sent.error();
    } else {
      talk.unsent.erase(0, sent->bytes);
      interest = talk.unsent.empty() ? Interest::read : while_unsent(sent->next);
    }
  }
  return read(talk) ? std::nullopt : std::optional(interest);
}

// True when there is more.
bool Link::read(Talk& talk) {
  std::array<char, 65536> come;
  const auto got = transport_.read(come);
  if (!got) {
    talk.lost = got.error();
    return false;
  }
  if (got->bytes > 0) {
    talk.reader.read({come.data(), got->bytes});
  }
  return !got->all_there_is;
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
