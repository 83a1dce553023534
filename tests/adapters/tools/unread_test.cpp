#include "adapters/tools/unread.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/tools/choice.h"
#include "adapters/tools/file_name.h"
#include "tests/adapters/tools/relations.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string ts = " timestamp without time zone";
const std::string tstz = " timestamp with time zone";

struct Known {
  std::string tool;
  Relation relation;
};

// Each as its tool makes it.
const std::vector<Known> unread{
    {"EF Core",
     table("public",
           "__EFMigrationsHistory",
           {"MigrationId character varying(150)!", "ProductVersion character varying(32)!"},
           {"MigrationId"})},
    {"EF Core",
     table("public",
           "__ef_migrations_history",
           {"migration_id character varying(150)!", "product_version character varying(32)!"},
           {"migration_id"})},
    {"node-pg-migrate",
     table("public",
           "pgmigrations",
           {"id integer!", "name character varying(255)!", "run_on" + ts + "!"},
           {"id"})},
    {"db-migrate",
     table("public",
           "migrations",
           {"id integer!", "name character varying(255)!", "run_on" + ts + "!"},
           {"id"})},
    {"node-pg-migrate or db-migrate",
     table("app",
           "app_migrations",
           {"id integer!", "name character varying(255)!", "run_on" + ts + "!"},
           {"id"})},
    {"MikroORM",
     table("public",
           "mikro_orm_migrations",
           {"id integer!", "name character varying(255)", "executed_at" + tstz},
           {"id"})},
    {"Laravel",
     table("public",
           "migrations",
           {"id integer!", "migration character varying(255)!", "batch integer!"},
           {"id"})},
    {"Doctrine Migrations",
     table("public",
           "doctrine_migration_versions",
           {"version character varying(191)!",
            "executed_at timestamp(0) without time zone",
            "execution_time integer"},
           {"version"})},
    {"Doctrine Migrations",
     table("public", "migration_versions", {"version character varying(14)!"}, {"version"})},
    {"Doctrine Migrations",
     table("public",
           "migration_versions",
           {"version character varying(14)!", "executed_at timestamp(0) without time zone!"},
           {"version"})},
    {"Hasura CLI",
     table("hdb_catalog", "schema_migrations", {"version bigint!", "dirty boolean!"}, {"version"})},
    {"graphile-migrate",
     table("graphile_migrate",
           "migrations",
           {"hash text!", "previous_hash text", "filename text!", "date" + tstz + "!"},
           {"hash"})},
    {"refinery",
     table("public",
           "refinery_schema_history",
           {"version integer!",
            "name character varying(255)",
            "applied_on character varying(255)",
            "checksum character varying(255)"},
           {"version"})},
    {"refinery",
     table("public",
           "refinery_schema_history",
           {"version bigint!",
            "name character varying(255)",
            "applied_on character varying(255)",
            "checksum character varying(255)"},
           {"version"})},
    {"postgres-migrations",
     table("public",
           "migrations",
           {"id integer!",
            "name character varying(100)!",
            "hash character varying(40)!",
            "executed_at" + ts},
           {"id"})},
    {"Kysely",
     table("public",
           "kysely_migration",
           {"name character varying(255)!", "timestamp character varying(255)!"},
           {"name"})},
    {"pgroll",
     table("pgroll",
           "migrations",
           {"schema name!",
            "name text!",
            "migration jsonb!",
            "created_at" + ts + "!",
            "updated_at" + ts + "!",
            "parent text",
            "done boolean!",
            "resulting_schema jsonb!",
            "migration_type character varying(32)"},
           {"schema", "name"})},
    {"Pop", table("public", "schema_migration", {"version character varying(14)!"}, {"version"})},
    {"tern", table("public", "schema_version", {"version integer!"})},
    {"Sequel", table("public", "schema_migrations", {"filename text!"}, {"filename"})},
    {"Sequel", table("public", "schema_info", {"version integer!"})},
    {"Migratus",
     table("public",
           "schema_migrations",
           {"id bigint!", "applied" + ts, "description character varying(1024)"})},
    {"Postgrator",
     table("public",
           "schemaversion",
           {"version bigint!", "name text", "md5 text", "run_at" + tstz},
           {"version"})},
    {"Prisma Next",
     table("prisma_contract",
           "ledger",
           {"id bigint!",
            "created_at" + tstz + "!",
            "space text!",
            "migration_name text!",
            "migration_hash text!",
            "origin_core_hash text",
            "origin_profile_hash text",
            "destination_core_hash text!",
            "destination_profile_hash text",
            "operations jsonb!"},
           {"id"})},
    {"sql-migrate", table("public", "gorp_migrations", {"id text!", "applied_at" + tstz}, {"id"})},
};

