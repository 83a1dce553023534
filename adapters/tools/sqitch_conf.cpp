#include "adapters/tools/sqitch_conf.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "adapters/tools/file_name.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

using Settings = std::map<std::string, std::string>;  // by "core.top_dir", "target.dev.uri"

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
}

void trim_end(std::string& text) {
  while (!text.empty() && is_blank(text.back())) {
    text.pop_back();
  }
}

// A character behind a backslash: "n" is a new line, others are themselves.
char unescaped(char c) {
  return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'b' ? '\b' : c;
}

// What stands behind the = of a line. Takes the line, and those that it goes on in.
std::string take_value(std::string_view& text) {
  std::string value;
  bool quoted = false;
  std::size_t kept = 0;  // what was in quotes may end in blanks
  while (!text.empty() && text.front() != '\n') {
    const char c = text.front();
    if (!quoted && (c == '#' || c == ';')) {
      break;
    }
    text.remove_prefix(1);
    if (c == '"') {
      quoted = !quoted;
      kept = value.size();
    } else if (c == '\\' && !text.empty()) {
      const std::size_t end = text.starts_with("\r\n") ? 2 : 1;
      if (text[end - 1] != '\n') {
        value += unescaped(text.front());
        kept = value.size();
      }
      text.remove_prefix(end);
    } else {
      value += c;
    }
  }
  while (value.size() > kept && is_blank(value.back())) {
    value.pop_back();
  }
  return value;
}

// "target.dev" of [target "dev"], and what follows the bracket. Case counts within quotes only.
std::string take_section(std::string_view& text) {
  const auto end = std::min(text.find_first_of("]\n"), text.size());
  auto inside = text.substr(1, end - 1);
  text.remove_prefix(std::min(end + 1, text.size()));
  const auto quote = inside.find('"');
  auto section = lower_case(inside.substr(0, quote));
  trim_end(section);
  if (quote != std::string_view::npos) {
    inside.remove_prefix(quote + 1);
    section += "." + std::string(inside.substr(0, inside.rfind('"')));
  }
  return section;
}

