#include "adapters/config/apps.h"

#include <algorithm>
#include <array>
#include <map>

#include "adapters/config/environment.h"
#include "adapters/config/promotion.h"
#include "adapters/config/section.h"
#include "adapters/config/words.h"

namespace tidemark {

namespace {

using std::chrono::milliseconds;

constexpr DurationRange settle_range{milliseconds{0}, std::chrono::minutes{1}};

bool is_below(const std::string& path, const std::string& other) {
  return path.starts_with(other + '/');
}

// A file below two paths would be two migrations.
void check_paths(const YamlNode& list, const std::vector<std::string>& paths, Problems& problems) {
  if (list.items.empty()) {
    problems.add(list, "paths: expected at least one path");
  }
  for (const auto& item : list.items) {
    const auto path = parse_path(item.text);
    if (path &&
        std::ranges::any_of(paths, [&](const auto& other) { return is_below(*path, other); })) {
      problems.add(item, "paths: this is inside another one of these paths");
    }
  }
}

RepoSettings read_repo(const YamlNode& node, Problems& problems) {
  RepoSettings repo;
  repo.where = problems.position(node);
  Section section(node, "repo", problems);
  const auto* one = section.find("path");
  const auto* several = section.read_list("paths", repo.paths, parse_path);
  if (several != nullptr) {
    check_paths(*several, repo.paths, problems);
  }
  std::string path;
  if (section.read("path", path, parse_path)) {
    repo.paths.insert(repo.paths.begin(), std::move(path));
  }
  const bool both = one != nullptr && section.has("paths");
  if (node.kind == YamlNode::Kind::mapping &&
      (both || (!section.has("path") && !section.has("paths")))) {
    problems.add(node, "repo: expected either path or paths");
  }
  section.read("layout", repo.layout, [](std::string_view text) {
    return parse_word(text, known_layouts());
  });
  section.read("settle", repo.settle, [](std::string_view text) {
    return parse_duration(text, settle_range);
  });
  section.read_list("ignore", repo.ignore, parse_ignore_pattern);
  section.not_yet({"changelog"});
  section.finish();
  return repo;
}

std::vector<EnvironmentSettings> read_environments(const YamlNode& list,
                                                   const EnvironmentSettings& defaults,
                                                   Problems& problems) {
  if (!must_be(YamlNode::Kind::list,
               list,
               "environments",
               "a list of environments in promotion order",
               problems)) {
    return {};
  }
  if (list.items.empty()) {
    problems.add(list, "environments: expected at least one environment");
  }
  std::vector<EnvironmentDraft> drafts;
  for (const auto& item : list.items) {
    drafts.push_back(read_environment(item, defaults, problems));
  }
  check_promotion(drafts, problems);
  std::vector<EnvironmentSettings> environments;
  for (auto& draft : drafts) {
    environments.push_back(std::move(draft.settings));
  }
  return environments;
}

AppSettings read_app(const YamlNode& node,
                     const EnvironmentSettings& defaults,
                     Problems& problems) {
  constexpr std::array<std::string_view, 2> reactions{"warn", "forbid"};
  AppSettings app;
  Section section(node, "an app", problems);
  if (const auto* name = section.require("name")) {
    app.where = problems.position(*name);
    section.read("name", app.name, parse_name);
  }
  if (const auto* repo = section.require("repo")) {
    app.repo = read_repo(*repo, problems);
  }
  std::string reaction;
  section.read(
      "out_of_order", reaction, [&](std::string_view text) { return parse_word(text, reactions); });
  app.forbid_out_of_order = reaction == "forbid";
  if (const auto* environments = section.require("environments")) {
    app.environments = read_environments(*environments, defaults, problems);
  }
  section.finish();
  return app;
}

}  // namespace

std::vector<AppSettings> read_apps(const YamlNode& list,
                                   const EnvironmentSettings& defaults,
                                   Problems& problems) {
  if (!must_be(YamlNode::Kind::list, list, "apps", "a list of apps", problems)) {
    return {};
  }
  if (list.items.empty()) {
    problems.add(list, "apps: expected at least one app");
  }
  std::vector<AppSettings> apps;
  std::map<std::string, int> first_line;
  for (const auto& item : list.items) {
    auto app = read_app(item, defaults, problems);
    const auto [known, inserted] = first_line.emplace(app.name, app.where.line);
    if (!inserted && !app.name.empty()) {
      problems.add(app.where.line,
                   app.where.column,
                   "name: there is already an app '" + app.name + "', in line " +
                       std::to_string(known->second));
    }
    apps.push_back(std::move(app));
  }
  return apps;
}

}  // namespace tidemark
