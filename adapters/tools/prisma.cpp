#include "adapters/tools/prisma.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/rewritten.h"
#include "adapters/tools/row_versions.h"
#include "adapters/tools/script.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::array<std::string_view, 1> default_names{"_prisma_migrations"};
constexpr std::array telltale_columns{Telltale{"migration_name", "checksum", 0},
                                      Telltale{"migration_name", "rolled_back_at", 0},
                                      Telltale{"applied_steps_count", "", 0}};

constexpr std::array<ColumnShape, 8> ledger_columns{{
    {"id", "character varying(36)", true},
    {"checksum", "character varying(64)", true},
    {"finished_at", "timestamp with time zone", false},
    {"migration_name", "character varying(255)", true},
    {"logs", "text", false},
    {"rolled_back_at", "timestamp with time zone", false},
    {"started_at", "timestamp with time zone", true},
    {"applied_steps_count", "integer", true},
}};

constexpr ReadStatement select_all = R"sql(
  SELECT id, migration_name, checksum,
         finished_at IS NOT NULL AS finished,
         rolled_back_at IS NOT NULL AS rolled_back,
         logs IS NOT NULL AS has_logs,
         CASE WHEN isfinite(finished_at)
              THEN floor(1000 * extract(epoch FROM finished_at))::bigint END AS finished_at_ms,
         CASE WHEN isfinite(started_at)
              THEN floor(1000 * extract(epoch FROM started_at))::bigint END AS started_at_ms
    FROM {ledger}
   ORDER BY started_at, id
)sql";

constexpr std::size_t columns_asked_for = 8;
constexpr std::int64_t lock = 72707369;
constexpr std::string_view lock_file = "migration_lock.toml";

// "20260418143000_users" of "20260418143000_users/migration.sql".
std::string_view name_of(std::string_view path) {
  return base_name(folder_without_slash(path));
}

bool is_migration(std::string_view path) {
  return base_name(path) == "migration.sql" && !name_of(path).empty();
}

std::string_view description_of(std::string_view name) {
  const auto digits = leading_digits(name).size();
  return name.substr(digits + (name.substr(digits).starts_with('_') ? 1 : 0));
}

// "0_init" and "000000000000_squashed" are in front of all others and not older than they: people
// name so what a database has already, and what they have put all that was before into.
Version date_of(std::string_view digits) {
  const bool stands_first = digits.find_first_not_of('0') == std::string_view::npos;
  return stands_first ? Version() : Version::parse(digits);
}

// The SHA-256 as engines of 2021 wrote it: bytes below 16 with one digit.
std::string unpadded(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    if (hex[i] != '0') {
      text += hex[i];
    }
    text += hex[i + 1];
  }
  return text;
}

// A CR in front of every LF, also of those that have one: so does Prisma.
std::string with_cr_at_every_line(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\n') {
      text += '\r';
    }
    text += c;
  }
  return text;
}

TheirChecksums checksums_of(std::string_view bytes) {
  const auto sha256 = [](std::string_view form) { return hex_hash("SHA256", form); };
  auto hashes = hashes_as_rewritten(bytes, sha256);
  hashes.push_back(sha256(with_cr_at_every_line(bytes)));
  TheirChecksums checksums;
  const auto add = [&](std::string hash) {
    if (std::ranges::find(checksums.accepted, hash) == checksums.accepted.end()) {
      checksums.accepted.push_back(std::move(hash));
    }
  };
  std::ranges::for_each(hashes, add);
  for (const auto& hash : hashes) {
    add(unpadded(hash));
  }
  return checksums;
}

// What happened to one migration once.
struct Run {
  Row row;
  bool finished = false;
  bool rolled_back = false;

  // The one that counts among several of a migration: what was applied stays so, whatever was
  // tried before or after.
  int weight() const {
    if (rolled_back) {
      return 0;
    }
    return finished ? 2 : 1;
  }
};

Run attempt_of(const std::vector<std::optional<std::string>>& values) {
  Run attempt;
  attempt.finished = values[3] == "t";
  attempt.rolled_back = values[4] == "t";
  Row& row = attempt.row;
  const auto name = values[1].value_or("");
  const auto digits = leading_digits(name);
  row.key = {name};
  row.id = {name};
  row.version = date_of(digits);
  row.version_text = digits;
  row.description = with_blanks(description_of(name));
  row.checksum = values[2];
  row.token = values[0].value_or("");
  row.at = time_of(attempt.finished ? values[6] : values[7]);
  if (attempt.rolled_back) {
    row.state = Row::State::undone;
  } else if (!attempt.finished) {
    row.state = Row::State::failed;
    row.description += values[5] == "t" ? "" : " (started, and never finished)";
  }
  return attempt;
}

