#include "adapters/postgres/connect.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/postgres/advice.h"
#include "adapters/postgres/attempt.h"
#include "adapters/postgres/endpoint.h"
#include "adapters/postgres/plain_startup.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;
using Connected = std::expected<OpenedConnection, ReadFailure>;

// Certain not to exist: what libpq shall not look for, least of all in $HOME.
constexpr auto no_file = "/dev/null/none";
constexpr auto system_authorities = "/etc/ssl/certs/ca-certificates.crt";

// What is tried, of one address: with several, a try may take that part of the time left.
constexpr std::chrono::steady_clock::rep shares_max = 3;
constexpr std::size_t addresses_of_name_max = 8;

// Of what a server says before it lets us in; libpq keeps every parameter that it reports.
constexpr std::uint64_t greeting_bytes_max = 1U << 20U;

// By all_parameters() and of_try().
constexpr std::size_t added_max = 16;

Parameters all_parameters(Target target, std::string application_name) {
  auto& parameters = target.parameters;
  parameters.reserve(parameters.size() + added_max);
  const bool verifies =
      parameters.try_emplace("sslmode", "disable").first->second.starts_with("verify");
  // Where `require` finds authorities it behaves as verify-ca, so it gets none that nobody asked
  // for.
  parameters.try_emplace("sslrootcert", verifies ? system_authorities : no_file);
  parameters.try_emplace("sslcert", no_file);
  parameters.try_emplace("sslkey", no_file);
  if (!parameters.contains("sslcrldir")) {
    parameters.try_emplace("sslcrl", no_file);
  }
  parameters["passfile"] = no_file;
  parameters["gssencmode"] = "disable";
  parameters["client_encoding"] = "UTF8";
  parameters["application_name"] = std::move(application_name);
  return std::move(parameters);
}

struct Try {
  Endpoint endpoint;
  std::string note;  // of an address that is not fresh
  std::string tls;
  std::string session;
};

// The modes that mean several tries, each by itself: so that what a try is about is known before
// it begins.
std::vector<std::string> tries_for(const std::string& word) {
  static const std::map<std::string, std::vector<std::string>> several = {
      {"prefer", {"require", "disable"}},
      {"allow", {"disable", "require"}},
      {"prefer-standby", {"standby", "any"}},
  };
  const auto found = several.find(word);
  return found == several.end() ? std::vector<std::string>{word} : found->second;
}

struct Reachable {
  Endpoint endpoint;
  std::string note;
};

std::vector<Try> tries(const Parameters& parameters, const std::vector<Reachable>& reachable) {
  const auto wished = parameters.find("target_session_attrs");
  std::vector<Try> all;
  for (const auto& session : tries_for(wished == parameters.end() ? "any" : wished->second)) {
    for (const auto& [endpoint, note] : reachable) {
      const auto& mode = parameters.at("sslmode");
      for (const auto& tls : tries_for(endpoint.over_tcp() ? mode : "disable")) {
        all.push_back({endpoint, note, tls, session});
      }
    }
  }
  return all;
}

Parameters of_try(Parameters parameters, const Try& one) {
  parameters["host"] = one.endpoint.host;
  parameters.erase("hostaddr");
  if (!one.endpoint.address.empty()) {
    parameters["hostaddr"] = one.endpoint.address;
  }
  parameters["port"] = one.endpoint.port;
  parameters["sslmode"] = one.tls;
  parameters["target_session_attrs"] = one.session;
  return parameters;
}

// Waits for what the attempt waits for, on a socket that may be another one than the last time.
// `reading` never waits until it can be written to: Asio would wake it for ever after when it can.
Awaitable<std::expected<Woke, ReadFailure>> wait_for_turn(WatchedSocket& reading,
                                                          const Attempt& attempt,
                                                          Deadline deadline) {
  std::optional<WatchedSocket> writing;
  if (attempt.interest() == Interest::write) {
    const auto executor = co_await asio::this_coro::executor;
    writing.emplace(executor);
  }
  WatchedSocket& socket = writing ? *writing : reading;
  if (auto watched = socket.watch(attempt.connection()); !watched) {
    co_return std::unexpected(std::move(watched.error()));
  }
  const auto woke = co_await wait_ready(socket.socket(), attempt.interest(), deadline);
  co_return woke;
}

