#include "core/text/printable.h"
#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

std::int64_t count(const json::object& environment, std::string_view state) {
  const auto* counts = part(environment, "counts");
  return counts == nullptr ? 0 : number(*counts, state);
}

bool covered(const json::object& environment, const Scope& scope) {
  return scope.covers(raw(environment, "app"), raw(environment, "name"));
}

// Why the last look failed, when it did.
std::string failed_look(const json::object& environment) {
  const auto* last = part(environment, "last_poll");
  const auto outcome = last == nullptr ? std::string() : shown(*last, "outcome");
  return outcome.empty() || outcome == "ok"
             ? ""
             : joined({looked(outcome), shown(*last, "error")}, ": ");
}

// Everything that needs a person, in one line.
std::string problem(const json::object& environment) {
  std::vector<std::string> parts;
  auto main = shown(environment, "problem");
  parts.push_back(main.empty() ? failed_look(environment) : std::move(main));
  for (const auto* state : {"failed", "unknown"}) {
    if (count(environment, state) > 0) {
      parts.push_back(std::to_string(count(environment, state)) + " " + state);
    }
  }
  if (const auto findings = number(environment, "environment_findings"); findings > 0) {
    parts.push_back(counted(static_cast<std::size_t>(findings), "finding") + " of the environment");
  }
  if (const auto* lag = part(environment, "lag"); lag != nullptr && flag(*lag, "too_long")) {
    parts.push_back(shown(*lag, "migration") + " pending since " + shown(*lag, "since"));
  }
  for (const auto& warning : list_if(environment, "warnings")) {
    parts.push_back(shown(warning));
  }
  return joined(parts, "; ");
}

// What needs nobody, and is to be known.
std::string notice(const json::object& environment) {
  std::vector<std::string> parts;
  if (count(environment, "applying") > 0) {
    parts.push_back("applying");
  }
  if (const auto* frozen = part(environment, "frozen")) {
    const auto until = shown(*frozen, "until");
    parts.push_back("frozen" + (until.empty() ? "" : " until " + until) + " by " +
                    shown(*frozen, "by") + ": " + shown(*frozen, "reason"));
  }
  return joined(parts, "; ");
}

// When the database was last seen as it is: never for one that is not connected to.
std::string last_look(const json::object& environment, const Style& style) {
  const auto as_of = time(environment, "as_of");
  if (!as_of) {
    return "-";
  }
  return (style.terminal ? age(*as_of, style) : format_time(*as_of)) +
         (flag(environment, "standby") ? " (standby)" : "") +
         (flag(environment, "stale") ? " (stale)" : "");
}

Cell amount(std::int64_t value, Tone tone) {
  return {std::to_string(value), value > 0 ? tone : Tone::plain};
}

std::string name(const json::object& environment) {
  return shown(environment, "app") + "/" + shown(environment, "name");
}

struct Totals {
  std::size_t environments = 0;
  std::vector<std::string> drifted;
  std::vector<std::string> warned;  // of these is no drift known, and a finding of the environment
  std::vector<std::string> unseen;  // of these nothing is known as it is now
  std::int64_t pending = 0;
};

// Of very many, the first few.
std::string some(const std::vector<std::string>& names) {
  constexpr std::size_t most = 5;
  if (names.size() <= most + 1) {
    return joined(names, ", ");
  }
  return joined({names.begin(), names.begin() + most}, ", ") + " and " +
         std::to_string(names.size() - most) + " more";
}

std::string summary(const Totals& totals) {
  auto text = counted(totals.environments, "environment");
  if (totals.pending > 0) {
    text += ", " + std::to_string(totals.pending) + " pending";
  }
  if (!totals.unseen.empty()) {
    text += ", " + some(totals.unseen) + " not seen as of now";
  }
  if (totals.drifted.empty()) {
    text += totals.unseen.empty() ? ", nothing drifted" : ", no drift known of";
  } else {
    text += ", drift in " + some(totals.drifted);
  }
  if (!totals.warned.empty()) {
    text += ", a warning about " + some(totals.warned);
  }
  if (totals.drifted.empty() && totals.warned.empty()) {
    return text + "\n";
  }
  text += ": tidemark findings";
  if (totals.drifted.size() + totals.warned.size() == 1) {
    text += " " + (totals.drifted.empty() ? totals.warned : totals.drifted).front();
  }
  return text + "\n";
}

