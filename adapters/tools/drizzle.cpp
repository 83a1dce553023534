#include "adapters/tools/drizzle.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "adapters/tools/answer.h"
#include "adapters/tools/drizzle_journal.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/rewritten.h"
#include "adapters/tools/script.h"
#include "adapters/tools/shape.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;
using Verdict = Recognition::Verdict;

constexpr std::array<std::string_view, 1> default_names{"__drizzle_migrations"};
constexpr std::array telltale_columns{Telltale{"hash", "created_at", 6}};

constexpr std::array<ColumnShape, 3> columns_of_0{{
    {"id", "integer", true},
    {"hash", "text", true},
    {"created_at", "bigint", false},
}};
constexpr std::array<ColumnShape, 5> columns_of_1{{
    {"id", "integer", true},
    {"hash", "text", true},
    {"created_at", "bigint", false},
    {"name", "text", false},
    {"applied_at", "timestamp with time zone", false},
}};

constexpr ReadStatement select_of_0 = R"sql(
  SELECT id, hash, created_at, NULL::text AS name, NULL::bigint AS applied_at_ms
    FROM {ledger}
   ORDER BY id
)sql";

constexpr ReadStatement select_of_1 = R"sql(
  SELECT id, hash, created_at, name,
         CASE WHEN isfinite(applied_at)
              THEN floor(1000 * extract(epoch FROM applied_at))::bigint END AS applied_at_ms
    FROM {ledger}
   ORDER BY id
)sql";

constexpr ReadStatement select_newest = R"sql(
  SELECT id, hash, created_at
    FROM {ledger}
   ORDER BY id DESC
   LIMIT 20
)sql";

constexpr std::size_t columns_asked_for = 5;
constexpr std::string_view journal_file = "meta/_journal.json";
constexpr std::size_t digits_of_second = 14;

std::string in_folder(std::string_view folder, std::string_view file) {
  return (folder.empty() ? "" : std::string(folder) + "/") + std::string(file);
}

bool is_journal(std::string_view path) {
  return path == journal_file || path.ends_with("/" + std::string(journal_file));
}

// "20260418143000_users" of "20260418143000_users/migration.sql", as since 1.0; empty for others.
std::string_view name_of_folder(std::string_view path) {
  const auto name = base_name(folder_without_slash(path));
  const bool named = base_name(path) == "migration.sql" &&
                     leading_digits(name).size() == digits_of_second &&
                     name.substr(digits_of_second).starts_with('_');
  return named ? name : std::string_view();
}

std::string description_of(std::string_view name) {
  auto rest = name.substr(leading_digits(name).size());
  if (rest.starts_with('_')) {
    rest.remove_prefix(1);
  }
  return with_blanks(rest);
}

// Drizzle hashes text: bytes that are none become something else first.
TheirChecksums checksums_of(std::string_view bytes) {
  const auto hash = [](std::string_view form) { return hex_hash("SHA256", form); };
  return {hashes_as_rewritten(bytes, hash), valid_utf8(bytes) == bytes};
}

// "20260418143000.123" of a time in milliseconds.
std::string exact_text(std::int64_t ms) {
  return drizzle_second(ms) + "." + std::to_string(1000 + ms % 1000).substr(1);
}

std::string version_text(std::int64_t ms) {
  return ms % 1000 == 0 ? drizzle_second(ms) : exact_text(ms);
}

// What ledger and files of every version have in common is the second of which a migration is.
// Before 1.0 they have milliseconds, since then names that begin with the second; the names come
// into a ledger that has rows already, and the files are renamed, without anything being applied.
// Of several migrations of one second the first one has that for its key, and the others what they
// are told by whatever comes between them: their millisecond or name. Only what has that in common
// too is numbered.
class Seconds {
 public:
  Key key(const std::string& second, const std::string& apart) {
    const auto& wanted = count_.contains(second) ? apart : second;
    const auto number = ++count_[wanted];
    return {number == 1 ? wanted : wanted + "#" + std::to_string(number)};
  }

