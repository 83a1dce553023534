#include "adapters/postgres/connect.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "adapters/postgres/advice.h"
#include "adapters/postgres/connect_attempt.h"
#include "adapters/postgres/plain_startup.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;
using Connected = std::expected<OpenedConnection, ReadFailure>;

// What is tried, of one address: with several, a try may take that part of the time left.
constexpr std::chrono::steady_clock::rep shares_max = 3;
constexpr std::size_t addresses_of_name_max = 8;

// Of what a server says before it lets us in; libpq keeps every parameter that it reports.
constexpr std::uint64_t greeting_bytes_max = 1U << 20U;

ReadFailure not_connected(Woke woke, Deadline deadline) {
  auto failure = not_in_time(woke, deadline);
  if (woke == Woke::late) {
    failure.error.detail += ": check host and port in database:";
  }
  return failure;
}

// On a socket of its own: Asio would wake another for ever after when it can be written to.
Awaitable<std::expected<Woke, ReadFailure>> wait_until_writable(const PGconn* connection,
                                                                Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  WatchedSocket socket(executor);
  if (auto watched = socket.watch(connection); !watched) {
    co_return std::unexpected(std::move(watched.error()));
  }
  const auto woke = co_await wait_ready(socket.socket(), Interest::write, deadline);
  co_return woke;
}

// What waits for the server.
struct Waiting {
  explicit Waiting(const asio::any_io_executor& executor) : reading(executor) {}

  bool guarded() const { return guard && !guard->over(); }

  // Before each wait: the attempt may have another socket than the last time, and much may have
  // come on it.
  std::expected<void, ReadFailure> prepare(const ConnectAttempt& attempt) {
    const auto* connection = attempt.connection();
    if (attempt.over_tcp() && bytes_taken(PQsocket(connection)) > greeting_bytes_max) {
      return std::unexpected(ReadFailure{
          {Errc::broken,
           "says more than " + std::to_string(greeting_bytes_max) + " bytes before it lets us in"},
          ""});
    }
    if (!guard && attempt.could_tell_password()) {
      auto placed = PlainStartup::before(reading.socket().get_executor(), connection);
      if (!placed) {
        return std::unexpected(std::move(placed.error()));
      }
      guard = std::make_unique<PlainStartup>(std::move(*placed));
    }
    if (guarded() || attempt.interest() == Interest::write) {
      return {};
    }
    return reading.watch(connection);
  }

  WatchedSocket reading;
  std::unique_ptr<PlainStartup> guard;
};

// Takes one step after the other, until the server has let us in.
Awaitable<Connected> connect_once(Pool& pool,
                                  std::shared_ptr<ConnectAttempt> attempt,
                                  Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  Waiting waiting(executor);
  do {
    std::expected<Woke, ReadFailure> woke = Woke::ready;
    if (attempt->next_step_is_short()) {
      attempt->step();
    } else {
      auto step = [attempt] { attempt->step(); };
      woke = co_await run_step(pool, std::move(step), deadline);
    }
    if (*woke == Woke::ready && attempt->must_wait()) {
      const auto prepared = waiting.prepare(*attempt);
      if (!prepared) {
        co_return std::unexpected(advised(prepared.error()));
      }
      if (waiting.guarded()) {
        woke = co_await waiting.guard->wait(deadline);
      } else if (attempt->interest() == Interest::write) {
        woke = co_await wait_until_writable(attempt->connection(), deadline);
      } else {
        woke = co_await wait_ready(waiting.reading.socket(), Interest::read, deadline);
      }
    }
    if (!woke) {
      co_return std::unexpected(advised(std::move(woke.error())));
    }
    if (*woke != Woke::ready) {
      co_return std::unexpected(not_connected(*woke, deadline));
    }
  } while (attempt->waits());
  if (!attempt->connected()) {
    co_return std::unexpected(attempt->failure());
  }
  if (auto watched = waiting.reading.watch(attempt->connection()); !watched) {
    co_return std::unexpected(std::move(watched.error()));
  }
  co_return OpenedConnection{attempt->take(), std::move(waiting.reading.socket())};
}

// What there is to be tried. A name has several addresses, or none, which is a failure.
struct Found {
  std::vector<Try> tries;
  std::vector<ReadFailure> failures;
};

