#include "adapters/postgres/connect_attempt.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include <string.h>
#include <sys/socket.h>
#include <boost/container/small_vector.hpp>

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

ConnectAttempt::ConnectAttempt(std::shared_ptr<const Route> route, Try one, std::string password)
    : route_(std::move(route)), try_(std::move(one)), password_(password) {
  wipe(password);
}

ConnectAttempt::~ConnectAttempt() {
  wipe(password_);
}

bool ConnectAttempt::next_step_is_short() const {
  if (!started_) {
    return route_->names("user");
  }
  switch (PQstatus(connection_.get())) {
    case CONNECTION_STARTED:
    case CONNECTION_MADE:
      return !route_->names("requirepeer");  // says who we are, or wishes for TLS
    case CONNECTION_AWAITING_RESPONSE:
      return is_let_in(PQsocket(connection_.get()));
    default:
      return false;
  }
}

void ConnectAttempt::start() {
  boost::container::small_vector<const char*, 32> names;
  boost::container::small_vector<const char*, 32> values;
  const auto tell = [&](const char* name, const char* value) {
    names.push_back(name);
    values.push_back(value);
  };
  // What is empty means the default.
  const auto tell_if_any = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      tell(name, value.c_str());
    }
  };
  const auto& [host, address, port] = try_.to.endpoint;
  tell_if_any("host", host);
  tell_if_any("hostaddr", address);
  tell_if_any("port", port);
  tell_if_any("password", password_);
  tell("sslmode", try_.tls.c_str());
  tell_if_any("target_session_attrs", try_.session);
  const bool tls = try_.tls != "disable";
  for (const auto& [name, value] : route_->shared()) {
    if (tls || !name.starts_with("ssl")) {
      tell(name.c_str(), value.c_str());
    }
  }
  tell(nullptr, nullptr);
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

void ConnectAttempt::step() {
  if (!std::exchange(started_, true)) {
    start();
    return;
  }
  const CertificateVerdict::Listening listening(verdict_);
  status_ = PQconnectPoll(connection_.get());
}

// A Unix socket is connected as soon as that is wished.
bool ConnectAttempt::must_wait() const {
  return waits() && (interest() == Interest::read || !is_writable(PQsocket(connection_.get())));
}

bool ConnectAttempt::could_tell_password() const {
  return !password_.empty() && over_tcp() &&
         PQstatus(connection_.get()) == CONNECTION_AWAITING_RESPONSE &&
         PQsslInUse(connection_.get()) == 0;
}

ConnectionHandle ConnectAttempt::take() {
  wipe(password_);
  // libpq keeps the password for PQreset, which we do not use.
  if (char* kept = PQpass(connection_.get()); kept != nullptr) {
    ::explicit_bzero(kept, std::strlen(kept));
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  PQsetnonblocking(connection_.get(), 1);
  return std::move(connection_);
}

ReadFailure ConnectAttempt::failure() const {
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
  return advised(connect_failure(message), route_->shared(), verdict_.error());
}

}  // namespace tidemark
