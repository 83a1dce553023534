#include "adapters/tools/atlas.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <utility>

#include "adapters/tools/answer.h"
#include "adapters/tools/atlas_sum.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/flat.h"
#include "adapters/tools/flyway_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::array telltale_columns{Telltale{"operator_version", "hash", 0}};
constexpr std::array<std::string_view, 1> default_names{"atlas_schema_revisions"};
constexpr std::string_view sum_name = "atlas.sum";

// Early versions had no error_stmt, and later ones may have more.
constexpr std::array<ColumnShape, 10> ledger_columns{{
    {"version", "character varying", true},
    {"description", "character varying", true},
    {"type", "bigint", true},
    {"applied", "bigint", true},
    {"total", "bigint", true},
    {"executed_at", "timestamp with time zone", true},
    {"execution_time", "bigint", true},
    {"error", "text", false},
    {"hash", "character varying", true},
    {"operator_version", "character varying", true},
}};
constexpr std::size_t columns_that_look_like_it = 8;

constexpr ReadStatement select_revisions = R"sql(
  SELECT version, description, type, applied, total,
         CASE WHEN isfinite(executed_at)
              THEN floor(1000 * extract(epoch FROM executed_at))::bigint
         END AS executed_at_ms,
         error IS NOT NULL AND error <> '' AS failed, hash
    FROM {ledger}
   ORDER BY executed_at, version COLLATE "C"
)sql";

constexpr ReadStatement select_last_revisions = R"sql(
  SELECT version, type, applied, total, hash
    FROM {ledger}
   ORDER BY version DESC
   LIMIT 20
)sql";

struct NamedFile {
  Role role = Role::versioned;
  std::string_view id;
  std::string_view version;
  std::string_view name;
  bool flyways = false;
};

// Any SQL counts. In a directory that keeps golang-migrate's names, one half of a pair rolls back.
// Of Flyway's the letter in front is no part of the version; Atlas has none for its repeatables,
// and only ever runs them in an empty database.
std::optional<NamedFile> named(std::string_view path) {
  const auto file = base_name(path);
  if (never_a_migration(path) || !file.ends_with(".sql") || file.size() == 4) {
    return std::nullopt;
  }
  NamedFile found;
  found.id = file.substr(0, file.size() - 4);
  if (const auto up = without_suffix(found.id, ".up")) {
    found.id = *up;
  } else if (const auto down = without_suffix(found.id, ".down")) {
    found.role = Role::rollback;
    found.id = *down;
  }
  auto rest = found.id;
  std::string_view separator = "_";
  if (const auto flyways = parse_flyway_name(found.id)) {
    found.role = flyways->role == Role::repeatable ? Role::part : flyways->role;
    found.flyways = true;
    rest.remove_prefix(1);
    separator = "__";
  }
  const auto end = std::min(rest.find(separator), rest.size());
  found.version = rest.substr(0, end);
  found.name = rest.substr(std::min(end + separator.size(), rest.size()));
  if (found.version.empty() && found.role != Role::part) {
    return std::nullopt;
  }
  return found;
}

// "20260101000000_users.sql": Atlas' own way.
bool is_named_by_time(std::string_view path) {
  const auto file = named(path);
  return file && !file->flyways && file->version.size() == 14 && all_digits(file->version) &&
         file->id.size() + 4 == base_name(path).size();
}

bool is_half_of_a_pair(std::string_view path) {
  const auto file = named(path);
  return file && file->id.size() + 4 < base_name(path).size();
}

bool is_flyways(std::string_view path) {
  const auto file = named(path);
  return file && file->flyways;
}

std::string id_of(const std::string& version, const std::string& description) {
  return description.empty() ? version : version + "_" + description;
}

