#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// Where a plan is and its scripts, by paths below the app's root; folders end in '/', or are empty.
struct SqitchPlace {
  std::string plan;
  std::string deploy;
  std::string revert;
  std::string reworked_deploy;  // of changes that were reworked, but for the last of each
  std::string reworked_revert;
  friend bool operator==(const SqitchPlace&, const SqitchPlace&) = default;
};

// Without a word of it, all is in the folder of the plan.
SqitchPlace usual_sqitch_place(std::string plan);

// What sqitch.conf says of that, for the target that Sqitch takes when none is named, and then for
// all others of PostgreSQL's.
struct SqitchConf {
  std::vector<SqitchPlace> places;  // a plan once
  std::set<std::string> elsewhere;  // plans that only other databases than PostgreSQL have
  std::vector<std::string> problems;
};
SqitchConf parse_sqitch_conf(std::string_view folder, std::string_view bytes);

}  // namespace tidemark
