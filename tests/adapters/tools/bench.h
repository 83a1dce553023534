#pragma once

#include <doctest/doctest.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/co_spawn.hpp>

#include "adapters/loop/pool.h"
#include "adapters/postgres/resolver.h"
#include "adapters/postgres/server_questions.h"
#include "adapters/postgres/write_session.h"
#include "adapters/tools/observe.h"
#include "tests/support/postgres_server.h"

namespace tidemark::test {

// A database of its own on the shared server, and observers that look at it from a loop that runs
// only for a look.
class Bench {
 public:
  // Looks as the server's superuser, or as a role with no rights but to connect.
  explicit Bench(std::string role = "", PostgresServer& server = PostgresServer::shared())
      : server_(&server), database_(server.create_database("tools")) {
    if (!role.empty()) {
      std::string quoted;
      for (const char c : role) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
      }
      sql("CREATE ROLE \"" + quoted + "\" LOGIN");
    }
    role_ = role.empty() ? server.user() : std::move(role);
  }

  const std::string& database() const { return database_; }
  void sql(const std::string& text) { server_->run(text, database_); }

  void observe(LedgerSetting setting = {}, std::string schema = "", ReadLimits limits = {}) {
    Observer::Settings settings;
    settings.their_ledger = std::move(setting);
    settings.schema = std::move(schema);
    settings.limits = limits;
    observer_.emplace(std::move(settings), pool_);
  }

  Looked look(TimePoint now = TimePoint{}) {
    if (!observer_) {
      observe();
    }
    if (!session_ || !session_->usable()) {
      connect();
    }
    return run(observer_->look(*session_, now));
  }

  void connected() { observer_->connected(); }
  void expect(std::string_view layout) { observer_->expect(layout); }
  void reconnect() { session_.reset(); }

  bool glance(TimePoint now = TimePoint{}) {
    const auto same = run(observer_->glance(*session_, now));
    if (!same) {
      FAIL(same.error().error.detail);
    }
    return *same;
  }

  // Which database it is, as it is asked before something is applied.
  Identity identity_for_applying(std::string schema) {
    const auto managed = ManagedEnvironment::of({"shop", "test"}, Mode::managed);
    const auto session =
        run(WriteSession::connect(*managed, pool_, resolver_, route(), std::string()));
    if (!session) {
      FAIL(session.error().error.detail);
    }
    const auto self = run(who_is_it(**session, std::move(schema)));
    if (!self) {
      FAIL(self.error().error.detail);
    }
    return self->identity;
  }

  // A look that must succeed.
  Observation see(TimePoint now = TimePoint{}) {
    auto looked = look(now);
    if (!looked.observation) {
      FAIL(looked.observation.error().error.detail);
    }
    return *looked.observation;
  }

 private:
  template <class T>
  T run(Awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr thrown;
    asio::co_spawn(loop_, std::move(work), [&](std::exception_ptr error, T value) {
      thrown = error;
      result = std::move(value);
    });
    loop_.restart();
    loop_.run();
    if (thrown) {
      std::rethrow_exception(thrown);
    }
    return std::move(*result);
  }

  std::shared_ptr<const Route> route() const {
    Target target{{{"host", server_->socket_dir()},
                   {"port", std::to_string(server_->port())},
                   {"dbname", database_},
                   {"user", role_}}};
    return std::make_shared<const Route>(std::move(target));
  }

  void connect() {
    auto connected = run(ReadSession::connect(pool_, resolver_, route(), ""));
    if (!connected) {
      FAIL(connected.error().error.detail);
    }
    session_ = std::move(*connected);
  }

  PostgresServer* server_;
  std::string database_;
  std::string role_;
  asio::io_context loop_;
  Pool pool_{1};
  Resolver resolver_{loop_};
  std::unique_ptr<ReadSession> session_;
  std::optional<Observer> observer_;
};

}  // namespace tidemark::test