// Ledgers that tidemark reads, and tables of applications that have a column or two of one.
const std::vector<Relation> others{
    flyway_table(),
    flyway_3_table(),
    table("public",
          "databasechangelog",
          {"id character varying(255)!",
           "author character varying(255)!",
           "filename character varying(255)!",
           "dateexecuted" + ts + "!",
           "orderexecuted integer!",
           "exectype character varying(10)!",
           "md5sum character varying(35)",
           "description character varying(255)",
           "comments character varying(255)",
           "tag character varying(255)",
           "liquibase character varying(20)",
           "contexts character varying(255)",
           "labels character varying(255)",
           "deployment_id character varying(10)"}),
    table("public",
          "_sqlx_migrations",
          {"version bigint!",
           "description text!",
           "installed_on" + tstz + "!",
           "success boolean!",
           "checksum bytea!",
           "execution_time bigint!"},
          {"version"}),
    table("public",
          "__diesel_schema_migrations",
          {"version character varying(50)!", "run_on" + ts + "!"},
          {"version"}),
    table("public", "schema_migrations", {"version character varying!"}, {"version"}),
    table("public", "schema_migrations", {"version character varying(255)!"}),
    table("public", "schema_migrations", {"version character varying(128)!"}, {"version"}),
    table("public", "schema_migrations", {"version bigint!", "dirty boolean!"}, {"version"}),
    table("public",
          "schema_migrations",
          {"version bigint!", "inserted_at timestamp(0) without time zone"},
          {"version"}),
    table("public", "schema_migrations", {"version bigint!"}),
    table("public",
          "django_migrations",
          {"id bigint!",
           "app character varying(255)!",
           "name character varying(255)!",
           "applied" + tstz + "!"},
          {"id"}),
    table("public", "alembic_version", {"version_num character varying(32)!"}, {"version_num"}),
    table("public",
          "_prisma_migrations",
          {"id character varying(36)!",
           "checksum character varying(64)!",
           "finished_at" + tstz,
           "migration_name character varying(255)!",
           "logs text",
           "rolled_back_at" + tstz,
           "started_at" + tstz + "!",
           "applied_steps_count integer!"},
          {"id"}),
    table("atlas_schema_revisions",
          "atlas_schema_revisions",
          {"version character varying!",
           "description character varying!",
           "type bigint!",
           "applied bigint!",
           "total bigint!",
           "executed_at" + tstz + "!",
           "execution_time bigint!",
           "error text",
           "error_stmt text",
           "hash character varying!",
           "partial_hashes jsonb",
           "operator_version character varying!"},
          {"version"}),
    table("public",
          "goose_db_version",
          {"id integer!", "version_id bigint!", "is_applied boolean!", "tstamp" + ts + "!"},
          {"id"}),
    table("sqitch",
          "changes",
          {"change_id text!",
           "script_hash text",
           "change text!",
           "project text!",
           "note text!",
           "committed_at" + tstz + "!",
           "committer_name text!",
           "committer_email text!",
           "planned_at" + tstz + "!",
           "planner_name text!",
           "planner_email text!"},
          {"change_id"}),
    table("drizzle",
          "__drizzle_migrations",
          {"id integer!", "hash text!", "created_at bigint"},
          {"id"}),
    table("drizzle",
          "__drizzle_migrations",
          {"id integer!", "hash text!", "created_at bigint", "name text", "applied_at" + tstz},
          {"id"}),
    table("public",
          "knex_migrations",
          {"id integer!", "name character varying(255)", "batch integer", "migration_time" + tstz},
          {"id"}),
    table("public", "knex_migrations_lock", {"index integer!", "is_locked integer"}, {"index"}),
    table("public", "SequelizeMeta", {"name character varying(255)!"}, {"name"}),
    table("public",
          "migrations",
          {"id integer!", "timestamp bigint!", "name character varying!"},
          {"id"}),
    table("supabase_migrations",
          "schema_migrations",
          {"version text!", "statements text[]", "name text"},
          {"version"}),
    table("supabase_migrations", "schema_migrations", {"version text!"}, {"version"}),
    table("public", "ar_internal_metadata", {"key character varying!", "value character varying"}),
    table("public", "jobs", {"id integer!", "name character varying(255)!", "run_on" + ts + "!"}),
    table("public", "events", {"id integer!", "name character varying(255)", "executed_at" + tstz}),
    table(
        "public", "samples", {"name character varying(255)!", "timestamp character varying(255)!"}),
    table("public", "patches", {"id text!", "applied_at" + tstz}),
    table("public", "settings", {"version integer!"}),
    table("public", "codes", {"version character varying(14)!"}),
    table("public", "uploads", {"filename text!"}),
};

}  // namespace

