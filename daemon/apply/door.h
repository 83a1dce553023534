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

// The two sessions of an apply: one works, the other looks after it. Both lead to the server
// itself.
struct ApplySessions {
  // In there for as long as the sessions are.
  Connections::Place first;
  Connections::Place second;
  std::unique_ptr<WriteSession> work;
  std::unique_ptr<WriteSession> watch;
};

// Where sessions come from that can write to an environment's database.
class Door {
 public:
  Door(Connections& connections,
       Pool& connecting,
       Resolver& resolver,
       const EnvironmentRef& ref,
       const EnvironmentSettings& settings);

  // conflict: there is a pooler between us, that gives every transaction another session.
  Awaitable<Result<ApplySessions>> open(ManagedEnvironment environment);

 private:
  Awaitable<Result<Connections::Place>> wait_for_place();
  Awaitable<Result<std::unique_ptr<WriteSession>>> open_one(ManagedEnvironment environment,
                                                            std::string password);
  Awaitable<Result<std::string>> read_password();

  Connections& connections_;
  Pool& connecting_;
  Resolver& resolver_;
  std::string name_;
  std::string server_;
  std::shared_ptr<const Route> route_;  // null: has no database
  std::optional<PasswordSource> password_;
};

}  // namespace tidemark
