// Flyway's ledger beside a directory, from their rows to findings. Lines: those with tabs are rows
// of the ledger (\N is NULL), the others are names of files.

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "adapters/tools/flyway.h"
#include "adapters/tools/flyway_ledger.h"
#include "core/drift/compare.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

const TimePoint now = *parse_time("2026-04-18T12:00:00Z");

std::vector<std::optional<std::string>> values_of(std::string_view line) {
  std::vector<std::optional<std::string>> values;
  for (const auto value : parts_of(line, '\t')) {
    if (value == "\\N") {
      values.emplace_back(std::nullopt);
    } else {
      values.emplace_back(value);
    }
  }
  return values;
}

struct World {
  Catalog catalog;
  ResultSet answer;
};

World world_of(std::string_view input) {
  constexpr std::size_t lines_max = 64;
  std::vector<ScannedFile> files;
  std::set<std::string> paths;
  World world;
  for (const auto line : parts_of(input.substr(0, input.size()), '\n')) {
    if (world.answer.rows.size() + files.size() == lines_max) {
      break;
    }
    if (line.find('\t') != std::string_view::npos) {
      auto values = values_of(line);
      values.resize(line.ends_with("\t.") ? values.size() : 9);
      world.answer.rows.push_back(std::move(values));
    } else if (const std::string path(line); paths.insert(path).second) {
      files.push_back({path, content_of(path), flyway().entries(path, path)});
    }
  }
  world.catalog = make_catalog("flyway", files);
  return world;
}

void check_rows(const std::vector<Row>& rows) {
  std::set<Key> live;
  for (const auto& row : rows) {
    promise(!row.key.value.empty(), "a row has a key");
    promise(row.state == Row::State::undone || live.insert(row.key).second,
            "of one key at most one row is not undone",
            row.key.value);
    if (row.at) {
      const auto text = format_time(*row.at);
      promise(parse_time(text) == row.at, "the time of a row can be written and read", text);
    }
  }
}

void check_standing(const World& world, const Standing& standing) {
  std::set<Key> keys;
  for (const auto& line : standing.lines) {
    promise(keys.insert(line.key).second, "a migration has one line", line.key.value);
  }
  for (const auto& migration : world.catalog.migrations) {
    promise(keys.contains(migration.key), "every migration has a line", migration.id.value);
  }
  std::set<std::tuple<FindingKind, Key>> identities;
  for (const auto& finding : standing.findings) {
    promise(identities.insert({finding.kind, finding.key}).second,
            "a finding is told once",
            finding.summary);
    promise(!finding.summary.empty(), "a finding has words");
  }
  std::size_t counted = 0;
  for (const auto state : all_cell_states) {
    counted += standing.count(state);
  }
  promise(counted == standing.lines.size(), "every line is counted once");
}

// Findings that are stored and seen again are no news.
void check_findings(const Standing& standing) {
  const auto opened = changes({}, standing, now).opened;
  std::vector<StoredFinding> stored;
  for (const auto& finding : opened) {
    stored.push_back({"f_" + std::to_string(stored.size()), finding, now, now, {}, {}});
  }
  promise(opened.size() == standing.findings.size(), "all that is wrong is opened");
  promise(changes(stored, standing, now).empty(), "what is stored is no news");
}

void check_drift(const World& world, const std::vector<Row>& rows) {
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.tool = "flyway";
  seen.rows = rows;
  const std::optional observation = std::move(seen);
  const auto records = learn(world.catalog, {}, observation, {}, now);
  promise(learn(world.catalog, records, observation, {}, now).empty(), "the same ledger teaches once");
  for (const bool forbidden : {false, true}) {
    const Policy policy{Mode::reconcile_only, forbidden, true, std::nullopt};
    const auto standing = compare(world.catalog, records, observation, policy);
    promise(standing == compare(world.catalog, records, observation, policy),
            "the same facts compare the same");
    check_standing(world, standing);
    check_findings(standing);
  }
  const Policy unread{Mode::export_only, false, true, Settled()};
  check_standing(world, compare(world.catalog, records, std::nullopt, unread));
}

}  // namespace

void try_input(std::string_view input) {
  const auto world = world_of(input);
  const auto rows = flyway_rows(world.answer);
  const bool whole =
      std::ranges::all_of(world.answer.rows, [](const auto& row) { return row.size() == 9; });
  promise(rows.has_value() == whole, "a ledger is read unless a row has other columns");
  if (!rows) {
    promise(rows.error().code == Errc::broken, "other columns are a broken answer");
    return;
  }
  promise(*rows == *flyway_rows(world.answer), "the same ledger is read the same twice");
  check_rows(*rows);
  check_drift(world, *rows);
}

}  // namespace tidemark::fuzz
