#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/tools/liquibase_checksum.h"
#include "core/catalog/migration.h"
#include "core/result.h"

namespace tidemark {

// What a changelog file says, whichever of Liquibase's formats it has.

struct LiquibaseChange {
  enum class Kind {
    sql,
    sql_file,  // the SQL is in `file`
    other,     // its checksum needs all that Liquibase knows of it; `sql.text` is how it reads here
  } kind = Kind::sql;
  LiquibaseSql sql;
  std::string file;
  bool relative = false;  // to the changelog's own folder
  friend bool operator==(const LiquibaseChange&, const LiquibaseChange&) = default;
};

struct LiquibaseChangeSet {
  std::string id;
  std::string author;
  std::string logical_path;  // stands in the ledger instead of the file's
  std::string dbms;
  std::string comment;
  bool repeats = false;  // runOnChange or runAlways
  bool ignored = false;
  bool conditional = false;  // has a context or labels: whoever runs Liquibase says which count
  enum class RunOrder { first, usual, last } run_order = RunOrder::usual;
  std::vector<std::string> valid_checksums;
  std::vector<LiquibaseChange> changes;
  // What some versions of Liquibase take for the SQL instead, where the file's lines can be read in
  // two ways.
  std::vector<LiquibaseSql> otherwise;
  bool certain = true;  // false: something that is not in here goes into the checksum
  Piece piece;
};

struct LiquibaseInclude {
  std::string path;
  bool all = false;  // the files of a folder
  bool relative = false;
  bool optional = false;  // may lead nowhere
  bool ignored = false;
  bool conditional = false;  // as of a changeset, for all that is in it
  std::string logical_path;
  std::string suffix;  // of these only
  std::size_t depth_min = 0;
  std::size_t depth_max = SIZE_MAX;
};

struct LiquibaseProperty {
  std::string name;
  std::string value;
  bool global = true;
};

struct LiquibaseChangelog {
  std::string logical_path;
  bool conditional = false;  // as of a changeset, for all of them
  // Some versions of Liquibase take the whole file for one changeset, as they do plain SQL.
  bool plain_to_some = false;
  std::vector<std::string> problems;
  std::vector<std::variant<LiquibaseChangeSet, LiquibaseInclude, LiquibaseProperty>> steps;
};

enum class LiquibaseFormat { none, xml, yaml, json, formatted_sql, plain_sql };

// Of the text of `runOrder`.
LiquibaseChangeSet::RunOrder liquibase_run_order(std::string_view text);

// By the name alone; `formatted_sql` for all SQL.
LiquibaseFormat liquibase_format_by_name(std::string_view path);
// What Liquibase calls the one changeset of a file of plain SQL.
constexpr std::string_view plain_sql_id = "raw";
constexpr std::string_view plain_sql_author = "includeAll";

// `none` for XML, YAML and JSON that is no changelog.
LiquibaseFormat liquibase_format(std::string_view path, std::string_view bytes);

// Fails with words for people; `not_found`: it is no changelog at all. Pieces lie within `bytes`.
Result<LiquibaseChangelog> parse_liquibase_changelog(LiquibaseFormat format,
                                                     std::string_view bytes);

// Of one format each.
LiquibaseChangelog parse_liquibase_sql(std::string_view bytes);
LiquibaseChangelog plain_sql_as_changelog(std::string_view bytes);
Result<LiquibaseChangelog> parse_liquibase_xml(std::string_view bytes);
Result<LiquibaseChangelog> parse_liquibase_yaml(std::string_view bytes);
Result<LiquibaseChangelog> parse_liquibase_json(std::string_view bytes);

bool is_formatted_liquibase_sql(std::string_view bytes);

}  // namespace tidemark
