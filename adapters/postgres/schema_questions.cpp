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
   WHERE (n.nspname = $1::text OR ($1 = '' AND pg_catalog.pg_table_is_visible(c.oid)))
     AND c.relname = $2::text
)sql";

// Asked behind statements that may have set a search_path: operators are named in full. Who builds
// concurrently locks the table, and who rebuilds or drops so the index as well; at its very end a
// build has let go of its locks, and is about to commit that the index is valid.
constexpr ReadStatement select_invalid = R"sql(
  WITH named AS (
    SELECT COALESCE(i.indrelid, c.oid) AS oid
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
     WHERE (n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name
            OR ($1 OPERATOR(pg_catalog.=) '' AND pg_catalog.pg_table_is_visible(c.oid)))
       AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name
       AND $3 OPERATOR(pg_catalog.=) ANY (ARRAY['table', 'index'])
  ), plain AS (
    SELECT oid FROM named
     UNION
    SELECT p.relid FROM named, pg_catalog.pg_partition_tree(named.oid) AS p
     UNION
    SELECT c.oid
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE $3 OPERATOR(pg_catalog.=) 'database'
        OR ($3 OPERATOR(pg_catalog.=) 'schema'
            AND n.nspname OPERATOR(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name)
  ), tables AS (
    SELECT oid FROM plain
     UNION
    SELECT c.reltoastrelid
      FROM plain
      JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) plain.oid
  )
  SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
         EXISTS (SELECT
                   FROM pg_catalog.pg_locks l
                   LEFT JOIN pg_catalog.pg_stat_progress_create_index p
                     ON p.pid OPERATOR(pg_catalog.=) l.pid
                    AND p.datid OPERATOR(pg_catalog.=) l.database
                  WHERE l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.granted
                    AND l.database OPERATOR(pg_catalog.=)
                        (SELECT d.oid FROM pg_catalog.pg_database d
                          WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
                    AND l.mode OPERATOR(pg_catalog.<>) ALL
                        (ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock'])
                    AND (l.relation OPERATOR(pg_catalog.=) i.indexrelid
                         OR (l.relation OPERATOR(pg_catalog.=) i.indrelid AND p.pid IS NOT NULL
                             AND (COALESCE(p.index_relid, 0) OPERATOR(pg_catalog.=) 0
                                  OR p.index_relid OPERATOR(pg_catalog.=) i.indexrelid))))
         OR EXISTS (SELECT
                      FROM pg_catalog.pg_locks l
                     WHERE l.locktype OPERATOR(pg_catalog.=) 'transactionid'
                       AND l.transactionid OPERATOR(pg_catalog.=) i.xmax)
    FROM pg_catalog.pg_index i
    JOIN tables t ON t.oid OPERATOR(pg_catalog.=) i.indrelid
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
   WHERE NOT i.indisvalid AND c.relkind OPERATOR(pg_catalog.=) 'i'::pg_catalog."char"
   ORDER BY 1
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

Awaitable<Asked<std::vector<InvalidOne>>> invalid_indexes(WriteSession& session, SqlObject where) {
  Values values{std::move(where.schema), std::move(where.name), std::move(where.kind)};
  const auto rows = co_await ask_rows(session, select_invalid, std::move(values), 2);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  std::vector<InvalidOne> invalid;
  for (const auto& row : *rows) {
    invalid.push_back({row[0].value_or(""), is_true(row[1])});
  }
  co_return invalid;
}

}  // namespace tidemark
