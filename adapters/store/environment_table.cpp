#include "adapters/store/environment_table.h"

#include <charconv>
#include <chrono>

namespace tidemark {

namespace {

// A daemon meets all its environments when it starts, so a day is plenty, and short enough that
// people are not asked about environments which they have just thought of.
constexpr std::chrono::hours newcomers_doubted_for{24};

constexpr std::string_view select_id = R"sql(
  SELECT environments.id
    FROM environments JOIN apps ON apps.id = environments.app_id
   WHERE apps.name = $1 AND environments.name = $2
)sql";

constexpr std::string_view insert_app = R"sql(
  INSERT INTO apps (name) VALUES ($1) ON CONFLICT (name) DO NOTHING
)sql";

constexpr std::string_view insert_environment = R"sql(
  INSERT INTO environments (app_id, name, history_certain, history_reason)
  SELECT id, $2, $3, $4 FROM apps WHERE name = $1
  RETURNING id
)sql";

constexpr std::string_view select_environment = R"sql(
  SELECT flipped_mode, flipped_by, flipped_reason, last_mode, mode_since,
         system_identifier, timeline, database_oid, schema_oid,
         history_certain, history_reason, lag_told_at, excess_privileges,
         frozen_by, frozen_reason, frozen_at, frozen_until
    FROM environments
   WHERE id = $1
)sql";

constexpr std::string_view set_flip = R"sql(
  UPDATE environments
     SET flipped_mode = $2, flipped_by = $3, flipped_reason = $4
   WHERE id = $1
)sql";

constexpr std::string_view set_last_mode = R"sql(
  UPDATE environments
     SET last_mode = $2, mode_since = $3
   WHERE id = $1 AND last_mode IS DISTINCT FROM $2
)sql";

constexpr std::string_view set_identity = R"sql(
  UPDATE environments
     SET system_identifier = $2, timeline = $3, database_oid = $4, schema_oid = $5
   WHERE id = $1
)sql";

constexpr std::string_view set_history = R"sql(
  UPDATE environments
     SET history_certain = $2, history_reason = $3
   WHERE id = $1
)sql";

constexpr std::string_view set_told = R"sql(
  UPDATE environments
     SET lag_told_at = $2, excess_privileges = $3
   WHERE id = $1
)sql";

constexpr std::string_view set_freeze = R"sql(
  UPDATE environments
     SET frozen_by = $2, frozen_reason = $3, frozen_at = $4, frozen_until = $5
   WHERE id = $1
)sql";

constexpr std::string_view set_name = R"sql(
  UPDATE environments SET name = $2 WHERE id = $1
)sql";

constexpr std::string_view doubt_histories = R"sql(
  UPDATE environments SET history_certain = 0, history_reason = $1
)sql";

constexpr std::string_view set_meta = R"sql(
  INSERT INTO meta (name, value) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value
)sql";

constexpr std::string_view select_restored = R"sql(
  SELECT restored_at.value, restored_why.value
    FROM meta restored_at JOIN meta restored_why ON restored_why.name = 'restored_why'
   WHERE restored_at.name = 'restored_at'
)sql";

SqlValue mode_value(const std::optional<Mode>& mode) {
  return mode ? SqlValue(std::string(to_string(*mode))) : SqlValue();
}

std::optional<Mode> mode_of(const SqlRow& row, std::size_t column) {
  if (row.is_null(column)) {
    return std::nullopt;
  }
  return known_word(parse_mode(row.text(column)), row.text(column));
}

std::optional<Identity> identity_of(const SqlRow& row) {
  if (row.is_null(5)) {
    return std::nullopt;
  }
  return Identity{.system_identifier = row.text(5),
                  .timeline = static_cast<std::uint32_t>(row.integer(6)),
                  .database_oid = static_cast<std::uint32_t>(row.integer(7)),
                  .schema_oid = static_cast<std::uint32_t>(row.integer(8))};
}

std::optional<Freeze> freeze_of(const SqlRow& row) {
  if (row.is_null(15)) {
    return std::nullopt;
  }
  return Freeze{
      .by = row.text(13), .reason = row.text(14), .at = row.time(15), .until = row.time_if_any(16)};
}

SqlValues freeze_values(std::int64_t id, const std::optional<Freeze>& freeze) {
  if (!freeze) {
    return {id, SqlValue(), SqlValue(), SqlValue(), SqlValue()};
  }
  return {id, freeze->by, freeze->reason, sql_time(freeze->at), sql_time(freeze->until)};
}

