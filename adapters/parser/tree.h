#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace tidemark::tree {

// PostgreSQL's parse tree as libpg_query prints it. A node is an object with one key, its type:
// {"DropStmt": {…}}. What is false, zero or missing is not there.

struct Node {
  std::string_view type;  // empty: no node
  const boost::json::object& fields;
};

// Never fails: what is not as expected is an empty node, text, list, or none.
Node node(const boost::json::value& value);
Node node(const boost::json::object& object, std::string_view key);
const boost::json::object& fields(const boost::json::object& object, std::string_view key);
const boost::json::array& list(const boost::json::object& object, std::string_view key);
std::string_view text(const boost::json::object& object, std::string_view key);
std::int64_t number(const boost::json::object& object, std::string_view key);
bool flag(const boost::json::object& object, std::string_view key);
bool has(const boost::json::object& object, std::string_view key);

// Whether an option is there and not switched off: (FULL), FULL, (FULL true), and not (FULL off).
bool is_on(const boost::json::array& options, std::string_view option, bool otherwise = false);

// A name in parts, of whatever a name can be: a String, a List of them, a TypeName, …
std::vector<std::string> name_parts(const boost::json::value& value);

// OBJECT_MATVIEW -> "materialized view"
std::string object_words(std::string_view object_type);

// "materialized view" -> "MATERIALIZED VIEW"
std::string upper(std::string_view words);

}  // namespace tidemark::tree
