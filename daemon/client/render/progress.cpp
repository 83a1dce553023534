#include "daemon/client/render/progress.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

#include "core/text/printable.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

std::chrono::milliseconds milliseconds(const json::object& from, std::string_view member) {
  return std::chrono::milliseconds{number(from, member)};
}

// "340 ms", "1.2 s", "93 s": of what is short its parts matter.
std::string took(const json::object& event) {
  const auto elapsed = milliseconds(event, "elapsed_ms");
  if (elapsed >= std::chrono::seconds{10}) {
    return format_age(elapsed);
  }
  if (elapsed < std::chrono::seconds{1}) {
    return std::to_string(elapsed.count()) + " ms";
  }
  const auto tenths = elapsed.count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string of(std::int64_t number, std::int64_t all) {
  return std::to_string(number) + " of " + std::to_string(all);
}

// "pid 4711 (ana, psql, idle in transaction for 93 s)"
std::string blocker(const json::object& session) {
  const auto age = milliseconds(session, "transaction_age_ms");
  const auto state = shown(session, "state");
  const auto about = joined({shown(session, "role"),
                             shown(session, "application"),
                             joined({state, age.count() > 0 ? "for " + format_age(age) : ""}, " ")},
                            ", ");
  return "pid " + std::to_string(number(session, "pid")) +
         (about.empty() ? "" : " (" + about + ")");
}

// ": SELECT * FROM users", on one line.
std::string query_of(const json::object& session) {
  constexpr std::size_t columns_max = 200;
  std::string query;
  for (const char c : raw(session, "query")) {
    const bool is_space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!is_space) {
      query += c;
    } else if (!query.empty() && query.back() != ' ') {
      query += ' ';
    }
  }
  return query.empty() ? "" : ": " + shortened(printable(query), columns_max);
}

// Who is in the way, and with what: the query of the first one.
std::string waiting(const json::object& event) {
  const auto& sessions = list_if(event, "waiting_for");
  if (sessions.empty()) {
    return "";
  }
  const auto& first = object(sessions.front());
  return "waiting for " + blocker(first) +
         (sessions.size() > 1 ? " and " + std::to_string(sessions.size() - 1) + " more" : "") +
         query_of(first);
}

// "  in the way: pid 4711 (ana, psql, active): SELECT * FROM users" for each.
std::string in_the_way(const json::object& error) {
  std::string lines;
  for (const auto& session : list_if(error, "waiting_for")) {
    lines += "  in the way: " + blocker(object(session)) + query_of(object(session)) + "\n";
  }
  return lines;
}

// "004_idx  statement 2 of 3 (line 7, CREATE INDEX CONCURRENTLY), 12 s, 42 % scanning table"
std::string running(const json::object& event) {
  const auto line = number(event, "line");
  const auto place =
      joined({line > 0 ? "line " + std::to_string(line) : "", shown(event, "kind")}, ", ");
  const auto done =
      event.contains("per_cent") ? std::to_string(number(event, "per_cent")) + " %" : "";
  const auto statement = number(event, "statement");
  return shown(event, "migration") + "  " +
         joined({statement == 0 ? ""
                                : "statement " + of(statement, number(event, "statements")) +
                                      (place.empty() ? "" : " (" + place + ")"),
                 format_age(milliseconds(event, "elapsed_ms")),
                 joined({done, shown(event, "phase")}, " "),
                 waiting(event)},
                ", ");
}

std::string begun(const json::object& event) {
  const auto statements = static_cast<std::size_t>(number(event, "statements"));
  return shown(event, "migration") + "  " + of(number(event, "number"), number(event, "of")) +
         ", " + counted(statements, "statement") +
         (flag(event, "transaction") ? " in one transaction" : " outside a transaction");
}

// "statement 3 skipped: relation "x" already exists, skipping; what is there is the same"
std::string skipped(const json::object& event) {
  const auto why_not = shown(event, "not_compared");
  auto text = joined({"statement " + std::to_string(number(event, "statement")) +
                          " skipped: " + shown(event, "message"),
                      flag(event, "same") ? "what is there is the same" : "",
                      why_not.empty() ? "" : "it was not compared: " + why_not},
                     "; ") +
              "\n";
  for (const auto& each : list_if(event, "differences")) {
    text += "  DIFFERS: " + shown(each) + "\n";
  }
  return text;
}

// "003_tax, 004_idx"; of very many only how many, and where they begin.
std::string names(const json::array& ids) {
  constexpr std::size_t most = 10;
  if (ids.empty()) {
    return "nothing";
  }
  if (ids.size() > most) {
    return counted(ids.size(), "migration") + " from " + shown(ids.front()) + " to " +
           shown(ids.back());
  }
  std::vector<std::string> all;
  for (const auto& id : ids) {
    all.push_back(shown(id));
  }
  return joined(all, ", ");
}

// What a server adds may have several lines.
std::string addition(const json::object& error, const std::string& member) {
  const auto text = shown_lines(raw(error, member));
  std::string result;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    result += (start == 0 ? "  " + member + ": " : std::string(4, ' ')) +
              text.substr(start, end - start) + "\n";
    start = end + 1;
  }
  return result;
}

