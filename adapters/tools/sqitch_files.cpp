#include "adapters/tools/sqitch_files.h"

#include <algorithm>
#include <map>
#include <set>

#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/rewritten.h"
#include "adapters/tools/sqitch_conf.h"
#include "adapters/tools/sqitch_plan.h"

namespace tidemark {

namespace {

constexpr std::string_view plan_part = "plan";
constexpr std::string_view conf_part = "conf";
constexpr std::string_view conf_name = "sqitch.conf";

FileEntry part(std::string_view path, std::string_view what, TheirChecksums checksums) {
  FileEntry entry;
  entry.role = FileEntry::Role::part;
  entry.key = {std::string(path)};
  entry.id = {std::string(path)};
  entry.group = what;
  entry.checksums = std::move(checksums);
  return entry;
}

// Sqitch hashes the bytes as they are; a checkout may have turned their line ends.
TheirChecksums script_hashes(std::string_view bytes) {
  const auto hash = [](std::string_view form) { return hex_hash("SHA1", form); };
  return {hashes_as_rewritten(bytes, hash), true};
}

bool is_part(const ScannedFile& file, std::string_view what) {
  return std::ranges::any_of(file.entries,
                             [&](const FileEntry& entry) { return entry.group == what; });
}

// Wherever sqitch.conf may say that they are. What only looks at the outcome is none.
bool may_be_script(std::string_view path) {
  return path.ends_with(".sql") && ("/" + std::string(path)).find("/verify/") == std::string::npos;
}

class PlansAndScripts {
 public:
  explicit PlansAndScripts(std::span<const ScannedFile> files) {
    for (const auto& file : files) {
      files_.emplace(file.path, &file);
    }
    catalog_.layout = "sqitch";
    catalog_.rules = {.ordered = false, .late = LayoutRules::Late::runs};
  }

  Result<Catalog> run(const ReadScanned& read) {
    // First all that say where the others are.
    for (const auto what : {conf_part, plan_part}) {
      for (const auto& [path, file] : files_) {
        if (!is_part(*file, what) || is_of_others(path)) {
          continue;
        }
        const auto bytes = read(*file);
        if (!bytes && bytes.error().code == Errc::conflict) {
          return std::unexpected(bytes.error());
        }
        if (!bytes) {
          catalog_.problems.push_back({path, "cannot be read: " + bytes.error().detail});
          catalog_.unread.any = true;
        } else if (what == conf_part) {
          configure(path, *bytes);
        } else {
          add(path, *bytes);
        }
      }
    }
    std::ranges::sort(catalog_.problems);
    if (!files_.empty() && std::ranges::none_of(files_, is_plan)) {
      return fail(Errc::invalid,
                  "no plan is here, which lists the changes" +
                      (catalog_.problems.empty() ? ": sqitch.plan"
                                                 : ": " + catalog_.problems.front().file + " " +
                                                       catalog_.problems.front().what));
    }
    return std::move(catalog_);
  }

 private:
  static bool is_plan(const std::pair<const std::string, const ScannedFile*>& entry) {
    return is_part(*entry.second, plan_part);
  }

  // A plan of another database's, beside one that could be PostgreSQL's.
  bool is_of_others(const std::string& path) const {
    const auto of_others = [&](const std::string& plan) {
      return elsewhere_.contains(plan) && !places_.contains(plan);
    };
    return of_others(path) && std::ranges::any_of(files_, [&](const auto& entry) {
             return is_plan(entry) && !of_others(entry.first);
           });
  }

  void configure(const std::string& path, const std::string& bytes) {
    auto conf = parse_sqitch_conf(folder_with_slash(path), bytes);
    for (auto& problem : conf.problems) {
      catalog_.problems.push_back({path, std::move(problem)});
    }
    elsewhere_.merge(conf.elsewhere);
    for (auto& place : conf.places) {
      const auto plan = files_.find(place.plan);
      const bool here = plan != files_.end() && is_part(*plan->second, plan_part);
      const bool usual =
          folder_with_slash(place.plan) == folder_with_slash(path);  // may be left empty
      if (!here && !usual) {
        catalog_.problems.push_back(
            {path, "names the plan " + place.plan + ", which is not here, or not called *.plan"});
      }
      auto key = place.plan;
      places_.try_emplace(std::move(key), std::move(place));
    }
  }

