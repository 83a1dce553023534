#pragma once

#include <future>
#include <string>

#include "tests/daemon/apply/applying.h"

namespace tidemark::test {

// What goes on beside an apply, and what it leaves.

inline std::future<Applying::Told> apply_meanwhile(Applying& rig, const std::string& body = "{}") {
  return std::async(std::launch::async, [&rig, body] { return rig.apply(body); });
}

// The state of the session that migrates, while that runs or has run a statement that begins so.
inline std::string state_of_migration(Applying& rig,
                                      const std::string& statement,
                                      const std::string& condition = "true") {
  return rig.server().run(
      "SELECT state FROM pg_stat_activity WHERE application_name = 'tidemark shop/dev migration' "
      "AND datname = '" +
      rig.database() + "' AND starts_with(query, '" + statement + "') AND " + condition);
}

inline bool migration_runs(Applying& rig,
                           const std::string& statement,
                           const std::string& condition = "true") {
  return rig.eventually([&] { return state_of_migration(rig, statement, condition) == "active"; });
}

inline bool migration_commits(Applying& rig) {
  return migration_runs(rig, "", "query LIKE '%; COMMIT%'");
}

// No session of ours that could write is there, and no advisory lock of anybody.
inline bool nothing_stays_behind(Applying& rig) {
  const auto of_ours =
      "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = '" + rig.database() +
      "' AND application_name LIKE 'tidemark % migration') + (SELECT count(*) FROM pg_locks JOIN "
      "pg_database d ON d.oid = database WHERE locktype = 'advisory' AND datname = '" +
      rig.database() + "')";
  return rig.eventually([&] { return rig.server().run(of_ours) == "0"; });
}

inline bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tidemark::test
