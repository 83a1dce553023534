#include "adapters/tools/unread.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

// Several words are alternatives, "a|b". A type without a length is that type of any length.
struct UnreadColumn {
  std::string_view name;
  std::string_view type;
};

struct UnreadShape {
  std::string_view tool;
  std::array<UnreadColumn, 6> columns;  // in any order; there are no others
  std::string_view schema{};            // only there
  // What the table's name has one of. Where it matters, the columns are what many a table has.
  std::string_view name{};
  bool more_may_follow = false;
};

constexpr std::string_view text_of_any_length = "character varying";
constexpr std::string_view zoned = "timestamp with time zone";
constexpr std::string_view zoneless = "timestamp without time zone";
constexpr std::string_view of_migrations = "migrat";

// The first that fits is named.
constexpr std::array shapes{
    UnreadShape{"Prisma Next",
                {{{"migration_name", "text"},
                  {"migration_hash", "text"},
                  {"origin_core_hash", "text"},
                  {"destination_core_hash", "text"},
                  {"operations", "jsonb"}}},
                "prisma_contract",
                "",
                true},
    UnreadShape{"pgroll",
                {{{"schema", "name"},
                  {"name", "text"},
                  {"migration", "jsonb"},
                  {"parent", "text"},
                  {"done", "boolean"}}},
                "",
                "",
                true},
    UnreadShape{
        "graphile-migrate",
        {{{"hash", "text"}, {"previous_hash", "text"}, {"filename", "text"}, {"date", zoned}}}},
    UnreadShape{"refinery",
                {{{"version", "integer|bigint"},
                  {"name", text_of_any_length},
                  {"applied_on", text_of_any_length},
                  {"checksum", text_of_any_length}}}},
    UnreadShape{"postgres-migrations",
                {{{"id", "integer"},
                  {"name", "character varying(100)"},
                  {"hash", "character varying(40)"},
                  {"executed_at", zoneless}}}},
    UnreadShape{"Laravel",
                {{{"id", "integer"}, {"migration", text_of_any_length}, {"batch", "integer"}}}},
    UnreadShape{"EF Core",
                {{{"migrationid", text_of_any_length}, {"productversion", text_of_any_length}}}},
    UnreadShape{"EF Core",
                {{{"migration_id", text_of_any_length}, {"product_version", text_of_any_length}}}},
    UnreadShape{"Doctrine Migrations",
                {{{"version", text_of_any_length},
                  {"executed_at", zoneless},
                  {"execution_time", "integer"}}}},
    UnreadShape{"Doctrine Migrations",
                {{{"version", text_of_any_length}, {"executed_at", zoneless}}},
                "",
                "migration_versions"},
    UnreadShape{
        "Doctrine Migrations", {{{"version", text_of_any_length}}}, "", "migration_versions"},
    UnreadShape{"db-migrate",
                {{{"id", "integer"}, {"name", text_of_any_length}, {"run_on", zoneless}}},
                "",
                "=migrations"},
    UnreadShape{"node-pg-migrate",
                {{{"id", "integer"}, {"name", text_of_any_length}, {"run_on", zoneless}}},
                "",
                "=pgmigrations"},
    UnreadShape{"node-pg-migrate or db-migrate",
                {{{"id", "integer"}, {"name", text_of_any_length}, {"run_on", zoneless}}},
                "",
                of_migrations},
    UnreadShape{"MikroORM",
                {{{"id", "integer"}, {"name", text_of_any_length}, {"executed_at", zoned}}},
                "",
                "migrat|mikro"},
    UnreadShape{"Kysely",
                {{{"name", text_of_any_length}, {"timestamp", text_of_any_length}}},
                "",
                "migrat|kysely"},
    UnreadShape{"Postgrator",
                {{{"version", "bigint"}, {"name", "text"}, {"md5", "text"}, {"run_at", zoned}}}},
    UnreadShape{
        "Migratus",
        {{{"id", "bigint"}, {"applied", zoneless}, {"description", "character varying(1024)"}}}},
    UnreadShape{"Hasura CLI", {{{"version", "bigint"}, {"dirty", "boolean"}}}, "hdb_catalog"},
    UnreadShape{"sql-migrate", {{{"id", "text"}, {"applied_at", zoned}}}, "", "gorp"},
    UnreadShape{"Pop", {{{"version", "character varying(14)"}}}, "", of_migrations},
    UnreadShape{"Sequel", {{{"filename", "text"}}}, "", of_migrations},
    UnreadShape{"Sequel", {{{"version", "integer"}}}, "", "=schema_info"},
    UnreadShape{"tern", {{{"version", "integer"}}}, "", "schema_version"},
};

constexpr std::array telltale_columns{Telltale{"migration_name", "migration_hash", 0},
                                      Telltale{"migration", "parent", 0},
                                      Telltale{"previous_hash", "filename", 4},
                                      Telltale{"applied_on", "checksum", 4},
                                      Telltale{"executed_at", "name", 4},
                                      Telltale{"migration", "batch", 3},
                                      Telltale{"migrationid", "productversion", 2},
                                      Telltale{"migration_id", "product_version", 2},
                                      Telltale{"executed_at", "version", 3},
                                      Telltale{"run_on", "name", 3},
                                      Telltale{"timestamp", "name", 2},
                                      Telltale{"run_at", "md5", 4},
                                      Telltale{"applied", "description", 3},
                                      Telltale{"dirty", "version", 2},
                                      Telltale{"applied_at", "id", 2},
                                      Telltale{"version", "", 1},
                                      Telltale{"filename", "", 1}};

