#include <algorithm>
#include <map>
#include <set>

#include "core/text/printable.h"
#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

constexpr std::size_t shortest_id = 16;  // below that an id tells nothing any more

struct Environment {
  std::string raw_name;
  std::string name;  // printable
  std::string mode;
};

std::vector<Environment> environments_of(const json::object& matrix) {
  std::vector<Environment> result;
  for (const auto& entry : list(matrix, "environments")) {
    const auto& environment = object(entry);
    result.push_back(
        {raw(environment, "name"), shown(environment, "name"), shown(environment, "mode")});
  }
  return result;
}

const json::object* cell_of(const json::object& migration, const Environment& environment) {
  const auto* cells = part(migration, "cells");
  return cells == nullptr ? nullptr : part(*cells, environment.raw_name);
}

bool acknowledged(const json::object& cell) {
  const auto& findings = list_if(cell, "findings");
  return !findings.empty() && std::all_of(findings.begin(), findings.end(), [](const auto& entry) {
    return flag(object(entry), "acknowledged");
  });
}

// "edited" or "checksum+edited": each kind once.
std::string kinds(const json::object& cell) {
  std::set<std::string> all;
  for (const auto& entry : list_if(cell, "findings")) {
    all.insert(shown(object(entry), "kind"));
  }
  return joined({all.begin(), all.end()}, "+");
}

// "(o?*)": on whose word, whether the content could not be compared, and whether there is a note.
std::string marks(const json::object& cell) {
  std::string text = shown(cell, "evidence").substr(0, 1);
  if (raw(cell, "content") == "unverifiable") {
    text += "?";
  }
  if (!raw(cell, "note").empty()) {
    text += "*";
  }
  return text.empty() ? "" : " (" + text + ")";
}

Cell shown_cell(const json::object* cell) {
  const auto state = cell == nullptr ? "not_due" : raw(*cell, "state");
  if (state == "not_due") {
    return {"-", Tone::faint};
  }
  if (state == "applied") {
    return {"applied" + marks(*cell), Tone::good};
  }
  if (state == "pending") {
    return {"pending", Tone::waiting};
  }
  if (state == "drifted") {
    const bool quiet = acknowledged(*cell);
    return {joined({"DRIFTED", kinds(*cell), quiet ? "(ack)" : ""}, " "),
            quiet ? Tone::doubtful : Tone::bad};
  }
  if (state == "failed") {
    return {"FAILED", Tone::bad};
  }
  // unknown, applying, and what a newer daemon may say.
  return {printable(state), Tone::doubtful};
}

Table whole(const json::object& matrix,
            const std::vector<Environment>& environments,
            std::size_t id_width) {
  std::vector<Column> columns{{"MIGRATION"}};
  for (const auto& environment : environments) {
    columns.push_back({environment.name});
  }
  Table table(std::move(columns));
  for (const auto& entry : list(matrix, "migrations")) {
    const auto& migration = object(entry);
    std::vector<Cell> cells{{shortened(shown(migration, "id"), id_width)}};
    for (const auto& environment : environments) {
      cells.push_back(shown_cell(cell_of(migration, environment)));
    }
    table.row(std::move(cells));
  }
  return table;
}

// For a terminal that is too narrow for all of them side by side.
std::string one_block_each(const json::object& matrix,
                           const std::vector<Environment>& environments,
                           const Style& style) {
  std::string text;
  for (const auto& environment : environments) {
    Table block({{"MIGRATION"}, {environment.name + " (" + environment.mode + ")"}});
    for (const auto& entry : list(matrix, "migrations")) {
      const auto& migration = object(entry);
      block.row({{shown(migration, "id")}, shown_cell(cell_of(migration, environment))});
    }
    text += (text.empty() ? "" : "\n") + block.text(style);
  }
  return text;
}

std::string body(const json::object& matrix,
                 const std::vector<Environment>& environments,
                 const Style& style) {
  const auto full = whole(matrix, environments, std::string::npos);
  if (full.fits(style)) {
    return full.text(style);
  }
  const auto least = whole(matrix, environments, shortest_id);
  if (!least.fits(style)) {
    return one_block_each(matrix, environments, style);
  }
  return whole(matrix, environments, shortest_id + style.width - least.width()).text(style);
}

