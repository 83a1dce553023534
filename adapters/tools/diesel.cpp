#include "adapters/tools/diesel.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/flat.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::array telltale_columns{Telltale{"run_on", "version", 2}};
constexpr std::array<std::string_view, 1> default_names{"__diesel_schema_migrations"};

constexpr std::array<ColumnShape, 2> ledger_columns{{
    {"version", "character varying(50)", true},
    {"run_on", "timestamp without time zone", true},
}};

// run_on has no zone: Diesel's connections are all in UTC, whatever the server's own is.
constexpr ReadStatement select_versions = R"sql(
  SELECT version,
         CASE WHEN isfinite(run_on)
              THEN floor(1000 * extract(epoch FROM run_on AT TIME ZONE 'UTC'))::bigint
          END AS run_on_ms
    FROM {ledger}
   ORDER BY run_on, version COLLATE "C"
)sql";

constexpr ReadStatement select_last_versions = R"sql(
  SELECT version, run_on
    FROM {ledger}
   ORDER BY version DESC
   LIMIT 20
)sql";

// "2026-01-01-000000_users" of "2026-01-01-000000_users/up.sql".
std::string_view name_of(std::string_view path) {
  return base_name(folder_without_slash(path));
}

// "20260101000000".
std::string version_of(std::string_view name) {
  std::string version(name.substr(0, name.find('_')));
  std::erase(version, '-');
  return version;
}

bool is_in_numbered_folder(std::string_view path) {
  const auto name = name_of(path);
  return !name.empty() && all_digits(name.substr(0, 1));
}

bool is_in_versioned_folder(std::string_view path) {
  return !version_of(name_of(path)).empty() && !name_of(path).starts_with('.');
}

bool is_migration(std::string_view path) {
  return base_name(path) == "up.sql" && is_in_versioned_folder(path);
}

bool is_rollback(std::string_view path) {
  return base_name(path) == "down.sql" && is_in_versioned_folder(path);
}

bool is_metadata(std::string_view path) {
  return base_name(path) == "metadata.toml" && is_in_versioned_folder(path);
}

bool is_numbered(std::string_view path) {
  return is_migration(path) && is_in_numbered_folder(path);
}

// "2026-01-01-000000_users": what its command line has made since its version 1.3.
bool is_dated(std::string_view path) {
  const auto name = name_of(path);
  return is_numbered(path) && name.size() > 10 && name[4] == '-' && name[7] == '-' &&
         name[10] == '-';
}

// Milliseconds since 1970: so does Hasura name its folders.
bool is_hasuras(std::string_view path) {
  const auto name = name_of(path);
  return name.find('_') == 13 && all_digits(name.substr(0, 13));
}

bool is_of_a_project(std::string_view path) {
  return base_name(path) == "diesel.toml" ||
         (is_migration(path) && name_of(path) == "00000000000000_diesel_initial_setup");
}

std::string_view trimmed(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(" \t\r"), text.size());
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

// What a metadata.toml says. One that says nothing of it is as one that says no.
bool runs_outside_transaction(std::string_view toml) {
  while (!toml.empty()) {
    const auto end = std::min(toml.find('\n'), toml.size());
    auto line = toml.substr(0, end);
    toml.remove_prefix(std::min(end + 1, toml.size()));
    line = trimmed(line.substr(0, line.find('#')));
    if (line.starts_with('[')) {
      return true;
    }
    const auto equals = std::min(line.find('='), line.size());
    if (trimmed(line.substr(0, equals)) == "run_in_transaction") {
      return trimmed(line.substr(std::min(equals + 1, line.size()))) == "false";
    }
  }
  return true;
}

// The folder that the folders of its migrations lie in.
std::string_view home_of(std::string_view path) {
  return folder_without_slash(folder_without_slash(path));
}

// Any folder may have an up.sql. Where some are numbered, only those beside such ones are its.
std::vector<ScannedFile> scripts_of(std::span<const ScannedFile> files) {
  std::set<std::string_view> homes;
  for (const auto& file : files) {
    if (is_numbered(file.path)) {
      homes.insert(home_of(file.path));
    }
  }
  std::vector<ScannedFile> scripts;
  std::ranges::copy_if(files, std::back_inserter(scripts), [&](const ScannedFile& file) {
    return (is_migration(file.path) || is_rollback(file.path)) &&
           (homes.empty() || homes.contains(home_of(file.path)));
  });
  return scripts;
}

