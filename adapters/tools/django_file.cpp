#include "adapters/tools/django_file.h"

#include <algorithm>

#include "adapters/tools/django_part.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/python_source.h"

namespace tidemark {

namespace {

using Kind = PythonValue::Kind;

std::string_view digits_in_front(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

// "orders" of "shop.orders".
std::string last_part(std::string_view dotted) {
  const auto dot = dotted.rfind('.');
  return std::string(dot == std::string_view::npos ? dotted : dotted.substr(dot + 1));
}

// "accounts" of "accounts.User".
std::string app_of_model(std::string_view dotted) {
  return std::string(dotted.substr(0, dotted.find('.')));
}

std::string text_of(const PythonScope& scope, std::string_view name) {
  const auto* value = scope.find(name);
  return value != nullptr && is_name(*value) ? value->text : "";
}

// What depends on a model that a setting names comes after the first migration of that model's app.
std::optional<Key> swappable(const PythonValue& call) {
  if (call.kind != Kind::call || call.items.size() != 1 ||
      last_part(call.text) != "swappable_dependency") {
    return std::nullopt;
  }
  const auto& model = call.items.front();
  if (is_name(model)) {
    return django_key(app_of_model(model.text), django_first);
  }
  if (model.kind == Kind::name) {
    return Key{std::string(django_part::setting) + last_part(model.text)};
  }
  return std::nullopt;
}

std::optional<Key> migration_named_by(const PythonValue& value) {
  const bool pair = value.kind == Kind::list && value.items.size() == 2 &&
                    is_name(value.items[0]) && is_name(value.items[1]);
  if (!pair) {
    return swappable(value);
  }
  return django_key(value.items[0].text, value.items[1].text);
}

struct Named {
  std::vector<Key> keys;
  bool whole = true;  // nothing in it has to be computed
};

Named migrations_in(const PythonScope& scope, std::string_view name) {
  Named named;
  const auto* value = scope.find(name);
  if (value == nullptr) {
    return named;
  }
  named.whole = value->kind == Kind::list;
  for (const auto& item : value->items) {
    if (auto key = migration_named_by(item)) {
      named.keys.push_back(std::move(*key));
    } else {
      named.whole = false;
    }
  }
  return named;
}

FileEntry part(std::string_view what) {
  FileEntry entry;
  entry.role = FileEntry::Role::part;
  entry.key = {std::string(what)};
  return entry;
}

const PythonClass* find_class(const PythonSource& source, std::string_view name) {
  const auto found = std::ranges::find(source.classes, name, &PythonClass::name);
  return found == source.classes.end() ? nullptr : &*found;
}

FileEntry entry_of(const DjangoPath& at) {
  FileEntry entry;
  auto name = parse_django_name(at.stem);
  entry.group = base_name(at.app_folder);
  entry.key = django_key(entry.group, at.stem);
  entry.id = {entry.key.value};
  entry.version = std::move(name.version);
  entry.version_text = std::move(name.version_text);
  entry.description = std::move(name.description);
  entry.checksums = {{}, false};
  return entry;
}

std::vector<FileEntry> entries_of_migration(const DjangoPath& at, std::string_view bytes) {
  const auto source = read_python(bytes, {"dependencies", "run_before", "replaces"});
  const auto* migration = find_class(source, "Migration");
  if (migration == nullptr) {
    return {};
  }
  std::vector<FileEntry> entries{entry_of(at)};
  const auto after = migrations_in(migration->scope, "dependencies");
  const auto before = migrations_in(migration->scope, "run_before");
  const auto replaces = migrations_in(migration->scope, "replaces");
  entries.front().after = after.keys;
  entries.front().replaces = replaces.keys;
  if (!before.keys.empty()) {
    auto entry = part(django_part::run_before);
    entry.after = before.keys;
    entries.push_back(std::move(entry));
  }
  if (!after.whole || !before.whole || !replaces.whole) {
    entries.push_back(part(django_part::computed));
  }
  return entries;
}

// How one configuration in apps.py calls which package; neither may be there.
struct AppConfig {
  std::string package;  // "shop.orders"
  std::string label;
  bool preferred = false;  // default = True
};

std::vector<AppConfig> app_configs_in(std::string_view bytes) {
  const auto source = read_python(bytes, {"label", "name", "default"});
  std::vector<AppConfig> configs;
  for (const auto& candidate : source.classes) {
    AppConfig config{text_of(candidate.scope, "name"), text_of(candidate.scope, "label")};
    const auto* chosen = candidate.scope.find("default");
    const auto is = [&](std::string_view word) {
      return chosen != nullptr && chosen->kind == Kind::name && chosen->text == word;
    };
    if ((config.package.empty() && config.label.empty()) || is("False")) {
      continue;
    }
    if (config.label.empty()) {
      config.label = last_part(config.package);
    }
    config.preferred = is("True");
    configs.push_back(std::move(config));
  }
  return configs;
}

// The label of the app: that of its configuration, else how its package is called. Of several the
// default one counts, else the first that speaks of this folder's package; what the others say is
// of other packages.
std::vector<FileEntry> entries_of_apps(std::string_view path, std::string_view bytes) {
  const auto configs = app_configs_in(bytes);
  if (configs.empty()) {
    return {};
  }
  path.remove_suffix(base_name(path).size());
  const auto folder = base_name(path.substr(0, std::max(path.size(), std::size_t{1}) - 1));
  const auto is_of_folder = [&](const AppConfig& config) {
    return config.package.empty() || last_part(config.package) == folder;
  };
  auto own = std::ranges::find(configs, true, &AppConfig::preferred);
  if (own == configs.end()) {
    own = std::ranges::find_if(configs, is_of_folder);
  }
  if (own == configs.end()) {
    own = configs.begin();
  }
  std::vector<FileEntry> entries;
  for (const auto& config : configs) {
    const bool of_another = !is_of_folder(config) && config.package != own->package;
    if (&config != &*own && !of_another) {
      continue;
    }
    auto entry = part(django_part::label);
    entry.group = config.label;
    entry.description = of_another ? config.package : "";
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<FileEntry> entries_of_settings(std::string_view bytes) {
  const auto source = read_python(bytes, {"AUTH_USER_MODEL"});
  const auto model = text_of(source.module, "AUTH_USER_MODEL");
  if (model.empty()) {
    return {};
  }
  auto entry = part(std::string(django_part::setting) + "AUTH_USER_MODEL");
  entry.group = app_of_model(model);
  return {std::move(entry)};
}

bool are_settings(std::string_view path) {
  const auto name = base_name(path);
  const auto folder = path.substr(0, path.size() - name.size());
  return name == "settings.py" ||
         (name.ends_with(".py") && ("/" + std::string(folder)).ends_with("/settings/"));
}

}  // namespace

DjangoName parse_django_name(std::string_view stem) {
  constexpr std::string_view squashed = "_squashed_";
  DjangoName name;
  const auto number = digits_in_front(stem);
  auto rest = stem.substr(number.size());
  name.version = Version::parse(number);
  name.version_text = number;
  if (!number.empty() && rest.starts_with(squashed)) {
    if (const auto last = digits_in_front(rest.substr(squashed.size())); !last.empty()) {
      name.version = Version::parse(std::string(last) + ".1");
    }
  }
  if (!number.empty() && rest.starts_with('_')) {
    rest.remove_prefix(1);
  }
  name.description = with_blanks(rest);
  return name;
}

std::optional<DjangoPath> parse_django_path(std::string_view path) {
  if (never_a_migration(path) || is_installed_package(path)) {
    return std::nullopt;
  }
  auto stem = base_name(path);
  auto folder = path.substr(0, path.size() - stem.size());
  if (stem.size() <= 3 || !stem.ends_with(".py") || stem.starts_with('_') ||
      stem.starts_with('~')) {
    return std::nullopt;
  }
  stem.remove_suffix(3);
  if (folder.empty()) {
    return DjangoPath{"", stem};  // the directory is the app's folder of migrations
  }
  folder.remove_suffix(1);
  if (base_name(folder) != "migrations") {
    return std::nullopt;
  }
  folder.remove_suffix(std::min(folder.size(), std::string_view("/migrations").size()));
  return DjangoPath{folder, stem};
}

std::string django_names_above(std::string_view root, std::string_view path) {
  constexpr std::string_view migrations = "migrations";
  const auto last = base_name(root);
  if (last == migrations) {
    root.remove_suffix(std::min(root.size(), last.size() + 1));
    const std::string app(base_name(root));
    const bool deeper = path.find('/') != std::string_view::npos;
    return deeper ? "" : app + (app.empty() ? "" : "/") + "migrations/";
  }
  const bool is_migration = path.starts_with("migrations/") && path.rfind('/') == migrations.size();
  const bool of_the_app = path == "apps.py" || path == migrations || is_migration;
  return of_the_app && !last.empty() ? std::string(last) + "/" : "";
}

bool has_django_name(std::string_view path) {
  const auto at = parse_django_path(path);
  return at && (path.find('/') != std::string_view::npos || !digits_in_front(at->stem).empty());
}

std::vector<FileEntry> django_entries_by_name(std::string_view path) {
  if (!has_django_name(path)) {
    return {};
  }
  return {entry_of(*parse_django_path(path))};
}

std::vector<FileEntry> django_entries(std::string_view path, std::string_view bytes) {
  if (is_installed_package(path)) {
    return {};
  }
  const auto at = parse_django_path(path);
  auto entries = at ? entries_of_migration(*at, bytes) : std::vector<FileEntry>();
  if (!entries.empty()) {
    return entries;
  }
  if (base_name(path) == "apps.py") {
    return entries_of_apps(path, bytes);
  }
  return are_settings(path) ? entries_of_settings(bytes) : std::vector<FileEntry>();
}

}  // namespace tidemark