TEST_CASE("ledgers that are not read are named by their columns") {
  for (const auto& [tool, relation] : unread) {
    CAPTURE(relation.name.text());
    CHECK(name_unread(relation) == tool);
    auto reordered = relation;
    std::ranges::reverse(reordered.columns);
    for (auto& candidate : reordered.columns) {
      candidate.not_null = false;  // as in a copy
    }
    CHECK(name_unread(reordered) == tool);
  }
}

TEST_CASE("a ledger that is read, or a table of an application, is none of those that are not") {
  for (const auto& relation : others) {
    CAPTURE(relation.name.text());
    CHECK(name_unread(relation).empty());
  }
}

TEST_CASE("a column more, less or of another type is nobody's ledger") {
  for (const auto& [tool, relation] : unread) {
    CAPTURE(relation.name.text());
    const bool may_have_more = tool == "pgroll" || tool == "Prisma Next";
    auto wider = relation;
    wider.columns.push_back({"note", "text", false});
    wider.name.name = "x" + wider.name.name;
    CHECK(name_unread(wider) == (may_have_more ? tool : ""));
    auto other_type = relation;
    for (auto& candidate : other_type.columns) {
      candidate.type = "inet";
    }
    CHECK(name_unread(other_type).empty());
    auto narrower = relation;
    if (tool != "Doctrine Migrations" && !may_have_more) {
      narrower.columns.pop_back();
      CHECK(name_unread(narrower).empty());
    }
    auto view = relation;
    view.kind = 'v';
    CHECK(name_unread(view).empty());
  }
}

TEST_CASE("what people add to a ledger that is not read leaves it the tool's, under its own name") {
  const auto wider = [](Relation relation) {
    relation.columns.push_back({"created_by", "text", false});
    return name_unread(relation);
  };
  for (const auto& [tool, relation] : unread) {
    CAPTURE(relation.name.text());
    const bool of_others = relation.name.name == "migrations" || relation.columns.size() == 1 ||
                           relation.name.name.starts_with("schema") ||
                           relation.name.name == "app_migrations";
    CHECK((of_others || wider(relation) == tool));
  }
}

