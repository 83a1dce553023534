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

Awaitable<Woke> let_others(Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline.at) {
    co_return Woke::late;
  }
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() == asio::cancellation_type::none ? Woke::ready : Woke::cancelled;
}

Link::Ending is_closed() {
  return std::unexpected(ReadFailure{{Errc::retry, "the connection is closed"}, ""});
}

Link::Ending given_up(Woke woke, Deadline deadline) {
  return std::unexpected(not_in_time(woke, deadline));
}

}  // namespace

struct Link::Talk {
  ReplyReader reader;
  std::string unsent{};
  std::optional<ReadFailure> lost{};
  std::optional<Interest> next = Interest::read;  // empty: there is more to read at once
  bool over() const { return reader.done() || reader.hopeless() || lost; }
};

// What libpq has read beyond the server's welcome is lost, and it does not say whether there is
// any. No server has more to say then, but for reasons for which it closes too.
Link::Link(OpenedConnection connection)
    : connection_(std::move(connection.handle)),
      transport_(connection_.get()),
      socket_(std::move(connection.socket)) {}

Awaitable<Link::Ending> Link::exchange(std::span<const Command> commands,
                                       Deadline deadline,
                                       AnswerBounds bounds,
                                       RowSink* sink) {
  if (!open()) {
    co_return is_closed();
  }
  idle_ = false;
  Talk talk{.reader = ReplyReader(messages_, commands.size(), bounds, sink)};
  begin(talk, commands);
  while (!talk.over()) {
    auto woke = Woke::ready;
    if (talk.next) {
      woke = co_await wait_ready(socket_, *talk.next, deadline);
    } else {
      woke = co_await let_others(deadline);
    }
    if (woke == Woke::ready && !open()) {
      woke = Woke::cancelled;
    }
    if (woke != Woke::ready) {
      close();
      co_return given_up(woke, deadline);
    }
    go_on(talk);
  }
  co_return ending_of(talk);
}

Link::Ending Link::ending_of(Talk& talk) {
  const ReplyReader& reader = talk.reader;
  if (!reader.done() || talk.lost || !talk.unsent.empty()) {
    close();
    return std::unexpected(why_over(std::move(talk)));
  }
  idle_ = reader.idle();
  if (reader.failure()) {
    return std::unexpected(*reader.failure());
  }
  return reader.last_tag();
}

// The server's own word first, why it closes.
ReadFailure Link::why_over(Talk talk) {
  if (talk.reader.failure()) {
    return *talk.reader.failure();
  }
  return talk.lost ? std::move(*talk.lost)
                   : ReadFailure{{Errc::broken, "the server answered what it had not heard"}, ""};
}

void Link::begin(Talk& talk, std::span<const Command> commands) {
  // One for all: what is said goes out at once, nearly always.
  static thread_local std::string said;
  if (said.capacity() > said_max) {
    said = std::string();
  }
  said.clear();
  append_pipeline(said, commands);
  talk.reader.read({});  // what came after the last answer
  if (talk.reader.begun()) {
    talk.lost = ReadFailure{{Errc::broken, "the server answered before it was asked"}, ""};
    return;
  }
  const auto sent = transport_.write(said);
  if (!sent) {
    read(talk);  // closed by the server, which may have said why
    talk.lost = sent.error();
  } else if (sent->bytes < said.size()) {
    talk.unsent = said.substr(sent->bytes);
    talk.next = sent->next == Interest::read ? Interest::read : Interest::either;
  }
}

// Reads while it sends: a server that waits for us to read would never read the rest.
void Link::go_on(Talk& talk) {
  talk.next = Interest::read;
  if (!talk.unsent.empty()) {
    const auto sent = transport_.write(talk.unsent);
    if (!sent) {
      talk.lost = sent.error();
    } else {
      talk.unsent.erase(0, sent->bytes);
      if (!talk.unsent.empty() && sent->next == Interest::write) {
        talk.next = Interest::either;
      }
    }
  }
  read(talk);
}

void Link::read(Talk& talk) {
  std::array<char, 65536> come;
  const auto got = transport_.read(come);
  if (!got) {
    talk.lost = got.error();
    return;
  }
  if (got->bytes > 0) {
    talk.reader.read({come.data(), got->bytes});
  }
  if (!got->all_there_is) {
    talk.next.reset();
  } else if (got->next == Interest::write) {
    talk.next = Interest::either;
  }
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
