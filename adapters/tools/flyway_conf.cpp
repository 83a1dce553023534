#include "adapters/tools/flyway_conf.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "adapters/tools/file_name.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

constexpr std::string_view suffixes_setting = "sqlMigrationSuffixes";
constexpr std::string_view separator_setting = "sqlMigrationSeparator";
// Up to Flyway 5 there was but one.
constexpr std::string_view old_suffix_setting = "sqlMigrationSuffix";

constexpr std::array<std::pair<std::string_view, std::string FlywayNaming::*>, 5> text_settings{
    {{"sqlMigrationPrefix", &FlywayNaming::versioned},
     {"undoSqlMigrationPrefix", &FlywayNaming::undo},
     {"baselineMigrationPrefix", &FlywayNaming::baseline},
     {"repeatableSqlMigrationPrefix", &FlywayNaming::repeatable},
     {separator_setting, &FlywayNaming::separator}}};

bool is_known(std::string_view setting) {
  return setting == suffixes_setting || std::ranges::any_of(text_settings, [&](const auto& text) {
           return text.first == setting;
         });
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(line);
}

// Puts together what was said, and refuses what cannot be meant.
class Conf {
 public:
  // `name` without "flyway." in front.
  void say(std::string name, std::vector<std::string> values) {
    if (name == old_suffix_setting) {
      name = suffixes_setting;
    }
    if (!is_known(name)) {
      return;
    }
    if (const auto trouble = trouble_with(name, values); !trouble.empty()) {
      tell(name + " " + trouble + ": it is not read");
      return;
    }
    conf_.settings[name] = std::move(values);
  }

  void tell(const std::string& problem) { conf_.problems.push_back(valid_utf8(problem)); }

  FlywayConf take() && { return std::move(conf_); }

 private:
  static std::string trouble_with(const std::string& name, const std::vector<std::string>& values) {
    constexpr std::size_t values_max = 32;
    constexpr std::size_t length_max = 100;
    const bool list = name == suffixes_setting;
    if (values.empty() || values.size() > (list ? values_max : 1)) {
      return list ? "is no list of texts that could be meant" : "is no text";
    }
    for (const auto& value : values) {
      if (value.find("${") != std::string::npos) {
        return "is " + value.substr(0, length_max) + ", which only whoever runs Flyway knows";
      }
      if (value.size() > length_max) {
        return "is too long";
      }
      if (value.empty() && (list || name == separator_setting)) {
        return "is empty";
      }
    }
    return "";
  }

  FlywayConf conf_;
};

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> values;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    if (const auto value = trimmed(text.substr(0, end)); !value.empty()) {
      values.emplace_back(value);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return values;
}

// Java's properties, in which Flyway takes a backslash for itself unless it ends a line.
void read_properties(std::string_view text, Conf& conf) {
  constexpr std::string_view family = "flyway.";
  while (!text.empty()) {
    std::string line(take_line(text));
    if (line.starts_with('#') || line.starts_with('!')) {
      continue;
    }
    while (line.ends_with('\\')) {
      line.pop_back();
      line += take_line(text);
    }
    if (!line.starts_with(family)) {
      continue;
    }
    const auto said = std::string_view(line).substr(family.size());
    const auto end = std::min(said.find_first_of("=: \t"), said.size());
    auto value = trimmed(said.substr(end));
    if (value.starts_with('=') || value.starts_with(':')) {
      value = trimmed(value.substr(1));
    }
    auto name = std::string(said.substr(0, end));
    auto values =
        name == suffixes_setting ? split_list(value) : std::vector<std::string>{std::string(value)};
    conf.say(std::move(name), std::move(values));
  }
}

// As much of TOML as it takes to find texts and lists of them in the table [flyway], whatever
// stands around them.
class Toml {
 public:
  Toml(std::string_view text, Conf& conf) : text_(text), conf_(conf) {}

  void run() {
    std::string table;
    while (!text_.empty()) {
      if (text_.front() == '[') {
        table = bare(text_.substr(0, text_.find_first_of("]\n#")));
        skip_line();
      } else if (text_.front() == '#') {
        skip_line();
      } else if (text_.front() == '\n' || is_blank(text_.front())) {
        text_.remove_prefix(1);
      } else {
        read_pair(table);
      }
    }
  }