// Explains what stands in this matrix, and nothing else.
std::string legend(const json::object& matrix, const std::vector<Environment>& environments) {
  bool not_due = false;
  std::set<char> used;
  for (const auto& entry : list(matrix, "migrations")) {
    for (const auto& environment : environments) {
      const auto* cell = cell_of(object(entry), environment);
      not_due = not_due || shown_cell(cell).text == "-";
      if (cell != nullptr && raw(*cell, "state") == "applied") {
        const auto letters = marks(*cell);
        used.insert(letters.begin(), letters.end());
      }
    }
  }
  const auto if_used = [&](char letter, const char* text) {
    return used.contains(letter) ? std::string(text) : std::string();
  };
  return joined({if_used('e', "(e) executed by tidemark"),
                 if_used('o', "(o) observed in their ledger"),
                 if_used('a', "(a) attested by a person"),
                 if_used('?', "? content cannot be verified"),
                 if_used('*', "* with a note: tidemark show"),
                 not_due ? "- not due" : ""},
                "   ");
}

// "staging: as it was at …; not reachable since": what is shown is what was last known.
std::string age_of_cells(const json::object& environment, const Style& style) {
  if (!flag(environment, "stale")) {
    return "";
  }
  const auto as_of = time(environment, "as_of");
  const auto* last = part(environment, "last_poll");
  const auto why = last == nullptr ? std::string() : shown(*last, "outcome");
  const auto since = why.empty() || why == "ok" ? std::string() : "; " + looked(why);
  return as_of ? "as it was at " + when(as_of, style) + since + (since.empty() ? "" : " since")
               : "never seen yet" + since;
}

// What the cells do not say of an environment.
std::string remarks(const json::object& matrix, const json::object& status, const Style& style) {
  std::string text;
  for (const auto& entry : list_if(status, "environments")) {
    const auto& environment = object(entry);
    if (raw(environment, "app") != raw(matrix, "app")) {
      continue;
    }
    const auto findings = static_cast<std::size_t>(number(environment, "environment_findings"));
    const auto words =
        joined({age_of_cells(environment, style),
                findings == 0 ? "" : counted(findings, "finding") + " of the environment"},
               "; ");
    if (!words.empty()) {
      text += paint(shown(environment, "name") + ": " + words, Tone::doubtful, style) + "\n";
    }
  }
  return text;
}

std::string file_problems(const json::object& matrix, const Style& style) {
  std::string text;
  for (const auto& entry : list_if(matrix, "problems")) {
    const auto& problem = object(entry);
    text +=
        paint(joined({shown(problem, "file"), shown(problem, "what")}, ": "), Tone::bad, style) +
        "\n";
  }
  return text;
}

// "shop: 12 migrations; staging: 1 drifted, 2 pending: tidemark findings shop/staging"
std::string summary(const json::object& matrix, const std::vector<Environment>& environments) {
  const auto app = shown(matrix, "app");
  std::vector<std::string> parts{app + ": " +
                                 counted(list(matrix, "migrations").size(), "migration")};
  std::vector<std::string> drifted_in;
  for (const auto& environment : environments) {
    std::map<std::string, int> counts;
    for (const auto& entry : list(matrix, "migrations")) {
      if (const auto* cell = cell_of(object(entry), environment)) {
        ++counts[raw(*cell, "state")];
      }
    }
    std::vector<std::string> said;
    for (const auto* state : {"drifted", "failed", "unknown", "pending"}) {
      if (counts[state] > 0) {
        said.push_back(std::to_string(counts[state]) + " " + state);
      }
    }
    if (!said.empty()) {
      parts.push_back(environment.name + ": " + joined(said, ", "));
    }
    if (counts["drifted"] > 0) {
      drifted_in.push_back(app + "/" + environment.name);
    }
  }
  auto text = joined(parts, "; ");
  if (!drifted_in.empty()) {
    text += ": tidemark findings " + (drifted_in.size() == 1 ? drifted_in.front() : app);
  }
  return text + "\n";
}

}  // namespace

std::string render_matrix(const json::object& matrix,
                          const json::object& status,
                          const Style& style) {
  const auto environments = environments_of(matrix);
  if (list(matrix, "migrations").empty()) {
    return file_problems(matrix, style) + shown(matrix, "app") + ": no migrations\n";
  }
  const auto explained = legend(matrix, environments);
  return body(matrix, environments, style) + "\n" +
         (explained.empty() ? "" : paint(explained, Tone::faint, style) + "\n") +
         remarks(matrix, status, style) + file_problems(matrix, style) +
         summary(matrix, environments);
}

bool matrix_needs_attention(const json::object& matrix) {
  const auto environments = environments_of(matrix);
  for (const auto& entry : list(matrix, "migrations")) {
    for (const auto& environment : environments) {
      const auto* cell = cell_of(object(entry), environment);
      const auto state = cell == nullptr ? std::string() : raw(*cell, "state");
      if (state == "pending" || state == "failed" || (state == "drifted" && !acknowledged(*cell))) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace tidemark::client