// Of the attempts at one migration the one that counts is told last, those before it as undone.
std::vector<Row> rows_of(std::vector<Run> attempts) {
  std::map<Key, std::size_t> counting;
  bool any_applied = false;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    auto& [row, finished, rolled_back] = attempts[i];
    if (row.version.empty() && !row.version_text.empty() && !any_applied) {
      row.version = Version::parse("0");  // the first of all is older than what follows
    }
    any_applied = any_applied || (finished && !rolled_back);
    const auto [at, first] = counting.try_emplace(row.key, i);
    if (!first && attempts[at->second].weight() <= attempts[i].weight()) {
      at->second = i;
    }
  }
  std::vector<Row> rows;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    Row& row = attempts[i].row;
    const auto last = counting.at(row.key);
    if (i < last) {
      row.state = Row::State::undone;
    }
    if (i <= last) {
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

class Prisma : public Tool {
 public:
  std::string_view name() const override { return "prisma"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    auto entries = entries_by_name(path);
    if (!entries.empty() && entries.front().role == Role::versioned) {
      entries.front().checksums = checksums_of(bytes);
    }
    return entries;
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    FileEntry entry;
    entry.checksums.complete = false;
    const bool in_numbered_folder = !leading_digits(name_of(path)).empty();
    const bool rollback = base_name(path) == "down.sql" && in_numbered_folder;
    const bool migration = is_migration(path);
    if (base_name(path) == lock_file || (in_numbered_folder && !migration && !rollback)) {
      entry.role = Role::part;
      entry.key = {std::string(path)};
      entry.id = {std::string(path)};
      return {entry};
    }
    if (!migration && !rollback) {
      return {};
    }
    const auto name = name_of(path);
    const auto digits = leading_digits(name);
    entry.role = rollback ? Role::rollback : Role::versioned;
    entry.key = {std::string(name)};
    entry.id = {std::string(name)};
    entry.version = date_of(digits);
    entry.version_text = digits;
    entry.description = with_blanks(description_of(name));
    return {entry};
  }

  // Beside a lock file are its migrations; what lies elsewhere is somebody's copy.
  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    std::set<std::string_view> homes;
    for (const auto& file : files) {
      if (base_name(file.path) == lock_file) {
        homes.insert(folder_without_slash(file.path));
      }
    }
    std::vector<ScannedFile> at_home;
    std::ranges::copy_if(files, std::back_inserter(at_home), [&](const ScannedFile& file) {
      return homes.empty() || homes.contains(folder_without_slash(folder_without_slash(file.path)));
    });
    auto catalog = Tool::arrange(at_home, read);
    if (catalog) {
      sort_by_name(*catalog);
      if (!homes.empty()) {
        tell_of_empty_folders(at_home, *catalog);
      }
    }
    return catalog;
  }

  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::runs, .archives_old = true};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    const std::set<std::string_view> paths(directory.paths.begin(), directory.paths.end());
    std::size_t beside_lock = 0;
    std::size_t alone = 0;
    for (const auto path : paths) {
      if (!is_migration(path)) {
        continue;
      }
      const auto home = folder_without_slash(folder_without_slash(path));
      const auto beside = [](std::string_view folder, std::string_view file) {
        return (folder.empty() ? "" : std::string(folder) + "/") + std::string(file);
      };
      if (paths.contains(beside(home, lock_file))) {
        ++beside_lock;
      } else if (!leading_digits(name_of(path)).empty() &&
                 !paths.contains(beside(folder_without_slash(path), "snapshot.json"))) {
        ++alone;  // another tool's folders have their snapshot in them
      }
    }
    if (beside_lock > 0) {
      return {LayoutEvidence::Strength::marked, beside_lock};
    }
    return alone > 0 ? LayoutEvidence{LayoutEvidence::Strength::possible, alone} : LayoutEvidence{};
  }
  std::string_view layout_example() const override { return "20260418143000_name/migration.sql"; }
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    return plain_script(bytes);
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    return recognise_shape(relation,
                           {.name = "a Prisma ledger",
                            .columns = ledger_columns,
                            .look_alike = 6,
                            .names = default_names});
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return {select_all, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, columns_asked_for, "Prisma"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Run> attempts;
    std::ranges::transform(answer.rows, std::back_inserter(attempts), attempt_of);
    return rows_of(std::move(attempts));
  }

  // Its rows have an index on a random id alone.
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return select_row_versions(relation);
  }

  std::vector<std::int64_t> advisory_locks(const Relation&, std::string_view) const override {
    return {lock};
  }

 private:
  // Prisma does nothing at all while a folder is there whose migration.sql is gone.
  static void tell_of_empty_folders(std::span<const ScannedFile> files, Catalog& catalog) {
    std::map<std::string_view, std::string_view> others;  // a file of each folder
    for (const auto& file : files) {
      if (!leading_digits(name_of(file.path)).empty()) {
        others.try_emplace(folder_without_slash(file.path), file.path);
      }
    }
    for (const auto& file : files) {
      if (is_migration(file.path)) {
        others.erase(folder_without_slash(file.path));
      }
    }
    for (const auto& [folder, file] : others) {
      catalog.problems.push_back(
          {std::string(file), "lies in a folder without a migration.sql, which Prisma refuses"});
    }
    std::ranges::sort(catalog.problems);
  }
};

}  // namespace

const Tool& prisma() {
  static const Prisma tool;
  return tool;
}

}  // namespace tidemark
