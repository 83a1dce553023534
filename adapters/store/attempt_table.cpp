#include "adapters/store/attempt_table.h"

#include <charconv>

#include "adapters/store/encoding.h"

namespace tidemark {

namespace {

constexpr std::string_view insert_attempt = R"sql(
  INSERT INTO attempts (id, mark_xid, mark_system_identifier, mark_timeline, mark_database_oid,
                        mark_schema_oid, mark_server_started, mark_flushed,
                        journal, outcome, ended_at, detail, no_op, differences,
                        environment_id, key, migration, version, action, sha256, normalised, size,
                        statements, transactional, unanalysed, makes, started_by, started_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
          $21, $22, $23, $24, $25, $26, $27, $28)
)sql";

constexpr std::string_view set_progress = R"sql(
  UPDATE attempts
     SET mark_xid = $2, mark_system_identifier = $3, mark_timeline = $4, mark_database_oid = $5,
         mark_schema_oid = $6, mark_server_started = $7, mark_flushed = $8,
         journal = $9, outcome = $10, ended_at = $11, detail = $12, no_op = $13, differences = $14
   WHERE id = $1
)sql";

constexpr std::string_view select_attempts = R"sql(
  SELECT id, key, migration, version, action, sha256, normalised, size,
         statements, transactional, unanalysed, makes, started_by, started_at,
         mark_xid, mark_system_identifier, mark_timeline, mark_database_oid, mark_schema_oid,
         mark_server_started, mark_flushed,
         journal, outcome, ended_at, detail, environment_id, no_op, differences
    FROM attempts
)sql";

constexpr std::string_view of_id = R"sql(
   WHERE id = $1
)sql";

constexpr std::string_view open_ones = R"sql(
   WHERE environment_id = $1 AND outcome = 'open'
)sql";

constexpr std::string_view of_environment = R"sql(
   WHERE seq IN (SELECT seq
                   FROM attempts
                  WHERE environment_id = $1 AND outcome NOT IN ('applied', 'not_applied', 'cancelled')
                  UNION ALL
                 SELECT max(seq)
                   FROM attempts
                  WHERE environment_id = $1 AND outcome IN ('applied', 'not_applied', 'cancelled')
                  GROUP BY key)
   ORDER BY seq
)sql";

SqlValue unsigned_value(std::uint64_t number) {
  return std::to_string(number);
}

std::uint64_t unsigned_of(const SqlRow& row, std::size_t column) {
  const auto& text = row.text(column);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw DamagedLedger("column " + std::to_string(column + 1) + " is not a number: '" + text +
                        "'");
  }
  return number;
}

// The id and what may change of it: $1 to $14 of insert_attempt and set_progress.
SqlValues progress_values(const Attempt& attempt) {
  SqlValues values(14);
  values[0] = attempt.id;
  if (const auto& mark = attempt.mark) {
    values[1] = unsigned_value(mark->xid);
    values[2] = mark->identity.system_identifier;
    values[3] = std::int64_t{mark->identity.timeline};
    values[4] = std::int64_t{mark->identity.database_oid};
    values[5] = std::int64_t{mark->identity.schema_oid};
    values[6] = sql_time(mark->server_started);
    values[7] = unsigned_value(mark->flushed);
  }
  if (attempt.journal) {
    values[8] = encode_journal(*attempt.journal);
  }
  values[9] = std::string(to_string(attempt.outcome));
  if (attempt.outcome != Attempt::Outcome::open) {
    values[10] = sql_time(attempt.ended_at);
  }
  values[11] = attempt.detail;
  values[12] = std::int64_t{attempt.no_op};
  values[13] = encode_details(attempt.differences);
  return values;
}

SqlValues all_values(std::int64_t environment, const Attempt& attempt) {
  auto values = progress_values(attempt);
  const SqlValues intent{environment,
                         attempt.key.value,
                         attempt.migration.value,
                         attempt.version_text,
                         std::string(to_string(attempt.action)),
                         sql_digest(attempt.content.raw),
                         sql_digest(attempt.content.normalised),
                         static_cast<std::int64_t>(attempt.content.size),
                         static_cast<std::int64_t>(attempt.statements),
                         std::int64_t{attempt.transactional},
                         std::int64_t{attempt.unanalysed},
                         encode_names(attempt.makes),
                         attempt.by,
                         sql_time(attempt.started_at)};
  values.insert(values.end(), intent.begin(), intent.end());
  return values;
}

