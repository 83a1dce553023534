#include "adapters/tools/ecto.h"

#include <array>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/numbered.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

constexpr std::array telltale_columns{Telltale{"version", "inserted_at", 2}};
constexpr std::array<std::string_view, 1> default_names{"schema_migrations"};

constexpr std::array<ColumnShape, 2> columns{{
    {"version", "bigint", true},
    {"inserted_at", "timestamp without time zone", false},
}};

// inserted_at is UTC.
constexpr ReadStatement select_all = R"sql(
  SELECT version,
         CASE WHEN isfinite(inserted_at)
              THEN floor(1000 * extract(epoch FROM inserted_at))::bigint
          END AS inserted_at_ms
    FROM {ledger}
   ORDER BY inserted_at NULLS FIRST, version
)sql";

constexpr ReadStatement select_last = R"sql(
  SELECT version, inserted_at
    FROM {ledger}
   ORDER BY version DESC
   LIMIT 20
)sql";

// While Ecto works it keeps others from doing so by a lock on the ledger that lets everybody read.
// Autovacuum takes the same one, and is no role. Or, as its repo may say, by an advisory lock,
// whose key is a hash of 27 bits of the repo's module, which only its code tells: then whoever
// holds one such lock has asked for that, or for the ledger's rows, last; its work is on other
// connections. What others ask is shown to pg_read_all_stats and to the same role alone. $1, $2:
// schema and name of the ledger.
constexpr ReadStatement select_at_work = R"sql(
  SELECT pg_catalog.concat_ws(', ', 'pid ' || l.pid::text, 'role ' || a.usename::text,
                              NULLIF(a.application_name, '')) AS who,
         floor(1000 * extract(epoch FROM a.xact_start))::bigint AS since_ms,
         floor(extract(epoch FROM pg_catalog.now() - a.xact_start))::bigint AS seconds
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid AND a.usesysid IS NOT NULL
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                        WHERE d.datname = pg_catalog.current_database())
     AND n.nspname = $1::text AND c.relname = $2::text
   UNION ALL
  SELECT pg_catalog.concat_ws(', ', 'pid ' || l.pid::text, 'role ' || a.usename::text,
                              NULLIF(a.application_name, '')),
         floor(1000 * extract(epoch FROM a.query_start))::bigint,
         floor(extract(epoch FROM pg_catalog.now() - a.query_start))::bigint
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
     AND l.classid = 0 AND l.objid::bigint < 134217728
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
                        WHERE d.datname = pg_catalog.current_database())
     AND (a.query = 'SELECT pg_try_advisory_lock(' || l.objid::text || ')'
          OR a.query LIKE 'SELECT %FROM "' || $2::text || '" AS %'
          OR a.query LIKE 'SELECT %FROM "' || $1::text || '"."' || $2::text || '" AS %')
   ORDER BY who
)sql";

std::optional<FileEntry> entry_of(std::string_view path) {
  auto stem = base_name(path);
  if (never_a_migration(path) || !stem.ends_with(".exs")) {
    return std::nullopt;
  }
  stem.remove_suffix(4);
  const auto named = numbered_name(stem);
  if (!named || named->name.empty()) {
    return std::nullopt;
  }
  return numbered_entry(*named, stem);
}

// A migration that Ecto passes over, with a warning that few read.
constexpr std::string_view passed_over = "passed over";

bool is_passed_over(std::string_view path, std::string_view bytes) {
  return path.ends_with(".ex") && entry_of(std::string(path) + "s") &&
         has_line(bytes, "use Ecto.Migration");
}

class Ecto : public Tool {
 public:
  std::string_view name() const override { return "ecto"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    if (is_passed_over(path, bytes)) {
      FileEntry part;
      part.role = FileEntry::Role::part;
      part.key = {std::string(passed_over)};
      return {std::move(part)};
    }
    return entries_by_name(path);
  }
  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    auto entry = entry_of(path);
    return entry ? std::vector{std::move(*entry)} : std::vector<FileEntry>();
  }
  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    auto catalog = Tool::arrange(files, read);
    if (!catalog) {
      return catalog;
    }
    for (const auto& file : files) {
      if (file.entries.front().key.value == passed_over) {
        catalog->problems.push_back({file.path, "is never run by Ecto: its name ends in .ex"});
      }
    }
    refuse_same_names(*catalog);
    return catalog;
  }
  // A version whose file is gone is no trouble to Ecto: old ones are deleted once the structure is
  // dumped.
  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::runs, .archives_old = true};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_head(
        directory,
        [](std::string_view path) { return entry_of(path).has_value(); },
        [](std::string_view head) { return has_line(head, "use Ecto.Migration"); });
  }
  std::string_view layout_example() const override { return "20260101000000_name.exs"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    auto found = recognise_shape(
        relation, {.name = "an Ecto ledger", .columns = columns, .names = default_names});
    if (found.verdict == Recognition::Verdict::ledger && !has_primary_key(relation, "version")) {
      found.words += "; no primary key on version, as in a copy";
    }
    return found;
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return {select_all, relation.name, {}};
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 2, "Ecto"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    rows.reserve(answer.rows.size());
    for (const auto& values : answer.rows) {
      if (!values[0]) {
        continue;
      }
      auto row = numbered_row(*values[0], values[1].value_or(*values[0]));
      row.at = time_of(values[1]);
      rows.push_back(std::move(row));
    }
    return rows;
  }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (relation.kind != 'r' || !has_primary_key(relation, "version")) {
      return std::nullopt;
    }
    return ReadQuery{select_last, relation.name, {}};
  }

  std::string lock_table(const Relation& relation) const override { return relation.name.name; }
  std::optional<ReadQuery> select_lock(const Relation& relation) const override {
    return ReadQuery{select_at_work, std::nullopt, {relation.name.schema, relation.name.name}};
  }
};

}  // namespace

const Tool& ecto() {
  static const Ecto tool;
  return tool;
}

}  // namespace tidemark
