#include "adapters/tools/alembic_file.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "adapters/tools/file_name.h"
#include "adapters/tools/python_source.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

using Kind = PythonValue::Kind;
using Role = FileEntry::Role;

// How what a file says besides its revision is called until all are arranged.
constexpr std::string_view depends_on = "depends_on";        // in `after`
constexpr std::string_view branch_labels = "branch_labels";  // in `after`
constexpr std::string_view computed = "computed";            // some of it cannot be told

struct Names {
  std::vector<Key> keys;
  bool whole = true;  // nothing in it has to be computed
};

// None, one, or several.
Names names_in(const PythonScope& scope, std::string_view name) {
  Names names;
  const auto* value = scope.find(name);
  if (value == nullptr || value->kind == Kind::none) {
    return names;
  }
  if (is_name(*value)) {
    names.keys.push_back({value->text});
    return names;
  }
  names.whole = value->kind == Kind::list;
  for (const auto& item : value->items) {
    if (is_name(item)) {
      names.keys.push_back({item.text});
    } else {
      names.whole = false;
    }
  }
  return names;
}

// What a revision is for is the first line of what its file says of itself.
std::string first_line(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) {
    return "";
  }
  constexpr std::size_t longest = 200;
  text.remove_prefix(start);
  text = text.substr(0, text.find_first_of("\r\n"));
  text = text.substr(0, longest);
  return valid_utf8(text.substr(0, text.find_last_not_of(" \t") + 1));
}

std::string_view stem_of(std::string_view path) {
  auto stem = base_name(path);
  stem.remove_suffix(3);
  return stem;
}

struct Name {
  std::string_view revision;
  std::string_view slug;
};

// "ae1027a6acf0" and "add_tax" of "ae1027a6acf0_add_tax" and of
// "2026_01_31_1200-ae1027a6acf0_add_tax": twelve hexadecimal digits are a revision as Alembic makes
// one up. Otherwise it is what is in front.
Name parse_name(std::string_view stem) {
  constexpr std::size_t digits = 12;
  for (std::size_t start = 0; start < stem.size();) {
    const auto end = std::min(stem.find_first_of("-_", start), stem.size());
    const auto word = stem.substr(start, end - start);
    if (word.size() == digits &&
        word.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
      return {word, stem.substr(std::min(end + 1, stem.size()))};
    }
    start = end + 1;
  }
  const auto end = std::min(stem.find('_'), stem.size());
  return {stem.substr(0, end), stem.substr(std::min(end + 1, stem.size()))};
}

FileEntry revision_entry(std::string_view revision, std::string description) {
  FileEntry entry;
  entry.key = {std::string(revision)};
  entry.id = {entry.key.value};
  entry.version_text = entry.key.value;
  entry.description = std::move(description);
  entry.checksums = {{}, false};
  return entry;
}

FileEntry part(std::string_view what, std::vector<Key> keys) {
  FileEntry entry;
  entry.role = Role::part;
  entry.key = {std::string(what)};
  entry.after = std::move(keys);
  return entry;
}

class AlembicGraph {
 public:
  AlembicGraph(std::span<const ScannedFile> files, const LayoutRules& rules)
      : catalog_(make_catalog("alembic", files)) {
    catalog_.rules = rules;
    for (std::size_t i = 0; i < catalog_.migrations.size(); ++i) {
      position_.emplace(catalog_.migrations[i].key, i);
    }
    std::map<std::string_view, const ScannedFile*> by_path;
    for (const auto& file : files) {
      by_path.emplace(file.path, &file);
    }
    for (const auto& [path, file] : by_path) {
      read_parts(*file);
    }
  }

  Catalog run() {
    for (auto& migration : catalog_.migrations) {
      migration.after = resolved(migration, migration.after, Labels::are_refused);
      down_[migration.key] = migration.after;
    }
    for (auto& migration : catalog_.migrations) {
      for (auto& key : resolved(migration, depends_[migration.key], Labels::are_taken)) {
        if (std::ranges::find(migration.after, key) == migration.after.end()) {
          migration.after.push_back(std::move(key));
        }
      }
    }
    refuse_several_heads();
    sort_by_dependencies(catalog_);
    return std::move(catalog_);
  }

 private:
  void read_parts(const ScannedFile& file) {
    const auto revision = std::ranges::find(file.entries, Role::versioned, &FileEntry::role);
    if (revision == file.entries.end()) {
      return;
    }
    const auto at = position_.find(revision->key);
    if (at == position_.end() || catalog_.migrations[at->second].file != file.path) {
      return;  // the same revision as another file, which counts
    }
    for (const auto& entry : file.entries) {
      if (entry.key.value == depends_on) {
        depends_[revision->key] = entry.after;
      } else if (entry.key.value == computed) {
        catalog_.problems.push_back(
            {file.path, "computes what it comes after: that cannot be told without running it"});
      } else if (entry.key.value == branch_labels) {
        for (const auto& label : entry.after) {
          name_branch(label.value, revision->key, file.path);
        }
      }
    }
  }

  void name_branch(const std::string& label, const Key& revision, const std::string& file) {
    const auto [at, added] = labels_.emplace(label, revision);
    if (!added) {
      catalog_.problems.push_back(
          {file, "has the branch label " + label + ", which " + at->second.value + " has too"});
    }
  }