std::optional<TransactionMark> mark_of(const SqlRow& row) {
  if (row.is_null(14)) {
    return std::nullopt;
  }
  return TransactionMark{
      .xid = unsigned_of(row, 14),
      .identity = {.system_identifier = row.text(15),
                   .timeline = static_cast<std::uint32_t>(row.integer(16)),
                   .database_oid = static_cast<std::uint32_t>(row.integer(17)),
                   .schema_oid = static_cast<std::uint32_t>(row.integer(18))},
      .server_started = row.time(19),
      .flushed = unsigned_of(row, 20),
  };
}

Attempt attempt_of(const SqlRow& row) {
  Attempt attempt;
  attempt.id = row.text(0);
  attempt.key.value = row.text(1);
  attempt.migration.value = row.text(2);
  attempt.version_text = row.text(3);
  attempt.action = known_word(parse_attempt_action(row.text(4)), row.text(4));
  attempt.content = {.raw = row.digest(5),
                     .normalised = row.digest(6),
                     .size = static_cast<std::uint64_t>(row.integer(7))};
  attempt.statements = static_cast<std::size_t>(row.integer(8));
  attempt.transactional = row.flag(9);
  attempt.unanalysed = row.flag(10);
  attempt.makes = decode_names(row.text(11));
  attempt.by = row.text(12);
  attempt.started_at = row.time(13);
  attempt.mark = mark_of(row);
  if (!row.is_null(21)) {
    attempt.journal = decode_journal(row.text(21));
  }
  attempt.outcome = known_word(parse_attempt_outcome(row.text(22)), row.text(22));
  attempt.ended_at = row.time_if_any(23).value_or(TimePoint{});
  attempt.detail = row.text(24);
  attempt.no_op = row.flag(26);
  attempt.differences = decode_details(row.text(27));
  return attempt;
}

Result<std::vector<SqlRow>> select(Database& database,
                                   std::string_view which,
                                   const SqlValues& values) {
  return database.query(std::string(select_attempts) + std::string(which), values);
}

Result<void> begin(Database& database, std::int64_t environment, const Attempt& attempt) {
  if (attempt.outcome != Attempt::Outcome::open) {
    return fail(Errc::conflict,
                "it ended as " + std::string(to_string(attempt.outcome)) +
                    ", and that it began was never written down");
  }
  const auto open = select(database, open_ones, {environment});
  if (!open) {
    return std::unexpected(open.error());
  }
  if (!open->empty()) {
    const auto other = attempt_of(open->front());
    return fail(
        Errc::conflict,
        "attempt " + other.id + " of " + other.migration.value + " is open in this environment");
  }
  const auto added = database.execute(insert_attempt, all_values(environment, attempt));
  return added ? Result<void>() : std::unexpected(added.error());
}

Result<void> go_on(Database& database,
                   std::int64_t environment,
                   const Attempt& attempt,
                   const SqlRow& known_row) {
  auto known = attempt_of(known_row);
  known.mark = attempt.mark;
  known.journal = attempt.journal;
  known.outcome = attempt.outcome;
  known.ended_at = attempt.ended_at;
  known.detail = attempt.detail;
  known.no_op = attempt.no_op;
  known.differences = attempt.differences;
  if (known_row.integer(25) != environment || known != attempt) {
    return fail(Errc::conflict, "it is known, and set out to do something else");
  }
  const auto changed = database.execute(set_progress, progress_values(attempt));
  return changed ? Result<void>() : std::unexpected(changed.error());
}

Result<void> store_one(Database& database, std::int64_t environment, const Attempt& attempt) {
  const auto known = select(database, of_id, {attempt.id});
  if (!known) {
    return std::unexpected(known.error());
  }
  return known->empty() ? begin(database, environment, attempt)
                        : go_on(database, environment, attempt, known->front());
}

}  // namespace

Result<void> store_attempts(Database& database,
                            std::int64_t environment,
                            std::span<const Attempt> attempts) {
  for (const auto& attempt : attempts) {
    if (const auto done = store_one(database, environment, attempt); !done) {
      return fail("attempt " + attempt.id + " of " + attempt.migration.value, done.error());
    }
  }
  return {};
}

Result<std::vector<Attempt>> read_attempts(Database& database, std::int64_t environment) {
  const auto rows = select(database, of_environment, {environment});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  std::vector<Attempt> attempts;
  attempts.reserve(rows->size());
  for (const auto& row : *rows) {
    attempts.push_back(attempt_of(row));
  }
  return attempts;
}

}  // namespace tidemark