Awaitable<Found> look_up_names(Resolver& resolver, const Route& route, Deadline deadline) {
  std::vector<std::string> names;
  for (const auto& endpoint : route.endpoints()) {
    if (endpoint.needs_lookup()) {
      names.push_back(endpoint.host);
    }
  }
  const auto outcomes = co_await resolver.resolve(std::move(names), deadline);
  std::vector<Reachable> reachable;
  Found found;
  auto outcome = outcomes.begin();
  for (auto endpoint : route.endpoints()) {
    if (!endpoint.needs_lookup()) {
      reachable.push_back({std::move(endpoint)});
      continue;
    }
    const auto& addresses = *outcome++;
    if (!addresses) {
      found.failures.push_back({addresses.error(), ""});
      continue;
    }
    const auto count = std::min(addresses->all.size(), addresses_of_name_max);
    for (std::size_t i = 0; i < count; ++i) {
      endpoint.address = addresses->all[i];
      reachable.push_back({endpoint, addresses->kept_because});
    }
  }
  found.tries = route.tries(reachable);
  co_return found;
}

// A share of the time that is left, and all of it for the last one.
Deadline share_of(Deadline deadline, std::size_t tries_left) {
  const auto shares = std::min(static_cast<std::chrono::steady_clock::rep>(tries_left), shares_max);
  const auto now = Clock::now();
  const auto left = std::max(deadline.at - now, Clock::duration{0});
  return shares <= 1 ? deadline
                     : Deadline{std::chrono::round<std::chrono::milliseconds>(left / shares),
                                now + left / shares};
}

ReadFailure told_of(const Reachable& to, bool one_of_several, ReadFailure failure) {
  const auto& [host, address, port] = to.endpoint;
  auto& detail = failure.error.detail;
  if (one_of_several || (!address.empty() && address != host)) {
    detail = (address.empty() ? host : address) + ": " + detail;
  }
  if (!to.note.empty()) {
    detail += " (its last known address: " + to.note + ")";
  }
  return failure;
}

// As one: what somebody must change before what passes by itself.
ReadFailure all_of(const std::vector<ReadFailure>& failures) {
  const auto weight = [](const ReadFailure& failure) {
    return failure.error.code == Errc::denied ? 2 : failure.error.code == Errc::broken ? 1 : 0;
  };
  auto worst = *std::ranges::max_element(failures, {}, weight);
  std::string details;
  for (const auto& failure : failures) {
    const auto& detail = failure.error.detail;
    if (details.find(detail) == std::string::npos) {
      details += (details.empty() ? "" : "; ") + detail;
    }
  }
  worst.error.detail = std::move(details);
  return worst;
}

// A password that was refused is not offered again: accounts are locked for that.
bool is_final(const ReadFailure& failure) {
  return failure.error.code == Errc::cancelled || failure.sqlstate == "28P01";
}

}  // namespace

Awaitable<Connected> open_connection(Pool& pool,
                                     Resolver& resolver,
                                     std::shared_ptr<const Route> route,
                                     std::string password,
                                     Deadline deadline) {
  Found found;
  if (route->needs_lookup()) {
    // Where there are several, the others shall not wait in vain for one whose name is lost.
    const auto for_names = share_of(deadline, route->endpoints().size());
    found = co_await look_up_names(resolver, *route, for_names);
  }
  auto& failures = found.failures;
  const auto& all = route->needs_lookup() ? found.tries : route->tries();
  for (std::size_t i = 0; i < all.size() && (failures.empty() || !is_final(failures.back())); ++i) {
    auto attempt = std::make_shared<ConnectAttempt>(route, all[i], password);
    const auto share = share_of(deadline, all.size() - i);
    auto connected = co_await connect_once(pool, std::move(attempt), share);
    if (connected) {
      wipe(password);
      co_return connected;
    }
    failures.push_back(told_of(all[i].to, all.size() > 1, std::move(connected.error())));
  }
  wipe(password);
  const auto worst = std::ranges::find_if(failures, is_final);
  if (worst != failures.end()) {
    co_return std::unexpected(*worst);
  }
  co_return std::unexpected(all_of(failures));
}

}  // namespace tidemark
