#include "core/text/printable.h"
#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

std::string looked(std::string outcome) {
  if (outcome == "retry") {
    return "not reachable";
  }
  if (outcome == "denied") {
    return "refused";
  }
  return outcome == "broken" ? "not readable" : outcome;
}

std::string render_poll(const json::object& answer,
                        const EnvironmentRef& asked,
                        const Style& style) {
  const auto name = printable(asked.text());
  const auto outcome = raw(answer, "outcome");
  if (outcome != "ok") {
    return name + ": " +
           paint(joined({looked(shown(answer, "outcome")), shown(answer, "error")}, ": "),
                 Tone::bad,
                 style) +
           "\n";
  }
  const auto* environment = part(answer, "environment");
  const auto* counts = environment == nullptr ? nullptr : part(*environment, "counts");
  auto text = name + ": ok";
  if (counts != nullptr) {
    text += ", " + std::to_string(number(*counts, "applied")) + " applied, " +
            std::to_string(number(*counts, "pending")) + " pending, " +
            std::to_string(number(*counts, "drifted")) + " drifted";
    if (number(*counts, "drifted") > 0 || number(*environment, "environment_findings") > 0) {
      text += ": tidemark findings " + name;
    }
  }
  text += "\n";
  if (environment != nullptr && !raw(*environment, "problem").empty()) {
    text += name + ": " + paint(shown(*environment, "problem"), Tone::bad, style) + "\n";
  }
  return text;
}

std::string render_marked(const json::object& answer,
                          const EnvironmentRef& environment,
                          bool applied,
                          const Style& style) {
  const auto name = printable(environment.text());
  std::string text;
  for (const auto& entry : list(answer, "recorded")) {
    const auto& record = object(entry);
    const auto by = shown(record, "by");
    const auto sha256 = shown(record, "sha256").substr(0, 12);
    text += name + ": " + shown(record, "id") +
            (applied ? " recorded as applied, " : " recorded as not applied, ") +
            joined({when(time(record, "at"), style),
                    by.empty() ? "" : "by " + by,
                    shown(record, "evidence"),
                    sha256.empty() ? "" : "sha256 " + sha256},
                   ", ") +
            "\n";
  }
  for (const auto& id : list_if(answer, "already")) {
    text += name + ": " + shown(id) +
            (applied ? " was recorded as applied already\n" : " was not recorded as applied\n");
  }
  return text.empty() ? name + ": nothing was recorded\n" : text;
}

std::string render_frozen(const json::object& answer, const Style& style) {
  const auto until = time(answer, "until");
  return shown(answer, "environment") + ": frozen" +
         (until ? " until " + when(until, style) : ", until somebody ends it") + ": " +
         shown(answer, "reason") + "\n";
}

std::string render_unfrozen(const json::object& answer) {
  return shown(answer, "environment") + ": not frozen any more\n";
}

std::string render_resolved(const json::object& answer) {
  const std::string done = raw(answer, "action") == "rollback" ? "rolled back" : "applied";
  return shown(answer, "environment") + ": " + shown(answer, "migration") +
         " is settled: " + (raw(answer, "as") == "applied" ? "" : "not ") + done + "\n";
}

std::string render_mode(const json::object& answer) {
  const auto from = shown(answer, "from");
  const auto to = shown(answer, "to");
  if (from == to) {
    return shown(answer, "environment") + ": is " + to + " already\n";
  }
  return shown(answer, "environment") + ": was " + from + ", is " + to + " now\n";
}

std::string render_adopted(const json::object& answer) {
  const auto adopted = static_cast<std::size_t>(number(answer, "adopted"));
  const auto environment = shown(answer, "environment");
  return adopted == 0 ? environment + ": all that their ledger has is ours already\n"
                      : environment + ": " + counted(adopted, "migration") + " adopted\n";
}

std::string render_rebaseline(const json::object& answer) {
  const auto ended = static_cast<std::size_t>(number(answer, "ended"));
  const auto adopted = static_cast<std::size_t>(number(answer, "adopted"));
  return shown(answer, "environment") + ": rebaselined as " + shown(answer, "as") + "; " +
         counted(ended, "record") + " ended, " + std::to_string(adopted) + " adopted\n";
}

std::string render_acknowledged(const json::object& answer, const Style& style) {
  const auto* finding = part(answer, "finding");
  if (finding == nullptr) {
    throw Misunderstood("\"finding\" is missing");
  }
  const auto what = shown(*finding, "id") + ": " +
                    joined({shown(*finding, "kind"),
                            shown(*finding, "migration"),
                            "in " + shown(*finding, "app") + "/" + shown(*finding, "environment")},
                           " ");
  const auto* given = part(*finding, "acknowledged");
  if (given == nullptr) {
    return what + ", not acknowledged: it counts\n";
  }
  const auto until = time(*given, "until");
  return what + ", acknowledged by " + shown(*given, "by") +
         (until ? " until " + when(until, style) : "") + ": " + shown(*given, "reason") + "\n";
}

std::string render_reloaded(const json::object& answer) {
  const auto& changed = list_if(answer, "changed");
  if (changed.empty()) {
    return "configuration read; nothing changed\n";
  }
  std::string text = "configuration read; changed:\n";
  for (const auto& what : changed) {
    text += "  " + shown(what) + "\n";
  }
  return text;
}

std::string render_backup(const json::object& answer) {
  const auto entries = number(answer, "entries");
  return shown(answer, "file") + ": " + std::to_string(number(answer, "bytes")) + " bytes" +
         (entries > 0 ? ", audit trail up to entry " + std::to_string(entries) : "") + "\n";
}

}  // namespace tidemark::client
