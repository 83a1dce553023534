#include "adapters/postgres/connect.h"

#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <string.h>

namespace tidemark {
namespace {

// Certain not to exist: what libpq shall not look for, least of all in $HOME.
constexpr auto no_file = "/dev/null/none";
constexpr auto system_authorities = "/etc/ssl/certs/ca-certificates.crt";

void wipe(std::string& secret) {
  ::explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

std::map<std::string, std::string> all_parameters(Target target, std::string application_name) {
  auto& parameters = target.parameters;
  const auto& mode = parameters.try_emplace("sslmode", "disable").first->second;
  const bool verifies = mode.starts_with("verify");
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

// One connect on its way. Used on the pool and on the loop in turns; who leaves early leaves it to
// the other.
class Attempt {
 public:
  Attempt(std::map<std::string, std::string> parameters, std::string password)
      : parameters_(std::move(parameters)), password_(std::move(password)) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() { wipe(password_); }

  // May block: names are resolved in it.
  void start();
  // May burn: SCRAM and TLS take 10 to 50 ms of processor time.
  void step() { status_ = PQconnectPoll(connection_.get()); }

  bool waits() const {
    return status_ == PGRES_POLLING_READING || status_ == PGRES_POLLING_WRITING;
  }
  bool connected() const { return status_ == PGRES_POLLING_OK; }
  Interest interest() const {
    return status_ == PGRES_POLLING_READING ? Interest::read : Interest::write;
  }
  const PGconn* connection() const { return connection_.get(); }

  ConnectionHandle take();
  ReadFailure failure() const;

 private:
  std::map<std::string, std::string> parameters_;
  std::string password_;
  ConnectionHandle connection_;
  PostgresPollingStatusType status_ = PGRES_POLLING_FAILED;
};

void Attempt::start() {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : parameters_) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.insert(names.end(), {"password", nullptr});
  values.insert(values.end(), {password_.c_str(), nullptr});
  connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  if (connection_ == nullptr) {
    return;
  }
  // The default receiver prints to stderr.
  PQsetNoticeReceiver(
      connection_.get(), [](void*, const PGresult*) {}, nullptr);
  // Only the verbose form of a refusal has its SQLSTATE.
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  status_ =
      PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
}

ConnectionHandle Attempt::take() {
  wipe(password_);
  // libpq keeps the password for PQreset, which we do not use.
  if (char* kept = PQpass(connection_.get()); kept != nullptr) {
    ::explicit_bzero(kept, std::strlen(kept));
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  PQsetnonblocking(connection_.get(), 1);
  return std::move(connection_);
}

ReadFailure Attempt::failure() const {
  if (connection_ == nullptr) {
    return {{Errc::retry, "libpq is out of memory"}, ""};
  }
  // A server that was given a password in clear could give it back.
  std::string message = PQerrorMessage(connection_.get());
  for (auto at = password_.empty() ? std::string::npos : message.find(password_);
       at != std::string::npos;
       at = message.find(password_, at + 3)) {
    message.replace(at, password_.size(), "***");
  }
  return connect_failure(message);
}

// Waits for what the attempt waits for, on a socket that may be another one than the last time.
Awaitable<std::expected<Woke, ReadFailure>> wait_for_turn(const Attempt& attempt,
                                                          Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  auto socket = watched_socket(executor, attempt.connection());
  if (!socket) {
    co_return std::unexpected(socket.error());
  }
  const auto woke = co_await wait_ready(*socket, attempt.interest(), deadline);
  co_return woke;
}

}  // namespace

Awaitable<std::expected<ConnectionHandle, ReadFailure>> open_connection(
    Pool& pool,
    Target target,
    std::string password,
    std::string application_name,
    Deadline deadline) {
  auto parameters = all_parameters(std::move(target), std::move(application_name));
  const auto attempt = std::make_shared<Attempt>(std::move(parameters), password);
  wipe(password);
  auto start = [attempt] { attempt->start(); };
  auto woke = co_await run_step(pool, std::move(start), deadline);
  while (woke == Woke::ready && attempt->waits()) {
    const auto waited = co_await wait_for_turn(*attempt, deadline);
    if (!waited) {
      co_return std::unexpected(waited.error());
    }
    woke = *waited;
    if (woke == Woke::ready) {
      auto step = [attempt] { attempt->step(); };
      woke = co_await run_step(pool, std::move(step), deadline);
    }
  }
  if (woke != Woke::ready) {
    co_return std::unexpected(not_in_time(woke, deadline));
  }
  if (!attempt->connected()) {
    co_return std::unexpected(attempt->failure());
  }
  co_return attempt->take();
}

}  // namespace tidemark
