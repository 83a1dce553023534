#include <doctest/doctest.h>

#include "adapters/tools/choice.h"
#include "adapters/tools/typeorm_classes.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& typeorm() {
  return *find_tool("typeorm");
}

Relation typeorm_table(const std::string& name = "migrations") {
  return table(
      "public", name, {"id integer!", "timestamp bigint!", "name character varying!"}, {"id"});
}

std::string program(const std::string& name) {
  return "import { MigrationInterface, QueryRunner } from \"typeorm\";\n\n"
         "export class " +
         name +
         " implements MigrationInterface {\n"
         "  public async up(queryRunner: QueryRunner): Promise<void> {}\n}\n";
}

Strings keys(std::string_view path, std::string_view text) {
  Strings all;
  for (const auto& entry : typeorm().entries(path, text)) {
    all.push_back(entry.key.value);
  }
  return all;
}

std::vector<Row> ledger(const Strings& names) {
  std::vector<Values> values;
  for (const auto& name : names) {
    values.push_back(
        {std::to_string(values.size() + 1), std::string(time_of_typeorm_name(name)), name});
  }
  return rows_of(typeorm(), std::move(values));
}

const std::string users = "CreateUsers1528653893000";
const std::string orders = "CreateOrders1528653894000";
const std::string users_file = "1528653893000-CreateUsers.ts";
const std::string orders_file = "1528653894000-CreateOrders.ts";

}  // namespace

TEST_CASE("a TypeORM migration is known by its class, whatever its file is called") {
  const auto entries = typeorm().entries("src/migration/" + users_file, program(users));
  REQUIRE(entries.size() == 1);
  CHECK(entries.front().key.value == users);
  CHECK(entries.front().id.value == users);
  CHECK(entries.front().version == Version::parse("1528653893000"));
  CHECK(entries.front().version_text == "1528653893000");
  CHECK(entries.front().description == "CreateUsers");
  CHECK(keys("anything.ts", program(users)) == Strings{users});
  CHECK(keys("1528653893000-Other.ts", program(users)) == Strings{users});
  CHECK(keys("all.ts", program(users) + program(orders)) == Strings{users, orders});
}

TEST_CASE("the names of TypeORM's classes are read as they were written or compiled") {
  using Names = std::vector<std::string>;
  CHECK(typeorm_classes("class " + users + " {}") == Names{users});
  CHECK(typeorm_classes("class\n\t" + users + "{}") == Names{users});
  CHECK(typeorm_classes("class CreateUsers { name = '" + users + "' }") == Names{users});
  CHECK(typeorm_classes("class CreateUsers { readonly name: string = \"" + users + "\"; }") ==
        Names{users});
  CHECK(typeorm_classes("class " + users + " { name = '" + orders + "' }") == Names{orders});
  CHECK(typeorm_classes("class A { constructor() { this.name = '" + users + "'; } }") ==
        Names{users});
  CHECK(typeorm_classes("var X = /** @class */ (function () {\n  function " + users +
                        "() {\n    this.name = '" + users + "';\n  }\n})") == Names{users});
  CHECK(typeorm_classes("class " + users + " { name = 'users' }") == Names{users});
  CHECK(typeorm_classes("class A { name = '" + users + "'; b() { c.name = '" + orders + "' } }") ==
        Names{users});
}

TEST_CASE("what only looks like a class of TypeORM is none") {
  CHECK(typeorm_classes("// class " + users).empty());
  CHECK(typeorm_classes("/* class " + users + " */").empty());
  CHECK(typeorm_classes("'class " + users + "'").empty());
  CHECK(typeorm_classes("subclass " + users).empty());
  CHECK(typeorm_classes("class CreateUsers152865389300 {}").empty());
  CHECK(typeorm_classes("class A {} name == '" + users + "'").empty());
  CHECK(typeorm_classes("name = '" + users + "'").empty());
  CHECK(typeorm_classes("class 1528653893000 {}").empty());
  CHECK(typeorm_classes("function up() {}").empty());
  CHECK(typeorm_classes("class").empty());
  CHECK(typeorm_classes("class A { name =").empty());
  CHECK(typeorm_classes("class A { name = 'never closed").empty());
  CHECK(typeorm_classes("").empty());
}

TEST_CASE("a program of any size is read in bounds") {
  std::string many;
  for (int i = 0; i < 10'000; ++i) {
    many += "class A" + std::to_string(1528653893000 + i) + "{name='";
  }
  CHECK(typeorm_classes(many).size() <= 64);
  CHECK(typeorm_classes(std::string(1'000'000, '\'')).empty());
  CHECK(typeorm_classes(std::string(1'000'000, '/')).empty());
}

TEST_CASE("a file that cannot be read has the name that TypeORM would have given its class") {
  CHECK(typeorm_class_of_file("1528653893000-CreateUsers") == users);
  CHECK(typeorm_class_of_file("1528653893000-create-users") == users);
  CHECK(typeorm_class_of_file("1528653893000-create_users") == users);
  CHECK(typeorm_class_of_file("1528653893000_create_users").empty());
  CHECK(typeorm_class_of_file("152865389300-CreateUsers").empty());
  CHECK(typeorm_class_of_file("15286538930000-CreateUsers").empty());
  CHECK(typeorm_class_of_file("1528653893000-").empty());
  CHECK(typeorm_class_of_file("1528653893000--").empty());
  CHECK(typeorm_class_of_file("").empty());
  CHECK(typeorm().entries_by_name(users_file).front().key.value == users);
  CHECK(keys(users_file, "const { MigrationInterface } = x; module.exports = make();") ==
        Strings{users});
}