// Further columns in a table of such a name are people's own.
constexpr std::array<std::string_view, 9> unread_names{"__EFMigrationsHistory",
                                                       "__ef_migrations_history",
                                                       "pgmigrations",
                                                       "mikro_orm_migrations",
                                                       "doctrine_migration_versions",
                                                       "migration_versions",
                                                       "refinery_schema_history",
                                                       "kysely_migration",
                                                       "gorp_migrations"};

// Sqitch's `changes` is what many a table is called.
constexpr std::string_view name_of_many = "changes";

template <class Test>
bool any_word(std::string_view words, Test test) {
  while (true) {
    const auto end = words.find('|');
    if (test(words.substr(0, end))) {
      return true;
    }
    if (end == std::string_view::npos) {
      return false;
    }
    words.remove_prefix(end + 1);
  }
}

std::string without_length(std::string_view type) {
  std::string bare(type);
  const auto open = bare.find('(');
  const auto close = bare.find(')', open == std::string::npos ? 0 : open);
  if (open != std::string::npos && close != std::string::npos) {
    bare.erase(open, close - open + 1);
  }
  return bare;
}

bool is_of_type(const Relation::Column& column, std::string_view types) {
  return any_word(types, [&](std::string_view type) {
    const bool has_length = type.find('(') != std::string_view::npos;
    return (has_length ? column.type : without_length(column.type)) == type;
  });
}

bool has_columns(const Relation& relation, const UnreadShape& shape) {
  std::size_t wanted = 0;
  for (const auto& [name, type] : shape.columns) {
    if (name.empty()) {
      continue;
    }
    ++wanted;
    const auto* column = find_column(relation, name);
    if (column == nullptr || !is_of_type(*column, type)) {
      return false;
    }
  }
  const auto& name = relation.name.name;
  return shape.more_may_follow || relation.columns.size() == wanted ||
         (wanted > 1 && std::ranges::find(unread_names, name) != unread_names.end());
}

bool is_named(const TableName& table, const UnreadShape& shape) {
  const auto name = lower_case(table.name);
  return (shape.schema.empty() || table.schema == shape.schema) &&
         any_word(shape.name, [&](std::string_view word) {
           return word.starts_with('=') ? name == word.substr(1)
                                        : name.find(word) != std::string::npos;
         });
}

struct PlatformLedger {
  std::string_view schema;
  std::string_view owner;
  // In a schema that others may have too: only this table with these columns.
  std::string_view table{};
  std::array<UnreadColumn, 6> columns{};
};

constexpr std::array platform_ledgers{
    PlatformLedger{
        "auth", "Supabase Auth", "schema_migrations", {{{"version", "character varying(255)"}}}},
    PlatformLedger{"auth",
                   "Nhost Auth",
                   "migrations",
                   {{{"id", "integer"},
                     {"name", "character varying(100)"},
                     {"hash", "character varying(40)"},
                     {"executed_at", zoneless}}}},
    PlatformLedger{"storage",
                   "Supabase Storage",
                   "migrations",
                   {{{"id", "integer"},
                     {"name", "character varying(100)"},
                     {"hash", "character varying(40)"},
                     {"executed_at", zoneless}}}},
    PlatformLedger{"realtime",
                   "Supabase Realtime",
                   "schema_migrations",
                   {{{"version", "bigint"}, {"inserted_at", zoneless}}}},
    PlatformLedger{"_realtime", "Supabase Realtime"},
    PlatformLedger{"supabase_functions", "Supabase Functions"},
    PlatformLedger{"_analytics", "Supabase Analytics"},
    PlatformLedger{"_supavisor", "Supabase's pooler"},
    PlatformLedger{"hdb_catalog", "Hasura"},
    PlatformLedger{"graphile_worker", "Graphile Worker"},
    PlatformLedger{"pgboss", "pg-boss"},
    PlatformLedger{"cron", "pg_cron"},
};

bool is_of(const Relation& relation, const PlatformLedger& ledger) {
  if (relation.name.schema != ledger.schema) {
    return false;
  }
  const UnreadShape shape{ledger.owner, ledger.columns};
  return ledger.table.empty() ||
         (relation.name.name == ledger.table && has_columns(relation, shape));
}

}  // namespace

std::string name_unread(const Relation& relation) {
  if (!not_a_table(relation).empty()) {
    return "";
  }
  const auto found = std::ranges::find_if(shapes, [&](const UnreadShape& shape) {
    return is_named(relation.name, shape) && has_columns(relation, shape);
  });
  return found == shapes.end() ? "" : std::string(found->tool);
}

std::span<const Telltale> unread_telltales() {
  return telltale_columns;
}

std::set<std::string> names_of_ledgers() {
  std::set<std::string> names(unread_names.begin(), unread_names.end());
  for (const auto* tool : all_tools()) {
    names.insert(tool->default_tables().begin(), tool->default_tables().end());
  }
  names.erase(std::string(name_of_many));
  return names;
}

bool has_name_of_a_ledger(const TableName& table) {
  const bool of_platform = std::ranges::any_of(platform_ledgers, [&](const PlatformLedger& ledger) {
    return table.schema == ledger.schema && (ledger.table.empty() || table.name == ledger.table);
  });
  static const auto names = names_of_ledgers();
  return !of_platform && names.contains(table.name);
}

std::string_view owned_by_platform(const Relation& relation) {
  // What Hasura's command line keeps there speaks of people's own files.
  if (name_unread(relation) == "Hasura CLI") {
    return "";
  }
  const auto found = std::ranges::find_if(
      platform_ledgers, [&](const PlatformLedger& ledger) { return is_of(relation, ledger); });
  return found == platform_ledgers.end() ? std::string_view() : found->owner;
}

}  // namespace tidemark
