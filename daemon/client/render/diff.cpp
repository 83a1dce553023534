#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

Tone tone(std::string_view line) {
  if (line.starts_with("+++") || line.starts_with("---")) {
    return Tone::strong;
  }
  if (line.starts_with("@@")) {
    return Tone::faint;
  }
  return line.starts_with('+') ? Tone::good : line.starts_with('-') ? Tone::bad : Tone::plain;
}

std::string coloured(std::string_view diff, const Style& style) {
  std::string text;
  while (!diff.empty()) {
    const auto end = diff.find('\n');
    const auto line = diff.substr(0, end);
    text += paint(shown_lines(line), tone(line), style) + "\n";
    diff.remove_prefix(end == std::string_view::npos ? diff.size() : end + 1);
  }
  return text;
}

// "recorded when first seen applied, 2026-…, by flyway"
std::string side(const json::object& side, const Style& style) {
  const auto at = time(side, "at");
  const auto by = shown(side, "by");
  return joined(
      {shown(side, "what"),
       shown(side, "file"),
       at ? when(at, style) : "",
       by.empty() ? "" : "by " + by,
       raw(side, "sha256").empty() ? "" : "sha256 " + shown(side, "sha256").substr(0, 12)},
      ", ");
}

}  // namespace

std::string render_diff(const json::object& diff, const Style& style) {
  const auto* from = part(diff, "from");
  const auto* to = part(diff, "to");
  const auto what =
      shown(diff, "migration") + " in " + shown(diff, "app") + "/" + shown(diff, "environment");
  if (from == nullptr) {
    return what + ": nothing was recorded to compare the file with\n";
  }
  if (to == nullptr) {
    return what + ": the file is gone\nfrom " + side(*from, style) + "\n\n" +
           coloured(raw(diff, "diff"), style);
  }
  const auto sides = "from " + side(*from, style) + "\nto   " + side(*to, style) + "\n";
  if (flag(diff, "identical")) {
    return what + ": identical\n" + sides;
  }
  if (raw(diff, "note") == "line_endings") {
    return what + ": the same but for line endings or a byte-order mark\n" + sides;
  }
  return what + "\n" + sides + "\n" + coloured(raw(diff, "diff"), style);
}

}  // namespace tidemark::client
