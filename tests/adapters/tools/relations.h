#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark::test {

// Flyway's own table as the server's catalog describes it.
inline Relation flyway_table(std::string schema = "public",
                             std::string name = "flyway_schema_history") {
  return {{std::move(schema), std::move(name)},
          16400,
          'r',
          false,
          true,
          true,
          false,
          {{"installed_rank", "integer", true},
           {"version", "character varying(50)", false},
           {"description", "character varying(200)", true},
           {"type", "character varying(20)", true},
           {"script", "character varying(1000)", true},
           {"checksum", "integer", false},
           {"installed_by", "character varying(100)", true},
           {"installed_on", "timestamp without time zone", true},
           {"execution_time", "integer", true},
           {"success", "boolean", true}},
          {"installed_rank"}};
}

// A table with these columns ("id integer!" is NOT NULL) and primary key.
inline Relation table(std::string schema,
                      std::string name,
                      const std::vector<std::string>& columns,
                      std::vector<std::string> primary_key = {}) {
  Relation relation{{std::move(schema), std::move(name)},
                    16500,
                    'r',
                    false,
                    true,
                    true,
                    false,
                    {},
                    std::move(primary_key)};
  for (const auto& column : columns) {
    const auto blank = column.find(' ');
    const bool not_null = column.ends_with('!');
    relation.columns.push_back(
        {column.substr(0, blank),
         column.substr(blank + 1, column.size() - blank - 1 - (not_null ? 1 : 0)),
         not_null});
  }
  return relation;
}

inline Relation flyway_3_table() {
  auto table = flyway_table("public", "schema_version");
  table.columns.insert(table.columns.begin(), {"version_rank", "integer", true});
  table.columns[2].not_null = true;
  table.primary_key = {"version"};
  return table;
}

inline Relation::Column& column(Relation& relation, std::string_view name) {
  for (auto& candidate : relation.columns) {
    if (candidate.name == name) {
      return candidate;
    }
  }
  return relation.columns.front();
}

// "ledger", "possible", "if_named", "near_miss: why", "no": what a tool takes it for, `all` beside
// it.
inline std::string verdict(const Tool& tool,
                           const Relation& relation,
                           std::span<const Relation> all = {}) {
  const auto [is, words] = tool.recognise(relation, all);
  switch (is) {
    case Recognition::Verdict::no:
      return "no";
    case Recognition::Verdict::near_miss:
      return "near_miss: " + words;
    case Recognition::Verdict::if_named:
      return "if_named";
    case Recognition::Verdict::possible:
      return "possible";
    case Recognition::Verdict::ledger:
      return "ledger";
  }
  return "";
}

}  // namespace tidemark::test
