#include "adapters/store/audit_table.h"

#include <limits>

#include "adapters/store/encoding.h"

namespace tidemark {

namespace {

constexpr std::size_t entries_at_a_time = 2000;

constexpr std::string_view select_head = R"sql(
  SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1
)sql";

constexpr std::string_view select_hash = R"sql(
  SELECT hash FROM audit WHERE seq = $1
)sql";

constexpr std::string_view insert_entry = R"sql(
  INSERT INTO audit (seq, at, actor, what, app, environment, details, previous, hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
)sql";

constexpr std::string_view select_entries = R"sql(
  SELECT seq, at, actor, what, app, environment, details, previous, hash
    FROM audit
   WHERE seq > $1 AND at >= $2 AND ($3 = '' OR app = $3)
   ORDER BY seq
   LIMIT $4
)sql";

SqlValue number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

std::uint64_t seq_of(const SqlRow& row) {
  return static_cast<std::uint64_t>(row.integer(0));
}

AuditEntry entry_of(const SqlRow& row) {
  AuditEntry entry;
  entry.seq = seq_of(row);
  entry.event = {.at = row.time(1),
                 .actor = row.text(2),
                 .what = row.text(3),
                 .app = row.text(4),
                 .environment = row.text(5),
                 .details = decode_details(row.text(6))};
  entry.previous = row.digest(7);
  entry.hash = row.digest(8);
  return entry;
}

SqlValues values_of(const AuditEntry& entry) {
  return {number(entry.seq),
          sql_time(entry.event.at),
          entry.event.actor,
          entry.event.what,
          entry.event.app,
          entry.event.environment,
          encode_details(entry.event.details),
          sql_digest(entry.previous),
          sql_digest(entry.hash)};
}

Result<std::vector<SqlRow>> rows_after(Database& database, std::uint64_t seq) {
  return database.query(select_entries,
                        {number(seq),
                         std::numeric_limits<std::int64_t>::min(),
                         std::string(),
                         number(entries_at_a_time)});
}

// What is wrong with the row that should come after `last`; empty when nothing is.
std::string problem_of(const SqlRow& row, const AuditMark& last) {
  try {
    const auto entry = entry_of(row);
    if (entry.previous != last.hash) {
      return "it does not follow the entry before it";
    }
    // The stored text, too: a hash over what was decoded would not see a second way to write the
    // same details.
    if (entry.hash != chain_hash(entry.seq, entry.event, entry.previous) ||
        row.text(6) != encode_details(entry.event.details)) {
      return "it was changed after it was written";
    }
    return "";
  } catch (const DamagedLedger& damage) {
    return std::string("it cannot be read: ") + damage.what();
  }
}

AuditCheck bad(AuditCheck check, std::uint64_t seq, const std::string& what) {
  check.ok = false;
  check.first_bad = seq;
  check.problem = "audit entry " + std::to_string(seq) + ": " + what;
  return check;
}

}  // namespace

Result<AuditMark> read_audit_head(Database& database) {
  const auto rows = database.query(select_head);
  if (!rows) {
    return std::unexpected(rows.error());
  }
  if (rows->empty()) {
    return AuditMark{};
  }
  return AuditMark{.seq = seq_of(rows->front()), .hash = rows->front().digest(1)};
}

Result<std::optional<Digest>> read_audit_hash(Database& database, std::uint64_t seq) {
  const auto rows = database.query(select_hash, {number(seq)});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  return rows->empty() ? std::nullopt : std::optional(rows->front().digest(0));
}

Result<std::vector<AuditEntry>> append_audit(Database& database,
                                             const AuditMark& head,
                                             std::span<const AuditEvent> events) {
  std::vector<AuditEntry> entries;
  auto previous = head;
  for (const auto& event : events) {
    AuditEntry entry{
        .seq = previous.seq + 1, .event = event, .previous = previous.hash, .hash = {}};
    entry.hash = chain_hash(entry.seq, entry.event, entry.previous);
    if (const auto added = database.execute(insert_entry, values_of(entry)); !added) {
      return fail("write audit entry " + std::to_string(entry.seq), added.error());
    }
    previous = {.seq = entry.seq, .hash = entry.hash};
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::vector<AuditEntry>> list_audit(Database& database, const AuditFilter& filter) {
  const auto since =
      filter.since ? sql_time(*filter.since) : std::numeric_limits<std::int64_t>::min();
  const auto rows = database.query(
      select_entries, {number(filter.after_seq), since, filter.app, number(filter.limit)});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  std::vector<AuditEntry> entries;
  entries.reserve(rows->size());
  for (const auto& row : *rows) {
    entries.push_back(entry_of(row));
  }
  return entries;
}

Result<AuditCheck> check_audit(Database& database, std::uint64_t seq) {
  const auto trusted = read_audit_hash(database, seq);
  if (!trusted) {
    return std::unexpected(trusted.error());
  }
  AuditCheck check;
  check.last = {.seq = seq, .hash = trusted->value_or(Digest{})};
  while (true) {
    const auto rows = rows_after(database, check.last.seq);
    if (!rows) {
      return std::unexpected(rows.error());
    }
    for (const auto& row : *rows) {
      if (seq_of(row) != check.last.seq + 1) {
        return bad(check, check.last.seq + 1, "it is missing");
      }
      if (const auto problem = problem_of(row, check.last); !problem.empty()) {
        return bad(check, seq_of(row), problem);
      }
      check.last = {.seq = seq_of(row), .hash = row.digest(8)};
      ++check.entries;
    }
    if (rows->size() < entries_at_a_time) {
      return check;
    }
  }
}

}  // namespace tidemark
