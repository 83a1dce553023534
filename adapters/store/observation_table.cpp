#include "adapters/store/observation_table.h"

#include "adapters/store/encoding.h"

namespace tidemark {

namespace {

// The usual poll sees what the one before saw: then only the time is written and not thousands of
// rows.
constexpr std::string_view touch_observation = R"sql(
  UPDATE observations SET as_of = $2 WHERE environment_id = $1 AND sight = $3
)sql";

constexpr std::string_view replace_observation = R"sql(
  INSERT INTO observations (environment_id, as_of, sight) VALUES ($1, $2, $3)
  ON CONFLICT (environment_id) DO UPDATE SET as_of = excluded.as_of, sight = excluded.sight
)sql";

constexpr std::string_view select_observation = R"sql(
  SELECT as_of, sight FROM observations WHERE environment_id = $1
)sql";

}  // namespace

Result<void> store_observation(Database& database,
                               std::int64_t environment,
                               const Observation& observation) {
  const SqlValues values{environment, sql_time(observation.as_of), encode_sight(observation)};
  auto changed = database.execute(touch_observation, values);
  if (changed && *changed == 0) {
    changed = database.execute(replace_observation, values);
  }
  if (!changed) {
    return fail("store the observation", changed.error());
  }
  return {};
}

Result<std::optional<Observation>> read_observation(Database& database, std::int64_t environment) {
  const auto rows = database.query(select_observation, {environment});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  if (rows->empty()) {
    return std::optional<Observation>();
  }
  auto observation = decode_sight(rows->front().text(1));
  observation.as_of = rows->front().time(0);
  return std::optional(std::move(observation));
}

}  // namespace tidemark