// As Git writes its own. Of what is said twice the last counts.
Settings parse_settings(std::string_view text) {
  Settings settings;
  std::string section;
  while (!text.empty()) {
    skip_blanks(text);
    if (text.starts_with('[')) {
      section = take_section(text);
      continue;
    }
    const auto end = std::min(text.find_first_of("=#;\n"), text.size());
    auto name = lower_case(text.substr(0, end));
    trim_end(name);
    text.remove_prefix(end);
    if (text.starts_with('=')) {
      text.remove_prefix(1);
      skip_blanks(text);
      settings[section + "." + name] = take_value(text);
    }
    text.remove_prefix(std::min(text.find('\n'), text.size()));
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  return settings;
}

std::string setting(const Settings& settings, const std::string& name) {
  const auto at = settings.find(name);
  return at == settings.end() ? "" : at->second;
}

// "pg" of "db:postgresql://…".
std::string engine_of(std::string_view uri) {
  if (uri.starts_with("db:")) {
    uri.remove_prefix(3);
  }
  auto engine = lower_case(uri.substr(0, uri.find(':')));
  return engine.starts_with("postgres") || engine == "pgsql" ? "pg" : engine;
}

struct Target {
  std::string name;  // empty of one that is no more than its address
  std::string engine;
  std::string words;  // where it stands
};

Target target_of(const Settings& settings, const std::string& name, std::string words) {
  const bool address = name.find(':') != std::string::npos;
  const auto uri = address ? name : setting(settings, "target." + name + ".uri");
  return {address ? "" : name, engine_of(uri), std::move(words)};
}

// "dev" of "target.dev.uri", for each that has any setting.
std::vector<std::string> named_in(const Settings& settings, std::string_view kind) {
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const auto& [key, value] : settings) {
    const auto last = key.rfind('.');
    if (!key.starts_with(kind) || last <= kind.size()) {
      continue;
    }
    auto name = key.substr(kind.size(), last - kind.size());
    if (known.insert(name).second) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::string words_of(std::string_view kind, const std::string& name) {
  return "[" + std::string(kind) + " \"" + name + "\"]";
}

// The one that Sqitch takes when none is named comes first.
std::vector<Target> targets_of(const Settings& settings) {
  const auto of_engine = [&](const std::string& engine, std::string words) {
    const auto name = setting(settings, "engine." + engine + ".target");
    return target_of(settings, name.empty() ? "db:" + engine + ":" : name, std::move(words));
  };
  std::vector<Target> targets;
  const auto core = setting(settings, "core.target");
  targets.push_back(core.empty() ? of_engine(setting(settings, "core.engine"), "[core]")
                                 : target_of(settings, core, "[core]"));
  for (const auto& engine : named_in(settings, "engine.")) {
    if (engine.find('.') == std::string::npos) {  // and not its variables
      targets.push_back(of_engine(engine, words_of("engine", engine)));
    }
  }
  for (const auto& name : named_in(settings, "target.")) {
    if (settings.contains("target." + name + ".uri")) {
      targets.push_back(target_of(settings, name, words_of("target", name)));
    }
  }
  return targets;
}

bool is_of_postgresql(const Target& target) {
  return target.engine.empty() || target.engine == "pg" || target.engine == "cockroach";
}

// "db/deploy" of "db/x/../deploy/", from `folder` on; nullopt for what is not below the app's root.
std::optional<std::string> below_root(std::string_view folder, std::string_view path) {
  if (path.starts_with('/')) {
    return std::nullopt;
  }
  std::vector<std::string_view> names;
  for (auto rest : {folder, path}) {
    while (!rest.empty()) {
      const auto name = rest.substr(0, rest.find('/'));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      if (name == ".." && names.empty()) {
        return std::nullopt;
      }
      if (name == "..") {
        names.pop_back();
      } else if (!name.empty() && name != ".") {
        names.push_back(name);
      }
    }
  }
  std::string joined;
  for (const auto name : names) {
    joined += (joined.empty() ? "" : "/") + std::string(name);
  }
  return joined;
}

std::string as_folder(const std::string& path) {
  return path.empty() ? "" : path + "/";
}

class Reading {
 public:
  Reading(std::string_view folder, std::string_view bytes)
      : folder_(folder), settings_(parse_settings(bytes)) {}

  SqitchConf run() {
    for (const auto& target : targets_of(settings_)) {
      if (!is_of_postgresql(target)) {
        conf_.elsewhere.insert(plan_of(target));
        continue;
      }
      const auto extension = fetch(target, "extension");
      if (!extension.empty() && extension != "sql") {
        tell("has scripts that end in ." + extension + ", and only those in .sql are read");
      }
      if (auto place = place_of(target)) {
        add(target, std::move(*place));
      }
    }
    conf_.elsewhere.erase(plan_of({"", "pg", ""}));  // which an address alone stands for
    for (const auto& place : conf_.places) {
      conf_.elsewhere.erase(place.plan);
    }
    return std::move(conf_);
  }

 private:
  void tell(const std::string& what) {
    auto problem = valid_utf8(what);
    if (told_.insert(problem).second) {
      conf_.problems.push_back(std::move(problem));
    }
  }

  // Of the target, else its engine, else of all.
  std::string fetch(const Target& target, const std::string& key) const {
    std::string value;
    if (!target.name.empty()) {
      value = setting(settings_, "target." + target.name + "." + key);
    }
    if (value.empty() && !target.engine.empty()) {
      value = setting(settings_, "engine." + target.engine + "." + key);
    }
    return value.empty() ? setting(settings_, "core." + key) : value;
  }

  // Empty when it leads out.
  std::string plan_of(const Target& target) const {
    auto path = fetch(target, "plan_file");
    if (path.empty()) {
      const auto top = fetch(target, "top_dir");
      path = (top.empty() ? "" : top + "/") + "sqitch.plan";
    }
    return below_root(folder_, path).value_or("");
  }

  // nullopt, and told, when it leads out.
  std::optional<SqitchPlace> place_of(const Target& target) {
    const auto top = fetch(target, "top_dir");
    const auto reworked = fetch(target, "reworked_dir");
    const auto& again = reworked.empty() ? top : reworked;
    const std::array keys{std::tuple("plan_file", top, "sqitch.plan"),
                          std::tuple("deploy_dir", top, "deploy"),
                          std::tuple("revert_dir", top, "revert"),
                          std::tuple("reworked_deploy_dir", again, "deploy"),
                          std::tuple("reworked_revert_dir", again, "revert")};
    std::vector<std::string> found;
    for (const auto& [key, folder, usual] : keys) {
      auto path = fetch(target, key);
      if (path.empty()) {
        path = folder.empty() ? usual : folder + "/" + usual;
      }
      const auto below = below_root(folder_, path);
      if (!below) {
        tell("looks for " + path + " (" + key +
             "), which is not below the directory that is watched");
        return std::nullopt;
      }
      found.push_back(*below);
    }
    return SqitchPlace{found[0],
                       as_folder(found[1]),
                       as_folder(found[2]),
                       as_folder(found[3]),
                       as_folder(found[4])};
  }

  void add(const Target& target, SqitchPlace place) {
    const auto [same, first] = places_.try_emplace(place.plan, conf_.places.size());
    if (first) {
      conf_.places.push_back(std::move(place));
    } else if (conf_.places[same->second] != place) {
      tell(target.words + " has scripts of its own for " + place.plan +
           ", and only those of the first target are read");
    }
  }

  std::string_view folder_;
  Settings settings_;
  std::map<std::string, std::size_t> places_;  // by their plans
  std::set<std::string> told_;
  SqitchConf conf_;
};

}  // namespace

SqitchPlace usual_sqitch_place(std::string plan) {
  const auto folder = plan.substr(0, plan.size() - base_name(plan).size());
  const auto deploy = folder + "deploy/";
  const auto revert = folder + "revert/";
  return {std::move(plan), deploy, revert, deploy, revert};
}

SqitchConf parse_sqitch_conf(std::string_view folder, std::string_view bytes) {
  return Reading(folder, bytes).run();
}

}  // namespace tidemark