  void add(const std::string& path, const std::string& bytes) {
    const auto [where, unsaid] = places_.try_emplace(path, usual_sqitch_place(path));
    const auto& place = where->second;
    const auto plan = parse_sqitch_plan(bytes);
    std::vector<std::string> without_script;
    for (const auto& problem : plan.problems) {
      catalog_.problems.push_back({path, problem});
    }
    // Changes of one name, but for the last one, have scripts that are named after a tag between
    // them and the next.
    std::map<std::string_view, std::size_t> next;
    std::vector<std::size_t> until(plan.changes.size(), plan.changes.size());
    for (auto i = plan.changes.size(); i-- > 0;) {
      const auto [at, last] = next.try_emplace(plan.changes[i].name, i);
      if (!last) {
        until[i] = at->second;
        at->second = i;
      }
    }
    const Key* before = nullptr;
    Key previous;
    for (std::size_t i = 0; i < plan.changes.size(); ++i) {
      auto migration = migration_of(place, bytes, plan, i, until[i]);
      if (migration.piece) {
        without_script.push_back(plan.changes[i].name);
      }
      if (before != nullptr) {
        migration.after.push_back(*before);
      }
      previous = migration.key;
      before = &previous;
      if (!keys_.emplace(migration.key, path).second) {
        catalog_.problems.push_back(
            {path, "has the same change as another plan: " + migration.id.value});
        continue;
      }
      catalog_.migrations.push_back(std::move(migration));
    }
    const bool all =
        unsaid && without_script.size() > 1 && without_script.size() == plan.changes.size();
    tell_without_script(path, without_script, all);
  }

  // Where not one has a script, these are not where they usually are.
  void tell_without_script(const std::string& path,
                           const std::vector<std::string>& names,
                           bool all) {
    if (all) {
      catalog_.problems.push_back(
          {path,
           "has " + std::to_string(names.size()) +
               " changes and not one script of them: where a sqitch.conf says where they are, the "
               "directory that is watched has to be that in which it is"});
      return;
    }
    for (const auto& name : names) {
      catalog_.problems.push_back({path, "has a change without a script: " + name});
    }
  }

  // "users" and, of a change that was reworked, the names that its scripts may have had since.
  std::vector<std::string> names_of(const SqitchPlan& plan, std::size_t index, std::size_t until) {
    const auto& name = plan.changes[index].name;
    if (until == plan.changes.size()) {
      return {name};
    }
    constexpr std::size_t names_max = 100;
    std::vector<std::string> names;
    for (auto i = until; i-- > index && names.size() < names_max;) {
      for (const auto& tag : plan.changes[i].tags) {
        names.push_back(name + tag);
      }
    }
    return names;
  }

  const ScannedFile* script(const std::string& path) const {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : found->second;
  }

  Migration migration_of(const SqitchPlace& place,
                         const std::string& bytes,
                         const SqitchPlan& plan,
                         std::size_t index,
                         std::size_t until) {
    const auto& change = plan.changes[index];
    Migration migration;
    migration.key = {change.id};
    migration.id = {change.name};
    migration.description = change.note;
    migration.group = plan.project;
    const bool reworked = until != plan.changes.size();
    const auto& deploys = reworked ? place.reworked_deploy : place.deploy;
    const auto& reverts = reworked ? place.reworked_revert : place.revert;
    for (const auto& name : names_of(plan, index, until)) {
      const auto* deploy = script(deploys + name + ".sql");
      if (deploy == nullptr) {
        continue;
      }
      migration.id = {name};
      migration.file = deploy->path;
      migration.content = deploy->content;
      for (const auto& entry : deploy->entries) {
        migration.checksums = entry.checksums;
      }
      if (const auto* revert = script(reverts + name + ".sql")) {
        migration.rollback = Rollback{revert->path, revert->content};
      }
      return migration;
    }
    // What there is of it is its line.
    migration.file = place.plan;
    migration.piece = change.line;
    migration.content =
        content_of(std::string_view(bytes).substr(change.line.offset, change.line.size));
    migration.checksums.complete = false;
    return migration;
  }

  std::map<std::string, const ScannedFile*> files_;
  std::map<std::string, SqitchPlace> places_;  // by plan
  std::set<std::string> elsewhere_;
  std::map<Key, std::string> keys_;
  Catalog catalog_;
};

}  // namespace

bool is_named_like_sqitch_plan(std::string_view path) {
  return without_suffix(base_name(path), ".plan").has_value();
}

bool is_sqitch_script(std::string_view path) {
  const auto within = "/" + std::string(path);
  return path.ends_with(".sql") && (within.find("/deploy/") != std::string::npos ||
                                    within.find("/revert/") != std::string::npos);
}

std::vector<FileEntry> sqitch_parts(std::string_view path, std::string_view bytes) {
  if (may_be_script(path)) {
    return {part(path, "script", script_hashes(bytes))};
  }
  if (base_name(path) == conf_name) {
    return {part(path, conf_part, {})};
  }
  if (is_named_like_sqitch_plan(path) && is_sqitch_plan(bytes)) {
    return {part(path, plan_part, {})};
  }
  return {};
}

std::vector<FileEntry> sqitch_parts_by_name(std::string_view path) {
  if (may_be_script(path)) {
    return {part(path, "script", TheirChecksums{{}, false})};
  }
  if (base_name(path) == conf_name) {
    return {part(path, conf_part, TheirChecksums{{}, false})};
  }
  if (base_name(path) == "sqitch.plan") {
    return {part(path, plan_part, TheirChecksums{{}, false})};
  }
  return {};
}

Result<Catalog> arrange_sqitch(std::span<const ScannedFile> files, const ReadScanned& read) {
  return PlansAndScripts(files).run(read);
}

}  // namespace tidemark
