#include "adapters/postgres/schema_questions.h"

#include <utility>

namespace tidemark {
namespace {

// $1: a schema, or NULL for all of them. "pg_" begins the names of the server's own, also of the
// temporary ones. What exists only with something else, as a table's index, row type and the array
// of that do, counts as that.
constexpr ReadStatement select_empty = R"sql(
  WITH spaces AS (
    SELECT oid
      FROM pg_catalog.pg_namespace
     WHERE nspname = $1::text
        OR ($1 IS NULL AND nspname <> 'information_schema'
            AND NOT pg_catalog.starts_with(nspname::text, 'pg_'))
  ), things AS (
    SELECT 'pg_catalog.pg_class'::regclass AS class, oid, relnamespace AS space
      FROM pg_catalog.pg_class
     WHERE relkind NOT IN ('i', 'I')
     UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, oid, typnamespace FROM pg_catalog.pg_type
     UNION ALL
    SELECT 'pg_catalog.pg_proc'::regclass, oid, pronamespace FROM pg_catalog.pg_proc
  )
  SELECT NOT EXISTS (
    SELECT
      FROM things t
     WHERE t.space IN (SELECT oid FROM spaces)
       AND NOT EXISTS (SELECT
                         FROM pg_catalog.pg_depend d
                        WHERE d.classid = t.class AND d.objid = t.oid AND d.deptype IN ('e', 'i')))
)sql";

constexpr ReadStatement select_index = R"sql(
  SELECT i.indisvalid, c.oid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
   WHERE n.nspname = $1::text AND c.relname = $2::text
)sql";

}  // namespace

Awaitable<Asked<bool>> is_empty(WriteSession& session, std::string schema) {
  Values values(1);
  if (!schema.empty()) {
    values.front() = std::move(schema);
  }
  const auto empty = co_await ask_whether(session, select_empty, std::move(values));
  co_return empty;
}

Awaitable<Asked<IndexState>> index_state(WriteSession& session,
                                         std::string schema,
                                         std::string name) {
  Values values{std::move(schema), std::move(name)};
  const auto rows = co_await ask_rows(session, select_index, std::move(values), 2);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  IndexState state;
  if (!rows->empty()) {
    const auto& row = rows->front();
    state.kind = is_true(row[0]) ? IndexState::Kind::valid : IndexState::Kind::invalid;
    state.oid = number_in<std::uint32_t>(row[1]);
  }
  co_return state;
}

}  // namespace tidemark
