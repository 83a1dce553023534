#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/daemon/apply/applying.h"

namespace tidemark::test {

// What was found after faults, by migration.
struct Found {
  int applied = 0;      // our ledger says so, and it was, once
  int not_applied = 0;  // our ledger says so, and nothing of it is there
  int lost = 0;         // our ledger and the database say different things
  int twice = 0;
  int undecided = 0;
  // "3 applied, 5 not applied, 0 lost, 0 twice, 0 undecided"
  std::string text() const;
};

// Migrations that show how often they ran: each leaves a row in `marks`, without a guard, and makes
// a table.
class Marks : public Applying {
 public:
  explicit Marks(PostgresServer& server = PostgresServer::shared());

  // Begins, with the table of the marks.
  void begin_marked(const std::vector<std::string>& wrapper = {});
  // Adds migrations and waits until they are pending; `more` are further statements of each.
  void add(int count, const std::string& more = "");
  const std::vector<std::string>& added() const { return added_; }

  // Waits until no outcome is open, compares what our ledger says of those that were added last
  // with what is there, then applies what is left of them and looks again.
  void check(Found& found);

 private:
  int marks_of(const std::string& id);

  int number_ = 0;
  std::vector<std::string> added_;
};

// `count` numbers spread evenly from 1 to `last`, or all of them when that is fewer or
// TIDEMARK_EVERY is set.
std::set<int> spread(int count, int last);

}  // namespace tidemark::test
