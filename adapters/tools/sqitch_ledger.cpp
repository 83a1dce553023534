#include "adapters/tools/sqitch_ledger.h"

#include <algorithm>
#include <array>

#include "adapters/tools/answer.h"
#include "adapters/tools/row_versions.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

constexpr std::array<ColumnShape, 10> change_columns{{
    {"change_id", "text", true},
    {"change", "text", true},
    {"project", "text", true},
    {"note", "text", true},
    {"committed_at", "timestamp with time zone", true},
    {"committer_name", "text", true},
    {"committer_email", "text", true},
    {"planned_at", "timestamp with time zone", true},
    {"planner_name", "text", true},
    {"planner_email", "text", true},
}};
constexpr std::array<ColumnShape, 7> event_columns{{
    {"event", "text", true},
    {"change_id", "text", true},
    {"change", "text", true},
    {"project", "text", true},
    {"note", "text", true},
    {"committed_at", "timestamp with time zone", true},
    {"committer_name", "text", true},
}};

constexpr std::size_t columns_that_look_like_it = 7;

// What is deployed; and of what is not, what its last event says when that is a revert, or a
// failure after which nothing was deployed any more.
constexpr ReadStatement select_rows_with_hash = R"sql(
  SELECT c.change_id, c.change, c.project, c.note,
         CASE WHEN isfinite(c.committed_at)
              THEN floor(1000 * extract(epoch FROM c.committed_at))::bigint END AS committed_ms,
         c.committed_at::text AS run, c.committer_name, 'deploy' AS event, c.script_hash
    FROM {ledger} c
  UNION ALL
  SELECT e.change_id, e.change, e.project, e.note,
         CASE WHEN isfinite(e.committed_at)
              THEN floor(1000 * extract(epoch FROM e.committed_at))::bigint END,
         e.committed_at::text, e.committer_name, e.event, NULL
    FROM (SELECT DISTINCT ON (v.change_id)
                 v.change_id, v.change, v.project, v.note, v.committed_at, v.committer_name, v.event
            FROM {schema}.events v
           ORDER BY v.change_id, v.committed_at DESC) e
    LEFT JOIN (SELECT d.project, max(d.committed_at) AS at
                 FROM {schema}.events d
                WHERE d.event = 'deploy'
                GROUP BY d.project) l ON l.project = e.project
   WHERE (e.event = 'revert' OR (e.event = 'fail' AND (l.at IS NULL OR l.at < e.committed_at)))
     AND NOT EXISTS (SELECT FROM {ledger} c WHERE c.change_id = e.change_id)
   ORDER BY committed_ms, run, change_id
)sql";

// Registries up to 1.0 keep no hash.
constexpr ReadStatement select_rows_without_hash = R"sql(
  SELECT c.change_id, c.change, c.project, c.note,
         CASE WHEN isfinite(c.committed_at)
              THEN floor(1000 * extract(epoch FROM c.committed_at))::bigint END AS committed_ms,
         c.committed_at::text AS run, c.committer_name, 'deploy' AS event, NULL AS script_hash
    FROM {ledger} c
  UNION ALL
  SELECT e.change_id, e.change, e.project, e.note,
         CASE WHEN isfinite(e.committed_at)
              THEN floor(1000 * extract(epoch FROM e.committed_at))::bigint END,
         e.committed_at::text, e.committer_name, e.event, NULL
    FROM (SELECT DISTINCT ON (v.change_id)
                 v.change_id, v.change, v.project, v.note, v.committed_at, v.committer_name, v.event
            FROM {schema}.events v
           ORDER BY v.change_id, v.committed_at DESC) e
    LEFT JOIN (SELECT d.project, max(d.committed_at) AS at
                 FROM {schema}.events d
                WHERE d.event = 'deploy'
                GROUP BY d.project) l ON l.project = e.project
   WHERE (e.event = 'revert' OR (e.event = 'fail' AND (l.at IS NULL OR l.at < e.committed_at)))
     AND NOT EXISTS (SELECT FROM {ledger} c WHERE c.change_id = e.change_id)
   ORDER BY committed_ms, run, change_id
)sql";

// Of the changes as select_row_versions() has it; of the events, which only grow, what happened to
// which change when: who may read the one table whole may read single columns of the other.
constexpr ReadStatement select_versions = R"sql(
  SELECT c.rows, c.versions, e.rows, e.versions
    FROM (SELECT pg_catalog.count(*) AS rows,
                 pg_catalog.sum(pg_catalog.hashtextextended(xmin::text, 0)) AS versions
            FROM {ledger}) AS c
   CROSS JOIN (SELECT pg_catalog.count(*) AS rows,
                      pg_catalog.sum(pg_catalog.hashtextextended(change_id || event,
                        pg_catalog.hashfloat8extended(
                          pg_catalog.date_part('epoch', committed_at), 0))) AS versions
                 FROM {schema}.events) AS e
)sql";

}  // namespace

Recognition recognise_sqitch_ledger(const Relation& relation, std::span<const Relation> all) {
  using Verdict = Recognition::Verdict;
  if (find_column(relation, "event") != nullptr) {
    return {};  // its own events, which have nearly all columns of its changes
  }
  auto recognition = recognise_shape(
      relation, {"a Sqitch registry", change_columns, columns_that_look_like_it, true});
  if (recognition.verdict != Verdict::ledger) {
    return recognition;
  }
  const auto events =
      std::ranges::find(all, TableName{relation.name.schema, "events"}, &Relation::name);
  if (events == all.end() || !match_shape(*events, event_columns).wrong.empty()) {
    return {Verdict::near_miss,
            "has the columns of Sqitch's changes, but no table events is beside it"};
  }
  return {Verdict::ledger, "the changes and events of Sqitch"};
}

std::vector<std::string> tables_beside_sqitch_changes() {
  return {"events"};
}

ReadQuery select_sqitch_rows(const Relation& relation) {
  const bool hashed = find_column(relation, "script_hash") != nullptr;
  return {hashed ? select_rows_with_hash : select_rows_without_hash, relation.name, {}};
}

std::optional<ReadQuery> select_sqitch_versions(const Relation& relation) {
  if (!shows_row_versions(relation)) {
    return std::nullopt;
  }
  return ReadQuery{select_versions, relation.name, {}};
}

namespace {

enum Column : std::size_t {
  change_id,
  change,
  project,
  note,
  committed_ms,
  run,
  committer,
  event,
  script_hash,
  columns
};

Row::State state_of(std::string_view event) {
  if (event == "fail") {
    return Row::State::failed;
  }
  return event == "revert" ? Row::State::undone : Row::State::applied;
}

}  // namespace

Result<std::vector<Row>> sqitch_rows(const ResultSet& answer) {
  if (const auto checked = check_width(answer, columns, "Sqitch"); !checked) {
    return std::unexpected(checked.error());
  }
  std::vector<Row> rows;
  rows.reserve(answer.rows.size());
  for (const auto& values : answer.rows) {
    Row row;
    row.key = {values[change_id].value_or("")};
    row.id = {values[change].value_or("")};
    row.description = values[note].value_or("");
    row.group = values[project].value_or("");
    row.state = state_of(values[event].value_or(""));
    row.at = time_of(values[committed_ms]);
    row.by = values[committer].value_or("");
    row.token = values[run].value_or("");
    row.key_chains = true;
    // An upgrade of the registry put the id where it knew no hash.
    if (values[script_hash] != values[change_id]) {
      row.checksum = values[script_hash];
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace tidemark
