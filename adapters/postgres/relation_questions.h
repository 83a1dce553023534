#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/question.h"

namespace tidemark {

// What applying has to know of tables and their kin, named as SQL names them: where they are looked
// for is what the session's search_path says.

// How many of them there are.
Awaitable<Asked<std::size_t>> count_there(WriteSession& session, std::vector<std::string> names);

struct RelationFacts {
  std::int64_t bytes = 0;  // with its indexes
  std::int64_t rows = -1;  // as last estimated; -1: never
  int in_use_by = 0;       // so many sessions hold a lock on it
};
// Of those that there are.
Awaitable<Asked<std::map<std::string, RelationFacts>>> facts_of(WriteSession& session,
                                                                std::vector<std::string> names);

}  // namespace tidemark
