#include "adapters/tools/own_ledger.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "adapters/tools/answer.h"
#include "adapters/tools/rewritten.h"
#include "adapters/tools/shape.h"
#include "core/catalog/content.h"

namespace tidemark {

namespace {

constexpr std::array<ColumnShape, 9> ledger_columns{{
    {"seq", "bigint", true},
    {"key", "text", true},
    {"name", "text", true},
    {"sha256", "text", true},
    {"action", "text", true},
    {"attempt_id", "uuid", false},
    {"release", "text", false},
    {"applied_at", "timestamp with time zone", true},
    {"applied_by", "text", true},
}};
constexpr std::size_t columns_that_look_like_it = 7;

constexpr ReadStatement select_log = R"sql(
  SELECT seq, key, name, sha256, action,
         CASE WHEN isfinite(applied_at)
              THEN floor(1000 * extract(epoch FROM applied_at))::bigint
         END AS applied_at_ms,
         applied_by
    FROM {ledger}
   ORDER BY seq
)sql";

constexpr ReadStatement select_log_tail = R"sql(
  SELECT seq, key, sha256, action
    FROM {ledger}
   ORDER BY seq DESC
   LIMIT 20
)sql";

// Of a key that is a version to any eye; what else a layout's keys are only its files know.
Version version_of_key(std::string_view key) {
  const bool plain =
      !key.empty() && key.find_first_not_of("0123456789._") == std::string_view::npos;
  return plain ? Version::parse(key) : Version();
}

Row row_of(const std::vector<std::optional<std::string>>& values) {
  Row row;
  row.token = values[0].value_or("");
  row.key.value = row.version_text = values[1].value_or("");
  row.id.value = values[2].value_or("");
  row.version = version_of_key(row.key.value);
  row.checksum = values[3];
  row.checksum_of_bytes = true;
  row.state = values[4] == "rollback" ? Row::State::undone : Row::State::applied;
  row.at = time_of(values[5]);
  row.by = values[6].value_or("");
  return row;
}

}  // namespace

Recognition recognise_own_ledger(const Relation& relation) {
  return recognise_shape(
      relation, {"tidemark's own ledger", ledger_columns, columns_that_look_like_it, true});
}

ReadQuery select_own_rows(const Relation& relation) {
  return {select_log, relation.name, {}};
}

std::optional<ReadQuery> select_own_tail(const Relation& relation) {
  if (!has_primary_key(relation, "seq")) {
    return std::nullopt;
  }
  return ReadQuery{select_log_tail, relation.name, {}};
}

// Nothing is ever taken back from the log: what it says last of a key counts.
Result<std::vector<Row>> own_rows(const ResultSet& answer) {
  if (const auto checked = check_width(answer, 7, "tidemark"); !checked) {
    return std::unexpected(checked.error());
  }
  std::vector<Row> rows;
  std::unordered_map<std::string, std::size_t> last;
  for (const auto& values : answer.rows) {
    auto row = row_of(values);
    if (const auto [at, first] = last.try_emplace(row.key.value, rows.size()); !first) {
      rows[at->second].state = Row::State::undone;
      at->second = rows.size();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> own_checksums(std::string_view bytes) {
  return hashes_as_rewritten(bytes, [](std::string_view form) { return sha256(form).hex(); });
}

}  // namespace tidemark