Result<void> only(Result<std::int64_t> changed) {
  if (!changed) {
    return std::unexpected(changed.error());
  }
  return {};
}

}  // namespace

Result<std::optional<std::int64_t>> find_environment(Database& database,
                                                     const EnvironmentRef& environment) {
  const auto rows = database.query(select_id, {environment.app, environment.name});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  return rows->empty() ? std::nullopt : std::optional(rows->front().integer(0));
}

Result<std::int64_t> need_environment(Database& database,
                                      const EnvironmentRef& environment,
                                      TimePoint now) {
  const auto id = find_environment(database, environment);
  if (!id) {
    return std::unexpected(id.error());
  }
  if (const auto& found = *id) {
    return *found;
  }
  const auto history = history_of_newcomer(database, now);
  if (!history) {
    return std::unexpected(history.error());
  }
  if (const auto app = database.execute(insert_app, {environment.app}); !app) {
    return std::unexpected(app.error());
  }
  const auto made = database.query(
      insert_environment,
      {environment.app, environment.name, std::int64_t{history->certain}, history->reason});
  if (!made) {
    return std::unexpected(made.error());
  }
  return made->at(0).integer(0);
}

Result<EnvironmentState> read_environment(Database& database, std::int64_t id) {
  const auto rows = database.query(select_environment, {id});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  const auto& row = rows->at(0);
  EnvironmentState state;
  state.flip = {.mode = mode_of(row, 0), .by = row.text(1), .reason = row.text(2)};
  state.last_mode = mode_of(row, 3);
  state.mode_since = row.time_if_any(4);
  state.identity = identity_of(row);
  state.history = {.certain = row.flag(9), .reason = row.text(10)};
  state.told.lag_at = row.time_if_any(11);
  if (!row.is_null(12)) {
    state.told.excess_privileges = row.text(12);
  }
  state.freeze = freeze_of(row);
  return state;
}

Result<void> update_environment(Database& database, std::int64_t id, const Change& change) {
  Result<void> done;
  if (const auto& flip = change.flip) {
    done = only(database.execute(set_flip, {id, mode_value(flip->mode), flip->by, flip->reason}));
  }
  if (done && change.last_mode) {
    done = only(
        database.execute(set_last_mode, {id, mode_value(change.last_mode), sql_time(change.at)}));
  }
  if (const auto& identity = change.identity; done && identity) {
    done = only(database.execute(set_identity,
                                 {id,
                                  identity->system_identifier,
                                  std::int64_t{identity->timeline},
                                  std::int64_t{identity->database_oid},
                                  std::int64_t{identity->schema_oid}}));
  }
  if (const auto& history = change.history; done && history) {
    done = only(database.execute(
        set_history,
        {id, std::int64_t{history->certain}, history->certain ? "" : history->reason}));
  }
  if (const auto& told = change.told; done && told) {
    done = only(database.execute(
        set_told,
        {id,
         sql_time(told->lag_at),
         told->excess_privileges ? SqlValue(*told->excess_privileges) : SqlValue()}));
  }
  if (done && change.freeze) {
    done = only(database.execute(set_freeze, freeze_values(id, *change.freeze)));
  }
  return done;
}

Result<void> rename_environment(Database& database, std::int64_t id, const std::string& name) {
  return only(database.execute(set_name, {id, name}));
}

Result<void> doubt_all_histories(Database& database, const std::string& reason, TimePoint now) {
  auto done = only(database.execute(doubt_histories, {reason}));
  if (done) {
    const auto at = std::to_string(now.time_since_epoch().count());
    done = only(database.execute(set_meta, {std::string("restored_at"), at}));
  }
  if (done) {
    done = only(database.execute(set_meta, {std::string("restored_why"), reason}));
  }
  return done;
}

Result<History> history_of_newcomer(Database& database, TimePoint now) {
  const auto rows = database.query(select_restored);
  if (!rows) {
    return std::unexpected(rows.error());
  }
  if (rows->empty()) {
    return History{};
  }
  const auto& text = rows->front().text(0);
  TimePoint::rep at = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), at).ec != std::errc()) {
    throw DamagedLedger("restored_at is not a number");
  }
  const TimePoint restored_at{std::chrono::milliseconds{at}};
  if (now >= restored_at + newcomers_doubted_for) {
    return History{};
  }
  return History{.certain = false, .reason = rows->front().text(1)};
}

}  // namespace tidemark