 private:
  std::map<std::string, int> count_;
};

// A file with the time of its migration.
struct Placed {
  ScannedFile file;
  std::string second;
  std::string apart;  // from others of that second
  std::string version_text;
};

// Reads the directory of one or, in a repository of many packages, of several Drizzle projects.
class Arranging {
 public:
  Arranging(std::span<const ScannedFile> files, const ReadScanned& read)
      : files_(files), read_(read) {}

  Result<Catalog> run() {
    for (const auto& file : files_) {
      by_path_.emplace(file.path, &file);
    }
    for (const auto& [path, file] : by_path_) {
      if (is_journal(path)) {
        if (const auto added = add_journal(*file); !added) {
          return std::unexpected(added.error());
        }
      } else if (const auto name = name_of_folder(path); !name.empty()) {
        add_folder(*file, std::string(name));
      }
    }
    if (placed_.empty() && !any_journal_ && !files_.empty()) {
      return fail(
          Errc::invalid,
          std::string(journal_file) + (any_of_others_ ? " is of another database's files"
                                                      : " is missing, which lists the files"));
    }
    return catalog();
  }

 private:
  void add_folder(const ScannedFile& file, const std::string& name) {
    const std::string second(leading_digits(name));
    const auto [first, alone] = folders_.try_emplace(second, name);
    if (!alone) {
      problems_.push_back({file.path,
                           "is of the same second as " + first->second +
                               ": if one of that second comes later, or was applied before Drizzle "
                               "1.0, they may be taken for each other"});
    }
    placed_.push_back({file, second, name, second});
    any_folder_ = true;
  }

  Result<void> add_journal(const ScannedFile& journal) {
    auto bytes = read_(journal);
    if (!bytes) {
      return std::unexpected(bytes.error());
    }
    const auto parsed = parse_drizzle_journal(*bytes);
    if (!parsed) {
      return fail(parsed.error().code, journal.path + ": " + parsed.error().detail);
    }
    if (!parsed->of_postgresql) {
      any_of_others_ = true;
      return {};
    }
    any_journal_ = true;
    const auto home = folder_without_slash(folder_without_slash(journal.path));
    std::set<std::string, std::less<>> listed;
    const JournalEntry* newest = nullptr;
    for (const auto& entry : parsed->entries) {
      const auto path = in_folder(home, entry.tag + ".sql");
      const auto found = by_path_.find(path);
      if (found == by_path_.end()) {
        problems_.push_back({journal.path, "lists " + entry.tag + ", which is not here"});
        continue;
      }
      if (!listed.insert(path).second) {
        problems_.push_back({journal.path, "lists " + entry.tag + " twice"});
        continue;
      }
      if (newest != nullptr && entry.when <= newest->when) {
        problems_.push_back({path,
                             "comes after " + newest->tag + " in the journal with " +
                                 (entry.when == newest->when ? "the same" : "an earlier") +
                                 " time: Drizzle skips it where " + newest->tag + " is applied"});
      } else {
        newest = &entry;
      }
      placed_.push_back({*found->second,
                         drizzle_second(entry.when),
                         exact_text(entry.when),
                         version_text(entry.when)});
    }
    for (const auto& [path, file] : by_path_) {
      if (folder_without_slash(path) == home && !listed.contains(path) && !is_journal(path)) {
        problems_.push_back({std::string(path), "is not in the journal: Drizzle does not run it"});
      }
    }
    return {};
  }

  Catalog catalog() {
    Seconds seconds;
    std::vector<ScannedFile> files;
    for (auto& [file, second, apart, version] : placed_) {
      auto& entry = file.entries.front();
      entry.key = seconds.key(second, apart);
      entry.version = Version::parse(version);
      entry.version_text = version;
      files.push_back(std::move(file));
    }
    auto catalog = make_catalog("drizzle", files);
    std::ranges::move(problems_, std::back_inserter(catalog.problems));
    std::ranges::sort(catalog.problems);
    catalog.rules = {
        .ordered = true,
        .late = any_journal_ && !any_folder_ ? LayoutRules::Late::skipped : LayoutRules::Late::runs,
        .archives_old = true};
    return catalog;
  }

