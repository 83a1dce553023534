#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "adapters/tools/django_file.h"
#include "adapters/tools/django_part.h"
#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : path.substr(0, slash));
}

// "shop/orders" of "shop.orders".
std::string as_folder(std::string package) {
  std::ranges::replace(package, '.', '/');
  return package;
}

// "shop/orders" ends in "orders".
bool is_end_of(std::string_view end, std::string_view folder) {
  return folder == end || (folder.ends_with(end) && folder[folder.size() - end.size() - 1] == '/');
}

// "orders" of "orders.0002_add_tax". Labels have no dots.
std::string app_of(const Key& key) {
  return key.value.substr(0, key.value.find('.'));
}

std::string name_of(const Key& key) {
  const auto dot = key.value.find('.');
  return dot == std::string::npos ? "" : key.value.substr(dot + 1);
}

// How the apps of the directory are labelled, by their folders.
class AppLabels {
 public:
  explicit AppLabels(std::span<const ScannedFile> files) {
    for (const auto& file : files) {
      if (const auto at = parse_django_path(file.path)) {
        apps_[std::string(at->app_folder)].push_back(&file);
        taken_.emplace(base_name(at->app_folder));
      }
      for (const auto& entry : file.entries) {
        if (entry.role != Role::part || entry.key.value != django_part::label) {
          continue;
        }
        if (entry.description.empty()) {
          labels_[folder_of(file.path)] = entry.group;
        } else {
          packages_[as_folder(entry.description)] = entry.group;
        }
        taken_.insert(entry.group);
      }
    }
  }

  // Empty when nothing tells it.
  std::string of(std::string_view app_folder) {
    const auto [at, added] = labels_.try_emplace(std::string(app_folder));
    if (added) {
      at->second = told_by_another_app(at->first);
      if (at->second.empty()) {
        at->second = told_by_dependencies(at->first);
      }
    }
    return at->second;
  }

 private:
  // The configurations of several apps may lie in one file. `repo` may begin above the package or
  // within it.
  std::string told_by_another_app(std::string_view app_folder) const {
    for (const auto& [package, label] : packages_) {
      if (!app_folder.empty() &&
          (is_end_of(package, app_folder) || is_end_of(app_folder, package))) {
        return label;
      }
    }
    return "";
  }

  // What depends on its neighbour calls the app by its label. Some of the directory's apps have
  // another one than their folder, and `repo` may begin at or below an app's folder, or at a link
  // to it.
  std::string told_by_dependencies(const std::string& app_folder) const {
    const std::string name(base_name(app_folder));
    const auto votes = named_by_neighbours(apps_.at(app_folder));
    if (votes.contains(name)) {
      return name;
    }
    std::string best;
    std::size_t most = 0;
    for (const auto& [label, count] : votes) {
      if (count >= most && !taken_.contains(label)) {
        best = count == most ? "" : label;
        most = count;
      }
    }
    return best.empty() ? name : best;
  }

  // How many of these migrations depend on another one of them by what label.
  static std::map<std::string, std::size_t> named_by_neighbours(
      std::span<const ScannedFile* const> files) {
    std::set<std::string_view> stems;
    for (const auto* file : files) {
      stems.insert(parse_django_path(file->path)->stem);
    }
    std::map<std::string, std::size_t> votes;
    for (const auto* file : files) {
      const auto self = parse_django_path(file->path)->stem;
      std::set<std::string> labels;
      for (const auto& entry : file->entries) {
        for (const auto& key : entry.after) {
          const auto name = name_of(key);
          if (entry.role == Role::versioned && name != self && stems.contains(name)) {
            labels.insert(app_of(key));
          }
        }
      }
      for (const auto& label : labels) {
        ++votes[label];
      }
    }
    return votes;
  }

  std::map<std::string, std::vector<const ScannedFile*>, std::less<>> apps_;  // files by folder
  std::map<std::string, std::string, std::less<>> labels_;
  std::map<std::string, std::string> packages_;  // labels of apps that another one's file tells
  std::set<std::string, std::less<>> taken_;     // by folders, and by what apps.py says
};

class DjangoGraph {
 public:
  DjangoGraph(Catalog& catalog, std::map<std::string, std::string> settings)
      : catalog_(catalog), settings_(std::move(settings)) {
    for (const auto& migration : catalog_.migrations) {
      files_.emplace(migration.key, &migration);
      apps_[migration.group].push_back(&migration);
      for (const auto& key : migration.replaces) {
        replaced_by_.emplace(key, migration.key);
      }
    }
  }

  void run(const std::map<Key, std::vector<Key>>& run_before) {
    for (const auto& [key, followers] : run_before) {
      for (const auto& follower : followers) {
        if (auto* migration = find(standing_for(follower))) {
          migration->after.push_back(key);
        }
      }
    }
    const auto firsts = ends(End::first);
    const auto lasts = ends(End::last);
    for (auto& migration : catalog_.migrations) {
      resolve(migration, firsts, lasts);
    }
    for (const auto& [app, last] : lasts) {
      refuse_several(last);
    }
    std::ranges::sort(catalog_.problems);
  }