// "003_tax.sql:7:3, statement 2, SQLSTATE 42P01", then what the server adds.
std::string circumstances(const json::object& error) {
  auto place = shown(error, "file");
  for (const auto* member : {"line", "column"}) {
    if (number(error, member) == 0) {
      break;
    }
    place += ":" + std::to_string(number(error, member));
  }
  const auto statement = number(error, "statement");
  const auto state = shown(error, "sqlstate");
  const auto line = joined({place,
                            statement > 0 ? "statement " + std::to_string(statement) : "",
                            state.empty() ? "" : "SQLSTATE " + state},
                           ", ");
  return (line.empty() ? "" : "  " + line + "\n") + addition(error, "detail") +
         addition(error, "hint") + in_the_way(error);
}

// The sentence about the whole, and the server's where that does not repeat it.
std::string why(const json::object& event, const json::object& error) {
  const auto message = shown(event, "message");
  const auto cause = shown(error, "message");
  return joined({message, message.find(cause) == std::string::npos ? cause : ""}, ": ");
}

}  // namespace

std::string Progress::tell(const json::object& event, const Style& style) {
  const auto type = raw(event, "type");
  if (type == "progress") {
    return live(running(event), style);
  }
  if (type == "migration.started" && style.terminal) {
    return live(begun(event), style);
  }
  const auto lines = whole_lines(event, type);
  return lines.empty() ? "" : end() + lines;
}

// Spaces and not an escape sequence wipe out what was longer: every terminal knows them. The last
// column stays free, where some terminals begin a new line at once.
std::string Progress::live(const std::string& line, const Style& style) {
  if (!style.terminal) {
    return "";
  }
  const auto most = std::max<std::size_t>(style.width, 2) - 1;
  const auto text = shortened(line, most);
  const auto columns = display_width(text);
  const auto before = std::min(std::exchange(live_columns_, columns), most);
  return "\r" + text + std::string(before > columns ? before - columns : 0, ' ');
}

std::string Progress::end() {
  const auto columns = std::exchange(live_columns_, 0);
  return columns == 0 ? "" : "\r" + std::string(columns, ' ') + "\r";
}

std::string Progress::whole_lines(const json::object& event, const std::string& type) {
  const auto about = [&] { return shown(event, "migration") + "  "; };
  if (type == "started") {
    rollback_ = raw(event, "action") == "rollback";
    const auto by = shown(event, "by");
    return environment_ + ": " +
           joined({(rollback_ ? "rollback of " : "apply of ") +
                       counted(list(event, "migrations").size(), "migration"),
                   "plan " + shown(event, "plan"),
                   by.empty() ? "" : "by " + by},
                  ", ") +
           "\n";
  }
  if (type == "migration.started") {
    return begun(event) + "\n";
  }
  if (type == "skipped") {
    return about() + skipped(event);
  }
  if (type == "retrying") {
    const auto tries = number(event, "of");
    return about() + "tries again in " + std::to_string(number(event, "in_ms")) + " ms" +
           (tries > 0 ? ", try " + of(number(event, "try"), tries) : "") + ": " +
           shown(event, "why") + "\n";
  }
  if (type == "repairing") {
    return about() + shown(event, "message") + "\n";
  }
  if (type == "migration.finished") {
    return finished_migration(event);
  }
  if (type == "settled") {
    return about() + joined({"settled as " + shown(event, "outcome"), shown(event, "why")}, ": ") +
           "\n";
  }
  if (type == "finished") {
    outcome_ = shown(event, "outcome");
    world_changed_ = flag(event, "world_changed");
    return summary(event);
  }
  return "";  // a newer daemon may tell more
}

std::string Progress::finished_migration(const json::object& event) {
  last_migration_ = shown(event, "migration");
  const auto* error = part(event, "error");
  error_ = error == nullptr ? json::object() : *error;
  const auto outcome = raw(event, "outcome");
  const std::string done = rollback_ ? "rolled back" : "applied";
  const auto line = last_migration_ + "  ";
  if (outcome == "applied") {
    return line + done + " in " + took(event) + "\n";
  }
  if (outcome == "open") {
    return line + "open: nobody knows yet whether it was " + done + "\n";
  }
  return line + (outcome == "not_applied" ? "not " + done : shown(event, "outcome")) +
         (event.contains("elapsed_ms") ? " after " + took(event) : "") + "\n";
}

std::string Progress::summary(const json::object& event) const {
  const std::string done = rollback_ ? "rolled back" : "applied";
  if (outcome_ == "applied") {
    return environment_ + ": " + done + " " + names(list(event, "done")) + "\n";
  }
  return environment_ + ": " + joined({outcome_, why(event, error_)}, ": ") + "\n" +
         circumstances(error_) + "  " + done + ": " + names(list(event, "done")) + "\n" +
         "  left: " + names(list(event, "left")) + "\n  " + next_step() + "\n";
}

std::string Progress::next_step() const {
  if (outcome_ == "unknown") {
    return "look into the database, then: tidemark resolve " + environment_ + " " +
           (last_migration_.empty() ? "MIGRATION" : last_migration_) +
           " (applied|not-applied) --reason …" +
           (rollback_ ? ", where applied says that it was rolled back" : "");
  }
  if (outcome_ == "open") {
    return "the server is being asked what became of it: tidemark status " + environment_;
  }
  return "what would run next: tidemark plan " + environment_;
}

}  // namespace tidemark::client
