#pragma once

#include "daemon/client/arguments.h"
#include "daemon/client/console.h"
#include "daemon/client/daemon.h"
#include "daemon/client/outcome.h"

namespace tidemark::client {

// What a command works with.
struct Session {
  Daemon& daemon;
  Console& console;
  const Arguments& arguments;
};

// One function for each command; each prints what it has to say and returns what to exit with.

// look.cpp
Outcome<Exit> run_status(Session& session);
Outcome<Exit> run_matrix(Session& session);
Outcome<Exit> run_show(Session& session);
Outcome<Exit> run_findings(Session& session);
Outcome<Exit> run_diff(Session& session);
Outcome<Exit> run_ledger(Session& session);

// apply.cpp
Outcome<Exit> run_plan(Session& session);
Outcome<Exit> run_apply(Session& session);
Outcome<Exit> run_rollback(Session& session);
Outcome<Exit> run_cancel(Session& session);

// act.cpp
Outcome<Exit> run_freeze(Session& session);
Outcome<Exit> run_unfreeze(Session& session);
Outcome<Exit> run_resolve(Session& session);
Outcome<Exit> run_poll(Session& session);
Outcome<Exit> run_mark(Session& session);
Outcome<Exit> run_unmark(Session& session);
Outcome<Exit> run_mode(Session& session);
Outcome<Exit> run_adopt(Session& session);
Outcome<Exit> run_rebaseline(Session& session);
Outcome<Exit> run_ack(Session& session);
Outcome<Exit> run_unack(Session& session);

// keep.cpp
Outcome<Exit> run_audit(Session& session);
Outcome<Exit> run_audit_verify(Session& session);
Outcome<Exit> run_events(Session& session);
Outcome<Exit> run_backup(Session& session);
Outcome<Exit> run_reload(Session& session);

// completion/run.cpp
Outcome<Exit> run_completion(Session& session);
Outcome<Exit> run_names(Session& session);

}  // namespace tidemark::client