// Says so in the comments that a file begins with, which an empty line parts from the rest: only an
// empty database starts there.
bool is_checkpoint(std::string_view bytes) {
  bool found = false;
  while (bytes.starts_with("--") || bytes.starts_with('#')) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const auto line = bytes.substr(0, end);
    constexpr std::string_view directive = "atlas:checkpoint";
    const auto at = line.find("atlas:");
    if (at != std::string_view::npos && line.substr(at).starts_with(directive)) {
      const auto rest = line.substr(at + directive.size());
      found = found || rest.empty() || rest.front() == ' ' || rest.front() == '\r';
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  const auto next = bytes.substr(0, bytes.find('\n'));
  return found && next.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Its id is what the ledger makes of its name.
FileEntry entry_of(const NamedFile& file) {
  const std::string version(file.version);
  return {file.role,
          {version},
          {file.flyways ? id_of(version, std::string(file.name)) : std::string(file.id)},
          Version::in_byte_order(version),
          version,
          with_blanks(file.name),
          TheirChecksums{{}, false}};
}

// The folders of the files that are sums.
template <class Paths>
std::set<std::string_view> summed_folders(const Paths& paths) {
  std::set<std::string_view> folders;
  for (const std::string& path : paths) {
    if (base_name(path) == sum_name) {
      folders.insert(folder_with_slash(path));
    }
  }
  return folders;
}

bool is_below_any(std::string_view path, const std::set<std::string_view>& folders) {
  return std::ranges::any_of(folders,
                             [&](std::string_view folder) { return path.starts_with(folder); });
}

// Of the folders with sums those without a file that is named in Atlas' own way: only there does it
// look into folders, as Flyway does.
template <class Paths>
std::set<std::string_view> flyways_folders(const Paths& paths, std::set<std::string_view> summed) {
  for (const std::string& path : paths) {
    const auto file = named(path);
    if (file && !file->flyways && all_digits(file->version.substr(0, 1))) {
      summed.erase(folder_with_slash(path));
    }
  }
  return summed;
}

// A baseline is another file than the versioned one that it stands for, where both are here.
void tell_baselines_apart(std::vector<ScannedFile>& files) {
  std::set<Key> versioned;
  for (const auto& file : files) {
    for (const auto& entry : file.entries) {
      if (entry.role == Role::versioned) {
        versioned.insert(entry.key);
      }
    }
  }
  for (auto& file : files) {
    for (auto& entry : file.entries) {
      if (entry.role == Role::baseline && is_flyways(file.path) && versioned.contains(entry.key)) {
        entry.key.value.insert(0, "B");
      }
    }
  }
}

// What lies beside a sum, and with Flyway's names below it; where there is none, what has a number
// in front.
FlatFiles counted(std::span<const ScannedFile> files) {
  const auto paths = files | std::views::transform(&ScannedFile::path);
  const auto folders = summed_folders(paths);
  const auto flyways = flyways_folders(paths, folders);
  FlatFiles those;
  std::ranges::copy_if(files, std::back_inserter(those.files), [&](const ScannedFile& file) {
    const auto name = named(file.path);
    return folders.contains(folder_with_slash(file.path)) ||
           (is_flyways(file.path) && is_below_any(file.path, flyways)) ||
           (folders.empty() && name && all_digits(name->version));
  });
  if (folders.empty()) {
    those = without_nested(those.files);
  }
  tell_baselines_apart(those.files);
  return those;
}

// The hashes of one folder's files as they are, and as they would be with other line endings: a
// checkout may have those throughout.
class Folder {
 public:
  // What the ledger may say of this file, which comes after all that were added.
  TheirChecksums add(std::string_view name, const Result<std::string>& bytes) {
    if (broken_ || !bytes) {
      broken_ = true;  // nothing that comes after it can be hashed either
      return {{}, false};
    }
    TheirChecksums checksums{{}, true, {last_.begin(), last_.end()}};
    const std::array texts{*bytes, with_lf(*bytes), with_crlf(*bytes)};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto hash = sums_[i].add(name, texts[i]);
      if (hash.empty()) {
        return ignored(name, texts, i + 1);
      }
      last_[i] = hash;
      checksums.accepted.push_back(std::move(hash));
    }
    return checksums;
  }

  // Whether atlas.sum could say so; what cannot be hashed says nothing.
  bool may_have(std::string_view total) const {
    return broken_ ||
           std::ranges::any_of(sums_, [&](const AtlasSum& sum) { return sum.total() == total; });
  }

 private:
  TheirChecksums ignored(std::string_view name,
                         std::span<const std::string> texts,
                         std::size_t from) {
    for (std::size_t i = from; i < texts.size(); ++i) {
      sums_[i].add(name, texts[i]);
    }
    return {{}, false};
  }

  std::array<AtlasSum, 3> sums_;
  std::array<std::string, 3> last_;  // of the file before; empty before the first
  bool broken_ = false;
};

// It sums up a schema.sql or its like, which Atlas would run and we take for no migration.
bool names_what_is_none(std::string_view sum) {
  while (!sum.empty()) {
    const auto end = std::min(sum.find('\n'), sum.size());
    const auto line = sum.substr(0, end);
    if (const auto name = line.substr(0, line.rfind(" h1:"));
        name != line && never_a_migration(name)) {
      return true;
    }
    sum.remove_prefix(std::min(end + 1, sum.size()));
  }
  return false;
}

// Fills in the checksums of all files. Fails when one has changed since it was scanned.
class Summing {
 public:
  Summing(Catalog& catalog, std::span<const ScannedFile> files, const ReadScanned& read)
      : catalog_(catalog), read_(read) {
    const auto sums = summed_folders(files | std::views::transform(&ScannedFile::path));
    for (const auto& file : files) {
      if (file.entries.empty()) {
        continue;
      }
      const bool rolls_back = file.entries.front().role == Role::rollback;
      if (rolls_back || is_flyways(file.path)) {
        of_other_tools_.insert(folder_with_slash(file.path));
        std::ranges::copy_if(
            sums,
            std::inserter(of_other_tools_, of_other_tools_.end()),
            [&](std::string_view folder) { return file.path.starts_with(folder); });
      }
      if (!rolls_back) {
        by_name_.push_back(&file);
      }
    }
    std::ranges::sort(by_name_, {}, [](const ScannedFile* file) {
      return std::pair(folder_with_slash(file->path), base_name(file->path));
    });
  }

  Result<void> run() {
    std::map<std::string_view, Folder> folders;
    std::map<std::string, TheirChecksums> checksums;  // by path
    for (const auto* file : by_name_) {
      if (base_name(file->path) == sum_name) {
        continue;
      }
      const auto bytes = read_(*file);
      if (!bytes && bytes.error().code == Errc::conflict) {
        return std::unexpected(bytes.error());
      }
      const auto folder = folder_with_slash(file->path);
      auto& theirs = checksums[file->path];
      theirs = folders[folder].add(base_name(file->path), bytes);
      theirs.complete = theirs.complete && !of_other_tools_.contains(folder);
    }
    for (auto& migration : catalog_.migrations) {
      migration.checksums = checksums[migration.file];
    }
    return compare_with_sums(folders);
  }

 private:
  Result<void> compare_with_sums(std::map<std::string_view, Folder>& folders) {
    for (const auto* file : by_name_) {
      if (base_name(file->path) != sum_name) {
        continue;
      }
      const auto bytes = read_(*file);
      if (!bytes && bytes.error().code == Errc::conflict) {
        return std::unexpected(bytes.error());
      }
      const auto folder = folder_with_slash(file->path);
      if (!bytes || of_other_tools_.contains(folder) || names_what_is_none(*bytes)) {
        continue;
      }
      auto total = bytes->substr(0, bytes->find('\n'));
      total.erase(std::min(total.find_last_not_of(" \r") + 1, total.size()));
      if (!total.empty() && !folders[folder].may_have(total)) {
        catalog_.problems.push_back({file->path,
                                     "is not the sum of the files beside it: Atlas applies none of "
                                     "them before `atlas migrate hash`"});
        std::ranges::sort(catalog_.problems);
      }
    }
    return {};
  }

  Catalog& catalog_;
  const ReadScanned& read_;
  std::vector<const ScannedFile*> by_name_;
  std::set<std::string_view> of_other_tools_;  // Atlas' version decides what of them it sums up
};

// A row of their table as it stands there.
struct Revision {
  std::string version;
  std::string description;
  bool is_baseline = false;
  bool resolved = false;  // by hand, whatever it says besides
  bool whole = false;
  std::optional<std::string> executed_ms;
  bool failed = false;
  std::string hash;
  bool flyways_baseline = false;  // with its letter
};

std::int64_t number(const std::optional<std::string>& text) {
  return static_cast<std::int64_t>(number_of(text));
}

// nullopt: what Atlas keeps there for itself.
std::optional<Revision> revision_of(const std::vector<std::optional<std::string>>& values) {
  constexpr std::int64_t baseline = 1;
  constexpr std::int64_t executed = 2;
  constexpr std::int64_t resolved = 4;
  const auto type = number(values[2]);
  const bool known =
      type == baseline || type == executed || type == resolved || type == (executed | resolved);
  if (!known || !values[0] || values[0]->empty() || values[0]->starts_with('.')) {
    return std::nullopt;
  }
  auto hash = values[7].value_or("");
  if (hash.starts_with("h1:")) {
    hash.erase(0, 3);
  }
  auto version = *values[0];
  auto description = values[1].value_or("");
  // "V1" and "_a": Flyway's names, read as if they were Atlas' own. A baseline's letter stays here:
  // there may be a row of the version that it stands for.
  const bool flyways = (version.starts_with('V') || version.starts_with('B')) &&
                       parse_flyway_name(version) &&
                       (description.empty() || description.starts_with('_'));
  const bool flyways_baseline = flyways && version.starts_with('B');
  if (flyways) {
    version.erase(0, flyways_baseline ? 0 : 1);
    description.erase(0, 1);
  }
  return Revision{std::move(version),
                  std::move(description),
                  type == baseline,
                  (type & resolved) != 0,
                  number(values[3]) >= number(values[4]),
                  values[5],
                  values[6] == "t",
                  std::move(hash),
                  flyways_baseline};
}

// Without the letter of a Flyway's baseline that stands there alone, as that of a file does.
void name_lone_baselines(std::vector<Revision>& revisions) {
  std::set<std::string> versions;
  for (const auto& revision : revisions) {
    versions.insert(revision.version);
  }
  for (auto& revision : revisions) {
    if (revision.flyways_baseline && !versions.contains(revision.version.substr(1))) {
      revision.version.erase(0, 1);
    }
  }
}

Row row_of(const Revision& revision) {
  Row row;
  row.key.value = row.version_text = revision.version;
  row.version = Version::in_byte_order(revision.version);
  row.id.value = id_of(revision.version, revision.description);
  row.description = with_blanks(revision.description);
  if (revision.is_baseline) {
    row.state = Row::State::baseline;
    row.kind = MigrationKind::baseline;
    row.id.value = "baseline " + revision.version;
  } else if (!revision.resolved && (revision.failed || !revision.whole)) {
    row.state = Row::State::failed;
  }
  row.at = time_of(revision.executed_ms);
  row.token = revision.executed_ms.value_or(revision.version);
  if (!revision.hash.empty()) {
    row.checksum_of_name = true;
    row.checksum = revision.hash;
  }
  return row;
}

// Each rests on the one with the version before. When that was applied later, its file was not
// there yet, and the hash is of another directory than today's. A baseline stands for files that
// were there and have no hash.
void chain(std::vector<Row>& rows) {
  constexpr std::string_view unknown = "?";
  const bool begins_with_baseline =
      std::ranges::any_of(rows, [](const Row& row) { return row.state == Row::State::baseline; });
  std::vector<std::size_t> by_version;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].checksum) {
      by_version.push_back(i);
    }
  }
  std::ranges::sort(by_version, {}, [&](std::size_t i) { return rows[i].version_text; });
  std::string before(begins_with_baseline ? unknown : "");
  std::size_t last = 0;
  for (const auto i : by_version) {
    rows[i].rests_on = i < last ? unknown : std::string_view(before);
    before = *rows[i].checksum;
    last = std::max(last, i);
  }
}

