#include <algorithm>

#include "core/text/printable.h"
#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

bool is_rollback(const json::object& plan) {
  return raw(plan, "action") == "rollback";
}

std::string where(const json::object& plan) {
  return shown(plan, "app") + "/" + shown(plan, "environment");
}

std::string head(const json::object& plan) {
  return "plan " + shown(plan, "plan_id") + ": " +
         counted(list(plan, "migrations").size(), "migration") +
         (is_rollback(plan) ? " to roll back in " : " to apply to ") + where(plan);
}

// Whether it runs in a transaction.
std::string manner(const json::object& migration) {
  if (!flag(migration, "analysed")) {
    return "not analysed: sent whole, in one transaction";
  }
  if (!flag(migration, "transaction")) {
    const auto done = number(migration, "done");
    return "outside a transaction, statement by statement" +
           (done == 0 ? ""
                      : ", behind the first " + std::to_string(done) +
                            ", which an earlier attempt has done");
  }
  return flag(migration, "own_transaction")
             ? "in one transaction, in place of its own BEGIN and COMMIT"
             : "in one transaction";
}

// "ACCESS EXCLUSIVE", as PostgreSQL writes it.
std::string lock_in_words(const json::object& statement) {
  auto lock = shown(statement, "lock");
  if (lock == "none" || lock == "unknown") {
    return lock;
  }
  for (auto& c : lock) {
    c = c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return lock;
}

std::string first_line(const json::object& statement) {
  const auto sql = raw(statement, "sql");
  const auto end = std::min(sql.find('\n'), sql.size());
  return printable(sql.substr(0, end)) + (end + 1 < sql.size() ? " …" : "");
}

Table statement_table(const json::object& migration, std::size_t sql_width) {
  Table table({{"LINE", true}, {"KIND"}, {"LOCK"}, {"SQL"}});
  for (const auto& entry : list(migration, "statements")) {
    const auto& statement = object(entry);
    const auto kind = shown(statement, "kind");
    table.row({{std::to_string(number(statement, "line"))},
               {kind.empty() ? "-" : kind},
               {lock_in_words(statement)},
               {shortened(first_line(statement), sql_width)}});
  }
  return table;
}

constexpr std::string_view margin = "  ";

std::string indented(const std::string& lines) {
  std::string text;
  for (std::size_t start = 0; start < lines.size();) {
    const auto end = lines.find('\n', start) + 1;
    text += std::string(margin) + lines.substr(start, end - start);
    start = end;
  }
  return text;
}

// On a terminal the SQL takes what the other columns leave of the width.
std::string statements(const json::object& migration, const Style& style) {
  if (list(migration, "statements").empty()) {
    return "";
  }
  if (!style.terminal) {
    return indented(statement_table(migration, std::string::npos).text(style));
  }
  constexpr std::size_t least = 10;  // less tells nothing
  const auto others = margin.size() + statement_table(migration, 1).width() - display_width("SQL");
  const auto room = style.width > others + least ? style.width - others : least;
  return indented(statement_table(migration, room).text(style));
}

std::string notes(const json::object& migration) {
  std::string text;
  for (const auto& entry : list(migration, "statements")) {
    const auto& statement = object(entry);
    const auto line = std::string(margin) + "line " + std::to_string(number(statement, "line"));
    if (!raw(statement, "no_transaction").empty()) {
      text += line + ": cannot run in a transaction: " + shown(statement, "no_transaction") + "\n";
    }
    for (const auto& note : list_if(statement, "notes")) {
      text += line + ": " + shown(note) + "\n";
    }
  }
  return text;
}

std::string warnings(const json::object& plan) {
  std::string text;
  for (const auto& warning : list_if(plan, "warnings")) {
    text += "warning: " + shown(warning) + "\n";
  }
  return text;
}

}  // namespace

std::string render_nothing_planned(const json::object& plan) {
  return (is_rollback(plan) ? "Nothing is to be rolled back in " : "Nothing is pending in ") +
         where(plan) + ".\n";
}

std::string render_hindrances(const json::object& plan, std::string_view overridden) {
  std::string text;
  for (const auto& entry : list_if(plan, "hindrances")) {
    const auto& hindrance = object(entry);
    if (!overridden.empty() && raw(hindrance, "what") == overridden) {
      continue;
    }
    text += "  " + joined({shown(hindrance, "what"), shown(hindrance, "why")}, ": ") + "\n";
    if (!raw(hindrance, "settle").empty()) {
      text += "    " + shown(hindrance, "settle") + "\n";
    }
  }
  return text;
}

std::string render_plan(const json::object& plan, const std::string& command, const Style& style) {
  const bool nothing = list(plan, "migrations").empty();
  auto text = nothing ? render_nothing_planned(plan) : head(plan) + "\n";
  for (const auto& entry : list(plan, "migrations")) {
    const auto& migration = object(entry);
    text += "\n" + paint(shown(migration, "id"), Tone::strong, style) + "  " +
            joined({shown(migration, "file"), manner(migration)}, ", ") + "\n" +
            statements(migration, style) + notes(migration);
  }
  if (const auto all = warnings(plan); !all.empty()) {
    text += "\n" + paint(all, Tone::waiting, style);
  }
  if (const auto all = render_hindrances(plan, ""); !all.empty()) {
    return text + "\n" +
           paint("Nothing runs there as long as this stands in the way:", Tone::bad, style) + "\n" +
           all;
  }
  return nothing ? text : text + "\nThis and nothing else is run by: " + command + "\n";
}

std::string render_plan_briefly(const json::object& plan) {
  auto text = head(plan);
  for (const auto& entry : list(plan, "migrations")) {
    const auto& migration = object(entry);
    const auto count = list(migration, "statements").size();
    text += "\n  " + shown(migration, "id") + "  " +
            joined({count == 0 ? "" : counted(count, "statement"), manner(migration)}, ", ");
  }
  const auto all = warnings(plan);
  return all.empty() ? text : text + "\n" + all.substr(0, all.size() - 1);
}

}  // namespace tidemark::client