 private:
  using Ends = std::map<std::string, std::vector<const Migration*>>;

  Migration* find(const Key& key) {
    const auto at = std::ranges::find(catalog_.migrations, key, &Migration::key);
    return at == catalog_.migrations.end() ? nullptr : &*at;
  }

  // Once the originals are deleted, what depends on them depends on their squash.
  Key standing_for(const Key& key) const {
    if (files_.contains(key)) {
      return key;
    }
    const auto at = replaced_by_.find(key);
    return at == replaced_by_.end() ? key : at->second;
  }

  // As if everything that is replaced already were its squash.
  Key squash_of(const Key& key) const {
    const auto at = replaced_by_.find(key);
    return at == replaced_by_.end() ? key : at->second;
  }

  enum class End { first, last };

  // The first or the last migrations of each app, by what depends on what in the app itself.
  Ends ends(End end) const {
    Ends all;
    for (const auto& [app, migrations] : apps_) {
      std::set<Key> inner;
      for (const auto* migration : migrations) {
        const auto self = squash_of(migration->key);
        for (const auto& key : migration->after) {
          const auto before = squash_of(key);
          if (app_of(before) == app && files_.contains(before) && before != self) {
            inner.insert(end == End::first ? self : before);
          }
        }
      }
      auto& found = all[app];
      for (const auto* migration : migrations) {
        if (!replaced_by_.contains(migration->key) && !inner.contains(migration->key)) {
          found.push_back(migration);
        }
      }
    }
    return all;
  }

  void resolve(Migration& migration, const Ends& firsts, const Ends& lasts) {
    std::vector<Key> after;
    for (const auto& key : migration.after) {
      auto resolved = resolved_key(key, firsts, lasts);
      if (!resolved || *resolved == migration.key) {
        continue;
      }
      if (apps_.contains(app_of(*resolved)) && !files_.contains(*resolved)) {
        catalog_.problems.push_back(
            {migration.file, "depends on " + resolved->value + ", which is not here"});
      }
      if (std::ranges::find(after, *resolved) == after.end()) {
        after.push_back(std::move(*resolved));
      }
    }
    migration.after = std::move(after);
  }

  std::optional<Key> resolved_key(const Key& key, const Ends& firsts, const Ends& lasts) const {
    auto app = app_of(key);
    auto name = name_of(key);
    if (key.value.starts_with(django_part::setting)) {
      const auto at = settings_.find(key.value);
      if (at == settings_.end()) {
        return std::nullopt;
      }
      app = at->second;
      name = django_first;
    }
    if (name != django_first && name != django_latest) {
      return standing_for(key);
    }
    const auto& all = name == django_first ? firsts : lasts;
    const auto at = all.find(app);
    if (at == all.end() || at->second.empty()) {
      return std::nullopt;  // an app of another package
    }
    return at->second.front()->key;
  }

  void refuse_several(const std::vector<const Migration*>& last) {
    for (std::size_t i = 1; i < last.size(); ++i) {
      catalog_.problems.push_back(
          {last[i]->file,
           "is a last migration of its app beside " + last.front()->file + ": merge them"});
    }
  }

  Catalog& catalog_;
  std::map<std::string, std::string> settings_;  // the app that each names
  std::map<Key, const Migration*> files_;
  std::map<std::string, std::vector<const Migration*>> apps_;
  std::map<Key, Key> replaced_by_;
};

}  // namespace

Catalog arrange_django(std::span<const ScannedFile> files, const LayoutRules& rules) {
  std::vector<ScannedFile> labelled(files.begin(), files.end());
  std::ranges::sort(labelled, {}, &ScannedFile::path);
  const auto as_read = labelled;
  AppLabels labels(as_read);
  std::map<Key, std::vector<Key>> run_before;
  std::map<std::string, std::string> settings;
  std::vector<CatalogProblem> problems;
  for (auto& file : labelled) {
    const auto at = parse_django_path(file.path);
    Key key;
    for (auto& entry : file.entries) {
      if (entry.role == Role::versioned && at) {
        entry.group = labels.of(at->app_folder);
        entry.key = key = django_key(entry.group, at->stem);
        entry.id = {entry.key.value};
        if (entry.group.empty()) {
          problems.push_back({file.path,
                              "does not say which app it is of: let repo.path be the folder above "
                              "the app's"});
        }
      } else if (entry.key.value == django_part::run_before) {
        run_before[key] = entry.after;
      } else if (entry.key.value == django_part::computed) {
        problems.push_back({file.path,
                            "computes what it depends on or replaces: that cannot be told without "
                            "running it"});
      } else if (entry.key.value.starts_with(django_part::setting)) {
        settings[entry.key.value] = entry.group;
      }
    }
  }
  Catalog catalog = make_catalog("django", labelled);
  catalog.rules = rules;
  catalog.problems.insert(catalog.problems.end(), problems.begin(), problems.end());
  DjangoGraph(catalog, std::move(settings)).run(run_before);
  sort_by_dependencies(catalog);
  return catalog;
}

}  // namespace tidemark
