#include "adapters/tools/liquibase_arrange.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "adapters/tools/file_name.h"
#include "adapters/tools/liquibase_changelog.h"
#include "adapters/tools/liquibase_path.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

// In FileEntry::group: what is worth reading to find the root, and what only is when it is named.
constexpr std::string_view changelog_part = "changelog";
constexpr std::string_view sql_part = "sql";

FileEntry part(std::string_view path, std::string_view what) {
  FileEntry entry;
  entry.role = Role::part;
  entry.key = {std::string(path)};
  entry.id = {std::string(path)};
  entry.group = what;
  return entry;
}

// What people give to files with SQL that a change refers to.
bool is_sql_by_another_name(std::string_view path) {
  const auto is = [name = base_name(path)](std::string_view suffix) {
    return without_suffix(name, suffix).has_value();
  };
  return std::ranges::any_of(
      std::array<std::string_view, 10>{
          ".ddl", ".dml", ".fnc", ".pkb", ".pks", ".pls", ".plsql", ".prc", ".trg", ".vw"},
      is);
}

// Values that changelogs give to ${names}. The first one counts, as in Liquibase.
class Properties {
 public:
  // Whether it counts. Nobody's value is so long, and what it stands in becomes no longer than it.
  bool add(const LiquibaseProperty& property) {
    constexpr std::size_t value_max = 1024;
    return property.value.size() <= value_max &&
           values_.try_emplace(lower_case(property.name), property.value).second;
  }
  void remove(const std::string& name) { values_.erase(lower_case(name)); }

  // What would become longer than `size_max` stays as it is.
  std::string expand(std::string_view text, std::size_t size_max = 4096) const {
    constexpr std::size_t name_max = 256;
    std::string expanded;
    for (auto rest = text; !rest.empty();) {
      const auto begin = std::min(rest.find("${"), rest.size());
      expanded += rest.substr(0, begin);
      rest.remove_prefix(begin);
      const auto end = rest.substr(0, name_max).find('}');
      const auto value = end == std::string_view::npos
                             ? values_.end()
                             : values_.find(lower_case(rest.substr(2, end - 2)));
      if (value != values_.end()) {
        expanded += value->second;
        rest.remove_prefix(end + 1);
      } else {
        const auto two = std::min<std::size_t>(rest.size(), 2);
        expanded += rest.substr(0, two);
        rest.remove_prefix(two);
      }
      if (expanded.size() > std::max(size_max, text.size())) {
        return std::string(text);
      }
    }
    return expanded;
  }

 private:
  std::map<std::string, std::string> values_;
};

