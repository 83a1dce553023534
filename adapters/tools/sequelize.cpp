#include "adapters/tools/sequelize.h"

#include <algorithm>
#include <array>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/row_versions.h"
#include "adapters/tools/script.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Verdict = Recognition::Verdict;

constexpr std::array<std::string_view, 1> default_names{"SequelizeMeta"};
constexpr std::array telltale_columns{
    Telltale{"name", "", 1}, Telltale{"name", "createdat", 3}, Telltale{"name", "created_at", 3}};

constexpr std::array<ColumnShape, 1> name_only{{{"name", "character varying(255)", true}}};
constexpr std::array<ColumnShape, 3> with_times{{
    {"name", "character varying(255)", true},
    {"createdat", "timestamp with time zone", true},
    {"updatedat", "timestamp with time zone", true},
}};
constexpr std::array<ColumnShape, 3> with_underscored_times{{
    {"name", "character varying(255)", true},
    {"created_at", "timestamp with time zone", true},
    {"updated_at", "timestamp with time zone", true},
}};

constexpr ReadStatement select_names = R"sql(
  SELECT name, xmin::text AS token, NULL::bigint AS created_at_ms
    FROM {ledger}
   ORDER BY name COLLATE "C"
)sql";

// Of a view, whose rows have no xmin.
constexpr ReadStatement select_names_alone = R"sql(
  SELECT name, '' AS token, NULL::bigint AS created_at_ms
    FROM {ledger}
   ORDER BY name COLLATE "C"
)sql";

constexpr ReadStatement select_with_times = R"sql(
  SELECT name, extract(epoch FROM "createdAt")::text AS token,
         CASE WHEN isfinite("createdAt")
              THEN floor(1000 * extract(epoch FROM "createdAt"))::bigint END AS created_at_ms
    FROM {ledger}
   ORDER BY "createdAt", name COLLATE "C"
)sql";

constexpr ReadStatement select_with_underscored_times = R"sql(
  SELECT name, extract(epoch FROM created_at)::text AS token,
         CASE WHEN isfinite(created_at)
              THEN floor(1000 * extract(epoch FROM created_at))::bigint END AS created_at_ms
    FROM {ledger}
   ORDER BY created_at, name COLLATE "C"
)sql";

constexpr std::size_t columns_asked_for = 3;

enum class Columns { others, name, times, underscored_times };

// Its column of names may have been made without a length.
bool matches(Relation relation, std::span<const ColumnShape> shape) {
  for (auto& column : relation.columns) {
    if (column.name == "name" && column.type == "text") {
      column.type = "character varying";
    }
  }
  const auto match = match_shape(relation, shape);
  return match.wrong.empty() && match.further == 0;
}

bool has_column(const Relation& relation, std::string_view name) {
  return std::ranges::find(relation.columns, name, &Relation::Column::name) !=
         relation.columns.end();
}

Columns columns_of(const Relation& relation) {
  if (!has_column(relation, "name")) {
    return Columns::others;
  }
  if (matches(relation, name_only)) {
    return Columns::name;
  }
  if (matches(relation, with_times) && has_column(relation, "createdAt")) {
    return Columns::times;
  }
  if (matches(relation, with_underscored_times) && has_column(relation, "created_at")) {
    return Columns::underscored_times;
  }
  return Columns::others;
}

// A table with one column of names is anybody's; so is one of names and times that a model of an
// application has. What it is called has to say the rest.
Verdict verdict_by_name(std::string_view table) {
  const auto lower = lower_case(table);
  const auto has = [&](std::string_view word) { return lower.find(word) != std::string::npos; };
  if (has("sequelizedata") || has("seed")) {
    return Verdict::no;  // of the programs that fill tables with first rows
  }
  if (has("sequelize") || has("umzug")) {
    return Verdict::ledger;
  }
  return has("migrat") ? Verdict::possible : Verdict::if_named;
}

std::string description_of(std::string_view stem) {
  auto rest = stem.substr(leading_digits(stem).size());
  if (rest.starts_with('_') || rest.starts_with('-')) {
    rest.remove_prefix(1);
  }
  std::string words(rest);
  std::ranges::replace(words, '-', ' ');
  return with_blanks(words);
}

FileEntry entry_of(std::string_view file_name) {
  return script_entry(file_name, description_of(script_stem_or_name(file_name)));
}

// Umzug hands a migration whatever its people chose, under any name.
bool is_migration(std::string_view path, std::string_view text) {
  const auto kind = script_kind(text);
  const bool could_be =
      kind == ScriptKind::sequelize || (kind == ScriptKind::other && is_numbered_script(path));
  return could_be && has_word(without_comments(text), "up");
}

Row row_of(const std::vector<std::optional<std::string>>& values) {
  const auto name = values[0].value_or("");
  Row row = script_row(name, description_of(script_stem_or_name(name)));
  row.at = time_of(values[2]);
  row.token = values[1].value_or("");
  return row;
}

class Sequelize : public Tool {
 public:
  std::string_view name() const override { return "sequelize"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    if (!is_script(path) || !is_migration(path, bytes)) {
      return {};
    }
    return {entry_of(base_name(path))};
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    if (!is_numbered_script(path)) {
      return {};
    }
    return {entry_of(base_name(path))};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    auto catalog = Tool::arrange(files, read);
    if (catalog) {
      sort_by_name(*catalog);
    }
    return catalog;
  }

  // A file that is gone keeps its command line from running at all: nothing is archived.
  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::runs, .archives_old = false};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_head(directory, is_numbered_script, [](std::string_view head) {
      return script_kind(head) == ScriptKind::sequelize;
    });
  }
  std::string_view layout_example() const override { return "20260418143000-name.js"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    const auto verdict = verdict_by_name(relation.name.name);
    if (columns_of(relation) == Columns::others) {
      return verdict == Verdict::ledger && find_column(relation, "name") != nullptr
                 ? Recognition{Verdict::near_miss,
                               "looks like a Sequelize ledger, but has other columns"}
                 : Recognition{};
    }
    if (const auto what = not_a_table(relation); !what.empty()) {
      return verdict == Verdict::ledger
                 ? Recognition{Verdict::near_miss,
                               "has the columns of a Sequelize ledger, but is " + what}
                 : Recognition{};
    }
    return {verdict, verdict == Verdict::no ? "" : "the columns of a Sequelize ledger"};
  }

  ReadQuery select_rows(const Relation& relation) const override {
    switch (columns_of(relation)) {
      case Columns::times:
        return {select_with_times, relation.name, {}};
      case Columns::underscored_times:
        return {select_with_underscored_times, relation.name, {}};
      case Columns::name:
      case Columns::others:
        break;
    }
    const bool has_xmin = relation.kind == 'r' || relation.kind == 'p' || relation.kind == 'm';
    return {has_xmin ? select_names : select_names_alone, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, columns_asked_for, "Sequelize"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    for (const auto& values : answer.rows) {
      if (!values[0].value_or("").empty()) {
        rows.push_back(row_of(values));
      }
    }
    return rows;
  }

  // The index on names says nothing about what is new.
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return select_row_versions(relation);
  }
};

}  // namespace

const Tool& sequelize() {
  static const Sequelize tool;
  return tool;
}

}  // namespace tidemark
