#include "adapters/postgres/attempt.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <string.h>
#include <sys/socket.h>

#include "adapters/postgres/advice.h"

namespace tidemark {
namespace {

// Without being asked for anything, and with few words.
bool is_let_in(int socket) {
  constexpr std::string_view welcome("R\0\0\0\x08\0\0\0\0", 9);
  constexpr std::size_t few = 4096;
  std::array<char, few + 1> come;
  const auto size = ::recv(socket, come.data(), come.size(), MSG_PEEK | MSG_DONTWAIT);
  return size > 0 && static_cast<std::size_t>(size) <= few &&
         std::string_view(come.data(), static_cast<std::size_t>(size)).starts_with(welcome);
}

}  // namespace

void wipe(std::string& secret) {
  ::explicit_bzero(secret.data(), secret.size());
  secret.clear();
}

Attempt::Attempt(Parameters parameters, std::string password)
    : parameters_(std::move(parameters)), password_(password) {
  wipe(password);
}

Attempt::~Attempt() {
  wipe(password_);
}

bool Attempt::next_step_is_short() const {
  if (!started_) {
    return parameters_.contains("user");
  }
  switch (PQstatus(connection_.get())) {
    case CONNECTION_STARTED:
    case CONNECTION_MADE:
      return !parameters_.contains("requirepeer");  // says who we are, or wishes for TLS
    case CONNECTION_AWAITING_RESPONSE:
      return is_let_in(PQsocket(connection_.get()));
    default:
      return false;
  }
}

void Attempt::start() {
  std::vector<const char*> names;
  std::vector<const char*> values;
  names.reserve(parameters_.size() + 2);
  values.reserve(parameters_.size() + 2);
  const bool tls = parameters_.at("sslmode") != "disable";
  for (const auto& [name, value] : parameters_) {
    if (tls || !name.starts_with("ssl") || name == "sslmode") {
      names.push_back(name.c_str());
      values.push_back(value.c_str());
    }
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

void Attempt::step() {
  if (!std::exchange(started_, true)) {
    start();
    return;
  }
  const CertificateVerdict::Listening listening(verdict_);
  status_ = PQconnectPoll(connection_.get());
}

bool Attempt::could_tell_password() const {
  return !password_.empty() && over_tcp() &&
         PQstatus(connection_.get()) == CONNECTION_AWAITING_RESPONSE &&
         PQsslInUse(connection_.get()) == 0;
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
  return advised(connect_failure(message), parameters_, verdict_.error());
}

}  // namespace tidemark
