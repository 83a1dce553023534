#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "core/sql/statement.h"

namespace tidemark {

// What stands anywhere in a statement, in the order of its tree.
struct Mentions {
  std::vector<SqlObject> relations;    // each once; not what WITH names or a query makes
  std::vector<SqlObject> referenced;   // tables that foreign keys refer to
  std::vector<std::string> functions;  // that expressions call, without their schema
  bool locks_rows = false;             // FOR UPDATE and kin
  bool changes_rows = false;           // INSERT, UPDATE, DELETE, MERGE
};

Mentions mentions_of(const boost::json::object& statement);

}  // namespace tidemark