 private:
  // "flyway.sqlMigrationPrefix", of a table or a key however it is quoted.
  static std::string bare(std::string_view name) {
    std::string plain;
    for (const char c : name) {
      if (!is_blank(c) && c != '"' && c != '\'' && c != '[') {
        plain += c;
      }
    }
    return plain;
  }

  void skip_line() { text_.remove_prefix(std::min(text_.find('\n'), text_.size())); }

  void read_pair(const std::string& table) {
    const auto end = text_.find_first_of("=\n");
    if (end == std::string_view::npos || text_[end] == '\n') {
      skip_line();
      return;
    }
    const auto name = (table.empty() ? "" : table + ".") + bare(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    auto values = take_value();
    constexpr std::string_view family = "flyway.";
    if (name.starts_with(family)) {
      conf_.say(name.substr(family.size()), std::move(values));
    }
  }

  // The text, or those that are directly in a list; nothing of what is neither.
  std::vector<std::string> take_value() {
    std::vector<std::string> texts;
    std::size_t depth = 0;
    bool plain = true;
    while (!text_.empty() && (depth > 0 || text_.front() != '\n')) {
      const char c = text_.front();
      if (c == '"' || c == '\'') {
        auto text = take_text(c);
        if (plain && depth <= 1) {
          texts.push_back(std::move(text));
        }
        continue;
      }
      if (c == '#') {
        skip_line();
        continue;
      }
      plain = plain && c != '{';
      depth += c == '[' || c == '{' ? 1 : 0;
      depth -= (c == ']' || c == '}') && depth > 0 ? 1 : 0;
      text_.remove_prefix(1);
    }
    return plain ? texts : std::vector<std::string>{};
  }

  std::string take_text(char quote) {
    const std::string three(3, quote);
    if (text_.starts_with(three)) {
      const auto end = text_.find(three, three.size());
      const auto inside = text_.substr(three.size(), end - three.size());
      text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + three.size());
      return std::string(inside);
    }
    std::string inside;
    text_.remove_prefix(1);
    while (!text_.empty() && text_.front() != quote && text_.front() != '\n') {
      if (text_.front() == '\\' && quote == '"' && text_.size() > 1) {
        text_.remove_prefix(1);
      }
      inside += text_.front();
      text_.remove_prefix(1);
    }
    if (!text_.empty() && text_.front() == quote) {
      text_.remove_prefix(1);
    }
    return inside;
  }

  std::string_view text_;
  Conf& conf_;
};

std::string quoted(const std::vector<std::string>& values) {
  std::string text;
  for (const auto& value : values) {
    text += (text.empty() ? "'" : ", '") + value + "'";
  }
  return text;
}

}  // namespace

bool is_flyway_conf(std::string_view path) {
  const auto name = base_name(path);
  return name == "flyway.conf" || name == "flyway.toml";
}

FlywayConf parse_flyway_conf(std::string_view path, std::string_view bytes) {
  constexpr std::size_t size_max = 1U << 20U;
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  Conf conf;
  if (bytes.size() > size_max) {
    conf.tell("is too large for settings, and not read");
    return std::move(conf).take();
  }
  bytes.remove_prefix(bytes.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
  if (path.ends_with(".toml")) {
    Toml(bytes, conf).run();
  } else {
    read_properties(bytes, conf);
  }
  return std::move(conf).take();
}

void FlywaySettings::add(std::string_view path, std::string_view bytes) {
  auto conf = parse_flyway_conf(path, bytes);
  for (auto& problem : conf.problems) {
    problems_.push_back({std::string(path), std::move(problem)});
  }
  for (auto& [name, values] : conf.settings) {
    const auto [at, added] = settings_.try_emplace(name, Setting{values, std::string(path)});
    if (!added && at->second.values != values) {
      problems_.push_back(
          {std::string(path),
           valid_utf8("has " + name + " " + quoted(values) + ", and " + at->second.path + " " +
                      quoted(at->second.values) + ", which counts")});
    }
  }
}

FlywayNaming FlywaySettings::naming() const {
  FlywayNaming naming;
  for (const auto& [name, member] : text_settings) {
    if (const auto at = settings_.find(std::string(name)); at != settings_.end()) {
      naming.*member = at->second.values.front();
    }
  }
  if (const auto at = settings_.find(std::string(suffixes_setting)); at != settings_.end()) {
    naming.suffixes = at->second.values;
  }
  return naming;
}

}  // namespace tidemark
