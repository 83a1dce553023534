#include "adapters/tools/goose.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/flat.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

// The second is beside a ledger.
constexpr std::array telltale_columns{Telltale{"version_id", "is_applied", 0},
                                      Telltale{"lock_id", "lease_expires_at", 0}};
constexpr std::array<std::string_view, 1> default_names{"goose_db_version"};

constexpr std::array<ColumnShape, 4> ledger_columns{{
    {"id", "integer", true},
    {"version_id", "bigint", true},
    {"is_applied", "boolean", true},
    {"tstamp", "timestamp without time zone", false},
}};
// Before 3.22 the time could be NULL; since then it cannot, which is worth no note.
constexpr std::array<ColumnShape, 4> ledger_columns_since_3_22{{
    {"id", "integer", true},
    {"version_id", "bigint", true},
    {"is_applied", "boolean", true},
    {"tstamp", "timestamp without time zone", true},
}};
constexpr std::size_t columns_that_look_like_it = 3;
constexpr std::array<ColumnShape, 4> lock_columns{{
    {"locked", "boolean", true},
    {"locked_at", "timestamp with time zone", false},
    {"locked_by", "text", false},
    {"lease_expires_at", "timestamp with time zone", false},
}};

// tstamp has no zone. It was the zone of whoever ran goose; the best guess is what a session here
// has by default (ours is UTC in each transaction), and it is never compared with a clock of ours.
constexpr ReadStatement select_versions = R"sql(
  SELECT id, version_id, is_applied,
         CASE WHEN isfinite(tstamp)
              THEN floor(1000 * extract(epoch FROM tstamp AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS tstamp_ms
    FROM {ledger}
   ORDER BY id
)sql";

constexpr ReadStatement select_last_versions = R"sql(
  SELECT id, version_id, is_applied
    FROM {ledger}
   ORDER BY id DESC
   LIMIT 20
)sql";

// Who works renews the lease every few seconds. One that ran out is nobody's, and the next run
// takes it.
constexpr ReadStatement select_leased = R"sql(
  SELECT coalesce(locked_by, 'a run of goose') AS who,
         CASE WHEN isfinite(locked_at)
              THEN floor(1000 * extract(epoch FROM locked_at))::bigint
          END AS locked_at_ms,
         0 AS seconds
    FROM {ledger}
   WHERE locked AND lease_expires_at > pg_catalog.now()
   ORDER BY lock_id
   LIMIT 1
)sql";

struct NamedFile {
  std::string_view id;
  std::string_view version;
  std::string_view name;
};

bool is_positive_64(std::string_view digits) {
  std::int64_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  return all_digits(digits) && error == std::errc() && stop == end && value > 0;
}

std::optional<NamedFile> named(std::string_view path) {
  const auto file = base_name(path);
  if (never_a_migration(path) || file.ends_with("_test.go")) {
    return std::nullopt;
  }
  const std::string_view suffix = file.ends_with(".sql") ? ".sql" : ".go";
  const auto separator = file.find('_');
  if (!file.ends_with(suffix) || separator == std::string_view::npos ||
      !is_positive_64(file.substr(0, separator))) {
    return std::nullopt;
  }
  const auto id = file.substr(0, file.size() - suffix.size());
  return NamedFile{id, id.substr(0, separator), id.substr(separator + 1)};
}

bool begins_like_goose(std::string_view head) {
  return has_line(head, "-- +goose") || has_line(head, "--+goose") ||
         head.find("goose.AddMigration") != std::string_view::npos ||
         head.find("goose.AddNamedMigration") != std::string_view::npos;
}

// "up" of "-- +goose Up": goose reads them in either case.
std::optional<std::string> annotation(std::string_view line) {
  const auto said = directive(line, "+goose");
  return said ? std::optional(lower_case(*said)) : std::nullopt;
}

std::optional<SectionMark> section_mark(std::string_view line) {
  const auto said = annotation(line);
  if (!said) {
    return std::nullopt;
  }
  if (*said == "up") {
    return SectionMark{SectionMark::Kind::up};
  }
  if (*said == "down") {
    return SectionMark{SectionMark::Kind::down};
  }
  return SectionMark{SectionMark::Kind::other, *said == "no transaction"};
}

bool wants_environment(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    if (annotation(bytes.substr(0, end)) == "envsub on") {
      return true;
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return false;
}

class Goose : public Tool {
 public:
  std::string_view name() const override { return "goose"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    auto all = entries_by_name(path);
    for (auto& entry : all) {
      entry.rolls_back = path.ends_with(".sql") && has_down_section(bytes, section_mark);
    }
    return all;
  }

  Result<ScriptText> script(std::string_view bytes, Attempt::Action action) const override {
    if (wants_environment(bytes)) {
      return fail(
          Errc::invalid,
          "it takes values from the environment of goose (+goose ENVSUB ON), which tidemark "
          "does not know");
    }
    return section_of(bytes, action, section_mark);
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    const auto version = without_leading_zeros(file->version);
    return {{FileEntry::Role::versioned,
             {version},
             {std::string(file->id)},
             Version::parse(version),
             version,
             with_blanks(file->name),
             TheirChecksums{{}, false}}};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    const auto flat = without_nested(files);
    return with_problems(Tool::arrange(flat.files, read), flat.problems);
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_head(
        directory,
        [](std::string_view path) { return named(path).has_value(); },
        begins_like_goose);
  }
  std::string_view layout_example() const override { return "00001_name.sql"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    const auto* time = find_column(relation, "tstamp");
    const bool newer = time != nullptr && time->not_null;
    const std::span<const ColumnShape> columns =
        newer ? std::span(ledger_columns_since_3_22) : std::span(ledger_columns);
    return recognise_shape(with_integer_id(relation),
                           {.name = "a goose ledger",
                            .columns = columns,
                            .look_alike = columns_that_look_like_it,
                            .names = default_names});
  }

  ReadQuery select_rows(const Relation& relation) const override {
    return {select_versions, relation.name, {}};
  }

  // Until 2.4.4 a version that was rolled back stayed, and got a second row that says so. The last
  // row of a version counts.
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 4, "goose"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    std::unordered_map<std::string, std::size_t> last;
    for (const auto& values : answer.rows) {
      Row row;
      const auto version = values[1].value_or("");
      if (!is_positive_64(version)) {
        continue;  // 0 says that the table was made
      }
      row.key.value = row.id.value = row.version_text = version;
      row.version = Version::parse(version);
      row.state = values[2] == "t" ? Row::State::applied : Row::State::undone;
      row.at = time_of(values[3]);
      row.token = values[0].value_or("");
      if (const auto [at, first] = last.try_emplace(version, rows.size()); !first) {
        rows[at->second].state = Row::State::undone;
        at->second = rows.size();
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (!has_primary_key(relation, "id")) {
      return std::nullopt;
    }
    return ReadQuery{select_last_versions, relation.name, {}};
  }

  std::string lock_table(const Relation&) const override { return "goose_lock"; }
  std::optional<ReadQuery> select_lock(const Relation& relation) const override {
    const bool known =
        relation.columns.empty() || match_shape(relation, lock_columns).wrong.empty();
    return known ? std::optional(ReadQuery{select_leased, relation.name, {}}) : std::nullopt;
  }

  // Only of who asks goose to lock: the default of today's versions, and of the first that could.
  std::vector<std::int64_t> advisory_locks(const Relation&, std::string_view) const override {
    return {4097083626, 5887940537704921958};
  }
};

}  // namespace

const Tool& goose() {
  static const Goose tool;
  return tool;
}

}  // namespace tidemark
