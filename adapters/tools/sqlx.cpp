#include "adapters/tools/sqlx.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/flat.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/rewritten.h"
#include "adapters/tools/script.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::array telltale_columns{Telltale{"installed_on", "checksum", 6}};
constexpr std::array<std::string_view, 1> default_names{"_sqlx_migrations"};

constexpr std::array<ColumnShape, 6> ledger_columns{{
    {"version", "bigint", true},
    {"description", "text", true},
    {"installed_on", "timestamp with time zone", true},
    {"success", "boolean", true},
    {"checksum", "bytea", true},
    {"execution_time", "bigint", true},
}};
constexpr std::size_t columns_that_look_like_it = 5;

constexpr ReadStatement select_migrations = R"sql(
  SELECT version, description, success, pg_catalog.encode(checksum, 'hex') AS checksum,
         CASE WHEN isfinite(installed_on)
              THEN floor(1000 * extract(epoch FROM installed_on))::bigint
          END AS installed_on_ms
    FROM {ledger}
   ORDER BY installed_on, version
)sql";

constexpr ReadStatement select_last_migrations = R"sql(
  SELECT version, success, checksum, installed_on
    FROM {ledger}
   ORDER BY version DESC
   LIMIT 20
)sql";

struct NamedFile {
  Role role = Role::versioned;
  bool pair = false;  // one half of it
  std::string_view id;
  std::string_view version;
  std::string_view name;
};

bool is_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  return all_digits(digits) && error == std::errc() && stop == end;
}

// What sqlx takes for a migration's file before it looks at the number. People number what fills
// tables with first rows, too.
bool has_its_form(std::string_view path) {
  const auto file = base_name(path);
  const auto end = file.find('_');
  return !never_a_migration(path) && !in_seed_folder(path) && file.ends_with(".sql") &&
         end != std::string_view::npos && end < file.size() - 4;
}

// "1", "init" and up of "1_init.up.sql".
std::optional<NamedFile> named(std::string_view path) {
  const auto file = base_name(path);
  if (!has_its_form(path) || !is_number(file.substr(0, file.find('_')))) {
    return std::nullopt;
  }
  NamedFile found;
  found.version = file.substr(0, file.find('_'));
  found.name = file.substr(found.version.size() + 1);
  std::string_view suffix = ".sql";
  if (found.name.ends_with(".up.sql")) {
    suffix = ".up.sql";
  } else if (found.name.ends_with(".down.sql")) {
    suffix = ".down.sql";
    found.role = Role::rollback;
  }
  found.pair = suffix != ".sql";
  while (found.name.ends_with(suffix)) {
    found.name.remove_suffix(suffix.size());
  }
  found.id = file.substr(0, found.version.size() + 1 + found.name.size());
  return found;
}

bool is_up(std::string_view path) {
  const auto file = named(path);
  return file && file->role == Role::versioned;
}

bool is_single(std::string_view path) {
  const auto file = named(path);
  return file && !file->pair;
}

// As `sqlx migrate add` begins a file, and few people take away.
bool begins_like_sqlx(std::string_view head) {
  return has_line(head, "-- Add migration script here") ||
         has_line(head, "-- Add up migration script here");
}

bool is_its_settings(std::string_view path) {
  return base_name(path) == "sqlx.toml";
}

// Whether programs here ask the database by sqlx, which may leave its migrations to another tool.
bool is_asked_by_sqlx(const DirectoryView& directory) {
  return std::ranges::any_of(directory.paths, [&](const std::string& path) {
    const auto file = base_name(path);
    if (file == "Cargo.toml") {
      const auto head = directory.head(path);
      return has_line(head, "sqlx ") || has_line(head, "sqlx=") || has_line(head, "sqlx.") ||
             has_line(head, "[dependencies.sqlx]");
    }
    return file.starts_with("query-") && file.ends_with(".json") &&
           folder_with_slash(path).ends_with(".sqlx/");
  });
}

// Of the bytes, as sqlx itself verifies; of the same with other line endings or another beginning,
// as a checkout or an editor leaves them; and without what `ignored-chars` of a sqlx.toml is
// usually told to leave out.
TheirChecksums checksums_of(std::string_view bytes) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  const auto hash = [](std::string_view form) { return hex_hash("SHA384", form); };
  TheirChecksums checksums;
  auto& all = checksums.accepted;
  all = hashes_as_rewritten(bytes, hash);
  const auto add = [&](std::string_view form) {
    if (auto hashed = hash(form); std::ranges::find(all, hashed) == all.end()) {
      all.push_back(std::move(hashed));
    }
  };
  const auto text = bytes.substr(bytes.starts_with(mark) ? mark.size() : 0);
  for (const std::string_view letters : {"\r", " \t\r\n"}) {
    auto form = without_any(text, letters);
    add(form);
    add(form.insert(0, mark));
  }
  return checksums;
}