TEST_CASE("no table that is called as a ledger is passes for none, whatever its columns") {
  const auto changed = [](const Relation& relation) {
    auto wider = relation;
    wider.columns.push_back({"note", "text", false});
    auto narrower = relation;
    narrower.columns.pop_back();
    auto of_other_types = relation;
    for (auto& candidate : of_other_types.columns) {
      candidate.type = "inet";
    }
    auto renamed = relation;
    for (auto& candidate : renamed.columns) {
      candidate.name += "_2";
    }
    return std::vector{wider, narrower, of_other_types, renamed};
  };
  auto ledgers = others;
  for (const auto& known : unread) {
    ledgers.push_back(known.relation);
  }
  std::size_t tried = 0;
  for (const auto& ledger : ledgers) {
    if (!has_name_of_a_ledger(ledger.name)) {
      continue;
    }
    for (const auto& relation : changed(ledger)) {
      if (relation.columns.empty()) {
        continue;
      }
      CAPTURE(relation.name.text());
      CAPTURE(relation.columns.back().name);
      CAPTURE(relation.columns.back().type);
      const std::vector relations{relation};
      const auto choice = choose_ledger(recognise_ledgers(relations), relations, {}, "");
      CHECK((choice.ledger || choice.uncertain));
      CHECK((choice.ledger || choice.trouble.find(relation.name.text()) != std::string::npos));
      ++tried;
    }
  }
  CHECK(tried > 100);
}

TEST_CASE("a table of people's own that is called as a ledger is told with what would settle it") {
  const auto made = table(
      "public", "schema_migrations", {"version text!", "applied_at" + tstz + "!"}, {"version"});
  const std::vector relations{made};
  const auto discovered = recognise_ledgers(relations);
  const auto choice = choose_ledger(discovered, relations, {}, "");
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "public.schema_migrations has the name of a ledger, and the columns of none that tidemark "
        "knows (version text, applied_at timestamp with time zone): say what they mean with "
        "their_ledger: {custom: {table: public.schema_migrations, key: COLUMN}}, or with "
        "their_ledger: none that it is none of the app's");
  CHECK_FALSE(choose_ledger(discovered, relations, {.none = true}, "").uncertain);
  CHECK_FALSE(choose_ledger(discovered, relations, {}, "other").uncertain);
  // What another tool's ledger is called says nothing of the one that the config names.
  CHECK_FALSE(choose_ledger(discovered, relations, {find_tool("flyway")}, "").uncertain);
  CHECK(choose_ledger(discovered, relations, {find_tool("rails")}, "").uncertain);
  // Beside a ledger it is nobody's concern.
  const std::vector with_another{made, flyway_table()};
  const auto other = choose_ledger(recognise_ledgers(with_another), with_another, {}, "");
  CHECK_FALSE(other.uncertain);
  CHECK(other.trouble.empty());
}

TEST_CASE("in a platform's own place a table is the platform's, whatever its columns become") {
  for (const auto* schema : {"auth", "storage", "realtime", "graphile_worker"}) {
    CAPTURE(schema);
    const auto name = std::string(schema) == "realtime" || std::string(schema) == "auth"
                          ? "schema_migrations"
                          : "migrations";
    const std::vector relations{table(schema, name, {"id uuid!", "at" + tstz})};
    CHECK_FALSE(choose_ledger(recognise_ledgers(relations), relations, {}, "").uncertain);
  }
}

TEST_CASE("tables of one name are told apart by their columns") {
  const auto names = [](std::string_view table_name) {
    std::vector<std::string> tools;
    for (const auto& [tool, relation] : unread) {
      if (relation.name.name == table_name) {
        tools.push_back(tool);
      }
    }
    std::ranges::sort(tools);
    return tools;
  };
  using Tools = std::vector<std::string>;
  CHECK(names("migrations") ==
        Tools{"Laravel", "db-migrate", "graphile-migrate", "pgroll", "postgres-migrations"});
  CHECK(names("schema_migrations") == Tools{"Hasura CLI", "Migratus", "Sequel"});
}