  std::span<const ScannedFile> files_;
  const ReadScanned& read_;
  std::map<std::string_view, const ScannedFile*> by_path_;
  std::vector<Placed> placed_;  // of a journal in its order, which is that in which they run
  std::map<std::string, std::string> folders_;  // the first of each second
  std::vector<CatalogProblem> problems_;
  bool any_journal_ = false;
  bool any_of_others_ = false;  // that is, of another kind of database
  bool any_folder_ = false;
};

// A row of their table as it stands there.
struct LedgerEntry {
  std::string id;
  std::string hash;
  std::optional<std::int64_t> created_at;
  std::string name;
  std::optional<std::string> applied_at_ms;

  // Its name counts where it has one: an upgrade to 1.0 finds names by hash, too.
  std::string second() const {
    const auto digits = leading_digits(name);
    if (digits.size() == digits_of_second) {
      return std::string(digits);
    }
    return created_at ? drizzle_second(*created_at) : "row " + id;
  }
  // As of a file of the same.
  std::string apart() const {
    return !name.empty() ? name : created_at ? exact_text(*created_at) : "row " + id;
  }
};

LedgerEntry ledger_entry(const std::vector<std::optional<std::string>>& values) {
  LedgerEntry entry{
      values[0].value_or(""), values[1].value_or(""), {}, values[3].value_or(""), values[4]};
  std::int64_t ms = 0;
  if (values[2]) {
    const auto* end = values[2]->data() + values[2]->size();
    const auto [stop, error] = std::from_chars(values[2]->data(), end, ms);
    if (error == std::errc() && stop == end) {
      entry.created_at = ms;
    }
  }
  return entry;
}

// By entry, which are in the order in which they were applied; those with a name are in the order
// of their names, as their files are. What two runs at the same time recorded twice is one
// migration.
std::vector<Key> keys_of(std::span<const LedgerEntry> entries) {
  std::vector<std::size_t> by_name(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    by_name[i] = i;
  }
  std::ranges::sort(by_name, {}, [&](std::size_t i) { return std::tuple(entries[i].name, i); });
  Seconds seconds;
  std::map<std::tuple<std::string, std::int64_t, std::string>, Key> known;
  std::vector<Key> keys(entries.size());
  for (const auto i : by_name) {
    const auto& entry = entries[i];
    const std::tuple same(entry.second(), entry.created_at.value_or(0), entry.hash);
    const auto [at, added] = known.try_emplace(same);
    if (added) {
      at->second = seconds.key(entry.second(), entry.apart());
    }
    keys[i] = at->second;
  }
  return keys;
}

Row row_of(const LedgerEntry& entry, const Key& key) {
  Row row;
  row.key = key;
  row.id = {entry.name.empty() ? key.value : entry.name};
  const auto second = entry.second();
  const bool of_that_second = entry.created_at && drizzle_second(*entry.created_at) == second;
  row.version_text = of_that_second ? version_text(*entry.created_at) : second;
  row.version = Version::parse(row.version_text);
  row.description = description_of(entry.name);
  row.at = time_of(entry.applied_at_ms);
  row.checksum = entry.hash;
  row.token = entry.id;
  return row;
}

bool matches(const Relation& relation, std::span<const ColumnShape> shape, std::size_t further) {
  const auto match = match_shape(with_integer_id(relation), shape);
  return match.wrong.empty() && match.further == further &&
         match.letters == ShapeMatch::Case::lower;
}

// Some releases before 1.0 wrote a version beside each row.
bool is_of_1(const Relation& relation) {
  return matches(relation, columns_of_1, 0) ||
         (matches(relation, columns_of_1, 1) && find_column(relation, "version") != nullptr);
}

