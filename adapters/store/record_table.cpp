#include "adapters/store/record_table.h"

namespace tidemark {

namespace {

constexpr std::string_view insert_record = R"sql(
  INSERT INTO records (environment_id, key, migration, version, applied, how, evidence, at, recorded_at,
                       recorded_by, reason, sha256, normalised, size, their_row, their_checksum)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
)sql";

constexpr std::string_view select_records = R"sql(
  SELECT key, migration, version, applied, how, evidence, at, recorded_at,
         recorded_by, reason, sha256, normalised, size, their_row, their_checksum
    FROM records
   WHERE environment_id = $1
   ORDER BY seq
)sql";

SqlValues values_of(std::int64_t environment, const Record& record) {
  const auto& content = record.content;
  return {environment,
          record.key.value,
          record.id.value,
          record.version_text,
          std::int64_t{record.applied},
          std::string(to_string(record.how)),
          std::string(to_string(record.evidence)),
          sql_time(record.at),
          sql_time(record.recorded_at),
          record.by,
          record.reason,
          content ? sql_digest(content->raw) : SqlValue(),
          content ? sql_digest(content->normalised) : SqlValue(),
          content ? SqlValue(static_cast<std::int64_t>(content->size)) : SqlValue(),
          record.their_row,
          record.their_checksum};
}

Record record_of(const SqlRow& row) {
  Record record;
  record.key.value = row.text(0);
  record.id.value = row.text(1);
  record.version_text = row.text(2);
  record.applied = row.flag(3);
  record.how = known_word(parse_how(row.text(4)), row.text(4));
  record.evidence = known_word(parse_evidence(row.text(5)), row.text(5));
  record.at = row.time(6);
  record.recorded_at = row.time(7);
  record.by = row.text(8);
  record.reason = row.text(9);
  if (!row.is_null(10)) {
    record.content = Content{.raw = row.digest(10),
                             .normalised = row.digest(11),
                             .size = static_cast<std::uint64_t>(row.integer(12))};
  }
  record.their_row = row.text(13);
  record.their_checksum = row.text(14);
  return record;
}

}  // namespace

Result<void> insert_records(Database& database,
                            std::int64_t environment,
                            std::span<const Record> records) {
  for (const auto& record : records) {
    if (const auto added = database.execute(insert_record, values_of(environment, record));
        !added) {
      return fail("record " + record.id.value, added.error());
    }
  }
  return {};
}

Result<std::vector<Record>> read_records(Database& database, std::int64_t environment) {
  const auto rows = database.query(select_records, {environment});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  std::vector<Record> records;
  records.reserve(rows->size());
  for (const auto& row : *rows) {
    records.push_back(record_of(row));
  }
  return records;
}

}  // namespace tidemark
