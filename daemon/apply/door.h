#pragma once

#include <memory>
#include <optional>
#include <string>

#include "adapters/config/settings.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "adapters/postgres/route.h"
#include "adapters/postgres/write_session.h"
#include "core/environment/managed.h"
#include "core/result.h"
#include "daemon/watch/connections.h"

namespace tidemark {

class Resolver;

// A session, which has its place among those to its server for as long as it is there.
struct PlacedSession {
  Connections::Place place;
  std::unique_ptr<WriteSession> session;
  WriteSession& operator*() const { return *session; }
  WriteSession* operator->() const { return session.get(); }
};

// The two of an apply: one works, the other looks after it. Both lead to the server itself.
struct ApplySessions {
  PlacedSession work;
  PlacedSession watch;
};

// Where sessions come from that can write to an environment's database.
class Door {
 public:
  Door(Connections& connections,
       Pool& connecting,
       Resolver& resolver,
       const EnvironmentRef& ref,
       const EnvironmentSettings& settings);

  // conflict: there is a pooler between us, behind which each transaction may get another session.
  Awaitable<Result<ApplySessions>> open(ManagedEnvironment environment);
  Awaitable<Result<PlacedSession>> open_one(ManagedEnvironment environment);
  // One that only asks, under a name of its own: to whoever applies it is nobody at work.
  Awaitable<Result<PlacedSession>> open_to_plan(ManagedEnvironment environment);

 private:
  Awaitable<Result<PlacedSession>> wait_and_open(std::shared_ptr<const Route> route,
                                                 ManagedEnvironment environment);
  Awaitable<Result<PlacedSession>> open_by(std::shared_ptr<const Route> route,
                                           ManagedEnvironment environment,
                                           Connections::Place place);
  Awaitable<Result<void>> granted(const Connections::Place& place) const;
  Awaitable<Result<std::string>> read_password();

  Connections& connections_;
  Pool& connecting_;
  Resolver& resolver_;
  std::string name_;
  std::string schema_;  // where names are looked for; empty: where the role has them
  std::string server_;
  std::shared_ptr<const Route> route_;  // null: has no database
  std::shared_ptr<const Route> route_to_plan_;
  std::optional<PasswordSource> password_;
};

}  // namespace tidemark
