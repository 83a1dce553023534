#include "adapters/tools/liquibase_ledger.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/liquibase_arrange.h"
#include "adapters/tools/liquibase_checksum.h"
#include "adapters/tools/liquibase_path.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

// What every version since 2 has; contexts, labels and more came later.
constexpr std::array<ColumnShape, 8> ledger_columns{{
    {"id", "character varying(255)", true},
    {"author", "character varying(255)", true},
    {"filename", "character varying(255)", true},
    {"dateexecuted", "timestamp without time zone", true},
    {"orderexecuted", "integer", true},
    {"exectype", "character varying(10)", true},
    {"md5sum", "character varying(35)", false},
    {"description", "character varying(255)", false},
}};
constexpr std::array<ColumnShape, 4> lock_columns{{
    {"id", "integer", true},
    {"locked", "boolean", true},
    {"lockgranted", "timestamp without time zone", false},
    {"lockedby", "character varying(255)", false},
}};

constexpr std::size_t columns_that_look_like_it = 6;

// The times have no zone since version 3.2 or so: it was that of whoever ran Liquibase, and the
// best guess is what a session here has by default (ours is UTC in each transaction). Tables that
// were made before have one, and keep it. A row that is run again is rewritten, with another time;
// an upgrade of Liquibase or a tag rewrites it and leaves that alone.
constexpr ReadStatement select_lower = R"sql(
  SELECT id, author, filename,
         CASE WHEN NOT isfinite(dateexecuted) THEN NULL
              WHEN pg_catalog.pg_typeof(dateexecuted)::text = 'timestamp with time zone'
              THEN floor(1000 * extract(epoch FROM dateexecuted))::bigint
              ELSE floor(1000 * extract(epoch FROM dateexecuted::timestamp AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS dateexecuted_ms,
         dateexecuted::text || ' #' || orderexecuted::text AS run,
         exectype, md5sum, description
    FROM {ledger}
   ORDER BY orderexecuted, dateexecuted
)sql";

// One that was converted from another database may be upper case throughout.
constexpr ReadStatement select_upper = R"sql(
  SELECT "ID", "AUTHOR", "FILENAME",
         CASE WHEN NOT isfinite("DATEEXECUTED") THEN NULL
              WHEN pg_catalog.pg_typeof("DATEEXECUTED")::text = 'timestamp with time zone'
              THEN floor(1000 * extract(epoch FROM "DATEEXECUTED"))::bigint
              ELSE floor(1000 * extract(epoch FROM "DATEEXECUTED"::timestamp AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS dateexecuted_ms,
         "DATEEXECUTED"::text || ' #' || "ORDEREXECUTED"::text AS run,
         "EXECTYPE", "MD5SUM", "DESCRIPTION"
    FROM {ledger}
   ORDER BY "ORDEREXECUTED", "DATEEXECUTED"
)sql";

constexpr ReadStatement select_lower_lock = R"sql(
  SELECT lockedby,
         CASE WHEN NOT isfinite(lockgranted) THEN NULL
              WHEN pg_catalog.pg_typeof(lockgranted)::text = 'timestamp with time zone'
              THEN floor(1000 * extract(epoch FROM lockgranted))::bigint
              ELSE floor(1000 * extract(epoch FROM lockgranted::timestamp AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS lockgranted_ms,
         CASE WHEN NOT isfinite(lockgranted) THEN NULL
              WHEN pg_catalog.pg_typeof(lockgranted)::text = 'timestamp with time zone'
              THEN floor(extract(epoch FROM pg_catalog.now()) - extract(epoch FROM lockgranted))::bigint
              ELSE floor(extract(epoch FROM pg_catalog.now() - lockgranted::timestamp AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS seconds
    FROM {ledger}
   WHERE locked
   ORDER BY id
   LIMIT 1
)sql";

constexpr ReadStatement select_upper_lock = R"sql(
  SELECT "LOCKEDBY",
         CASE WHEN NOT isfinite("LOCKGRANTED") THEN NULL
              WHEN pg_catalog.pg_typeof("LOCKGRANTED")::text = 'timestamp with time zone'
              THEN floor(1000 * extract(epoch FROM "LOCKGRANTED"))::bigint
              ELSE floor(1000 * extract(epoch FROM "LOCKGRANTED"::timestamp AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS lockgranted_ms,
         CASE WHEN NOT isfinite("LOCKGRANTED") THEN NULL
              WHEN pg_catalog.pg_typeof("LOCKGRANTED")::text = 'timestamp with time zone'
              THEN floor(extract(epoch FROM pg_catalog.now()) - extract(epoch FROM "LOCKGRANTED"))::bigint
              ELSE floor(extract(epoch FROM pg_catalog.now() - "LOCKGRANTED"::timestamp AT TIME ZONE (
                     SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')))::bigint
          END AS seconds
    FROM {ledger}
   WHERE "LOCKED"
   ORDER BY "ID"
   LIMIT 1
)sql";

// Old tables have times with a zone; it is the same ledger.
Relation without_zones(Relation relation) {
  constexpr std::string_view zone = " with time zone";
  for (auto& column : relation.columns) {
    const bool is_time = column.type.starts_with("timestamp") && column.type.ends_with(zone);
    if (is_time) {
      column.type.replace(column.type.size() - zone.size(), zone.size(), " without time zone");
    }
  }
  return relation;
}

bool is_upper(const Relation& relation) {
  return match_shape(relation, ledger_columns).letters == ShapeMatch::Case::upper;
}

bool is_lock(const Relation& relation) {
  return match_shape(without_zones(relation), lock_columns).wrong.empty();
}

std::string notes_of(const ShapeMatch& shape, bool locks) {
  std::vector<std::string> notes;
  std::ranges::copy_if(shape.notes, std::back_inserter(notes), [](const std::string& note) {
    return !note.starts_with("a further column");
  });
  if (!locks) {
    notes.emplace_back("without the table of its lock beside it");
  }
  return notes.empty() ? "" : "; " + join(notes, ", ");
}

}  // namespace

Recognition recognise_liquibase_ledger(const Relation& relation, std::span<const Relation> all) {
  using Verdict = Recognition::Verdict;
  const auto shape = match_shape(without_zones(relation), ledger_columns);
  if (shape.found < columns_that_look_like_it) {
    return {};
  }
  if (!shape.wrong.empty()) {
    return {Verdict::near_miss, "looks like a Liquibase ledger, but " + join(shape.wrong, " and ")};
  }
  if (shape.letters == ShapeMatch::Case::mixed) {
    return {Verdict::near_miss,
            "looks like a Liquibase ledger, but its columns are written in mixed case"};
  }
  if (const auto what = not_a_table(relation); !what.empty()) {
    return {Verdict::near_miss, "has the columns of a Liquibase ledger, but is " + what};
  }
  const TableName beside{relation.name.schema, liquibase_lock_table(relation)};
  const auto lock = std::ranges::find(all, beside, &Relation::name);
  const bool locks = lock != all.end() && is_lock(*lock);
  return {Verdict::ledger, "the columns of Liquibase" + notes_of(shape, locks)};
}

ReadQuery select_liquibase_rows(const Relation& relation) {
  return {is_upper(relation) ? select_upper : select_lower, relation.name, {}};
}

namespace {

enum Column : std::size_t { id, author, filename, at, run, exectype, md5sum, description, columns };

// A file of SQL alone is one changeset, which some versions called by its path.
std::string id_of(const std::string& id, const std::string& author, std::string path) {
  std::ranges::replace(path, '/', '_');
  return author == "includeAll" && id == "raw_" + path ? "raw" : id;
}

Row row_of(const std::vector<std::optional<std::string>>& values) {
  const auto text = [&](Column column) { return values[column].value_or(""); };
  const LiquibaseName name{normal_liquibase_path(text(filename)),
                           id_of(text(id), text(author), text(filename)),
                           text(author)};
  const auto type = lower_case(text(exectype));
  Row row;
  row.key = name.key();
  row.id = name.shown();
  row.path_in_key = name.path_in_key();
  row.description = text(description);
  row.at = time_of(values[at]);
  row.checksum = computable_liquibase_checksum(text(md5sum));
  row.token = text(run);
  if (type == "mark_ran") {
    row.description += row.description.empty() ? "" : " ";
    row.description += "(marked as ran, not executed)";
  } else if (type == "failed") {
    row.state = Row::State::failed;
  } else if (type == "skipped") {
    row.state = Row::State::undone;
  }
  return row;
}

}  // namespace

// Nothing keeps one changeset from having several rows: the last one counts.
Result<std::vector<Row>> liquibase_rows(const ResultSet& answer) {
  if (const auto checked = check_width(answer, columns, "Liquibase"); !checked) {
    return std::unexpected(checked.error());
  }
  std::vector<Row> rows;
  rows.reserve(answer.rows.size());
  std::unordered_map<std::string, std::size_t> last;
  for (const auto& values : answer.rows) {
    auto row = row_of(values);
    const auto [at, added] = last.try_emplace(row.key.value, rows.size());
    if (!added) {
      rows[at->second].state = Row::State::undone;
      at->second = rows.size();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string liquibase_lock_table(const Relation& relation) {
  return relation.name.name + (is_upper(relation) ? "LOCK" : "lock");
}

ReadQuery select_liquibase_lock(const Relation& lock) {
  return {lock.name.name.ends_with("LOCK") ? select_upper_lock : select_lower_lock, lock.name, {}};
}

}  // namespace tidemark