Row row_of(const std::vector<std::optional<std::string>>& values) {
  Row row;
  const auto version = values[0].value_or("");
  auto words = values[1].value_or("");
  row.key.value = row.id.value = row.version_text = version;
  row.description = words;
  if (!words.empty()) {
    std::ranges::replace(words, ' ', '_');
    row.id.value += "_" + words;
  }
  if (!version.starts_with('-')) {
    row.version = Version::parse(version);
  }
  row.state = values[2] == "t" ? Row::State::applied : Row::State::failed;
  row.checksum = values[3];
  row.at = time_of(values[4]);
  row.token = values[4].value_or("");
  return row;
}

class Sqlx : public Tool {
 public:
  std::string_view name() const override { return "sqlx"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    auto all = entries_by_name(path);
    for (auto& entry : all) {
      if (entry.role == Role::versioned) {
        entry.checksums = checksums_of(bytes);
      }
    }
    return all;
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    FileEntry entry;
    entry.checksums.complete = false;
    if (const auto file = named(path)) {
      entry.role = file->role;
      entry.version_text = without_leading_zeros(file->version);
      entry.key = {entry.version_text};
      entry.id = {std::string(file->id)};
      entry.version = Version::parse(entry.version_text);
      entry.description = with_blanks(file->name);
      return {entry};
    }
    if (has_its_form(path)) {
      entry.role = Role::part;
      entry.key = {std::string(path)};
      entry.id = {std::string(path)};
      return {entry};
    }
    return {};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    std::vector<ScannedFile> numbered;
    std::ranges::copy_if(files, std::back_inserter(numbered), [](const ScannedFile& file) {
      return named(file.path).has_value();
    });
    const auto flat = without_nested(numbered);
    auto catalog = with_problems(Tool::arrange(flat.files, read), flat.problems);
    if (catalog) {
      tell_of_other_names(files, *catalog);
    }
    return catalog;
  }

  // It runs whatever it finds that its ledger does not have.
  LayoutRules rules() const override { return {.ordered = true, .late = LayoutRules::Late::runs}; }

  // Others number their files, too, and golang-migrate has just such pairs.
  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    auto evidence = evidence_by_name(directory, is_up);
    if (evidence.files == 0) {
      return {};
    }
    const bool is_begun = begins_so(directory, is_up, begins_like_sqlx);
    const auto marked = [](std::string_view head) { return is_marked_sql(head); };
    if (!is_begun && begins_so(directory, is_up, marked)) {
      return {};
    }
    if (std::ranges::any_of(directory.paths, is_its_settings)) {
      evidence.strength = LayoutEvidence::Strength::marked;
      return evidence;
    }
    if (is_begun || is_asked_by_sqlx(directory)) {
      return evidence;
    }
    evidence.strength = std::ranges::any_of(directory.paths, is_single)
                            ? LayoutEvidence::Strength::possible
                            : LayoutEvidence::Strength::none;
    return evidence;
  }
  std::string_view layout_example() const override { return "20260101000000_name.sql"; }

  // It looks for these words at the very beginning and nowhere else.
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    auto script = plain_script(bytes);
    if (!script) {
      return script;
    }
    script->outside_transaction = bytes.starts_with("-- no-transaction");
    return script;
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    auto found = recognise_shape(relation,
                                 {.name = "an sqlx ledger",
                                  .columns = ledger_columns,
                                  .look_alike = columns_that_look_like_it,
                                  .names = default_names});
    if (found.verdict == Recognition::Verdict::ledger && !has_primary_key(relation, "version")) {
      found.words += "; no primary key on version, as in a copy";
    }
    return found;
  }

  ReadQuery select_rows(const Relation& relation) const override {
    return {select_migrations, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 5, "sqlx"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    for (const auto& values : answer.rows) {
      if (values[0]) {
        rows.push_back(row_of(values));
      }
    }
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (!has_primary_key(relation, "version")) {
      return std::nullopt;
    }
    return ReadQuery{select_last_migrations, relation.name, {}};
  }

  std::vector<std::int64_t> advisory_locks(const Relation&,
                                           std::string_view database) const override {
    constexpr std::int64_t factor = 0x3d32ad9e;
    return {factor * std::int64_t{crc32_of(database)}};
  }

 private:
  // It gives up a whole folder for one file that has its form, and no number in front.
  static void tell_of_other_names(std::span<const ScannedFile> files, Catalog& catalog) {
    std::set<std::string_view> folders;
    for (const auto& migration : catalog.migrations) {
      folders.insert(folder_with_slash(migration.file));
    }
    for (const auto& file : files) {
      if (!named(file.path) && folders.contains(folder_with_slash(file.path))) {
        catalog.problems.push_back(
            {file.path,
             "has no number in front of its name, for which sqlx refuses the whole folder"});
      }
    }
    std::ranges::sort(catalog.problems);
  }
};

}  // namespace

const Tool& sqlx() {
  static const Sqlx tool;
  return tool;
}

}  // namespace tidemark
