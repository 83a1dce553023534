#include "adapters/config/reader.h"

#include <algorithm>
#include <array>

#include "adapters/config/apps.h"
#include "adapters/config/environment.h"
#include "adapters/config/problems.h"
#include "adapters/config/section.h"
#include "adapters/config/small_file.h"
#include "adapters/config/words.h"

namespace tidemark {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t config_bytes_max = 1024 * 1024;
constexpr DurationRange retention_range{std::chrono::days{1}, std::chrono::days{36'500}};

Parsed<Level> parse_level_word(std::string_view text) {
  const auto level = parse_level(text);
  if (!level) {
    return std::unexpected("expected debug, info, warn or error");
  }
  return *level;
}

Parsed<LogFormat> parse_format_word(std::string_view text) {
  const auto format = parse_log_format(text);
  if (!format) {
    return std::unexpected("expected auto, text, journal or json");
  }
  return *format;
}

Parsed<Role> parse_role_word(std::string_view text) {
  const auto role = parse_role(text);
  if (!role) {
    return std::unexpected("expected viewer, operator or admin");
  }
  return *role;
}

ControlSettings read_control(const YamlNode& node, Problems& problems) {
  ControlSettings control;
  control.where = problems.position(node);
  Section section(node, "control", problems);
  section.read("socket", control.socket, parse_socket_path);
  section.read("mode", control.mode, parse_file_mode);
  section.read("group", control.group, parse_text);
  section.finish();
  return control;
}

// One address, or a list of them.
std::vector<ListenAddress> read_listen(const YamlNode& node, Problems& problems) {
  std::vector<ListenAddress> addresses;
  const auto add = [&](const YamlNode& item) {
    ListenAddress address;
    if (!read_text(item, "listen", address, parse_listen_address, problems)) {
      return;
    }
    if (std::ranges::find(addresses, address) != addresses.end()) {
      problems.add(item, "listen: this is listed twice");
      return;
    }
    address.where = problems.position(item);
    addresses.push_back(std::move(address));
  };
  if (node.kind == YamlNode::Kind::list) {
    std::ranges::for_each(node.items, add);
  } else {
    add(node);
  }
  return addresses;
}

HttpSettings read_http(const YamlNode& node, HttpSettings http, Problems& problems) {
  constexpr std::array<std::string_view, 2> exposures{"summary", "content"};
  Section section(node, "http", problems);
  if (const auto* listen = section.find("listen")) {
    http.listen = read_listen(*listen, problems);
  }
  section.read_list("hosts", http.hosts, parse_host);
  std::string expose;
  section.read(
      "expose", expose, [&](std::string_view text) { return parse_word(text, exposures); });
  http.expose_content = expose == "content";
  section.not_yet({"tls"});
  section.finish();
  return http;
}

LogSettings read_log(const YamlNode& node, Problems& problems) {
  LogSettings log;
  Section section(node, "log", problems);
  section.read("level", log.level, parse_level_word);
  section.read("format", log.format, parse_format_word);
  section.finish();
  return log;
}

// Where a name could not be read, what it was meant to cover is not known.
bool all_named(const std::vector<AppSettings>& apps) {
  return !apps.empty() && std::ranges::all_of(apps, [](const AppSettings& app) {
    return !app.name.empty() && std::ranges::none_of(app.environments, [](const auto& environment) {
      return environment.name.empty();
    });
  });
}

bool covers_one(const std::string& pattern, const std::vector<AppSettings>& apps) {
  return std::ranges::any_of(apps, [&](const AppSettings& app) {
    return std::ranges::any_of(app.environments, [&](const auto& environment) {
      return covers(pattern, {app.name, environment.name});
    });
  });
}

void check_coverage(const YamlNode& list,
                    const std::vector<AppSettings>& apps,
                    Problems& problems) {
  if (list.items.empty()) {
    problems.add(
        list, "environments: expected at least one; without this key the rule counts everywhere");
  }
  if (!all_named(apps)) {
    return;
  }
  for (const auto& item : list.items) {
    if (item.kind == YamlNode::Kind::text && !item.text.empty() && !covers_one(item.text, apps)) {
      problems.add(item,
                   "environments: this covers no environment; expected APP/ENV, APP/* or */ENV");
    }
  }
}

AccessRule read_rule(const YamlNode& node,
                     const std::vector<AppSettings>& apps,
                     Problems& problems) {
  AccessRule rule;
  Section section(node, "an access rule", problems);
  section.read("user", rule.user, parse_text);
  section.read("group", rule.group, parse_text);
  if (node.kind == YamlNode::Kind::mapping && section.has("user") == section.has("group")) {
    problems.add(node, "an access rule needs either user or group");
  }
  if (section.require("role") != nullptr) {
    section.read("role", rule.role, parse_role_word);
  }
  const auto* environments = section.read_list("environments", rule.environments, parse_text);
  if (environments != nullptr) {
    check_coverage(*environments, apps, problems);
  }
  section.finish();
  return rule;
}

std::vector<AccessRule> read_access(const YamlNode& list,
                                    const std::vector<AppSettings>& apps,
                                    Problems& problems) {
  std::vector<AccessRule> rules;
  if (!must_be(YamlNode::Kind::list, list, "access", "a list of rules", problems)) {
    return rules;
  }
  for (const auto& item : list.items) {
    rules.push_back(read_rule(item, apps, problems));
  }
  return rules;
}

ConnectionLimits read_limits(const YamlNode& node, Problems& problems) {
  ConnectionLimits limits;
  Section section(node, "limits", problems);
  section.read_count("connections_per_server", limits.per_server, 1, 10'000);
  section.read_count("connects_per_second", limits.per_second, 1, 10'000);
  section.finish();
  return limits;
}

// What is allowed to one server has to be enough for what is asked of it.
void use_limits(const YamlNode& limits, const Settings& settings, Problems& problems) {
  constexpr unsigned of_an_apply = 2;
  if (settings.limits.per_server >= of_an_apply) {
    return;
  }
  for (const auto& app : settings.apps) {
    for (const auto& environment : app.environments) {
      if (environment.configured_mode() == Mode::managed && environment.database) {
        problems.add(limits,
                     "connections_per_server: expected at least 2, as " + app.name + "/" +
                         environment.name +
                         " is managed: an apply takes two, one to work and one to look after it");
        return;
      }
    }
  }
}

Settings read_settings(const YamlNode& root, Problems& problems) {
  Settings settings;
  settings.http.listen = {{"127.0.0.1", 9847, {}}};
  EnvironmentSettings for_all;
  Section section(root, "the config", problems);
  section.read("ledger", settings.ledger, parse_ledger);
  section.read("retention", settings.retention, [](std::string_view text) {
    return parse_duration(text, retention_range);
  });
  if (const auto* control = section.find("control")) {
    settings.control = read_control(*control, problems);
  }
  if (const auto* http = section.find("http")) {
    settings.http = read_http(*http, std::move(settings.http), problems);
  }
  if (const auto* log = section.find("log")) {
    settings.log = read_log(*log, problems);
  }
  if (const auto* limits = section.find("limits")) {
    settings.limits = read_limits(*limits, problems);
  }
  if (const auto* defaults = section.find("defaults")) {
    for_all = read_defaults(*defaults, problems);
  }
  if (const auto* apps = section.require("apps")) {
    settings.apps = read_apps(*apps, for_all, problems);
  }
  if (const auto* limits = section.find("limits")) {
    use_limits(*limits, settings, problems);
  }
  if (const auto* access = section.find("access")) {
    settings.access = read_access(*access, settings.apps, problems);
  }
  section.not_yet({"signing", "webhooks"});
  section.finish();
  return settings;
}

}  // namespace

Loaded read_config_text(std::string_view text, const std::string& file_name) {
  Problems problems(file_name);
  if (text.size() > config_bytes_max) {
    problems.add(1, 1, "larger than 1 MiB: this cannot be a config");
    return std::unexpected(std::move(problems).sorted());
  }
  const auto root = parse_yaml(text, problems);
  if (!root) {
    return std::unexpected(std::move(problems).sorted());
  }
  if (root->kind == YamlNode::Kind::empty) {
    problems.add(1, 1, "the config is empty: expected at least apps");
    return std::unexpected(std::move(problems).sorted());
  }
  auto settings = read_settings(*root, problems);
  if (!problems.none()) {
    return std::unexpected(std::move(problems).sorted());
  }
  return settings;
}

Loaded read_config(const std::filesystem::path& path) {
  auto file = read_small_file(path, config_bytes_max);
  if (!file) {
    return std::unexpected(std::vector{Problem{path.string(), 0, 0, file.error().detail}});
  }
  return read_config_text(file->bytes, path.string());
}

}  // namespace tidemark