class Diesel : public Tool {
 public:
  std::string_view name() const override { return "diesel"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view) const override {
    return entries_by_name(path);
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    FileEntry entry;
    entry.checksums.complete = false;
    if (is_migration(path) || is_rollback(path)) {
      const auto name = name_of(path);
      entry.role = is_migration(path) ? Role::versioned : Role::rollback;
      entry.version_text = version_of(name);
      entry.key = {entry.version_text};
      entry.id = {std::string(name)};
      entry.version = Version::in_byte_order(entry.version_text);
      entry.description = with_blanks(name.substr(std::min(name.find('_'), name.size() - 1) + 1));
      return {entry};
    }
    if (is_metadata(path) || (is_in_numbered_folder(path) && !base_name(path).starts_with('.'))) {
      entry.role = Role::part;
      entry.key = {std::string(path)};
      entry.id = {std::string(path)};
      return {entry};
    }
    return {};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    const auto flat = without_nested(scripts_of(files));
    auto catalog = with_problems(Tool::arrange(flat.files, read), flat.problems);
    if (!catalog) {
      return catalog;
    }
    // As text, where "1" and "10" come before "2".
    std::ranges::sort(catalog->migrations, {}, [](const Migration& migration) {
      return std::tie(migration.version_text, migration.file);
    });
    std::map<std::string_view, Migration*> by_folder;
    for (auto& migration : catalog->migrations) {
      by_folder[folder_without_slash(migration.file)] = &migration;
    }
    for (const auto& file : files) {
      const auto at = by_folder.find(folder_without_slash(file.path));
      if (at == by_folder.end() || base_name(file.path) != "metadata.toml") {
        continue;
      }
      const auto toml = read(file);
      if (!toml && toml.error().code == Errc::conflict) {
        return std::unexpected(toml.error());
      }
      at->second->outside_transaction = toml && runs_outside_transaction(*toml);
    }
    tell_of_other_folders(files, flat.files, *catalog);
    return catalog;
  }

  // It runs whatever it finds that its ledger does not have.
  LayoutRules rules() const override { return {.ordered = true, .late = LayoutRules::Late::runs}; }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    auto evidence = evidence_by_name(directory, is_numbered);
    if (evidence.files == 0) {
      return {};
    }
    if (std::ranges::any_of(directory.paths, is_of_a_project)) {
      evidence.strength = LayoutEvidence::Strength::marked;
    } else if (!std::ranges::any_of(directory.paths, is_dated)) {
      evidence.strength = std::ranges::any_of(directory.paths, is_hasuras)
                              ? LayoutEvidence::Strength::none
                              : LayoutEvidence::Strength::possible;
    }
    return evidence;
  }
  std::string_view layout_example() const override { return "2026-01-01-000000_name/up.sql"; }
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    return plain_script(bytes);
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    auto found = recognise_shape(
        relation, {.name = "a Diesel ledger", .columns = ledger_columns, .names = default_names});
    if (found.verdict == Recognition::Verdict::ledger && !has_primary_key(relation, "version")) {
      found.words += "; no primary key on version, as in a copy";
    }
    return found;
  }

  ReadQuery select_rows(const Relation& relation) const override {
    return {select_versions, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 2, "Diesel"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    for (const auto& values : answer.rows) {
      if (!values[0]) {
        continue;
      }
      Row row;
      row.key.value = row.id.value = row.version_text = *values[0];
      row.version = Version::in_byte_order(*values[0]);
      row.at = time_of(values[1]);
      row.token = values[1].value_or("");
      rows.push_back(std::move(row));
    }
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (!has_primary_key(relation, "version")) {
      return std::nullopt;
    }
    return ReadQuery{select_last_versions, relation.name, {}};
  }

 private:
  // It does nothing at all while a folder without an up.sql lies among the others.
  static void tell_of_other_folders(std::span<const ScannedFile> files,
                                    std::span<const ScannedFile> scripts,
                                    Catalog& catalog) {
    std::set<std::string_view> homes;
    std::map<std::string_view, std::string_view> others;  // a file of each folder
    for (const auto& file : files) {
      const auto [at, first] = others.try_emplace(folder_without_slash(file.path), file.path);
      at->second = std::min<std::string_view>(at->second, file.path);
    }
    for (const auto& file : files) {
      if (is_migration(file.path) || is_rollback(file.path)) {
        others.erase(
            folder_without_slash(file.path));  // a down.sql without an up.sql is told as such
      }
    }
    for (const auto& script : scripts) {
      homes.insert(home_of(script.path));
    }
    for (const auto& [folder, file] : others) {
      if (homes.contains(folder_without_slash(folder))) {
        catalog.problems.push_back(
            {std::string(file),
             "lies in a folder without an up.sql, for which Diesel refuses to run"});
      }
    }
    std::ranges::sort(catalog.problems);
  }
};

}  // namespace

const Tool& diesel() {
  static const Diesel tool;
  return tool;
}

}  // namespace tidemark
