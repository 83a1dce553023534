#include "adapters/postgres/relation_questions.h"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace tidemark {
namespace {

// $1: names as a JSON array.
constexpr ReadStatement count_relations = R"sql(
  SELECT count(*)
    FROM pg_catalog.json_array_elements_text($1::json) AS named (name)
   WHERE pg_catalog.to_regclass(name) IS NOT NULL
)sql";

constexpr ReadStatement select_relations = R"sql(
  SELECT name,
         pg_catalog.pg_total_relation_size(c.oid),
         CASE WHEN c.relpages = 0 AND c.reltuples <= 0 THEN -1 ELSE c.reltuples::bigint END,
         (SELECT count(DISTINCT l.pid)
            FROM pg_catalog.pg_locks l
           WHERE l.relation = c.oid
             AND l.database = (SELECT oid FROM pg_catalog.pg_database
                                WHERE datname = pg_catalog.current_database())
             AND l.pid <> pg_catalog.pg_backend_pid())
    FROM pg_catalog.json_array_elements_text($1::json) AS named (name)
    JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(name)
)sql";

Values as_json(const std::vector<std::string>& names) {
  boost::json::array array;
  for (const auto& name : names) {
    array.emplace_back(name);
  }
  return {boost::json::serialize(array)};
}

}  // namespace

Awaitable<Asked<std::size_t>> count_there(WriteSession& session, std::vector<std::string> names) {
  auto values = as_json(names);
  const auto row = co_await ask_row(session, count_relations, std::move(values), 1);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return number_in<std::size_t>(row->front());
}

Awaitable<Asked<std::map<std::string, RelationFacts>>> facts_of(WriteSession& session,
                                                                std::vector<std::string> names) {
  auto values = as_json(names);
  const auto rows = co_await ask_rows(session, select_relations, std::move(values), 4);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  std::map<std::string, RelationFacts> facts;
  for (const auto& row : *rows) {
    RelationFacts one;
    one.bytes = number_in<std::int64_t>(row[1]);
    one.rows = number_in<std::int64_t>(row[2]);
    one.in_use_by = number_in<int>(row[3]);
    facts.emplace(row[0].value_or(""), one);
  }
  co_return facts;
}

}  // namespace tidemark
