#pragma once

#include <memory>
#include <string>

#include "adapters/postgres/certificate_verdict.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/handle.h"
#include "adapters/postgres/route.h"
#include "adapters/postgres/wait.h"

namespace tidemark {

// One try to connect to one address, step by step. Used on the pool and on the loop in turns; who
// leaves early leaves it to the other.
class ConnectAttempt {
 public:
  ConnectAttempt(std::shared_ptr<const Route> route, Try one, std::string password);
  ConnectAttempt(const ConnectAttempt&) = delete;
  ConnectAttempt& operator=(const ConnectAttempt&) = delete;
  ~ConnectAttempt();

  // The first one begins it.
  void step();
  // Else the next step belongs on the pool: SCRAM and TLS take 10 to 50 ms of processor time,
  // Kerberos and names of users may have to be asked for, and a server may have much to tell.
  bool next_step_is_short() const;

  // For the server, before the next step.
  bool waits() const {
    return status_ == PGRES_POLLING_READING || status_ == PGRES_POLLING_WRITING;
  }
  // And what it waits for is not there yet.
  bool must_wait() const;
  bool connected() const { return status_ == PGRES_POLLING_OK; }
  Interest interest() const {
    return status_ == PGRES_POLLING_READING ? Interest::read : Interest::write;
  }
  bool over_tcp() const { return !try_.to.endpoint.address.empty(); }
  // Has said who we are on a connection where everybody can read what follows.
  bool could_tell_password() const;
  const PGconn* connection() const { return connection_.get(); }

  ConnectionHandle take();
  ReadFailure failure() const;

 private:
  void start();

  std::shared_ptr<const Route> route_;
  Try try_;
  std::string password_;
  CertificateVerdict verdict_;
  ConnectionHandle connection_;
  bool started_ = false;
  PostgresPollingStatusType status_ = PGRES_POLLING_FAILED;
};

void wipe(std::string& secret);

}  // namespace tidemark