bool has_parameters(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

// With no version in front, or the first: "9:any" is a checksum like any other.
bool accepts_everything(const std::string& checksum) {
  const auto text = lower_case(checksum);
  const auto value = text.substr(text.starts_with("1:") ? 2 : 0);
  return value == "any" || value == "all" || value == "*";
}

// All that may be stored for a changeset whose changes read like one of these.
class Accepted {
 public:
  explicit Accepted(const LiquibaseChangeSet& set) : set_(set) {}

  void add(std::span<const LiquibaseSql> changes) {
    for (const auto version : liquibase_checksum_versions) {
      add(liquibase_checksum(version, changes));
    }
  }

  TheirChecksums take(bool complete) && {
    const auto is_computed = [this](const std::string& valid) {
      return std::ranges::find(checksums_, valid) != checksums_.end();
    };
    TheirChecksums all;
    for (const auto& valid : set_.valid_checksums) {
      complete = complete && !accepts_everything(valid);
      // What is in the file counts as valid whatever this version of the checksum had stored.
      if (is_computed(valid)) {
        all.any_of.push_back(valid.substr(0, valid.find(':')));
      }
    }
    std::ranges::for_each(set_.valid_checksums, [this](const auto& valid) { add(valid); });
    all.accepted = std::move(checksums_);
    all.complete = complete;
    return all;
  }

 private:
  void add(const std::string& checksum) {
    if (std::ranges::find(checksums_, checksum) == checksums_.end()) {
      checksums_.push_back(checksum);
    }
  }

  const LiquibaseChangeSet& set_;
  std::vector<std::string> checksums_;
};

// A changelog that is being followed, and by which path Liquibase knows it.
struct Followed {
  std::string file;
  std::string path;
  std::string logical_path;  // of the include
  bool ignored = false;      // by it, or one before it
  bool conditional = false;
};

class Arranging {
 public:
  Arranging(std::span<const ScannedFile> files, const ReadScanned& read)
      : read_(read), files_(paths_of(files)) {
    for (const auto& file : files) {
      scanned_.emplace(file.path, &file);
    }
    catalog_.layout = "liquibase";
    catalog_.rules = {.ordered = false, .late = LayoutRules::Late::runs};
  }

  Result<Catalog> run() {
    for (const auto& [path, file] : scanned_) {
      const bool worth = std::ranges::any_of(
          file->entries, [](const FileEntry& entry) { return entry.group == changelog_part; });
      if (worth) {
        parsed(path);
      }
    }
    for (const auto& root : roots()) {
      follow({.file = root, .path = root, .logical_path = ""}, 0);
      put_in_order();
    }
    if (changed_) {
      return std::unexpected(*changed_);
    }
    catalog_.problems.assign(problems_.begin(), problems_.end());
    return std::move(catalog_);
  }

 private:
  // What is left to spend on files that are written to be expensive.
  struct Budget {
    std::size_t includes = 200'000;
    std::size_t targets = 5'000'000;
    std::size_t expanded = 256U << 20U;
    std::size_t sql_files = 1024U << 20U;
    static bool spend(std::size_t& left, std::size_t much) {
      const bool enough = much <= left;
      left -= enough ? much : left;
      return enough;
    }
  };

  static constexpr std::size_t depth_max = 64;
  static constexpr std::size_t changesets_max = 200'000;
  static constexpr std::size_t expanded_max = 16U << 20U;

  static std::vector<std::string> paths_of(std::span<const ScannedFile> files) {
    std::vector<std::string> paths;
    for (const auto& file : files) {
      paths.push_back(file.path);
    }
    return paths;
  }

  void tell(const std::string& file, std::string what) {
    problems_.insert({file, std::move(what)});
  }

  // What is not here may hold any changeset.
  void miss(const std::string& file, std::string what) {
    tell(file, std::move(what));
    catalog_.unread.any = true;
  }

  std::optional<std::string> bytes_of(const std::string& path) {
    auto bytes = read_(*scanned_.at(path));
    if (bytes) {
      return std::move(*bytes);
    }
    if (bytes.error().code == Errc::conflict && !changed_) {
      changed_ = bytes.error();
    }
    miss(path, "cannot be read: " + bytes.error().detail);
    return std::nullopt;
  }

  // nullptr: not to be read or understood, which was told.
  const LiquibaseChangelog* parsed(const std::string& path) {
    const auto [at, added] = changelogs_.try_emplace(path);
    if (!added) {
      return at->second ? &*at->second : nullptr;
    }
    const auto bytes = bytes_of(path);
    if (!bytes) {
      return nullptr;
    }
    auto changelog = parse_liquibase_changelog(liquibase_format(path, *bytes), *bytes);
    if (!changelog) {
      // Something that only mentions Liquibase is nobody's business until it is included.
      if (changelog.error().code != Errc::not_found) {
        miss(path, changelog.error().detail);
      }
      return nullptr;
    }
    auto& kept = at->second.emplace(std::move(*changelog));
    for (auto& step : kept.steps) {
      if (auto* set = std::get_if<LiquibaseChangeSet>(&step)) {
        contents_[set] =
            content_of(std::string_view(*bytes).substr(set->piece.offset, set->piece.size));
      }
    }
    return &kept;
  }

  struct Target {
    std::string file;
    std::string path;
  };

  std::string path_of(const LiquibaseInclude& include, const std::string& from_path) const {
    const auto path = properties_.expand(include.path);
    return include.relative ? beside(from_path, path) : normal_liquibase_path(path);
  }

  // The files that an include means; nullopt when that leads nowhere.
  std::optional<std::vector<Target>> targets(const LiquibaseInclude& include,
                                             const std::string& from_file,
                                             const std::string& from_path) {
    if (!Budget::spend(budget_.includes, 1)) {
      return std::nullopt;
    }
    const auto path = path_of(include, from_path);
    const auto sought = include.relative ? path_of(include, from_file) : path;
    if (include.all) {
      return targets_below(include, path, sought, from_file);
    }
    auto file = files_.file(sought, from_file);
    if (file.empty()) {
      return std::nullopt;
    }
    return std::vector<Target>{{std::move(file), path}};
  }

  std::optional<std::vector<Target>> targets_below(const LiquibaseInclude& include,
                                                   const std::string& path,
                                                   const std::string& sought,
                                                   const std::string& from_file) {
    const auto folder = files_.folder(sought, from_file);
    if (!folder) {
      return std::nullopt;
    }
    std::vector<Target> targets;
    const auto files = files_.below(*folder);
    if (!Budget::spend(budget_.targets, files.size())) {
      return std::nullopt;
    }
    for (const auto file : files) {
      const auto name = file.substr(folder->size());
      const auto depth = static_cast<std::size_t>(std::ranges::count(name, '/')) + 1;
      const bool wanted = name.ends_with(include.suffix) && depth >= include.depth_min &&
                          depth <= include.depth_max && file != from_file && may_be_included(file);
      if (wanted) {
        targets.push_back(
            {std::string(file), path + (path.empty() ? "" : "/") + std::string(name)});
      }
    }
    return targets;
  }

  bool may_be_included(std::string_view file) const {
    const auto& entries = scanned_.at(std::string(file))->entries;
    return std::ranges::any_of(entries,
                               [](const FileEntry& entry) { return !entry.group.empty(); });
  }

  // Those that no other one includes, the changelogs proper before SQL that could be anybody's.
  std::vector<std::string> roots() {
    std::set<std::string> included;
    for (const auto& [path, changelog] : changelogs_) {
      if (!changelog) {
        continue;
      }
      for (const auto& step : changelog->steps) {
        const auto* include = std::get_if<LiquibaseInclude>(&step);
        const auto found = include == nullptr ? std::nullopt : targets(*include, path, path);
        for (const auto& target : found.value_or(std::vector<Target>{})) {
          if (target.file != path) {
            included.insert(target.file);
          }
        }
      }
    }
    std::vector<std::string> proper;
    std::vector<std::string> sql;
    for (const auto& [path, changelog] : changelogs_) {
      const bool is_sql = liquibase_format_by_name(path) == LiquibaseFormat::formatted_sql;
      if (changelog && !included.contains(path)) {
        (is_sql ? sql : proper).push_back(path);
      }
    }
    if (proper.empty()) {
      return any_proper() ? on_circles() : sql;
    }
    return usual_among(std::move(proper));
  }

  bool any_proper() const {
    return std::ranges::any_of(changelogs_, [](const auto& entry) {
      return entry.second &&
             liquibase_format_by_name(entry.first) != LiquibaseFormat::formatted_sql;
    });
  }

  // Each is included by another one.
  std::vector<std::string> on_circles() {
    std::vector<std::string> all;
    for (const auto& [path, changelog] : changelogs_) {
      if (changelog && liquibase_format_by_name(path) != LiquibaseFormat::formatted_sql) {
        all.push_back(path);
      }
    }
    return usual_among(std::move(all));
  }

  static std::size_t rank(const std::string& path) {
    constexpr std::array<std::string_view, 12> usual{"db.changelog-master.",
                                                     "changelog-master.",
                                                     "db-changelog-master.",
                                                     "master.",
                                                     "db.changelog-root.",
                                                     "changelog-root.",
                                                     "root.",
                                                     "liquibase-changelog.",
                                                     "db.changelog.",
                                                     "changelog.",
                                                     "main.",
                                                     "index."};
    const auto name = lower_case(base_name(path));
    const auto found = std::ranges::find_if(
        usual, [&](std::string_view begin) { return name.starts_with(begin); });
    return static_cast<std::size_t>(found - usual.begin());
  }

  std::vector<std::string> usual_among(std::vector<std::string> roots) {
    if (roots.size() < 2) {
      return roots;
    }
    const auto best = rank(std::ranges::min(roots, {}, rank));
    std::vector<std::string> usual;
    std::ranges::copy_if(roots, std::back_inserter(usual), [best](const std::string& path) {
      return rank(path) == best;
    });
    if (usual.size() > 1) {
      tell(usual.front(),
           "is one of " + std::to_string(usual.size()) +
               " changelogs that no other one includes (" +
               join(std::span(usual).first(std::min<std::size_t>(usual.size(), 5)), ", ") +
               (usual.size() > 5 ? ", …" : "") + "): all of them count");
    }
    return usual;
  }

  // What is to run first or last does so of all that a root includes.
  void put_in_order() {
    std::ranges::sort(run_orders_);
    std::vector<Migration> sorted;
    sorted.reserve(catalog_.migrations.size());
    std::move(catalog_.migrations.begin(),
              catalog_.migrations.begin() + static_cast<std::ptrdiff_t>(in_order_),
              std::back_inserter(sorted));
    for (const auto& [order, at] : run_orders_) {
      sorted.push_back(std::move(catalog_.migrations[at]));
    }
    catalog_.migrations = std::move(sorted);
    in_order_ = catalog_.migrations.size();
    run_orders_.clear();
  }

  void follow(Followed changelog, std::size_t depth) {
    if (depth > depth_max) {
      miss(changelog.file, "is included too deeply");
      return;
    }
    if (!followed_.insert(changelog.file).second) {
      tell(changelog.file, "is included more than once: only the first time counts");
      return;
    }
    const auto* steps = parsed(changelog.file);
    if (steps == nullptr) {
      miss(changelog.file, "is included and is no changelog that can be read");
      return;
    }
    for (const auto& problem : steps->problems) {
      tell(changelog.file, problem);
    }
    changelog.conditional = changelog.conditional || steps->conditional;
    std::vector<std::string> local;
    for (const auto& step : steps->steps) {
      if (const auto* property = std::get_if<LiquibaseProperty>(&step)) {
        if (properties_.add(*property) && !property->global) {
          local.push_back(property->name);
        }
      } else if (const auto* include = std::get_if<LiquibaseInclude>(&step)) {
        follow(*include, changelog, depth);
      } else {
        add(std::get<LiquibaseChangeSet>(step), *steps, changelog);
      }
    }
    std::ranges::for_each(local, [this](const auto& name) { properties_.remove(name); });
  }

  void follow(const LiquibaseInclude& include, const Followed& from, std::size_t depth) {
    const auto found = targets(include, from.file, from.path);
    if (!found && include.optional) {
      return;
    }
    if (!found) {
      miss(from.file, "includes " + include.path + ", which is not here");
      return;
    }
    for (const auto& target : *found) {
      follow({target.file,
              target.path,
              include.logical_path,
              from.ignored || include.ignored,
              from.conditional || include.conditional},
             depth + 1);
    }
  }

  void add(const LiquibaseChangeSet& set,
           const LiquibaseChangelog& changelog,
           const Followed& from) {
    if (catalog_.migrations.size() >= changesets_max) {
      miss(from.file, "has more changesets than can be kept");
      return;
    }
    const auto first_of = [](std::initializer_list<std::string_view> all) {
      const auto* found =
          std::ranges::find_if(all, [](std::string_view text) { return !text.empty(); });
      return found == all.end() ? std::string_view() : *found;
    };
    const auto path =
        first_of({set.logical_path, changelog.logical_path, from.logical_path, from.path});
    const LiquibaseName name{normal_liquibase_path(properties_.expand(path)),
                             properties_.expand(set.id),
                             properties_.expand(set.author)};
    Migration migration;
    migration.key = name.key();
    migration.id = name.shown();
    migration.kind = set.repeats ? MigrationKind::repeatable : MigrationKind::versioned;
    migration.description = set.comment;
    migration.file = from.file;
    migration.path_in_key = name.path_in_key();
    migration.piece = set.piece;
    migration.content = contents_.at(&set);
    if (changelog.plain_to_some) {
      // Applied as the one changeset that the file was to an older Liquibase, all in it is applied.
      const LiquibaseName whole{
          normal_liquibase_path(properties_.expand(first_of({from.logical_path, from.path}))),
          std::string(plain_sql_id),
          std::string(plain_sql_author)};
      migration.replaces = {whole.key()};
    }
    if (set.ignored || from.ignored || !is_for_postgresql(properties_.expand(set.dbms))) {
      migration.never = "skipped";
    }
    if (set.conditional || from.conditional) {
      migration.perhaps = "conditional";
    }
    const auto [at, added] = keys_.try_emplace(migration.key, migration.file);
    if (!added) {
      tell(from.file, "has the same changeset as " + at->second + ": " + migration.id.value);
      return;
    }
    weigh(set, from, migration);
    run_orders_.emplace_back(set.run_order, catalog_.migrations.size());
    catalog_.migrations.push_back(std::move(migration));
  }

  // The checksums, and what of the content counts: Liquibase does not mind how a changeset is
  // written, or what stands around its changes.
  void weigh(const LiquibaseChangeSet& set, const Followed& from, Migration& migration) {
    std::vector<LiquibaseSql> changes;
    bool complete = set.certain;
    bool known = true;
    bool parameters = false;
    std::string counts;
    for (const auto& change : set.changes) {
      auto sql = change.sql;
      if (change.kind == LiquibaseChange::Kind::other) {
        known = false;
      } else if (change.kind == LiquibaseChange::Kind::sql_file) {
        auto text = text_of(change, from);
        known = known && text.has_value();
        sql.text = std::move(text).value_or(change.file);
      }
      parameters = parameters || has_parameters(sql.text);
      counts +=
          change.kind == LiquibaseChange::Kind::other ? sql.text : without_white_space(sql.text);
      counts += '\0';
      changes.push_back(std::move(sql));
    }
    migration.content.normalised = sha256(counts);
    Accepted accepted(set);
    if (known) {
      accepted.add(changes);
      for (const auto& other : set.otherwise) {
        accepted.add(std::span(&other, 1));
      }
      if (parameters) {
        bool all = true;
        for (auto& change : changes) {
          change.text = properties_.expand(change.text, expanded_max);
          all = all && Budget::spend(budget_.expanded, change.text.size());
        }
        if (all) {
          accepted.add(changes);
        }
      }
    }
    // What parameters were is known only to whoever ran Liquibase.
    migration.checksums = std::move(accepted).take(complete && known && !parameters);
  }

  std::optional<std::string> text_of(const LiquibaseChange& change, const Followed& from) {
    const auto path = properties_.expand(change.file);
    const auto sought = change.relative ? beside(from.file, path) : normal_liquibase_path(path);
    const auto file = files_.file(sought, from.file);
    if (file.empty()) {
      tell(from.file, "refers to " + change.file + ", which is not here");
      return std::nullopt;
    }
    if (!Budget::spend(budget_.sql_files, scanned_.at(file)->content.size)) {
      tell(from.file, "refers to more SQL than can be read");
      return std::nullopt;
    }
    return bytes_of(file);
  }

  const ReadScanned& read_;
  LiquibaseFiles files_;
  std::map<std::string, const ScannedFile*> scanned_;
  std::map<std::string, std::optional<LiquibaseChangelog>> changelogs_;
  std::map<const LiquibaseChangeSet*, Content> contents_;
  std::set<std::string> followed_;
  std::map<Key, std::string> keys_;  // and the file of each
  // Of the migrations of this root.
  std::vector<std::pair<LiquibaseChangeSet::RunOrder, std::size_t>> run_orders_;
  std::size_t in_order_ = 0;  // so many are of roots before it
  Properties properties_;
  std::optional<Error> changed_;
  std::set<CatalogProblem> problems_;
  Budget budget_;
  Catalog catalog_;
};

}  // namespace

