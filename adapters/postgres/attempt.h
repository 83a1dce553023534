#pragma once

#include <string>

#include "adapters/postgres/certificate_verdict.h"
#include "adapters/postgres/failure.h"
#include "adapters/postgres/handle.h"
#include "adapters/postgres/parameters.h"
#include "adapters/postgres/wait.h"

namespace tidemark {

// One try to connect to one address, step by step. Used on the pool and on the loop in turns; who
// leaves early leaves it to the other.
class Attempt {
 public:
  // `parameters` are what libpq takes; nothing in them needs a name to be looked up.
  Attempt(Parameters parameters, std::string password);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt();

  // The first one begins it.
  void step();
  // Else the next step belongs on the pool: SCRAM and TLS take 10 to 50 ms of processor time,
  // Kerberos and names of users may have to be asked for, and a server may have much to tell.
  bool next_step_is_short() const;

  bool waits() const {
    return status_ == PGRES_POLLING_READING || status_ == PGRES_POLLING_WRITING;
  }
  bool connected() const { return status_ == PGRES_POLLING_OK; }
  Interest interest() const {
    return status_ == PGRES_POLLING_READING ? Interest::read : Interest::write;
  }
  bool over_tcp() const { return parameters_.contains("hostaddr"); }
  // Has said who we are on a connection where everybody can read what follows.
  bool could_tell_password() const;
  const PGconn* connection() const { return connection_.get(); }

  ConnectionHandle take();
  ReadFailure failure() const;

 private:
  void start();

  Parameters parameters_;
  std::string password_;
  CertificateVerdict verdict_;
  ConnectionHandle connection_;
  bool started_ = false;
  PostgresPollingStatusType status_ = PGRES_POLLING_FAILED;
};

void wipe(std::string& secret);

}  // namespace tidemark
