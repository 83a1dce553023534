#include "adapters/tools/sqitch_plan.h"

#include <algorithm>
#include <optional>

#include "adapters/tools/hash.h"
#include "adapters/tools/sqitch_uri.h"
#include "adapters/tools/white_space.h"

namespace tidemark {

namespace {

constexpr std::size_t changes_max = 100'000;
constexpr std::size_t pragma_max = 4096;  // they go into the id of each change

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
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

std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const auto size = static_cast<std::size_t>(std::ranges::find_if(text, is_blank) - text.begin());
  const auto word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

std::string_view trimmed_note(std::string_view text) {
  for (auto before = text.size() + 1; before != text.size();) {
    before = text.size();
    text = trimmed(text);
    text.remove_prefix(wide_blank_in_front(text));
    text.remove_suffix(wide_blank_at_end(text));
  }
  return text;
}

// What stands behind "%name=", without a note.
std::optional<std::string_view> pragma(std::string_view line, std::string_view name) {
  if (!line.starts_with('%')) {
    return std::nullopt;
  }
  line = trimmed(line.substr(1));
  if (!line.starts_with(name)) {
    return std::nullopt;
  }
  line = trimmed(line.substr(name.size()));
  line = trimmed(line.substr(0, line.find('#')));
  return line.starts_with('=') ? std::optional(trimmed(line.substr(1))) : std::nullopt;
}

std::string unescaped(std::string_view note) {
  std::string text;
  for (std::size_t i = 0; i < note.size(); ++i) {
    const char next = note[i] == '\\' && i + 1 < note.size() ? note[i + 1] : '\0';
    if (next == 'n' || next == 'r' || next == '\\') {
      text += next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
      ++i;
    } else {
      text += note[i];
    }
  }
  return text;
}

// "2013-12-30T23:19:45Z".
bool is_timestamp(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00Z";
  return text.size() == shape.size() && std::ranges::equal(text, shape, [](char c, char wanted) {
           return wanted == '0' ? c >= '0' && c <= '9' : c == wanted;
         });
}

// What follows the name of a change or a tag.
struct Rest {
  std::vector<std::string_view> requires_changes;
  std::vector<std::string_view> conflicts;
  std::string_view date;
  std::string planner;
  std::string note;
};

std::optional<Rest> rest_of(std::string_view text) {
  Rest rest;
  text = trimmed(text);
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) {
      return std::nullopt;
    }
    auto dependencies = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    while (!trimmed(dependencies).empty()) {
      const auto word = take_word(dependencies);
      if (word.starts_with('!')) {
        rest.conflicts.push_back(word.substr(1));
      } else {
        rest.requires_changes.push_back(word);
      }
    }
  }
  rest.date = take_word(text);
  const auto open = text.find('<');
  const auto close = open == std::string_view::npos ? open : text.find('>', open);
  if (!is_timestamp(rest.date) || close == std::string_view::npos) {
    return std::nullopt;
  }
  rest.planner = trimmed(text.substr(0, close + 1));
  if (const auto at = rest.planner.rfind('<'); at > 0 && is_blank(rest.planner[at - 1])) {
    rest.planner[at - 1] = ' ';
  }
  const auto behind = trimmed(text.substr(close + 1));
  if (!behind.empty() && !behind.starts_with('#')) {
    return std::nullopt;
  }
  rest.note = behind.empty() ? "" : unescaped(trimmed_note(behind.substr(1)));
  if (rest.note == "0") {
    rest.note.clear();  // to Perl that is none
  }
  return rest;
}

class PlanReader {
 public:
  SqitchPlan run(std::string_view bytes) {
    std::size_t at = 0;
    for (std::size_t number = 1; at < bytes.size(); ++number) {
      const auto end = std::min(bytes.find('\n', at), bytes.size());
      const auto line = trimmed(bytes.substr(at, end - at));
      take(line, {static_cast<std::size_t>(line.data() - bytes.data()), line.size()}, number);
      at = end + 1;
    }
    if (plan_.project.empty()) {
      tell("names no project");
    }
    return std::move(plan_);
  }

 private:
  void tell(std::string what) {
    constexpr std::size_t problems_max = 20;
    if (plan_.problems.size() < problems_max) {
      plan_.problems.push_back(std::move(what));
    }
  }

  void take(std::string_view line, Piece piece, std::size_t number) {
    if (line.empty() || line.starts_with('#')) {
      return;
    }
    if (line.starts_with('%')) {
      take_pragmas(line, number);
      return;
    }
    auto text = line;
    auto name = take_word(text);
    if (name.starts_with('+') || name.starts_with('-')) {
      name.remove_prefix(1);
      name = name.empty() ? take_word(text) : name;
    }
    const auto rest = rest_of(text);
    if (!rest || name.empty()) {
      tell("line " + std::to_string(number) + " is neither a change nor a tag");
    } else if (name.starts_with('@')) {
      if (!plan_.changes.empty()) {
        plan_.changes.back().tags.emplace_back(name);
      }
    } else if (plan_.changes.size() == changes_max) {
      tell("line " + std::to_string(number) + " is more than can be kept");
    } else {
      add(name, *rest, piece);
    }
  }

  void take_pragmas(std::string_view line, std::size_t number) {
    const auto project = pragma(line, "project");
    const auto uri = pragma(line, "uri");
    if (std::max(project.value_or("").size(), uri.value_or("").size()) > pragma_max) {
      tell("line " + std::to_string(number) + " is longer than a project's name or URI may be");
      return;
    }
    plan_.project = project.value_or(plan_.project);
    if (uri) {
      plan_.uri = canonical_uri(*uri);
    }
  }

  // "users" of "flipr:users" in flipr's own plan.
  std::string_view without_own_project(std::string_view change) const {
    const bool own =
        change.starts_with(plan_.project) && change.substr(plan_.project.size()).starts_with(':');
    return change.substr(own ? plan_.project.size() + 1 : 0);
  }

  void add(std::string_view name, const Rest& rest, Piece piece) {
    std::string info = "project " + plan_.project;
    const auto say = [&](std::string_view what, std::string_view value) {
      info += '\n';
      info += what;
      info += value;
    };
    if (!plan_.uri.empty()) {
      say("uri ", plan_.uri);
    }
    say("change ", name);
    if (!plan_.changes.empty()) {
      say("parent ", plan_.changes.back().id);
    }
    say("planner ", rest.planner);
    say("date ", rest.date);
    const auto list = [&](std::string_view title, std::string_view mark, const auto& names) {
      if (!names.empty()) {
        say(title, "");
      }
      for (const auto each : names) {
        say(mark, without_own_project(each));
      }
    };
    list("requires", "  + ", rest.requires_changes);
    list("conflicts", "  - ", rest.conflicts);
    if (!rest.note.empty()) {
      say("\n", rest.note);
    }
    const auto object = "change " + std::to_string(info.size()) + std::string(1, '\0') + info;
    plan_.changes.push_back({std::string(name), rest.note, hex_hash("SHA1", object), {}, piece});
  }

  SqitchPlan plan_;
};

}  // namespace

bool is_sqitch_plan(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    if (pragma(trimmed(bytes.substr(0, end)), "project")) {
      return true;
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return false;
}

SqitchPlan parse_sqitch_plan(std::string_view bytes) {
  return PlanReader().run(bytes);
}

}  // namespace tidemark
