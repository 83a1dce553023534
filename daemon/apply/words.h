#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "adapters/postgres/backend_questions.h"
#include "core/sql/place.h"

namespace tidemark {

// "pid 4711 (ana, psql, idle in transaction for 3 h: SELECT …)", of several the first three.
std::string words_for(const std::vector<Backend>& backends);

boost::json::array documents_of(const std::vector<Backend>& backends);

}  // namespace tidemark