std::uint32_t fnv_1(std::string_view text) {
  std::uint32_t hash = 2166136261;
  for (const char c : text) {
    hash = (hash * 16777619) ^ static_cast<unsigned char>(c);
  }
  return hash;
}

class Atlas : public Tool {
 public:
  std::string_view name() const override { return "atlas"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    auto entries = entries_by_name(path);
    if (!entries.empty() && entries.front().role == Role::versioned && is_checkpoint(bytes)) {
      entries.front().role = Role::baseline;
    }
    return entries;
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto file = named(path);
    if (base_name(path) == sum_name || (file && file->role == Role::part)) {
      return {{Role::part, {std::string(path)}, {std::string(path)}, {}, "", "", {{}, false}}};
    }
    if (!file) {
      return {};
    }
    return {entry_of(*file)};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    const auto these = counted(files);
    auto catalog = with_problems(Tool::arrange(these.files, read), these.problems);
    if (catalog) {
      if (const auto summed = Summing(*catalog, these.files, read).run(); !summed) {
        return std::unexpected(summed.error());
      }
    }
    return catalog;
  }

  // Atlas also keeps the sums of files that another tool applies, which then are named as that one
  // wants it: there both are as likely, and the ledger decides.
  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    using Strength = LayoutEvidence::Strength;
    const auto marked = [](std::string_view head) { return is_marked_sql(head); };
    const auto folders = summed_folders(directory.paths);
    if (folders.empty()) {
      auto evidence = evidence_by_name(directory, is_named_by_time);
      const bool others = evidence.files == 0 || begins_so(directory, is_named_by_time, marked);
      evidence.strength = others ? Strength::none : Strength::possible;
      return evidence;
    }
    const auto summed = [&](std::string_view path) {
      const auto file = named(path);
      return file && file->role == Role::versioned && folders.contains(folder_with_slash(path));
    };
    auto evidence = evidence_by_name(directory, summed);
    const auto any = [&](bool (*is)(std::string_view)) {
      return std::ranges::any_of(directory.paths, is);
    };
    const auto flyways = flyways_folders(directory.paths, folders);
    const bool has_flyways = std::ranges::any_of(directory.paths, [&](const std::string& path) {
      return is_flyways(path) &&
             (folders.contains(folder_with_slash(path)) || is_below_any(path, flyways));
    });
    if (any(is_half_of_a_pair)) {
      evidence.strength = Strength::possible;
    } else if (has_flyways || begins_so(directory, summed, marked)) {
      evidence.strength = Strength::named;
    } else {
      evidence.strength = Strength::marked;
    }
    return evidence;
  }
  std::string_view layout_example() const override { return "20260101000000_name.sql"; }
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    auto script = plain_script(bytes);
    if (!script) {
      return script;
    }
    for (auto rest = bytes; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      const auto line = rest.substr(0, end);
      if (directive(line, "atlas:delimiter")) {
        return fail(
            Errc::invalid,
            "it has a delimiter of its own (atlas:delimiter), so it is no SQL as it stands");
      }
      if (directive(line, "atlas:txtar")) {
        return fail(
            Errc::invalid,
            "it is an archive of several files (atlas:txtar), so it is no SQL as it stands");
      }
      if (const auto mode = directive(line, "atlas:txmode"); mode && *mode == "none") {
        script->outside_transaction = true;
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return script;
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    const LedgerShapeRule rule{"an Atlas ledger", ledger_columns, columns_that_look_like_it, true};
    auto recognition = recognise_shape(relation, rule);
    if (recognition.verdict == Recognition::Verdict::ledger) {
      recognition.words = "the columns of an Atlas ledger";
    }
    return recognition;
  }

  ReadQuery select_rows(const Relation& relation) const override {
    return {select_revisions, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 8, "Atlas"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Revision> revisions;
    for (const auto& values : answer.rows) {
      if (auto revision = revision_of(values)) {
        revisions.push_back(*std::move(revision));
      }
    }
    name_lone_baselines(revisions);
    std::vector<Row> rows;
    std::ranges::transform(revisions, std::back_inserter(rows), row_of);
    chain(rows);
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (!has_primary_key(relation, "version")) {
      return std::nullopt;
    }
    return ReadQuery{select_last_revisions, relation.name, {}};
  }

  // Unless whoever runs it named another lock.
  std::vector<std::int64_t> advisory_locks(const Relation&, std::string_view) const override {
    return {std::int64_t{fnv_1("atlas_migrate_execute")}};
  }
};

}  // namespace

const Tool& atlas() {
  static const Atlas tool;
  return tool;
}

}  // namespace tidemark
