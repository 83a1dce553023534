#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/migration.h"

namespace tidemark {

// A change of a plan. Its id names all that the plan says of it and of the one before: the same
// change in another place is another one.
struct SqitchChange {
  std::string name;
  std::string note;
  std::string id;
  std::vector<std::string> tags;  // with the @, as they follow it in the plan
  Piece line;
  friend bool operator==(const SqitchChange&, const SqitchChange&) = default;
};

struct SqitchPlan {
  std::string project;
  std::string uri;
  std::vector<SqitchChange> changes;
  std::vector<std::string> problems;  // lines that cannot be understood
};

bool is_sqitch_plan(std::string_view bytes);
SqitchPlan parse_sqitch_plan(std::string_view bytes);

}  // namespace tidemark