TEST_CASE("what is no TypeORM migration is none") {
  CHECK(keys("Migration20260418143000.ts",
             "import { Migration } from '@mikro-orm/migrations';\n"
             "export class Migration20260418143000 extends Migration {}")
            .empty());
  CHECK(keys("1528653893000_users.js", "exports.up = (pgm) => {}").empty());
  CHECK(keys(users_file, "exports.up = (knex) => {}").empty());
  CHECK(keys("user.entity.ts", "export class User {}").empty());
  CHECK(keys("1528653893000-CreateUsers.sql", program(users)).empty());
  CHECK(keys("1528653893000-CreateUsers.d.ts", program(users)).empty());
}

TEST_CASE("TypeORM's layout is told by milliseconds in names and by what the files call") {
  CHECK(evidence_of(typeorm(), {{users_file, program(users)}, {"index.ts", ""}}) == "named 1");
  CHECK(evidence_of(typeorm(),
                    {{"1528653893000-a.js", "class A1528653893000 { up(queryRunner) {} }"}}) ==
        "named 1");
  CHECK(evidence_of(typeorm(), {{"1528653893000-a.js", "exports.up = (pgm) => {}"}}) == "none 0");
  CHECK(evidence_of(typeorm(), {{"1528653893000_a.js", program(users)}}) == "none 0");
}

TEST_CASE("TypeORM's ledger is recognised by its columns and by a name that speaks of migrations") {
  const auto verdict = [](const Relation& relation) {
    return typeorm().recognise(relation, {}).verdict;
  };
  CHECK(verdict(typeorm_table()) == Verdict::ledger);
  CHECK(verdict(typeorm_table("custom_migration_table")) == Verdict::ledger);
  CHECK(verdict(typeorm_table("typeorm_history")) == Verdict::ledger);
  CHECK(verdict(typeorm_table("readings")) == Verdict::if_named);
  auto widened = typeorm_table();
  column(widened, "id").type = "bigint";
  CHECK(verdict(widened) == Verdict::ledger);
  auto view = typeorm_table();
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::near_miss);
  view.name.name = "readings";
  CHECK(verdict(view) == Verdict::no);
}

TEST_CASE("the look-alikes of TypeORM's ledger are not its") {
  const auto verdict = [](const Relation& relation) {
    return typeorm().recognise(relation, {}).verdict;
  };
  const auto migrations = [](const std::vector<std::string>& columns) {
    return table("public", "migrations", columns, {"id"});
  };
  CHECK(
      verdict(migrations({"id integer!", "migration character varying(255)!", "batch integer!"})) ==
      Verdict::no);
  CHECK(verdict(migrations({"id integer!",
                            "name character varying(255)!",
                            "run_on timestamp without time zone!"})) == Verdict::no);
  CHECK(verdict(migrations({"id integer!",
                            "name character varying(255)",
                            "executed_at timestamp with time zone"})) == Verdict::no);
  CHECK(verdict(migrations(
            {"name character varying(255)!", "timestamp character varying(255)!"})) == Verdict::no);
  CHECK(verdict(migrations(
            {"id integer!", "timestamp timestamp with time zone!", "name character varying!"})) ==
        Verdict::no);
  CHECK(verdict(migrations(
            {"id integer!", "timestamp bigint!", "name character varying!", "value integer"})) ==
        Verdict::no);
}

TEST_CASE("what TypeORM's ledger names is applied, the rest is pending") {
  const Files files{{users_file, program(users)}, {orders_file, program(orders)}};
  const auto after = poll(typeorm(), files, ledger({users}));
  CHECK(after.state(users) == "applied");
  CHECK(after.cell(users).content == ContentVerdict::unverifiable);
  CHECK(after.note(users).empty());
  CHECK(after.state(orders) == "pending");
  CHECK(after.findings().empty());
}

TEST_CASE("a TypeORM file may be renamed or compiled, its class may not") {
  const Files sources{{users_file, program(users)}};
  const auto before = poll(typeorm(), sources, ledger({users}));
  const auto moved =
      poll(typeorm(), {{"migrations/users.ts", program(users)}}, ledger({users}), before.records);
  CHECK(moved.findings().empty());
  const auto other = poll(
      typeorm(), {{users_file, program("Users1528653893000")}}, ledger({users}), before.records);
  CHECK(other.findings() == "removed " + users);
  CHECK(other.state("Users1528653893000") == "pending");
}

TEST_CASE("a late TypeORM migration is run next, and thrown-away old ones are archived") {
  const auto late = poll(
      typeorm(), {{users_file, program(users)}, {orders_file, program(orders)}}, ledger({orders}));
  CHECK(late.state(users) == "pending");
  CHECK(late.findings().empty());
  const auto pruned = poll(typeorm(), {{orders_file, program(orders)}}, ledger({users, orders}));
  CHECK(pruned.reason(users) == "archived");
  CHECK(pruned.findings().empty());
}

TEST_CASE("rows of TypeORM have no time of their own") {
  const auto rows = ledger({users});
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().version == Version::parse("1528653893000"));
  CHECK(rows.front().description == "CreateUsers");
  CHECK_FALSE(rows.front().at);
  CHECK(rows.front().token == "1");
  ResultSet odd;
  odd.rows.push_back({"1", std::nullopt, std::nullopt});
  CHECK(typeorm().rows(odd)->front().version.empty());
  odd.rows.push_back({"1"});
  CHECK(typeorm().rows(odd).error().code == Errc::broken);
}

TEST_CASE("what TypeORM's ledger is asked is documented") {
  CHECK(is_documented(typeorm().select_rows(typeorm_table())));
  CHECK(is_documented(*typeorm().select_tail(typeorm_table())));
}
