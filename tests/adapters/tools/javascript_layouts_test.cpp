// Directories of tools written in JavaScript: many are named alike, and what is in them decides.

#include <doctest/doctest.h>

#include "tests/adapters/tools/directory.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const std::string knex = "exports.up = (knex) => {};\n";
const std::string sequelize = "module.exports = { async up(queryInterface) {} };\n";
const std::string typeorm = "export class A1528653893000 implements MigrationInterface {}\n";
const std::string numbered = "20260418143000-a.js";

}  // namespace

TEST_CASE("folders with a migration.sql are Prisma's, unless each has a snapshot in it") {
  CHECK(layout_of({{"1_a/migration.sql", ""}, {"migration_lock.toml", ""}}) == "prisma");
  CHECK(layout_of({{"20260418143000_a/migration.sql", ""}}) == "prisma");
  CHECK(layout_of({{"20260418143000_a/migration.sql", ""},
                   {"20260418143000_a/snapshot.json", ""}}) == "drizzle");
  CHECK(layout_of({{"20260418143000_a/up.sql", ""}, {"20260418143000_a/down.sql", ""}}) ==
        "diesel");
}

TEST_CASE("numbered files beside a journal are Drizzle's, and people's own without it") {
  CHECK(layout_of({{"0000_a.sql", ""}, {"meta/_journal.json", ""}}) == "drizzle");
  CHECK(layout_of({{"0000_a.sql", ""}}) == "own");
}

TEST_CASE("programs are of the tool that they call") {
  CHECK(layout_of({{numbered, knex}}) == "knex");
  CHECK(layout_of({{numbered, sequelize}}) == "sequelize");
  CHECK(layout_of({{"1528653893000-A.ts", typeorm}}) == "typeorm");
}

TEST_CASE("programs of two tools in one directory are an ambiguity that a ledger settles") {
  const Files both{{numbered, knex}, {"20260418143001-b.js", sequelize}};
  CHECK(layout_of(both) == "(none)");
  CHECK(layout_of(both, "knex") == "knex");
  CHECK(layout_of(both, "sequelize") == "sequelize");
  CHECK(layout_of(both, "typeorm") == "(none)");
}

TEST_CASE("programs of tools whose files are not read are nobody's") {
  for (const auto& [path, text] :
       Files{{"1528653893000_users.js", "exports.up = (pgm) => {}"},
             {"1528653893000-users.js", "exports.up = (pgm) => {}"},
             {numbered, "var dbm; exports.up = (db) => {}"},
             {"2026-04-18-a.ts", "export async function up(db: Kysely<any>) {}"},
             {"Migration20260418143000.ts",
              "import { Migration } from '@mikro-orm/migrations';\n"
              "export class Migration20260418143000 extends Migration {}"},
             {"2026_04_18_143000_users.php", "<?php return new class extends Migration {};"}}) {
    CAPTURE(path);
    CHECK(chosen_for({{path, text}}).considered.empty());
  }
}
