#include "adapters/postgres/twin_questions.h"

#include <array>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "core/sql/name.h"

namespace tidemark {
namespace {

// A server that is in no hurry shall not cost us the session, and with it the migration.
constexpr std::chrono::seconds answers_within{60};

constexpr ReadStatement select_surroundings = R"sql(
  SELECT pg_catalog.current_setting('search_path'),
         pg_catalog.current_setting('client_min_messages')
)sql";

constexpr ReadStatement set_search_path = R"sql(
  SELECT pg_catalog.set_config('search_path', $1::pg_catalog.text, true)
)sql";

// Of all these $1 is what was asked for, as SQL names it, $2 its table, and $3 the tables that it
// refers to, as a JSON array.

// The place where a table of no schema is made, whatever lies before it on the path.
constexpr ReadStatement find_here = R"sql(
  SELECT pg_catalog.to_regclass(pg_catalog.concat(
           pg_catalog.quote_ident(pg_catalog.current_schema()), '.', $1::pg_catalog.text)
         )::pg_catalog.oid,
         pg_catalog.to_regclass($2::pg_catalog.text)::pg_catalog.oid,
         (SELECT pg_catalog.json_agg(pg_catalog.to_regclass(name)::pg_catalog.oid)
            FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) AS named (name))
)sql";

constexpr ReadStatement find_named = R"sql(
  SELECT pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid,
         pg_catalog.to_regclass($2::pg_catalog.text)::pg_catalog.oid,
         (SELECT pg_catalog.json_agg(pg_catalog.to_regclass(name)::pg_catalog.oid)
            FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) AS named (name))
)sql";

// An index is made beside its table.
constexpr ReadStatement find_index = R"sql(
  SELECT pg_catalog.to_regclass(pg_catalog.concat(
           (SELECT c.relnamespace::pg_catalog.regnamespace
              FROM pg_catalog.pg_class c
             WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($2::pg_catalog.text)::pg_catalog.oid),
           '.', $1::pg_catalog.text))::pg_catalog.oid,
         pg_catalog.to_regclass($2::pg_catalog.text)::pg_catalog.oid,
         (SELECT pg_catalog.json_agg(pg_catalog.to_regclass(name)::pg_catalog.oid)
            FROM pg_catalog.json_array_elements_text($3::pg_catalog.json) AS named (name))
)sql";

// Asked with nothing but pg_catalog on the search_path, so that all other names are in full.
// $1: what is there, $2: the table of an index, $3: the tables referred to, as a JSON array.
constexpr ReadStatement select_shapes = R"sql(
  WITH mine AS (
    SELECT c.oid, c.relname
      FROM pg_class c
     WHERE c.relnamespace = pg_my_temp_schema()
       AND (c.relname = 'tidemark_twin' OR starts_with(c.relname::text, 'tidemark_reference_'))
  ), sides AS (
    SELECT 'there' AS side, $1::oid AS oid
     UNION ALL
    SELECT 'asked', oid FROM mine WHERE relname = 'tidemark_twin'
  ), stands_for AS (
    SELECT oid, CASE WHEN relname = 'tidemark_twin' THEN $1::oid
                     ELSE (json_array_elements_text_at.value)::oid END AS real
      FROM mine
      LEFT JOIN json_array_elements_text($3::json) WITH ORDINALITY
             AS json_array_elements_text_at (value, number)
        ON relname = 'tidemark_reference_' || number
  )
  SELECT s.side, 'relation',
         CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
                        WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                        WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type'
                        WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'relation' END,
         c.relpersistence::text, pg_get_partkeydef(c.oid), NULL, NULL, NULL, NULL
    FROM sides s
    JOIN pg_class c ON c.oid = s.oid
   UNION ALL
  SELECT s.side, 'column', a.attname::text, format_type(a.atttypid, a.atttypmod),
         CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
         a.attnotnull::text,
         CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
         (a.attgenerated <> '')::text,
         CASE WHEN q.name IS NULL THEN pg_get_expr(d.adbin, d.adrelid)
              ELSE replace(pg_get_expr(d.adbin, d.adrelid),
                           'nextval(' || quote_literal(q.name) || '::regclass)',
                           'the next of its own sequence') END
    FROM sides s
    JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN LATERAL (SELECT o.objid::regclass::text AS name
                         FROM pg_depend o
                         JOIN pg_class oc ON oc.oid = o.objid AND oc.relkind = 'S'
                        WHERE o.classid = 'pg_class'::regclass
                          AND o.refclassid = 'pg_class'::regclass
                          AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum
                          AND o.deptype = 'a'
                        LIMIT 1) AS q ON true
   UNION ALL
  SELECT s.side, 'constraint',
         CASE WHEN f.real IS NULL THEN pg_get_constraintdef(k.oid)
              ELSE replace(pg_get_constraintdef(k.oid),
                           ' REFERENCES ' || k.confrelid::regclass::text || '(',
                           ' REFERENCES ' || f.real::regclass::text || '(') END,
         NULL, NULL, NULL, NULL, NULL, NULL
    FROM sides s
    JOIN pg_constraint k ON k.conrelid = s.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
                        AND NOT (k.contype = 'f' AND k.conparentid <> 0)
    LEFT JOIN stands_for f ON f.oid = k.confrelid
   UNION ALL
  SELECT s.side, 'index',
         CASE s.side WHEN 'there' THEN i.indrelid ELSE $2::oid END::regclass::text,
         concat(CASE WHEN i.indisunique THEN 'UNIQUE ' END,
                substr(pg_get_indexdef(i.indexrelid),
                       strpos(pg_get_indexdef(i.indexrelid), ' USING ' || m.amname) + 1)),
         concat_ws(' ', m.amname, i.indisunique, i.indimmediate, i.indnkeyatts,
                   (SELECT json_agg(pg_get_indexdef(i.indexrelid, n::int, false) ORDER BY n)
                      FROM generate_series(1, i.indnatts) AS n),
                   i.indoption, '/', i.indclass, '/', i.indcollation, '/',
                   to_jsonb(i.*) ->> 'indnullsnotdistinct',
                   pg_get_expr(i.indpred, i.indrelid)),
         i.indisvalid::text, NULL, NULL, NULL
    FROM sides s
    JOIN pg_index i ON i.indexrelid = s.oid
    JOIN pg_class ic ON ic.oid = i.indexrelid
    JOIN pg_am m ON m.oid = ic.relam
)sql";