// Three columns of these types many a table has: what it is called has to say the rest.
Verdict verdict_by_name(const TableName& table) {
  const auto lower = lower_case(table.text());
  const bool named = lower.find("drizzle") != std::string::npos ||
                     lower_case(table.name).find("migrat") != std::string::npos;
  return named ? Verdict::ledger : Verdict::if_named;
}

// A table that has Drizzle's name and not its columns.
Recognition near_miss(const Relation& relation) {
  const auto match = match_shape(with_integer_id(relation), columns_of_0);
  if (lower_case(relation.name.name).find("drizzle") == std::string::npos ||
      match.found < columns_of_0.size()) {
    return {};
  }
  return {Verdict::near_miss,
          "looks like a Drizzle ledger, but " +
              (match.wrong.empty() ? "has further columns" : join(match.wrong, " and "))};
}

class Drizzle : public Tool {
 public:
  std::string_view name() const override { return "drizzle"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    auto entries = entries_by_name(path);
    if (!entries.empty() && entries.front().role == Role::versioned) {
      entries.front().checksums = checksums_of(bytes);
    }
    return entries;
  }

  // Which key a file has that is no folder of its own, and whether it has one, the journal knows.
  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    FileEntry entry;
    entry.checksums.complete = false;
    if (is_journal(path)) {
      entry.role = Role::part;
      entry.key = {std::string(path)};
      entry.id = {std::string(path)};
      return {entry};
    }
    if (const auto name = name_of_folder(path); !name.empty()) {
      const auto second = leading_digits(name);
      entry.key = {std::string(second)};
      entry.id = {std::string(name)};
      entry.version = Version::parse(second);
      entry.version_text = second;
      entry.description = description_of(name);
      return {entry};
    }
    const auto tag = without_suffix(base_name(path), ".sql");
    if (!tag || never_a_migration(path)) {
      return {};
    }
    entry.key = {std::string(*tag)};
    entry.id = {std::string(*tag)};
    entry.description = description_of(*tag);
    return {entry};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    return Arranging(files, read).run();
  }
  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::skipped, .archives_old = true};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    const std::set<std::string_view> paths(directory.paths.begin(), directory.paths.end());
    std::size_t files = 0;
    for (const auto path : paths) {
      const auto folder = folder_without_slash(path);
      if (!name_of_folder(path).empty()) {
        const bool snapshot = paths.contains(in_folder(folder, "snapshot.json"));
        files += snapshot &&
                 !paths.contains(in_folder(folder_without_slash(folder), "migration_lock.toml"));
      } else if (without_suffix(base_name(path), ".sql") && !never_a_migration(path)) {
        files += paths.contains(in_folder(folder, journal_file));
      }
    }
    return files == 0 ? LayoutEvidence{} : LayoutEvidence{LayoutEvidence::Strength::marked, files};
  }
  std::string_view layout_example() const override { return "0000_name.sql with a journal"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    const bool of_1 = is_of_1(relation);
    if (!of_1 && !matches(relation, columns_of_0, 0)) {
      return near_miss(relation);
    }
    const auto verdict = of_1 ? Verdict::ledger : verdict_by_name(relation.name);
    if (const auto what = not_a_table(relation); !what.empty()) {
      return verdict == Verdict::ledger
                 ? Recognition{Verdict::near_miss,
                               "has the columns of a Drizzle ledger, but is " + what}
                 : Recognition{};
    }
    return {verdict,
            of_1 ? "the columns of Drizzle 1.0 and newer" : "the columns of Drizzle before 1.0"};
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return {is_of_1(relation) ? select_of_1 : select_of_0, relation.name, {}};
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, columns_asked_for, "Drizzle"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<LedgerEntry> entries;
    std::ranges::transform(answer.rows, std::back_inserter(entries), ledger_entry);
    const auto keys = keys_of(entries);
    std::vector<Row> rows;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      rows.push_back(row_of(entries[i], keys[i]));
    }
    return rows;
  }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return ReadQuery{select_newest, relation.name, {}};
  }
};

}  // namespace

const Tool& drizzle() {
  static const Drizzle tool;
  return tool;
}

}  // namespace tidemark
