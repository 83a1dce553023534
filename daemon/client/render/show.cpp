#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

std::string fact(const std::string& name, const std::string& value) {
  constexpr std::size_t column = 13;
  return value.empty() ? "" : name + std::string(column - name.size(), ' ') + value + "\n";
}

std::string file_facts(const json::object& migration) {
  const auto file = shown(migration, "file");
  if (file.empty()) {
    return fact("file", "none: known only from a ledger");
  }
  const auto size = number(migration, "size");
  auto text = fact("file", file + (size > 0 ? " (" + std::to_string(size) + " bytes)" : "")) +
              fact("sha256", shown(migration, "sha256"));
  if (const auto* rollback = part(migration, "rollback")) {
    text +=
        fact("rollback", shown(*rollback, "file")) + fact("  sha256", shown(*rollback, "sha256"));
  } else {
    text += fact("rollback", "none");
  }
  return text;
}

// "applied, executed, content verified; note: renamed"
std::string cell_words(const json::object& cell) {
  std::string kinds;
  for (const auto& entry : list_if(cell, "findings")) {
    const auto& finding = object(entry);
    kinds += (kinds.empty() ? "" : ", ") + shown(finding, "kind") + " " + shown(finding, "id") +
             (flag(finding, "acknowledged") ? " (ack)" : "");
  }
  const auto content = shown(cell, "content");
  return joined({shown(cell, "state"),
                 shown(cell, "evidence"),
                 content.empty() ? "" : "content " + content,
                 kinds,
                 shown(cell, "reason"),
                 shown(cell, "note")},
                ", ");
}

Tone tone(const json::object& cell) {
  const auto state = raw(cell, "state");
  if (state == "drifted" || state == "failed") {
    return Tone::bad;
  }
  return state == "applied" ? Tone::good : state == "pending" ? Tone::waiting : Tone::plain;
}

std::string record_line(const json::object& record, const Style& style) {
  const auto by = shown(record, "by");
  const auto recorded = time(record, "recorded_at");
  const bool told_later = recorded && recorded != time(record, "at");
  return "  " +
         joined({(flag(record, "applied") ? "applied" : "not applied") + std::string(" ") +
                     when(time(record, "at"), style),
                 by.empty() ? "" : "by " + by,
                 shown(record, "how"),
                 shown(record, "evidence"),
                 told_later ? "recorded " + when(recorded, style) : "",
                 raw(record, "sha256").empty() ? ""
                                               : "sha256 " + shown(record, "sha256").substr(0, 12),
                 shown(record, "reason")},
                ", ") +
         "\n";
}

}  // namespace

std::string render_show(const json::object& migration, const Style& style) {
  auto text = paint(shown(migration, "app") + ": " + shown(migration, "id"), Tone::strong, style) +
              "\n\n" + fact("kind", shown(migration, "kind")) +
              fact("version", shown(migration, "version")) +
              fact("description", shown(migration, "description")) +
              fact("key", shown(migration, "key")) + file_facts(migration);
  for (const auto& entry : list(migration, "environments")) {
    const auto& environment = object(entry);
    text += "\n" + shown(environment, "name") + " (" + shown(environment, "mode") + "): ";
    const auto* cell = part(environment, "cell");
    text += cell == nullptr ? "-" : paint(cell_words(*cell), tone(*cell), style);
    text += "\n";
    for (const auto& record : list_if(environment, "records")) {
      text += record_line(object(record), style);
    }
  }
  const auto sql = raw(migration, "sql");
  if (!sql.empty()) {
    text += "\n" + paint("-- " + shown(migration, "file"), Tone::faint, style) + "\n" +
            shown_lines(sql) + (sql.ends_with('\n') ? "" : "\n");
  }
  return text;
}

}  // namespace tidemark::client
