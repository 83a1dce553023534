#include "adapters/tools/identity.h"

#include <chrono>

#include "adapters/tools/answer.h"

namespace tidemark {

namespace {

constexpr std::chrono::hours try_again_after{1};

// The functions are asked about by name first: where one is not ours to call, or does not exist, a
// statement with it fails as a whole.
constexpr ReadStatement select_abilities = R"sql(
  SELECT current_user, pg_catalog.current_database(),
         pg_catalog.has_function_privilege(
           pg_catalog.to_regprocedure('pg_catalog.pg_control_system()'), 'EXECUTE') AS system,
         pg_catalog.has_function_privilege(
           pg_catalog.to_regprocedure('pg_catalog.pg_current_wal_lsn()'), 'EXECUTE')
         AND pg_catalog.has_function_privilege(
           pg_catalog.to_regprocedure('pg_catalog.pg_walfile_name(pg_lsn)'), 'EXECUTE') AS timeline
)sql";

// $1: the environment's schema, or NULL.
constexpr ReadStatement select_identity = R"sql(
  SELECT pg_catalog.pg_is_in_recovery(), d.oid, n.oid
    FROM pg_catalog.pg_database d
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1::text
   WHERE d.datname = pg_catalog.current_database()
)sql";

constexpr ReadStatement select_system = R"sql(
  SELECT system_identifier FROM pg_catalog.pg_control_system()
)sql";

// Not pg_control_checkpoint(): after a promotion that says the old timeline until the next
// checkpoint.
constexpr ReadStatement select_timeline = R"sql(
  SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery()
              THEN pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)
          END
)sql";

}  // namespace

ReadQuery IdentityReader::abilities() {
  return {select_abilities, std::nullopt, {}};
}

Awaitable<std::expected<std::monostate, ReadFailure>> IdentityReader::learn(ReadSession& session,
                                                                            ResultSet abilities,
                                                                            TimePoint now) {
  role_ = value_of(abilities, 0).value_or("");
  database_ = value_of(abilities, 1).value_or("");
  const bool system_able = value_of(abilities, 2) == "t";
  const bool timeline_able = value_of(abilities, 3) == "t";
  const auto system = co_await try_out(session, system_, system_able, select_system, now);
  if (!system) {
    co_return std::unexpected(system.error());
  }
  const auto timeline = co_await try_out(session, timeline_, timeline_able, select_timeline, now);
  co_return timeline;
}

// Some services have these functions and refuse them when they are called. An identity of which a
// part is missing is better than no observation, so each is tried by itself first.
Awaitable<std::expected<std::monostate, ReadFailure>> IdentityReader::try_out(
    ReadSession& session, Part& part, bool able, ReadStatement statement, TimePoint now) {
  const bool refused_lately =
      part.refused_at && now >= *part.refused_at && now - *part.refused_at < try_again_after;
  part.told = false;
  if (!able || refused_lately) {
    co_return std::monostate{};
  }
  std::vector<ReadQuery> queries;
  queries.push_back({statement, std::nullopt, {}});
  const ReadSession::Answer answer = co_await session.read(std::move(queries), limits_);
  if (!answer && !is_refusal(answer.error().sqlstate)) {
    co_return std::unexpected(answer.error());
  }
  part.told = answer.has_value();
  part.refused_at = part.told ? std::nullopt : std::optional(now);
  co_return std::monostate{};
}

void IdentityReader::ask(std::vector<ReadQuery>& queries) const {
  ReadQuery identity{select_identity, std::nullopt, {std::nullopt}};
  if (!schema_.empty()) {
    identity.values.front() = schema_;
  }
  queries.push_back(std::move(identity));
  if (system_.told) {
    queries.push_back({select_system, std::nullopt, {}});
  }
  if (timeline_.told) {
    queries.push_back({select_timeline, std::nullopt, {}});
  }
}

IdentityReader::Told IdentityReader::read(std::span<const ResultSet> answers) const {
  Told told;
  const auto& first = answers[told.answers++];
  told.standby = value_of(first, 0) == "t";
  told.identity.database_oid = number_of(value_of(first, 1));
  told.identity.schema_oid = number_of(value_of(first, 2));
  if (system_.told) {
    told.identity.system_identifier = value_of(answers[told.answers++]).value_or("");
  }
  if (timeline_.told) {
    told.identity.timeline = number_of(value_of(answers[told.answers++]), 16);
  }
  return told;
}

}  // namespace tidemark
