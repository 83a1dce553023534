#include "adapters/tools/flyway_ledger.h"

#include <array>

#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

constexpr std::array<ColumnShape, 10> columns_since_4{{
    {"installed_rank", "integer", true},
    {"version", "character varying(50)", false},
    {"description", "character varying(200)", true},
    {"type", "character varying(20)", true},
    {"script", "character varying(1000)", true},
    {"checksum", "integer", false},
    {"installed_by", "character varying(100)", true},
    {"installed_on", "timestamp without time zone", true},
    {"execution_time", "integer", true},
    {"success", "boolean", true},
}};

constexpr std::array<ColumnShape, 11> columns_of_3{{
    {"version_rank", "integer", true},
    {"installed_rank", "integer", true},
    {"version", "character varying(50)", true},
    {"description", "character varying(200)", true},
    {"type", "character varying(20)", true},
    {"script", "character varying(1000)", true},
    {"checksum", "integer", false},
    {"installed_by", "character varying(100)", true},
    {"installed_on", "timestamp without time zone", true},
    {"execution_time", "integer", true},
    {"success", "boolean", true},
}};

// With fewer of its columns a table is somebody else's: sqlx, for one, shares half of the names.
constexpr std::size_t columns_that_look_like_it = 7;

// installed_on has no zone. It was the zone of whoever ran Flyway; the best guess is what a session
// here has by default (ours is UTC in each transaction), and it is never compared with a clock of
// ours.
constexpr ReadStatement select_lower = R"sql(
  SELECT installed_rank, version, description, type, script, checksum, installed_by,
         CASE WHEN isfinite(installed_on)
              THEN floor(1000 * extract(epoch FROM installed_on AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS installed_on_ms,
         success
    FROM {ledger}
   ORDER BY installed_rank
)sql";

// A ledger that was converted from another database may be upper case throughout.
constexpr ReadStatement select_upper = R"sql(
  SELECT "INSTALLED_RANK", "VERSION", "DESCRIPTION", "TYPE", "SCRIPT", "CHECKSUM", "INSTALLED_BY",
         CASE WHEN isfinite("INSTALLED_ON")
              THEN floor(1000 * extract(epoch FROM "INSTALLED_ON" AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS installed_on_ms,
         "SUCCESS"
    FROM {ledger}
   ORDER BY "INSTALLED_RANK"
)sql";

constexpr ReadStatement select_lower_tail = R"sql(
  SELECT installed_rank, version, script, checksum, success
    FROM {ledger}
   ORDER BY installed_rank DESC
   LIMIT 20
)sql";

constexpr ReadStatement select_upper_tail = R"sql(
  SELECT "INSTALLED_RANK", "VERSION", "SCRIPT", "CHECKSUM", "SUCCESS"
    FROM {ledger}
   ORDER BY "INSTALLED_RANK" DESC
   LIMIT 20
)sql";

bool is_version_3(const Relation& relation) {
  return find_column(relation, "version_rank") != nullptr;
}

ShapeMatch match(const Relation& relation) {
  return is_version_3(relation) ? match_shape(relation, columns_of_3)
                                : match_shape(relation, columns_since_4);
}

}  // namespace

Recognition recognise_flyway_ledger(const Relation& relation) {
  auto shape = match(relation);
  if (shape.found < columns_that_look_like_it) {
    return {};
  }
  if (!shape.wrong.empty()) {
    return {Recognition::Verdict::near_miss,
            "looks like a Flyway ledger, but " + join(shape.wrong, " and ")};
  }
  if (shape.letters == ShapeMatch::Case::mixed) {
    return {Recognition::Verdict::near_miss,
            "looks like a Flyway ledger, but its columns are written in mixed case"};
  }
  if (const auto what = not_a_table(relation); !what.empty()) {
    return {Recognition::Verdict::near_miss, "has the columns of a Flyway ledger, but is " + what};
  }
  const std::string_view key = is_version_3(relation) ? "version" : "installed_rank";
  if (!has_primary_key(relation, key)) {
    shape.notes.push_back("no primary key on " + std::string(key) + ", as in a copy");
  }
  std::string words =
      is_version_3(relation) ? "the columns of Flyway 3" : "the columns of Flyway 4 and newer";
  if (!shape.notes.empty()) {
    words += "; " + join(shape.notes, ", ");
  }
  return {Recognition::Verdict::ledger, std::move(words)};
}

ReadQuery select_flyway_rows(const Relation& relation) {
  const bool upper = match(relation).letters == ShapeMatch::Case::upper;
  return {upper ? select_upper : select_lower, relation.name, {}};
}

ReadQuery select_flyway_tail(const Relation& relation) {
  const bool upper = match(relation).letters == ShapeMatch::Case::upper;
  return {upper ? select_upper_tail : select_lower_tail, relation.name, {}};
}

namespace {

// Java's of a string; of names beyond ASCII it would be another.
std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (const char c : text) {
    hash = 31 * hash + static_cast<unsigned char>(c);
  }
  return static_cast<std::int32_t>(hash);
}

}  // namespace

std::vector<std::int64_t> flyway_locks(const TableName& table) {
  constexpr std::int64_t number = 77431708279161;
  return {number, number + java_hash(table.name), number + java_hash(quoted(table))};
}

}  // namespace tidemark