// Takes what the server says, until it has let us in.
Awaitable<std::expected<Woke, ReadFailure>> take_steps(Pool& pool,
                                                       WatchedSocket& socket,
                                                       std::shared_ptr<Attempt> attempt,
                                                       Deadline deadline) {
  std::optional<PlainStartup> guard;
  for (;;) {
    if (attempt->next_step_is_short()) {
      attempt->step();
    } else {
      auto step = [attempt] { attempt->step(); };
      const auto woke = co_await run_step(pool, std::move(step), deadline);
      if (woke != Woke::ready) {
        co_return woke;
      }
    }
    if (!attempt->waits()) {
      co_return Woke::ready;
    }
    // A Unix socket is connected as soon as that is wished.
    const int descriptor = PQsocket(attempt->connection());
    if (attempt->interest() == Interest::write && is_writable(descriptor)) {
      continue;
    }
    if (attempt->over_tcp() && bytes_taken(descriptor) > greeting_bytes_max) {
      co_return std::unexpected(ReadFailure{
          {Errc::broken,
           "says more than " + std::to_string(greeting_bytes_max) + " bytes before it lets us in"},
          ""});
    }
    if (!guard && attempt->could_tell_password()) {
      const auto executor = co_await asio::this_coro::executor;
      auto placed = PlainStartup::before(executor, attempt->connection());
      if (!placed) {
        co_return std::unexpected(std::move(placed.error()));
      }
      guard.emplace(std::move(*placed));
    }
    std::expected<Woke, ReadFailure> woke = Woke::ready;
    if (guard && !guard->over()) {
      woke = co_await guard->wait(deadline);
    } else {
      woke = co_await wait_for_turn(socket, *attempt, deadline);
    }
    if (!woke || *woke != Woke::ready) {
      co_return woke;
    }
  }
}

Awaitable<Connected> connect_once(Pool& pool, std::shared_ptr<Attempt> attempt, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  WatchedSocket socket(executor);
  auto woke = co_await take_steps(pool, socket, attempt, deadline);
  if (!woke) {
    co_return std::unexpected(advised(std::move(woke.error())));
  }
  if (*woke != Woke::ready) {
    auto failure = not_in_time(*woke, deadline);
    if (*woke == Woke::late) {
      failure.error.detail += ": check host and port in database:";
    }
    co_return std::unexpected(std::move(failure));
  }
  if (!attempt->connected()) {
    co_return std::unexpected(attempt->failure());
  }
  if (auto watched = socket.watch(attempt->connection()); !watched) {
    co_return std::unexpected(std::move(watched.error()));
  }
  co_return OpenedConnection{attempt->take(), std::move(socket.socket())};
}

// The endpoints with their addresses; a name has several, or none, which is a failure.
struct Found {
  std::vector<Reachable> reachable;
  std::vector<ReadFailure> failures;
};

Found as_they_are(std::vector<Endpoint> endpoints) {
  Found found;
  for (auto& endpoint : endpoints) {
    found.reachable.push_back({std::move(endpoint), ""});
  }
  return found;
}

Awaitable<Found> look_up_names(Resolver& resolver,
                               std::vector<Endpoint> endpoints,
                               Deadline deadline) {
  std::vector<std::string> names;
  for (const auto& endpoint : endpoints) {
    if (endpoint.needs_lookup()) {
      names.push_back(endpoint.host);
    }
  }
  const auto outcomes = co_await resolver.resolve(std::move(names), deadline);
  Found found;
  auto outcome = outcomes.begin();
  for (auto& endpoint : endpoints) {
    if (!endpoint.needs_lookup()) {
      found.reachable.push_back({std::move(endpoint), ""});
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
      found.reachable.push_back({endpoint, addresses->kept_because});
    }
  }
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

ReadFailure told_of(const Try& one, bool one_of_several, ReadFailure failure) {
  const auto& [host, address, port] = one.endpoint;
  auto& detail = failure.error.detail;
  if (one_of_several || (!address.empty() && address != host)) {
    detail = (address.empty() ? host : address) + ": " + detail;
  }
  if (!one.note.empty()) {
    detail += " (its last known address: " + one.note + ")";
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
                                     Target target,
                                     std::string password,
                                     std::string application_name,
                                     Deadline deadline) {
  auto parameters = all_parameters(std::move(target), std::move(application_name));
  auto endpoints = endpoints_in(parameters);
  // Where there are several, the others shall not wait in vain for one whose name is lost.
  const auto for_names = share_of(deadline, endpoints.size());
  Found found;
  if (std::ranges::any_of(endpoints, &Endpoint::needs_lookup)) {
    found = co_await look_up_names(resolver, std::move(endpoints), for_names);
  } else {
    found = as_they_are(std::move(endpoints));
  }
  auto& failures = found.failures;
  const auto all = tries(parameters, found.reachable);
  for (std::size_t i = 0; i < all.size() && (failures.empty() || !is_final(failures.back())); ++i) {
    const bool last = i + 1 == all.size();
    auto attempt = std::make_shared<Attempt>(
        of_try(last ? std::move(parameters) : parameters, all[i]), password);
    const auto share = share_of(deadline, all.size() - i);
    auto connected = co_await connect_once(pool, std::move(attempt), share);
    if (connected) {
      wipe(password);
      co_return connected;
    }
    failures.push_back(told_of(all[i], all.size() > 1, std::move(connected.error())));
  }
  wipe(password);
  const auto worst = std::ranges::find_if(failures, is_final);
  if (worst != failures.end()) {
    co_return std::unexpected(*worst);
  }
  co_return std::unexpected(all_of(failures));
}

}  // namespace tidemark
