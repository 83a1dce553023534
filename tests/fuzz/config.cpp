// The bytes of a config file. Reading them touches no other file and runs no command.

#include <algorithm>
#include <set>
#include <tuple>

#include "adapters/config/reader.h"
#include "core/text/printable.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

constexpr const char* file_name = "tidemark.yaml";

void check_problems(const std::vector<Problem>& problems, std::string_view text) {
  const auto lines = std::ranges::count(text, '\n') + std::ranges::count(text, '\r') + 1;
  promise(!problems.empty(), "a refused config has a problem");
  for (const auto& problem : problems) {
    promise(problem.file == file_name, "a problem names the file");
    promise(problem.line >= 1 && problem.line <= lines,
            "a problem stands on a line of the file",
            problem.text());
    promise(problem.column >= 1, "a problem has a column", problem.text());
    promise(!problem.message.empty(), "a problem has words");
    promise(
        printable(problem.message) == problem.message, "a problem can be shown", problem.message);
  }
  promise(std::ranges::is_sorted(
              problems,
              {},
              [](const Problem& problem) { return std::tuple(problem.line, problem.column); }),
          "problems are in the order of the file");
}

void check_environment(const EnvironmentSettings& environment) {
  promise(!environment.name.empty(), "an environment has a name");
  promise(environment.where.line >= 1, "an environment knows its place");
  promise(printable(environment.name) == environment.name, "an environment's name can be shown");
  promise(environment.poll > std::chrono::milliseconds::zero(), "there is a time between polls");
  if (environment.configured_mode() == Mode::export_only) {
    return;
  }
  promise(environment.database.has_value(), "an environment that is read says where it is");
  promise(!environment.database->parameters.contains("password"), "no password is in an address");
}

void check_settings(const Settings& settings) {
  std::set<std::string> names;
  promise(!settings.apps.empty(), "a config has an app");
  for (const auto& app : settings.apps) {
    promise(!app.name.empty() && names.insert(app.name).second, "an app has a name of its own");
    promise(!app.repo.paths.empty(), "an app has a directory");
    for (const auto& path : app.repo.paths) {
      promise(path.starts_with('/'), "paths are absolute", path);
    }
    std::set<std::string> environments;
    for (const auto& environment : app.environments) {
      check_environment(environment);
      promise(environments.insert(environment.name).second, "an environment has a name of its own");
    }
  }
}

}  // namespace

void try_input(std::string_view input) {
  const auto loaded = read_config_text(input, file_name);
  promise(loaded == read_config_text(input, file_name), "the same text is read the same twice");
  if (loaded) {
    check_settings(*loaded);
  } else {
    check_problems(loaded.error(), input);
  }
}

}  // namespace tidemark::fuzz
