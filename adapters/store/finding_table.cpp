#include "adapters/store/finding_table.h"

#include <array>

#include <openssl/rand.h>

#include "adapters/store/encoding.h"
#include "core/text/hex.h"

namespace tidemark {

namespace {

constexpr std::string_view insert_finding = R"sql(
  INSERT INTO findings (id, environment_id, kind, key, environmental, migration, severity, summary, details,
                        opened_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
)sql";

constexpr std::string_view set_evidence = R"sql(
  UPDATE findings
     SET migration = $3, severity = $4, summary = $5, details = $6, updated_at = $7,
         acknowledged_by = '', acknowledged_reason = '', acknowledged_at = NULL, acknowledged_until = NULL
   WHERE id = $1 AND environment_id = $2 AND resolved_at IS NULL
)sql";

constexpr std::string_view set_resolved = R"sql(
  UPDATE findings
     SET resolved_at = $3
   WHERE id = $1 AND environment_id = $2 AND resolved_at IS NULL
)sql";

constexpr std::string_view set_acknowledged = R"sql(
  UPDATE findings
     SET acknowledged_by = $2, acknowledged_reason = $3, acknowledged_at = $4, acknowledged_until = $5
   WHERE id = $1
)sql";

constexpr std::string_view select_findings = R"sql(
  SELECT findings.id, kind, key, environmental, migration, severity, summary, details,
         opened_at, updated_at, resolved_at,
         acknowledged_by, acknowledged_reason, acknowledged_at, acknowledged_until,
         apps.name, environments.name
    FROM findings
    JOIN environments ON environments.id = findings.environment_id
    JOIN apps ON apps.id = environments.app_id
)sql";

constexpr std::string_view of_environment = R"sql(
   WHERE findings.environment_id = $1 AND resolved_at IS NULL
   ORDER BY opened_at, key, kind, findings.id
)sql";

constexpr std::string_view of_filter = R"sql(
   WHERE ($1 = '' OR apps.name = $1) AND ($2 = '' OR environments.name = $2)
     AND ($3 = 1 OR resolved_at IS NULL)
   ORDER BY opened_at, key, kind, findings.id
)sql";

constexpr std::string_view of_id = R"sql(
   WHERE findings.id = $1
)sql";

constexpr std::string_view delete_resolved = R"sql(
  DELETE FROM findings WHERE resolved_at < $1
)sql";

Result<std::string> fresh_id() {
  std::array<unsigned char, 10> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return fail(Errc::retry, "the system gives no random numbers");
  }
  return "f_" + in_hex(random);
}

std::optional<Acknowledgement> acknowledgement_of(const SqlRow& row) {
  if (row.is_null(13)) {
    return std::nullopt;
  }
  return Acknowledgement{
      .by = row.text(11), .reason = row.text(12), .at = row.time(13), .until = row.time_if_any(14)};
}

ListedFinding finding_of(const SqlRow& row) {
  ListedFinding listed;
  auto& stored = listed.stored;
  stored.id = row.text(0);
  stored.finding = {.kind = known_word(parse_finding_kind(row.text(1)), row.text(1)),
                    .key = {row.text(2)},
                    .id = {row.text(4)},
                    .severity = known_word(parse_severity(row.text(5)), row.text(5)),
                    .environmental = row.flag(3),
                    .summary = row.text(6),
                    .details = decode_details(row.text(7))};
  stored.opened_at = row.time(8);
  stored.updated_at = row.time(9);
  stored.resolved_at = row.time_if_any(10);
  stored.acknowledged = acknowledgement_of(row);
  listed.environment = {.app = row.text(15), .name = row.text(16)};
  return listed;
}

Result<std::vector<ListedFinding>> select(Database& database,
                                          std::string_view which,
                                          const SqlValues& values) {
  const auto rows = database.query(std::string(select_findings) + std::string(which), values);
  if (!rows) {
    return std::unexpected(rows.error());
  }
  std::vector<ListedFinding> findings;
  findings.reserve(rows->size());
  for (const auto& row : *rows) {
    findings.push_back(finding_of(row));
  }
  return findings;
}

