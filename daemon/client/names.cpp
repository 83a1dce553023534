#include "daemon/client/names.h"

#include <algorithm>

#include "core/text/printable.h"

namespace tidemark::client {

namespace {

constexpr std::size_t candidates_shown = 20;

std::vector<EnvironmentRef> environments(const json::object& status) {
  std::vector<EnvironmentRef> result;
  for (const auto& entry : list(status, "environments")) {
    result.push_back({raw(object(entry), "app"), raw(object(entry), "name")});
  }
  return result;
}

std::string quoted(std::string_view text) {
  return "'" + printable(text) + "'";
}

// The part of "APP/ENV" before and after its slash.
std::optional<EnvironmentRef> split(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  return EnvironmentRef{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

std::string one_a_line(const std::vector<std::string>& names) {
  std::string result;
  for (std::size_t i = 0; i < names.size() && i < candidates_shown; ++i) {
    result += "\n  " + printable(names[i]);
  }
  if (names.size() > candidates_shown) {
    result += "\n  … and " + std::to_string(names.size() - candidates_shown) + " more";
  }
  return result;
}

Outcome<EnvironmentRef> half_named(std::string_view text) {
  return stop(Exit::usage, quoted(text) + " names no environment: write APP/ENV");
}

}  // namespace

std::string choice_of(const std::vector<std::string>& names) {
  std::string result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    result += (i == 0 ? "" : last ? " or " : ", ") + printable(names[i]);
  }
  return result;
}

Outcome<EnvironmentRef> environment_named(std::string_view text, const json::object& status) {
  if (const auto both = split(text)) {
    if (both->app.empty() || both->name.empty()) {
      return half_named(text);
    }
    return *both;
  }
  std::vector<EnvironmentRef> fitting;
  std::vector<std::string> known;
  for (auto& environment : environments(status)) {
    known.push_back(environment.text());
    if (environment.name == text) {
      fitting.push_back(std::move(environment));
    }
  }
  if (fitting.size() == 1) {
    return fitting.front();
  }
  if (fitting.empty()) {
    return stop(Exit::usage,
                "there is no environment " + quoted(text) +
                    (known.empty() ? "; the daemon has none" : "; there are:" + one_a_line(known)));
  }
  std::vector<std::string> names;
  for (const auto& environment : fitting) {
    names.push_back(environment.text());
  }
  return stop(Exit::usage,
              quoted(text) + " is ambiguous: " + choice_of(names) + "? Write it as APP/ENV");
}

std::vector<std::string> app_names(const json::object& status) {
  std::vector<std::string> names;
  const auto add = [&](std::string name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  };
  for (const auto& app : list_if(status, "apps")) {
    add(raw(object(app), "name"));
  }
  for (const auto& environment : environments(status)) {
    add(environment.app);
  }
  return names;
}

Outcome<Scope> scope_named(std::string_view text, const json::object& status) {
  if (text.empty()) {
    return Scope{};
  }
  const auto apps = app_names(status);
  if (std::find(apps.begin(), apps.end(), text) != apps.end()) {
    return Scope{std::string(text), ""};
  }
  auto environment = environment_named(text, status);
  if (!environment) {
    return std::unexpected(environment.error());
  }
  const auto all = environments(status);
  if (std::find(all.begin(), all.end(), *environment) == all.end()) {
    std::vector<std::string> known;
    for (const auto& other : all) {
      known.push_back(other.text());
    }
    return stop(Exit::usage,
                "there is no environment " + quoted(text) + "; there are:" + one_a_line(known));
  }
  return Scope{environment->app, environment->name};
}

Outcome<std::string> migration_named(std::string_view text, const json::object& matrix) {
  struct Known {
    std::string id;
    std::string key;
    std::string version;
  };
  std::vector<Known> all;
  for (const auto& entry : list(matrix, "migrations")) {
    const auto& migration = object(entry);
    all.push_back({raw(migration, "id"), raw(migration, "key"), raw(migration, "version")});
  }
  const auto fitting = [&](const auto& fits) {
    std::vector<std::string> ids;
    for (const auto& migration : all) {
      if (fits(migration)) {
        ids.push_back(migration.id);
      }
    }
    return ids;
  };
  auto ids = fitting([&](const Known& known) { return known.id == text; });
  if (ids.empty() && !text.empty()) {
    ids = fitting([&](const Known& known) { return known.key == text || known.version == text; });
  }
  if (ids.empty() && !text.empty()) {
    ids = fitting([&](const Known& known) { return known.id.starts_with(text); });
  }
  if (ids.size() == 1) {
    return ids.front();
  }
  const auto app = shown(matrix, "app");
  if (ids.empty()) {
    return stop(Exit::usage,
                app + " has no migration " + quoted(text) + ": tidemark matrix " + app +
                    " lists what there is");
  }
  return stop(Exit::usage,
              quoted(text) + " is ambiguous in " + app + "; write one of:" + one_a_line(ids));
}

Outcome<json::array> migrations_named(const std::vector<std::string>& typed,
                                      const json::object& matrix) {
  json::array ids;
  for (const auto& word : typed) {
    const auto id = migration_named(word, matrix);
    if (!id) {
      return std::unexpected(id.error());
    }
    if (std::find(ids.begin(), ids.end(), json::value(*id)) == ids.end()) {
      ids.emplace_back(*id);
    }
  }
  return ids;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return result;
}

}  // namespace tidemark::client
