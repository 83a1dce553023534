#include "adapters/tools/script.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tidemark;

TEST_CASE("programs in JavaScript and what compiles to it are told by their suffix") {
  CHECK(script_stem("20260418_users.js") == "20260418_users");
  CHECK(script_stem("a.b.ts") == "a.b");
  CHECK(script_stem("x.cjs") == "x");
  CHECK(script_stem("x.coffee") == "x");
  for (const auto* other : {"x.d.ts",
                            "x.js.map",
                            "x.test.js",
                            "x.spec.ts",
                            ".x.js",
                            ".js",
                            "x.sql",
                            "x.json",
                            "js",
                            "",
                            "x.js~",
                            "x.js.orig"}) {
    CAPTURE(other);
    CHECK_FALSE(script_stem(other));
  }
}

TEST_CASE("a folder of seeds is one in any case and at any depth") {
  CHECK(in_seed_folder("db/Seeders/1-users.js"));
  CHECK(in_seed_folder("seeds/1.js"));
  CHECK_FALSE(in_seed_folder("migrations/1_seeds.js"));
  CHECK_FALSE(in_seed_folder("seeds.js"));
}

TEST_CASE("comments are no code, and quotations are no comments") {
  CHECK(without_comments("a // b\nc") == "a \nc");
  CHECK(without_comments("a /* b\n */c") == "a  c");
  CHECK(without_comments("'//' + \"/*\" + `//\n/*`") == "'//' + \"/*\" + `//\n/*`");
  CHECK(without_comments("'\\'//'") == "'\\'//'");
  CHECK(without_comments("it's\n// b\nc") == "it's\n\nc");
  CHECK(without_comments("a /* never closed") == "a  ");
  CHECK(without_comments("'never closed") == "'never closed");
  CHECK(without_comments("'\\") == "'\\");
  CHECK(without_comments("/") == "/");
  CHECK(without_comments("").empty());
}

TEST_CASE("code without comments has none") {
  CHECK(rc::check([] {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("/*'\"`\\\na")));
    const auto code = without_comments(text);
    RC_ASSERT(code.size() <= text.size());
    RC_ASSERT(without_comments(code) == code);
  }));
}

TEST_CASE("a word is none within another") {
  CHECK(has_word("exports.up = up", "up"));
  CHECK(has_word("up", "up"));
  CHECK_FALSE(has_word("setup upper _up up1 $up", "up"));
}

TEST_CASE("what a program calls tells whose migration it is") {
  CHECK(script_kind("exports.up = function(knex) { return knex.schema }") == ScriptKind::knex);
  CHECK(script_kind("import { Knex } from \"knex\";\nexport async function up(db: Knex) {}") ==
        ScriptKind::knex);
  CHECK(script_kind("module.exports = { async up (queryInterface, Sequelize) {} }") ==
        ScriptKind::sequelize);
  CHECK(script_kind("export class A1528653893000 implements MigrationInterface {}") ==
        ScriptKind::typeorm);
  CHECK(script_kind("class A1528653893000 { async up(queryRunner) {} }") == ScriptKind::typeorm);
  CHECK(script_kind("import { Migration } from '@mikro-orm/migrations';") == ScriptKind::mikro_orm);
  CHECK(script_kind("exports.up = (pgm) => { pgm.createTable('a') }") ==
        ScriptKind::node_pg_migrate);
  CHECK(script_kind("export async function up(db: Kysely<any>) {}") == ScriptKind::kysely);
  CHECK(script_kind("var dbm; exports.up = function(db) {}") == ScriptKind::db_migrate);
  CHECK(script_kind("exports.seed = function(knex) {}") == ScriptKind::other);
  CHECK(script_kind("// queryInterface was here\nexports.up = (knex) => {}") == ScriptKind::knex);
  CHECK(script_kind("") == ScriptKind::other);
}
