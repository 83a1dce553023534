#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "adapters/postgres/backend_questions.h"
#include "adapters/postgres/relation_questions.h"

namespace tidemark {

// "pid 4711 (ana, psql, idle in transaction for 3 h: SELECT …)", of several the first three.
std::string words_for(const std::vector<Backend>& backends);

// "1.2 GB, about 9000000 rows, in use by 3 sessions right now".
std::string words_for(const RelationFacts& facts);

boost::json::array documents_of(const std::vector<Backend>& backends);

}  // namespace tidemark