  // Alembic's command line finds more than its files may say.
  enum class Labels { are_refused, are_taken };
  std::vector<Key> resolved(const Migration& migration,
                            const std::vector<Key>& names,
                            Labels labels) {
    std::vector<Key> keys;
    for (const auto& name : names) {
      const auto found = revisions_called(name.value);
      auto key = found.size() == 1 ? found.front() : name;
      if (found.size() != 1) {
        catalog_.problems.push_back(
            {migration.file,
             "comes after " + name.value + ", which " +
                 (found.empty() ? "is not here" : "several revisions begin with")});
      } else if (key != name && !(labels == Labels::are_taken && labels_.contains(name.value))) {
        catalog_.problems.push_back(
            {migration.file,
             "comes after " + name.value + ", which Alembic does not find: it wants " + key.value});
      }
      if (std::ranges::find(keys, key) == keys.end()) {
        keys.push_back(std::move(key));
      }
    }
    return keys;
  }

  // By the whole of it, by its branch's label, or by how it begins; "label@ae10" is what is behind
  // the label, and "label@head" is the label's.
  std::vector<Key> revisions_called(std::string_view name) const {
    auto found = revisions_named(name);
    const auto split = name.find('@');
    if (found.empty() && split != std::string_view::npos) {
      found = revisions_named(name.substr(split + 1));
      if (found.empty()) {
        found = revisions_named(name.substr(0, split));
      }
    }
    return found;
  }

  std::vector<Key> revisions_named(std::string_view name) const {
    constexpr std::size_t shortest = 4;
    if (position_.contains({std::string(name)})) {
      return {{std::string(name)}};
    }
    if (const auto at = labels_.find(std::string(name)); at != labels_.end()) {
      return {at->second};
    }
    std::vector<Key> found;
    if (name.size() < shortest) {
      return found;
    }
    for (auto at = position_.lower_bound({std::string(name)});
         at != position_.end() && at->first.value.starts_with(name) && found.size() < 2;
         ++at) {
      found.push_back(at->first);
    }
    return found;
  }

  // Branches are told apart by their labels. Two heads of which the labels are the same, or that
  // have none, are what `upgrade head` refuses.
  void refuse_several_heads() {
    constexpr std::size_t enough = 50;  // the way down from each is walked
    std::set<Key> before_others;
    for (const auto& [key, down] : down_) {
      before_others.insert(down.begin(), down.end());
    }
    std::map<std::set<std::string>, const Migration*> heads;
    std::size_t walked = 0;
    for (const auto& migration : catalog_.migrations) {
      if (before_others.contains(migration.key) || walked == enough) {
        continue;
      }
      ++walked;
      const auto [at, added] = heads.emplace(labels_of(migration), &migration);
      if (!added) {
        catalog_.problems.push_back({migration.file,
                                     "is a head beside " + at->second->file +
                                         ": merge them, or label their branches" +
                                         or_ignore(migration.file, at->second->file)});
      }
    }
  }

  // Of folders within a folder of revisions Alembic knows nothing, unless its configuration says
  // so, which is not here: people put old files there.
  static std::string or_ignore(const std::string& file, const std::string& other) {
    const auto folder = std::string(folder_with_slash(file));
    const auto other_folder = std::string(folder_with_slash(other));
    const bool deeper = folder.starts_with(other_folder);
    if (folder == other_folder || !(deeper || other_folder.starts_with(folder))) {
      return "";
    }
    return "; or, if Alembic does not read " + (deeper ? folder : other_folder) +
           ", let repo.ignore name it";
  }

  std::set<std::string> labels_of(const Migration& head) const {
    std::set<Key> visited{head.key};
    std::vector<Key> open{head.key};
    while (!open.empty()) {
      const auto down = down_.find(open.back());
      open.pop_back();
      if (down == down_.end()) {
        continue;
      }
      for (const auto& key : down->second) {
        if (visited.insert(key).second) {
          open.push_back(key);
        }
      }
    }
    std::set<std::string> labels;
    for (const auto& [label, revision] : labels_) {
      if (visited.contains(revision)) {
        labels.insert(label);
      }
    }
    return labels;
  }

  Catalog catalog_;
  std::map<Key, std::size_t> position_;
  std::map<Key, std::vector<Key>> depends_;
  std::map<Key, std::vector<Key>> down_;
  std::map<std::string, Key> labels_;
};

}  // namespace

bool may_be_alembic_revision(std::string_view path) {
  const auto name = base_name(path);
  return name.size() > 3 && name.ends_with(".py") && !name.starts_with("__init__") &&
         name != "env.py" && !never_a_migration(path) && !is_installed_package(path);
}

std::vector<FileEntry> alembic_entries_by_name(std::string_view path) {
  if (!may_be_alembic_revision(path)) {
    return {};
  }
  const auto [revision, slug] = parse_name(stem_of(path));
  return {revision_entry(revision, with_blanks(slug))};
}

std::vector<FileEntry> alembic_entries(std::string_view path, std::string_view bytes) {
  if (!may_be_alembic_revision(path)) {
    return {};
  }
  const auto source = read_python(bytes, {"revision", "down_revision", depends_on, branch_labels});
  const auto* revision = source.module.find("revision");
  if (revision == nullptr || !is_name(*revision) ||
      source.module.find("down_revision") == nullptr) {
    return {};
  }
  auto description = first_line(source.docstring);
  if (description.empty()) {
    description = alembic_entries_by_name(path).front().description;
  }
  const auto down = names_in(source.module, "down_revision");
  const auto depends = names_in(source.module, depends_on);
  const auto labels = names_in(source.module, branch_labels);
  std::vector<FileEntry> entries{revision_entry(revision->text, std::move(description))};
  entries.front().after = down.keys;
  if (!depends.keys.empty()) {
    entries.push_back(part(depends_on, depends.keys));
  }
  if (!labels.keys.empty()) {
    entries.push_back(part(branch_labels, labels.keys));
  }
  if (!down.whole || !depends.whole) {
    entries.push_back(part(computed, {}));
  }
  return entries;
}

Catalog arrange_alembic(std::span<const ScannedFile> files, const LayoutRules& rules) {
  return AlembicGraph(files, rules).run();
}

}  // namespace tidemark
