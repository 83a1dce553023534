#include "adapters/tools/supabase.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"
#include "adapters/tools/white_space.h"

namespace tidemark {

namespace {

// The first tables had a version alone.
constexpr std::array telltale_columns{Telltale{"version", "statements", 0},
                                      Telltale{"version", "name", 2},
                                      Telltale{"version", "", 1}};
constexpr std::array<std::string_view, 1> default_names{"schema_migrations"};
constexpr std::string_view usual_schema = "supabase_migrations";

constexpr std::array<ColumnShape, 1> ledger_columns{{{"version", "text", true}}};

// Of the statements a hash is enough, which the server makes: a first migration may be a whole
// dump. They are stored without the white space and semicolons between them, so those are left out,
// wherever they are. More than four megabytes as stored are too much work for each poll, and stay
// unverified. Where the table has no such column, the NULL of `d` stands for it: a name is looked
// for in the ledger first.
constexpr ReadStatement select_versions = R"sql(
  SELECT t.version, t.name,
         CASE WHEN pg_catalog.cardinality(t.statements) > 0
                   AND pg_catalog.pg_column_size(t.statements) <= 4194304
              THEN pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.translate(
                     pg_catalog.array_to_string(t.statements, ''), E' \t\n\r\f\x0B;', ''), 'UTF8')),
                     'hex')
         END AS checksum,
         t.token
    FROM (SELECT NULL::text AS name, NULL::text[] AS statements, ''::text AS xmin) AS d
   CROSS JOIN LATERAL (SELECT version, name, statements, xmin::text AS token FROM {ledger}) AS t
   ORDER BY t.version
)sql";

constexpr ReadStatement select_last_versions = R"sql(
  SELECT version
    FROM {ledger}
   ORDER BY version DESC
   LIMIT 20
)sql";

struct NamedFile {
  std::string_view id;
  std::string_view version;
  std::string_view name;
};

// Only what lies where the CLI looks: the directory is supabase/migrations, or has it.
bool in_its_folder(std::string_view path) {
  const auto folder = path.substr(0, path.size() - base_name(path).size());
  return folder.empty() || folder == "migrations/" || folder == "supabase/migrations/" ||
         folder.ends_with("/supabase/migrations/");
}

std::optional<NamedFile> named(std::string_view path) {
  const auto file = base_name(path);
  if (never_a_migration(path) || !file.ends_with(".sql") || !in_its_folder(path)) {
    return std::nullopt;
  }
  const auto id = file.substr(0, file.size() - 4);
  const auto end = id.find('_');
  if (end == std::string_view::npos || !all_digits(id.substr(0, end))) {
    return std::nullopt;
  }
  return NamedFile{id, id.substr(0, end), id.substr(end + 1)};
}

bool is_named(std::string_view path) {
  return named(path).has_value();
}

bool is_named_by_time(std::string_view path) {
  const auto file = named(path);
  return file && file->version.size() == 14;
}

// The CLI's own settings.
bool is_project(const DirectoryView& directory) {
  return std::ranges::any_of(directory.paths, [&](std::string_view path) {
    if (path == "supabase/config.toml" || path.ends_with("/supabase/config.toml")) {
      return true;
    }
    return path == "config.toml" && has_line(directory.head(std::string(path)), "project_id");
  });
}

constexpr std::string_view mark = "\xEF\xBB\xBF";

// The CLI trims more from each statement than ASCII knows, and a byte-order mark with it.
std::string without_wide_blanks(std::string_view text) {
  std::string rest;
  rest.reserve(text.size());
  while (!text.empty()) {
    const auto blank = text.starts_with(mark) ? mark.size() : wide_blank_in_front(text);
    if (blank == 0) {
      rest += text.front();
    }
    text.remove_prefix(std::max<std::size_t>(blank, 1));
  }
  return rest;
}

// Where a statement begins and ends only the CLI knows: what it may have trimmed is there or not.
TheirChecksums checksums_of(std::string_view bytes) {
  const auto text = without_any(bytes, " \t\n\r\f\v;");
  const auto bare = without_wide_blanks(text);
  TheirChecksums checksums{{hex_hash("SHA256", text)}, true};
  for (const auto& form : {bare, std::string(mark) + bare}) {
    if (form != text) {
      checksums.accepted.push_back(hex_hash("SHA256", form));
    }
  }
  return checksums;
}

// Projects of the first versions of the CLI began with a dump that it never runs.
bool is_old_dump(const Migration& migration) {
  return migration.version_text.size() == 14 && migration.version_text < "20211209000000" &&
         migration.id.value == migration.version_text + "_init";
}

FileEntry entry_of(const NamedFile& file, TheirChecksums checksums) {
  const std::string version(file.version);
  return {FileEntry::Role::versioned,
          {version},
          {std::string(file.id)},
          Version::parse(version),
          version,
          with_blanks(file.name),
          std::move(checksums)};
}

class Supabase : public Tool {
 public:
  std::string_view name() const override { return "supabase"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    return {entry_of(*file, checksums_of(bytes))};
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    return {entry_of(*file, TheirChecksums{{}, false})};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    auto catalog = Tool::arrange(files, read);
    if (catalog && !catalog->migrations.empty() && is_old_dump(catalog->migrations.front())) {
      catalog->migrations.front().never = "skipped";
    }
    return catalog;
  }

  // `migration squash` puts a dump into the last of the files and removes the others, and then,
  // from the ledger, the rows up to it.
  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::refused, .squashes = true};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    if (is_project(directory)) {
      auto evidence = evidence_by_name(directory, is_named);
      evidence.strength = LayoutEvidence::Strength::marked;
      return evidence;
    }
    auto evidence = evidence_by_name(directory, is_named_by_time);
    const auto marked = [](std::string_view head) { return is_marked_sql(head); };
    if (evidence.files == 0 || begins_so(directory, is_named_by_time, marked)) {
      return {};
    }
    evidence.strength = LayoutEvidence::Strength::possible;
    return evidence;
  }
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    return plain_script(bytes);
  }
  std::string_view layout_example() const override {
    return "supabase/migrations/20260101000000_name.sql";
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    const auto* statements = find_column(relation, "statements");
    const bool keeps_statements = statements != nullptr && statements->type == "text[]";
    if (!keeps_statements && relation.name.schema != usual_schema) {
      return {};
    }
    const LedgerShapeRule rule{"a Supabase ledger", ledger_columns, 0, true};
    auto recognition = recognise_shape(relation, rule);
    if (recognition.verdict == Recognition::Verdict::ledger) {
      recognition.words = keeps_statements
                              ? "a version and its statements, as the Supabase CLI keeps"
                              : "a version in the schema of the Supabase CLI";
    }
    return recognition;
  }

  ReadQuery select_rows(const Relation& relation) const override {
    return {select_versions, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 4, "Supabase"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    for (const auto& values : answer.rows) {
      Row row;
      const auto version = values[0].value_or("");
      const auto words = values[1].value_or("");
      row.key.value = row.version_text = version;
      row.id.value = words.empty() ? version : version + "_" + words;
      row.version = Version::parse(version);
      row.description = with_blanks(words);
      row.checksum = values[2];
      row.token = values[3].value_or("");
      rows.push_back(std::move(row));
    }
    // In which order they were applied nobody knows.
    std::ranges::sort(rows, {}, [](const Row& row) { return std::tie(row.version, row.key); });
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (!has_primary_key(relation, "version")) {
      return std::nullopt;
    }
    return ReadQuery{select_last_versions, relation.name, {}};
  }
};

}  // namespace

const Tool& supabase() {
  static const Supabase tool;
  return tool;
}

}  // namespace tidemark
