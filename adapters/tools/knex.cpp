#include "adapters/tools/knex.h"

#include <algorithm>
#include <array>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/script.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Verdict = Recognition::Verdict;

constexpr std::array<std::string_view, 1> default_names{"knex_migrations"};
constexpr std::array telltale_columns{Telltale{"migration_time", "batch", 0},
                                      Telltale{"is_locked", "index", 2}};

constexpr std::array<ColumnShape, 4> ledger_columns{{
    {"id", "integer", true},
    {"name", "character varying(255)", false},
    {"batch", "integer", false},
    {"migration_time", "timestamp with time zone", false},
}};
constexpr std::array<ColumnShape, 2> lock_columns{{
    {"index", "integer", true},
    {"is_locked", "integer", false},
}};

constexpr ReadStatement select_all = R"sql(
  SELECT id, name, batch,
         CASE WHEN isfinite(migration_time)
              THEN floor(1000 * extract(epoch FROM migration_time))::bigint
         END AS migration_time_ms
    FROM {ledger}
   ORDER BY id
)sql";

constexpr ReadStatement select_newest = R"sql(
  SELECT id, name, batch
    FROM {ledger}
   ORDER BY id DESC
   LIMIT 20
)sql";

// The row does not say since when it is locked. Some servers know when it was written.
constexpr ReadStatement select_locked = R"sql(
  SELECT 'a run of Knex' AS who,
         floor(1000 * extract(epoch FROM l.since))::bigint AS since_ms,
         floor(extract(epoch FROM pg_catalog.now() - l.since))::bigint AS seconds
    FROM (SELECT CASE WHEN pg_catalog.current_setting('track_commit_timestamp') = 'on'
                      THEN pg_catalog.pg_xact_commit_timestamp(xmin) END AS since
            FROM {ledger}
           WHERE is_locked = 1
           LIMIT 1) AS l
)sql";

constexpr std::size_t columns_asked_for = 4;

std::string description_of(std::string_view stem) {
  auto rest = stem.substr(leading_digits(stem).size());
  if (rest.starts_with('_')) {
    rest.remove_prefix(1);
  }
  return with_blanks(rest);
}

FileEntry entry_of(std::string_view file_name) {
  return script_entry(file_name, description_of(script_stem_or_name(file_name)));
}

// A migration may take its builder under any name, and then only its file's name speaks for it.
bool is_migration(std::string_view path, std::string_view text) {
  switch (script_kind(text)) {
    case ScriptKind::knex:
      return true;
    case ScriptKind::other:
      return is_numbered_script(path) && has_word(without_comments(text), "up");
    case ScriptKind::sequelize:
    case ScriptKind::typeorm:
    case ScriptKind::mikro_orm:
    case ScriptKind::node_pg_migrate:
    case ScriptKind::kysely:
    case ScriptKind::db_migrate:
      return false;
  }
  return false;
}

Row row_of(const std::vector<std::optional<std::string>>& values) {
  const auto name = values[1].value_or("");
  Row row = script_row(name, description_of(script_stem_or_name(name)));
  row.at = time_of(values[3]);
  row.token = values[0].value_or("");
  return row;
}

class Knex : public Tool {
 public:
  std::string_view name() const override { return "knex"; }

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

  // A file that is gone keeps it from running at all: nothing is archived.
  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::runs, .archives_old = false};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_head(directory, is_numbered_script, [](std::string_view head) {
      return script_kind(head) == ScriptKind::knex;
    });
  }
  std::string_view layout_example() const override { return "20260418143000_name.js"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation> all) const override {
    auto recognition = recognise_shape(with_integer_id(relation),
                                       {.name = "a Knex ledger",
                                        .columns = ledger_columns,
                                        .look_alike = ledger_columns.size(),
                                        .more_may_follow = true});
    const TableName lock{relation.name.schema, lock_table(relation)};
    if (recognition.verdict == Verdict::ledger &&
        std::ranges::find(all, lock, &Relation::name) == all.end()) {
      recognition.words += "; no " + lock.name + " beside it, as in a copy";
    }
    return recognition;
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return {select_all, relation.name, {}};
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, columns_asked_for, "Knex"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    for (const auto& values : answer.rows) {
      if (!values[1].value_or("").empty()) {
        rows.push_back(row_of(values));
      }
    }
    return rows;
  }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return ReadQuery{select_newest, relation.name, {}};
  }

  std::string lock_table(const Relation& relation) const override {
    return relation.name.name + "_lock";
  }
  std::optional<ReadQuery> select_lock(const Relation& relation) const override {
    const bool known =
        relation.columns.empty() || match_shape(relation, lock_columns).wrong.empty();
    return known ? std::optional(ReadQuery{select_locked, relation.name, {}}) : std::nullopt;
  }
};

}  // namespace

const Tool& knex() {
  static const Knex tool;
  return tool;
}

}  // namespace tidemark