TEST_CASE("every ledger that is not read is looked at for some of its columns") {
  for (const auto& [tool, relation] : unread) {
    CAPTURE(relation.name.text());
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(relation.columns, [&](const Relation::Column& candidate) {
        return lower_case(candidate.name) == name;
      });
    };
    CHECK(std::ranges::any_of(unread_telltales(), [&](const Telltale& telltale) {
      return has(telltale.column) && (telltale.other.empty() || has(telltale.other)) &&
             (telltale.columns_max == 0 || telltale.columns_max >= relation.columns.size());
    }));
  }
}

TEST_CASE("what platforms keep for themselves is theirs, in their own schemas only") {
  const auto owner = [](const Relation& relation) {
    return std::string(owned_by_platform(relation));
  };
  const auto with_schema = [](Relation relation, std::string schema) {
    relation.name.schema = std::move(schema);
    return relation;
  };
  const auto auth =
      table("auth", "schema_migrations", {"version character varying(255)!"}, {"version"});
  const auto storage = table("storage",
                             "migrations",
                             {"id integer!",
                              "name character varying(100)!",
                              "hash character varying(40)!",
                              "executed_at" + ts});
  const auto realtime = table("realtime",
                              "schema_migrations",
                              {"version bigint!", "inserted_at timestamp(0) without time zone"});
  CHECK(owner(auth) == "Supabase Auth");
  CHECK(owner(storage) == "Supabase Storage");
  CHECK(owner(realtime) == "Supabase Realtime");
  CHECK(owner(with_schema(storage, "auth")) == "Nhost Auth");
  CHECK(owner(with_schema(realtime, "_realtime")) == "Supabase Realtime");
  CHECK(owner(table(
            "supabase_functions", "migrations", {"version text!", "inserted_at" + tstz + "!"})) ==
        "Supabase Functions");
  CHECK(owner(table("hdb_catalog", "hdb_version", {"version text!"})) == "Hasura");
  CHECK(owner(table("graphile_worker", "migrations", {"id integer!", "ts" + tstz + "!"})) ==
        "Graphile Worker");
  CHECK(owner(table("cron", "job", {"jobid bigint!"})) == "pg_cron");
  for (const auto& relation : {auth, storage, realtime}) {
    CHECK(owner(with_schema(relation, "public")).empty());
  }
  CHECK(owner(table("auth", "schema_migrations", {"version character varying!"})).empty());
  CHECK(owner(table("storage", "migrations", {"id integer!"})).empty());
  CHECK(owner(flyway_table("auth")).empty());
}

TEST_CASE("what Hasura's command line applied is people's own, and not read") {
  const auto cli =
      table("hdb_catalog", "schema_migrations", {"version bigint!", "dirty boolean!"}, {"version"});
  CHECK(owned_by_platform(cli).empty());
  CHECK(name_unread(cli) == "Hasura CLI");
}

TEST_CASE("a ledger that is not read makes an environment unknown, a platform's does not") {
  const auto& laravel = unread[6].relation;
  const std::vector relations{laravel};
  const auto choice = choose_ledger(recognise_ledgers(relations), relations, {}, "");
  CHECK(choice.uncertain);
  CHECK(choice.trouble ==
        "public.migrations is a ledger of Laravel: not read yet; their_ledger: none leaves it out, "
        "and where its rows are called as files are, their_ledger: {custom: {table: "
        "public.migrations, key: COLUMN}} reads it");
  const std::vector platform{table("storage",
                                   "migrations",
                                   {"id integer!",
                                    "name character varying(100)!",
                                    "hash character varying(40)!",
                                    "executed_at" + ts})};
  const auto discovered = recognise_ledgers(platform);
  REQUIRE(discovered.rejected.size() == 1);
  CHECK(discovered.rejected.front().why == "belongs to Supabase Storage");
  const auto none = choose_ledger(discovered, platform, {}, "");
  CHECK_FALSE(none.uncertain);
  CHECK(none.trouble.empty());
}