// Exactly one row was meant.
Result<void> exactly_one(const Result<std::int64_t>& changed, const std::string& id) {
  if (!changed) {
    return fail("finding " + id, changed.error());
  }
  if (*changed != 1) {
    return fail(Errc::conflict, "finding " + id + " is not open in this environment");
  }
  return {};
}

}  // namespace

Result<StoredFinding> open_finding(Database& database,
                                   std::int64_t environment,
                                   const Finding& finding,
                                   TimePoint now) {
  auto id = fresh_id();
  if (!id) {
    return std::unexpected(id.error());
  }
  const auto added = database.execute(insert_finding,
                                      {*id,
                                       environment,
                                       std::string(to_string(finding.kind)),
                                       finding.key.value,
                                       std::int64_t{finding.environmental},
                                       finding.id.value,
                                       std::string(to_string(finding.severity)),
                                       finding.summary,
                                       encode_details(finding.details),
                                       sql_time(now)});
  if (!added) {
    return fail(
        "open the finding " + std::string(to_string(finding.kind)) + " " + finding.key.value,
        added.error());
  }
  StoredFinding stored;
  stored.id = std::move(*id);
  stored.finding = finding;
  stored.opened_at = now;
  stored.updated_at = now;
  return stored;
}

Result<StoredFinding> update_finding(Database& database,
                                     std::int64_t environment,
                                     const StoredFinding& finding) {
  const auto changed = database.execute(set_evidence,
                                        {finding.id,
                                         environment,
                                         finding.finding.id.value,
                                         std::string(to_string(finding.finding.severity)),
                                         finding.finding.summary,
                                         encode_details(finding.finding.details),
                                         sql_time(finding.updated_at)});
  if (const auto done = exactly_one(changed, finding.id); !done) {
    return std::unexpected(done.error());
  }
  auto updated = finding;
  updated.acknowledged.reset();
  return updated;
}

Result<StoredFinding> resolve_finding(Database& database,
                                      std::int64_t environment,
                                      const StoredFinding& finding,
                                      TimePoint now) {
  auto resolved = finding;
  resolved.resolved_at = finding.resolved_at.value_or(now);
  const auto changed =
      database.execute(set_resolved, {finding.id, environment, sql_time(resolved.resolved_at)});
  if (const auto done = exactly_one(changed, finding.id); !done) {
    return std::unexpected(done.error());
  }
  return resolved;
}

Result<void> set_acknowledgement(Database& database,
                                 const std::string& id,
                                 const std::optional<Acknowledgement>& acknowledgement) {
  const auto given = acknowledgement.value_or(Acknowledgement{});
  const auto changed = database.execute(set_acknowledged,
                                        {id,
                                         given.by,
                                         given.reason,
                                         acknowledgement ? sql_time(given.at) : SqlValue(),
                                         sql_time(given.until)});
  return exactly_one(changed, id);
}

Result<std::vector<StoredFinding>> read_open_findings(Database& database,
                                                      std::int64_t environment) {
  auto listed = select(database, of_environment, {environment});
  if (!listed) {
    return std::unexpected(listed.error());
  }
  std::vector<StoredFinding> findings;
  findings.reserve(listed->size());
  for (auto& finding : *listed) {
    findings.push_back(std::move(finding.stored));
  }
  return findings;
}

Result<std::vector<ListedFinding>> list_findings(Database& database, const FindingFilter& filter) {
  return select(
      database, of_filter, {filter.app, filter.environment, std::int64_t{filter.include_resolved}});
}

Result<std::optional<ListedFinding>> find_finding(Database& database, const std::string& id) {
  auto listed = select(database, of_id, {id});
  if (!listed) {
    return std::unexpected(listed.error());
  }
  return listed->empty() ? std::nullopt : std::optional(std::move(listed->front()));
}

Result<std::int64_t> delete_findings_resolved_before(Database& database, TimePoint time) {
  return database.execute(delete_resolved, {sql_time(time)});
}

}  // namespace tidemark