// Ignorance is not good news.
bool unseen(const json::object& environment) {
  return flag(environment, "stale") || count(environment, "unknown") > 0;
}

// What concerns the daemon or a directory, not an environment.
std::string troubles(const json::object& status, const Scope& scope, const Style& style) {
  std::string text;
  const auto say = [&](const std::string& line) { text += paint(line, Tone::bad, style) + "\n"; };
  if (status.contains("ready") && !flag(status, "ready")) {
    say("the daemon is not ready yet");
  }
  for (const auto& trouble : list_if(status, "trouble")) {
    say(shown(trouble));
  }
  for (const auto& entry : list_if(status, "apps")) {
    const auto& app = object(entry);
    if (!scope.covers(raw(app, "name"), scope.environment)) {
      continue;
    }
    for (const auto& problem_of_file : list_if(app, "problems")) {
      const auto& about = object(problem_of_file);
      say(joined({shown(app, "name"), shown(about, "file"), shown(about, "what")}, ": "));
    }
  }
  return text;
}

}  // namespace

std::string render_status(const json::object& status, const Scope& scope, const Style& style) {
  Table table({{"ENVIRONMENT"},
               {"MODE"},
               {"TOOL"},
               {"APPLIED", true},
               {"PENDING", true},
               {"DRIFTED", true},
               {"LAST LOOK"},
               {"PROBLEM"}});
  Table narrow({{"ENVIRONMENT"},
                {"MODE"},
                {"TOOL"},
                {"APPLIED", true},
                {"PENDING", true},
                {"DRIFTED", true},
                {"LAST LOOK"}});
  std::string problems;
  Totals totals;
  for (const auto& entry : list(status, "environments")) {
    const auto& environment = object(entry);
    if (!covered(environment, scope)) {
      continue;
    }
    const auto tool = shown(environment, "tool");
    std::vector<Cell> cells{{name(environment)},
                            {shown(environment, "mode")},
                            {tool.empty() ? "-" : tool},
                            amount(count(environment, "applied"), Tone::plain),
                            amount(count(environment, "pending"), Tone::waiting),
                            amount(count(environment, "drifted"), Tone::bad),
                            {last_look(environment, style)}};
    narrow.row(cells);
    auto why = problem(environment);
    const auto tone = why.empty() ? Tone::waiting : Tone::bad;
    why = joined({std::move(why), notice(environment)}, "; ");
    cells.push_back({why, tone});
    table.row(std::move(cells));
    if (!why.empty()) {
      problems += "  " + name(environment) + ": " + paint(why, tone, style) + "\n";
    }
    ++totals.environments;
    totals.pending += count(environment, "pending");
    if (unseen(environment)) {
      totals.unseen.push_back(name(environment));
    }
    if (count(environment, "drifted") > 0 || number(environment, "environment_drift") > 0) {
      totals.drifted.push_back(name(environment));
    } else if (number(environment, "environment_findings") > 0) {
      totals.warned.push_back(name(environment));
    }
  }
  if (totals.environments == 0) {
    return "no environments\n" + troubles(status, scope, style);
  }
  // A long problem is told in full below rather than folded into the table.
  const auto body = table.fits(style) ? table.text(style) : narrow.text(style) + problems;
  return body + "\n" + troubles(status, scope, style) + summary(totals);
}

bool status_has_pending(const json::object& status, const Scope& scope) {
  for (const auto& entry : list(status, "environments")) {
    const auto& environment = object(entry);
    if (covered(environment, scope) &&
        (count(environment, "pending") > 0 || count(environment, "failed") > 0)) {
      return true;
    }
  }
  return false;
}

bool status_has_findings(const json::object& status, const Scope& scope) {
  for (const auto& entry : list(status, "environments")) {
    const auto& environment = object(entry);
    if (covered(environment, scope) &&
        (count(environment, "drifted") > 0 || number(environment, "environment_findings") > 0)) {
      return true;
    }
  }
  return false;
}

std::int64_t environment_findings(const json::object& status, const Scope& scope) {
  std::int64_t sum = 0;
  for (const auto& entry : list(status, "environments")) {
    if (covered(object(entry), scope)) {
      sum += number(object(entry), "environment_findings");
    }
  }
  return sum;
}

}  // namespace tidemark::client