Key LiquibaseName::key() const {
  return {lower_case(path) + "::" + lower_case(id) + "::" + lower_case(author)};
}

MigrationId LiquibaseName::shown() const {
  return {path + "::" + id + "::" + author};
}

std::vector<FileEntry> liquibase_parts(std::string_view path, std::string_view bytes) {
  switch (liquibase_format(path, bytes)) {
    case LiquibaseFormat::xml:
    case LiquibaseFormat::yaml:
    case LiquibaseFormat::json:
    case LiquibaseFormat::formatted_sql:
      return {part(path, changelog_part)};
    case LiquibaseFormat::plain_sql:
      return {part(path, sql_part)};
    case LiquibaseFormat::none:
      break;
  }
  if (is_sql_by_another_name(path)) {
    return {part(path, "")};
  }
  return {};
}

std::vector<FileEntry> liquibase_parts_by_name(std::string_view path) {
  if (liquibase_format_by_name(path) != LiquibaseFormat::none) {
    return {part(path, changelog_part)};
  }
  return is_sql_by_another_name(path) ? std::vector{part(path, "")} : std::vector<FileEntry>{};
}

Result<Catalog> arrange_liquibase(std::span<const ScannedFile> files, const ReadScanned& read) {
  return Arranging(files, read).run();
}

}  // namespace tidemark
