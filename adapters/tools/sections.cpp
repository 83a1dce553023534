#include "adapters/tools/sections.h"

#include <algorithm>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

using Kind = SectionMark::Kind;

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  text.remove_suffix(text.size() - std::min(text.find_last_not_of(" \t\r") + 1, text.size()));
  return text;
}

// Calls `each` with every line and where it begins; the line is without its end.
template <class Each>
void for_each_line(std::string_view bytes, Each each) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = std::min(bytes.find('\n', at), bytes.size());
    each(bytes.substr(at, end - at), at);
    at = end + 1;
  }
}

// Whose file it is that has such a line, in which a section begins.
std::optional<std::string_view> tool_with_section(std::string_view line) {
  if (!trimmed(line).starts_with("--")) {
    return std::nullopt;
  }
  const auto says_way = [&](std::string_view word) {
    const auto said = directive(line, word);
    const auto way = said ? lower_case(said->substr(0, said->find_first_of(" \t"))) : "";
    return way == "up" || way == "down";
  };
  if (directive(line, "migrate:up") || directive(line, "migrate:down")) {
    return "dbmate";
  }
  if (says_way("+goose")) {
    return "goose";
  }
  if (says_way("+migrate")) {
    return "sql-migrate";
  }
  if (says_way("+micrate")) {
    return "micrate";
  }
  if (trimmed(line) == "---- create above / drop below ----") {
    return "tern";
  }
  return std::nullopt;
}

}  // namespace

Result<ScriptText> plain_script(std::string_view bytes) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  std::size_t number = 0;
  std::string trouble;
  for_each_line(bytes, [&](std::string_view line, std::size_t) {
    ++number;
    if (number == 1 && line.starts_with(mark)) {
      line.remove_prefix(mark.size());
    }
    const auto tool = trouble.empty() ? tool_with_section(line) : std::nullopt;
    if (tool) {
      trouble = "line " + std::to_string(number) + " begins a section of " + std::string(*tool) +
                ": as plain SQL all sections would run one after the other; repo.layout: says "
                "whose files these are";
    }
  });
  if (!trouble.empty()) {
    return fail(Errc::invalid, trouble);
  }
  return ScriptText{std::string(bytes), false};
}

std::optional<std::string_view> directive(std::string_view line, std::string_view word) {
  auto text = trimmed(line);
  if (!text.starts_with("--")) {
    return std::nullopt;
  }
  text = trimmed(text.substr(2));
  if (!text.starts_with(word)) {
    return std::nullopt;
  }
  text.remove_prefix(word.size());
  if (!text.empty() && text.front() != ' ' && text.front() != '\t') {
    return std::nullopt;
  }
  return trimmed(text);
}

Result<ScriptText> section_of(std::string_view bytes,
                              Attempt::Action action,
                              std::optional<SectionMark> (*mark)(std::string_view line)) {
  const auto wanted = action == Attempt::Action::apply ? Kind::up : Kind::down;
  const std::string name = action == Attempt::Action::apply ? "up" : "down";
  ScriptText script;
  script.text.reserve(bytes.size());
  bool inside = false;
  std::size_t sections = 0;
  for_each_line(bytes, [&](std::string_view line, std::size_t at) {
    const auto said = mark(line);
    if (said && said->kind != Kind::other) {
      inside = said->kind == wanted;
      sections += inside ? 1 : 0;
    }
    if (said && said->outside_transaction && (said->kind == Kind::other || inside)) {
      script.outside_transaction = true;
    }
    if (inside && !said) {
      script.text += line;
    } else {
      script.text.append(line.size(), ' ');
    }
    if (at + line.size() < bytes.size()) {
      script.text += '\n';
    }
  });
  if (sections == 0) {
    return fail(Errc::invalid, "it has no section for " + name);
  }
  if (sections > 1) {
    return fail(Errc::invalid, "it has several sections for " + name + ": make it one");
  }
  return script;
}

bool has_down_section(std::string_view bytes,
                      std::optional<SectionMark> (*mark)(std::string_view line)) {
  bool found = false;
  for_each_line(bytes, [&](std::string_view line, std::size_t) {
    const auto said = mark(line);
    found = found || (said && said->kind == Kind::down);
  });
  return found;
}

}  // namespace tidemark
