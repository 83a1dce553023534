#include "daemon/apply/door.h"

#include "adapters/config/secret.h"
#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "adapters/postgres/server_questions.h"
#include "adapters/postgres/target.h"
#include "core/apply/steps.h"

namespace tidemark {

namespace {

constexpr std::chrono::milliseconds connect_within{10'000};
constexpr std::chrono::milliseconds place_within{30'000};

// What a statement may take has no end, so that of a server that is gone without a word only the
// network tells. Whoever set something of it knows better.
Target heard_of_when_gone(Target target) {
  target.parameters.try_emplace("keepalives_idle", "5");
  target.parameters.try_emplace("keepalives_interval", "3");
  target.parameters.try_emplace("keepalives_count", "3");
  target.parameters.try_emplace("tcp_user_timeout", "15000");
  return target;
}

}  // namespace

Door::Door(Connections& connections,
           Pool& connecting,
           Resolver& resolver,
           const EnvironmentRef& ref,
           const EnvironmentSettings& settings)
    : connections_(connections),
      connecting_(connecting),
      resolver_(resolver),
      name_(ref.text()),
      schema_(settings.schema),
      password_(settings.password) {
  const auto& named = settings.direct ? settings.direct : settings.database;
  if (named) {
    const auto target = heard_of_when_gone(*named);
    server_ = server_of(target);
    route_ = std::make_shared<const Route>(target, "tidemark " + name_ + " migration");
    route_to_plan_ = std::make_shared<const Route>(target, "tidemark " + name_ + " plan");
  }
}

Awaitable<Result<std::string>> Door::read_password() {
  if (!password_) {
    co_return std::string();
  }
  auto work = [source = *password_](const std::stop_token& stop) {
    return read_secret(source, stop);
  };
  auto secret = co_await connecting_.run(std::move(work));
  if (secret) {
    redact(*secret);
  }
  co_return secret;
}

Awaitable<Result<void>> Door::granted(const Connections::Place& place) const {
  const auto until = std::chrono::steady_clock::now() + place_within;
  // Places are given back within a look, and looks have deadlines.
  while (!place.is_granted()) {
    if (std::chrono::steady_clock::now() >= until) {
      co_return fail(Errc::retry,
                     "no connection to " + server_ +
                         " became free: see `limits: {connections_per_server: …}`");
    }
    co_await wait_for(std::chrono::milliseconds{20});
  }
  co_return Result<void>{};
}

Awaitable<Result<PlacedSession>> Door::wait_and_open(std::shared_ptr<const Route> route,
                                                     ManagedEnvironment environment) {
  if (!route) {
    co_return fail(Errc::conflict, name_ + " has no `database:` in the config");
  }
  auto place = connections_.ask(server_, true, [] {});
  const auto waited = co_await granted(place);
  if (!waited) {
    co_return std::unexpected(waited.error());
  }
  auto session = co_await open_by(std::move(route), std::move(environment), std::move(place));
  co_return session;
}

Awaitable<Result<PlacedSession>> Door::open_by(std::shared_ptr<const Route> route,
                                               ManagedEnvironment environment,
                                               Connections::Place place) {
  auto password = co_await read_password();
  if (!password) {
    co_return std::unexpected(password.error());
  }
  auto session = co_await WriteSession::connect(
      environment, connecting_, resolver_, route, std::move(*password), connect_within);
  if (!session) {
    co_return fail("connect to " + route->where(), session.error().error);
  }
  const auto direct = co_await is_direct(**session);
  if (!direct) {
    co_return fail("connect to " + route->where(), direct.error().error);
  }
  if (!*direct) {
    co_return fail(
        Errc::conflict,
        route->where() +
            " is a pooler, behind which each transaction may get another session: applying needs "
            "a connection to the server itself. Name it in the config of " +
            name_ + " as `direct: postgresql://…`; `database:` may stay");
  }
  // Of a host that is gone without a word the server hears by keepalives; behind a proxy that
  // stays, only by silence.
  std::string settings =
      "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3";
  if ((*session)->server_version() >= 140000) {
    settings += "; SET idle_session_timeout = 60000";
  }
  if (!schema_.empty()) {
    settings += "; SET search_path = " + quoted_name(schema_);
  }
  const auto set = co_await (*session)->run(std::move(settings), connect_within);
  if (!set) {
    co_return fail("connect to " + route->where(), set.error().error);
  }
  PlacedSession placed{std::move(place), std::move(*session)};
  co_return placed;
}

Awaitable<Result<PlacedSession>> Door::open_one(ManagedEnvironment environment) {
  auto session = co_await wait_and_open(route_, std::move(environment));
  co_return session;
}

Awaitable<Result<PlacedSession>> Door::open_to_plan(ManagedEnvironment environment) {
  auto session = co_await wait_and_open(route_to_plan_, std::move(environment));
  co_return session;
}

Awaitable<Result<ApplySessions>> Door::open(ManagedEnvironment environment) {
  if (!route_) {
    co_return fail(Errc::conflict, name_ + " has no `database:` in the config");
  }
  if (!connections_.has_room_for(2)) {
    co_return fail(Errc::conflict,
                   "applying to " + name_ +
                       " takes two connections to its server, one to work and one to look after "
                       "it, and `limits: {connections_per_server: 1}` allows one: make it 2");
  }
  // One after the other, those who apply to several databases of one server would each have one and
  // wait for the second.
  auto [first, second] = connections_.ask_for_two(server_, true);
  const auto waited = co_await granted(first);
  if (!waited) {
    co_return std::unexpected(waited.error());
  }
  auto work = co_await open_by(route_, environment, std::move(first));
  if (!work) {
    co_return std::unexpected(work.error());
  }
  auto watch = co_await open_by(route_, std::move(environment), std::move(second));
  if (!watch) {
    co_return std::unexpected(watch.error());
  }
  ApplySessions sessions{std::move(*work), std::move(*watch)};
  co_return sessions;
}

}  // namespace tidemark
