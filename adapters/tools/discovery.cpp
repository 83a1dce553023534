#include "adapters/tools/discovery.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "adapters/tools/answer.h"
#include "adapters/tools/shape.h"
#include "adapters/tools/unread.h"

namespace tidemark {

namespace {

// One row for each column. $1: telltales, "column other columns_max" each; $2, $3: schema and name
// of a relation that is wanted in any case, in every schema where that is empty; $4: the only
// schema to look in, or NULL, beside those that tools have for themselves; $5: names that ledgers
// have.
constexpr ReadStatement select_relations = R"sql(
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition,
         pg_catalog.row_security_active(c.oid) AS row_security,
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS can_use,
         pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS can_select,
         pg_catalog.has_table_privilege(c.oid, 'SELECT') AS can_select_all,
         a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
         pg_catalog.array_position(i.indkey::int2[], a.attnum) AS key_position
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND n.nspname <> 'information_schema'
     AND pg_catalog.left(n.nspname::text, 3) <> 'pg_'
     AND ($4::text IS NULL
          OR n.nspname IN ('sqitch', 'drizzle', 'supabase_migrations')
          OR c.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = $4::text))
     AND (c.oid IN (
            SELECT t.attrelid
              FROM pg_catalog.pg_attribute t
              JOIN (SELECT pg_catalog.split_part(e.w, ' ', 1) AS first,
                           pg_catalog.split_part(e.w, ' ', 2) AS other,
                           pg_catalog.split_part(e.w, ' ', 3)::int AS columns_max
                      FROM pg_catalog.unnest($1::text[]) AS e(w)) AS w
                ON pg_catalog.lower(t.attname::text COLLATE "C") = w.first
             WHERE t.attnum > 0 AND NOT t.attisdropped
               AND (w.other = ''
                    OR EXISTS (SELECT FROM pg_catalog.pg_attribute o
                                WHERE o.attrelid = t.attrelid AND o.attnum > 0
                                  AND NOT o.attisdropped
                                  AND pg_catalog.lower(o.attname::text COLLATE "C") = w.other))
               AND (w.columns_max = 0
                    OR w.columns_max >= (SELECT pg_catalog.count(*)
                                           FROM pg_catalog.pg_attribute m
                                          WHERE m.attrelid = t.attrelid AND m.attnum > 0
                                            AND NOT m.attisdropped)))
          OR c.relname::text = ANY ($5::text[])
          OR ($2::text IN (n.nspname::text, '') AND c.relname = $3::text))
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.objid = c.oid AND d.deptype = 'e')
   ORDER BY n.nspname, c.relname, c.oid, a.attnum
)sql";

enum Column : std::size_t {
  oid,
  schema,
  name,
  kind,
  partition,
  row_security,
  can_use,
  can_select,
  can_select_all,
  column_name,
  column_type,
  not_null,
  key_position,
  columns
};

using Values = std::vector<std::optional<std::string>>;

Relation relation_of(const Values& values) {
  const auto text = values[kind].value_or("");
  return {{values[schema].value_or(""), values[name].value_or("")},
          number_of(values[oid]),
          text.empty() ? '?' : text.front(),
          values[partition] == "t",
          values[can_use] == "t",
          values[can_select] == "t",
          values[row_security] == "t",
          {},
          {},
          values[can_select_all] == "t"};
}

// As a PostgreSQL array; no word has a quotation mark in it.
std::string array_of(const std::set<std::string>& words) {
  std::string list;
  for (const auto& word : words) {
    list += (list.empty() ? "\"" : ",\"") + word + "\"";
  }
  return "{" + list + "}";
}

std::string telltales() {
  std::set<std::string> words;
  const auto add = [&](const Telltale& telltale) {
    words.insert(std::string(telltale.column) + " " + std::string(telltale.other) + " " +
                 std::to_string(telltale.columns_max));
  };
  for (const auto* tool : all_tools()) {
    std::ranges::for_each(tool->telltales(), add);
  }
  std::ranges::for_each(unread_telltales(), add);
  return array_of(words);
}

