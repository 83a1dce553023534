#include "adapters/config/apply.h"

#include <array>

namespace tidemark {

namespace {

using std::chrono::milliseconds;

constexpr DurationRange lock_range{milliseconds{10}, std::chrono::minutes{5}};
constexpr DurationRange statement_range{std::chrono::seconds{1}, std::chrono::days{7}};
constexpr unsigned lock_retries_max = 1'000;

Parsed<ApplyWhen> parse_apply(std::string_view text) {
  constexpr std::array<std::string_view, 2> words{"manual", "auto"};
  const auto word = parse_word(text, words);
  if (!word) {
    return std::unexpected(word.error());
  }
  return *word == "auto" ? ApplyWhen::automatic : ApplyWhen::manual;
}

Parsed<milliseconds> parse_statement_timeout(std::string_view text) {
  const auto duration = parse_duration(text, statement_range);
  if (!duration) {
    return std::unexpected(duration.error() + "; or 0 without quotes, which is no limit");
  }
  return *duration;
}

void read_statement_timeout(Section& section, milliseconds& into) {
  const auto* value = section.find("statement_timeout");
  if (value != nullptr && value->kind == YamlNode::Kind::number && value->text == "0") {
    into = milliseconds::zero();
    return;
  }
  section.read("statement_timeout", into, parse_statement_timeout);
}

}  // namespace

void read_apply(Section& section, EnvironmentSettings& settings) {
  section.read("apply", settings.apply, parse_apply);
  section.read("lock_timeout", settings.lock_timeout, [](std::string_view text) {
    return parse_duration(text, lock_range);
  });
  section.read_count("lock_retries", settings.lock_retries, 0, lock_retries_max);
  read_statement_timeout(section, settings.statement_timeout);
  section.read_flag("receipts", settings.receipts);
}

void use_apply(Section& environment, EnvironmentSettings& settings, Problems& problems) {
  const auto mode = settings.configured_mode();
  if (settings.apply == ApplyWhen::manual || mode == Mode::managed) {
    return;
  }
  const auto* own = environment.find("apply");
  const bool said = own != nullptr && own->text == "auto";
  const std::string managed_only = "apply: auto is for managed environments, and ";
  if (said && settings.mode) {
    problems.add(*own, managed_only + "this one is " + std::string(to_string(mode)));
  } else if (said && !environment.has("mode") && !settings.name.empty()) {
    problems.add(*own,
                 managed_only + "'" + settings.name + "' is " + std::string(to_string(mode)) +
                     " by its name; if tidemark may write there, say mode: managed");
  }
  settings.apply = ApplyWhen::manual;
}

}  // namespace tidemark