constexpr std::size_t shape_columns = 9;

// What now() is called at, and the standard's word for it, are one.
std::string usual(std::string expression) {
  return expression == "now()" ? "CURRENT_TIMESTAMP" : expression;
}

Shape shape_of(const std::vector<Values>& rows, std::string_view side) {
  Shape shape;
  for (const auto& row : rows) {
    if (row[0] != side) {
      continue;
    }
    const auto text = [&](std::size_t column) { return row[column].value_or(""); };
    const auto holds = [&](std::size_t column) { return row[column] == "true"; };
    if (row[1] == "relation") {
      shape.there = true;
      shape.kind = text(2);
      shape.persistence = text(3);
      shape.partitioned = text(4);
    } else if (row[1] == "column") {
      shape.columns[text(2)] = {.type = text(3),
                                .collation = text(4),
                                .not_null = holds(5),
                                .identity = text(6),
                                .computed = usual(text(8)),
                                .generated = holds(7)};
    } else if (row[1] == "constraint") {
      shape.constraints.insert(text(2));
    } else if (row[1] == "index") {
      shape.table = text(2);
      shape.definition = text(3);
      shape.structure = text(4);
      shape.valid = holds(5);
    }
  }
  return shape;
}

std::string name_in(const std::string& schema, const std::string& name) {
  return schema.empty() ? quoted_name(name) : quoted_name(schema) + "." + quoted_name(name);
}

ReadStatement question_for(const Twin& twin) {
  if (twin.object.kind == "index") {
    return find_index;
  }
  return twin.object.kind == "table" && twin.object.schema.empty() ? find_here : find_named;
}

Values names_of(const Twin& twin) {
  const auto& object = twin.object;
  const auto table = name_in(object.schema, object.table);
  boost::json::array references;
  for (const auto& each : twin.references) {
    references.emplace_back(each);
  }
  std::string name = object.kind == "column" ? table : quoted_name(object.name);
  if (object.kind == "table") {
    name = name_in(object.schema, object.name);
  }
  return {std::move(name), table, boost::json::serialize(references)};
}

}  // namespace

Awaitable<Asked<Surroundings>> surroundings(WriteSession& session) {
  const Values none;
  const auto row = co_await ask_row(session, select_surroundings, none, 2);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  constexpr std::array<std::string_view, 2> silent{"warning", "error"};
  const auto least = row->back().value_or("");
  Surroundings found{row->front().value_or("")};
  found.notices_come = least != silent[0] && least != silent[1];
  co_return found;
}

namespace {

Awaitable<Asked<Likeness>> make(WriteSession& session, std::string search_path, Twin twin) {
  Values path{std::move(search_path)};
  const auto looks_there = co_await ask_row(session, set_search_path, std::move(path), 1);
  if (!looks_there) {
    co_return std::unexpected(looks_there.error());
  }
  const auto question = question_for(twin);
  auto names = names_of(twin);
  auto found = co_await ask_row(session, question, std::move(names), 3);
  if (!found) {
    co_return std::unexpected(found.error());
  }
  Likeness likeness;
  if (!found->front()) {
    co_return likeness;
  }
  if (!found->back()) {
    found->back() = "[]";
  }
  std::string sql = twin.sql + (twin.sql.empty() ? "" : "; ");
  sql += "SET LOCAL search_path = pg_catalog, pg_temp";
  const auto made = co_await session.run(std::move(sql), answers_within);
  if (!made) {
    co_return std::unexpected(made.error());
  }
  auto values = std::move(*found);
  const auto rows = co_await ask_rows(session, select_shapes, std::move(values), shape_columns);
  if (!rows) {
    co_return std::unexpected(rows.error());
  }
  likeness.there = shape_of(*rows, "there");
  likeness.asked = shape_of(*rows, "asked");
  co_return likeness;
}

}  // namespace

Awaitable<Asked<Asked<Likeness>>> likeness(WriteSession& session,
                                           std::string search_path,
                                           Twin twin) {
  const bool within = session.transaction() != WriteSession::Transaction::none;
  std::string open = within ? "SAVEPOINT tidemark_twin" : "BEGIN";
  open += "; SET LOCAL lock_timeout = 200; SET LOCAL statement_timeout = 2000";
  const auto opened = co_await session.run(std::move(open), answers_within);
  if (!opened) {
    co_return std::unexpected(opened.error());
  }
  auto made = co_await make(session, std::move(search_path), std::move(twin));
  std::string close =
      within ? "ROLLBACK TO SAVEPOINT tidemark_twin; RELEASE SAVEPOINT tidemark_twin" : "ROLLBACK";
  const auto closed = co_await session.run(std::move(close), answers_within);
  if (!closed) {
    // What went wrong first says more.
    co_return std::unexpected(made ? closed.error() : made.error());
  }
  co_return made;
}

}  // namespace tidemark