// "version text, applied_at timestamp with time zone": of a wide table the first few.
std::string columns_in_words(const Relation& relation) {
  constexpr std::size_t most = 8;
  std::vector<std::string> words;
  for (const auto& column :
       std::span(relation.columns).first(std::min(most, relation.columns.size()))) {
    words.push_back(column.name + " " + column.type);
  }
  if (relation.columns.size() > most) {
    words.push_back(std::to_string(relation.columns.size() - most) + " more");
  }
  return join(words, ", ");
}

void judge(const Relation& relation, std::span<const Relation> all, Discovered& discovered) {
  using Verdict = Recognition::Verdict;
  if (const auto owner = owned_by_platform(relation); !owner.empty()) {
    discovered.rejected.push_back({nullptr, relation.name, "belongs to " + std::string(owner)});
    return;
  }
  std::vector<RecognisedLedger> possible;
  std::vector<RejectedTable> reasons;
  for (const auto* tool : all_tools()) {
    auto recognition = tool->recognise(relation, all);
    switch (recognition.verdict) {
      case Verdict::no:
      case Verdict::if_named:
        break;
      case Verdict::near_miss:
        reasons.push_back({tool, relation.name, std::move(recognition.words)});
        break;
      case Verdict::possible:
        possible.push_back({tool, relation, std::move(recognition.words)});
        break;
      case Verdict::ledger:
        discovered.ledgers.push_back({tool, relation, std::move(recognition.words)});
        return;
    }
  }
  if (!possible.empty()) {
    std::ranges::move(possible, std::back_inserter(discovered.ledgers));
    return;
  }
  if (const auto unread = name_unread(relation); !unread.empty()) {
    discovered.unread.push_back({relation.name, unread});
    return;
  }
  if (reasons.empty() && not_a_table(relation).empty() && has_name_of_a_ledger(relation.name)) {
    discovered.unknown.push_back({relation.name, columns_in_words(relation)});
  }
  std::ranges::move(reasons, std::back_inserter(discovered.rejected));
}

}  // namespace

ReadQuery discovery_query(const std::optional<TableName>& wanted, const std::string& schema) {
  ReadQuery query{select_relations, std::nullopt, {telltales()}};
  query.values.resize(4);
  query.values.push_back(array_of(names_of_ledgers()));
  if (wanted) {
    query.values[1] = wanted->schema;
    query.values[2] = wanted->name;
  } else if (!schema.empty()) {
    query.values[3] = schema;
  }
  return query;
}

Result<std::vector<Relation>> parse_relations(const ResultSet& answer) {
  std::vector<Relation> relations;
  std::vector<std::pair<std::uint32_t, std::string>> keys;
  const auto finish = [&] {
    std::ranges::sort(keys);
    for (auto& [position, key] : keys) {
      relations.back().primary_key.push_back(std::move(key));
    }
    keys.clear();
  };
  for (const auto& values : answer.rows) {
    if (values.size() != columns) {
      return fail(Errc::broken,
                  "look for ledgers: an answer of " + std::to_string(values.size()) + " columns");
    }
    auto relation = relation_of(values);
    if (relations.empty() || relations.back().oid != relation.oid) {
      finish();
      relations.push_back(std::move(relation));
    }
    const auto& column = values[column_name].value_or("");
    relations.back().columns.push_back(
        {column, values[column_type].value_or(""), values[not_null] == "t"});
    if (values[key_position]) {
      keys.emplace_back(number_of(values[key_position]), column);
    }
  }
  finish();
  return relations;
}

Discovered recognise_ledgers(std::span<const Relation> relations) {
  Discovered discovered;
  for (const auto& relation : relations) {
    judge(relation, relations, discovered);
  }
  return discovered;
}

}  // namespace tidemark
