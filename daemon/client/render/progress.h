#pragma once

#include <string>

#include "daemon/client/console.h"
#include "daemon/client/fields.h"

namespace tidemark::client {

// An apply or a rollback as people watch it: told the events of its stream one after the other, it
// says what to write for each. In a pipe that is whole lines. On a terminal there is one more,
// about what runs right now, and it is rewritten in place.
class Progress {
 public:
  explicit Progress(std::string environment) : environment_(std::move(environment)) {}

  std::string tell(const json::object& event, const Style& style);

  // What to write when no more events come: takes away the line that is rewritten.
  std::string end();

  // Of all of it, as the daemon calls it; empty until it is known.
  const std::string& outcome() const { return outcome_; }
  // Nothing was run, because something has moved since the plan.
  bool world_changed() const { return world_changed_; }

 private:
  std::string live(const std::string& line, const Style& style);
  std::string whole_lines(const json::object& event, const std::string& type);
  std::string finished_migration(const json::object& event);
  std::string summary(const json::object& event) const;
  std::string next_step() const;

  std::string environment_;  // APP/ENV, printable
  bool rollback_ = false;
  std::string last_migration_;  // that ended, printable
  json::object error_;          // its, if it had one
  std::string outcome_;
  bool world_changed_ = false;
  std::size_t live_columns_ = 0;
};

}  // namespace tidemark::client
