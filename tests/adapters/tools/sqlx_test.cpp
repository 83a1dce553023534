#include <doctest/doctest.h>

#include <algorithm>

#include <rapidcheck.h>

#include "adapters/tools/hash.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Role = FileEntry::Role;

const std::string byte_order_mark = "\xEF\xBB\xBF";

const Tool& tool() {
  return *find_tool("sqlx");
}

std::optional<FileEntry> entry(std::string_view path, std::string_view bytes = "SELECT 1;\n") {
  const auto entries = tool().entries(path, bytes);
  return entries.empty() || entries.front().role == Role::part ? std::nullopt
                                                               : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

std::string checksum(std::string_view bytes) {
  return entry("1_a.sql", bytes)->checksums.accepted.front();
}

bool accepts(std::string_view bytes, const std::string& stored) {
  const auto all = entry("1_a.sql", bytes)->checksums.accepted;
  return std::ranges::find(all, stored) != all.end();
}

Relation ledger() {
  return table("public",
               "_sqlx_migrations",
               {"version bigint!",
                "description text!",
                "installed_on timestamp with time zone!",
                "success boolean!",
                "checksum bytea!",
                "execution_time bigint!"},
               {"version"});
}

const Files three{{"0001_users.sql", "CREATE TABLE users ();\n"},
                  {"0002_orders.sql", "CREATE TABLE orders ();\n"},
                  {"0003_add_tax.sql", "CREATE TABLE tax ();\n"}};

Values row(const std::string& version,
           const std::string& description,
           const std::string& bytes,
           bool success = true) {
  return {version,
          description,
          success ? "t" : "f",
          hex_hash("SHA384", bytes),
          std::to_string(1776513600000 + std::stoll(version) % 1000 * 1000)};
}

std::vector<Values> all_applied() {
  return {row("1", "users", three.at("0001_users.sql")),
          row("2", "orders", three.at("0002_orders.sql")),
          row("3", "add tax", three.at("0003_add_tax.sql"))};
}

Polled look(const Files& files, std::vector<Values> values, std::vector<Record> records = {}) {
  return poll(tool(), files, rows_of(tool(), std::move(values)), std::move(records));
}

}  // namespace

TEST_CASE("sqlx's 0001_add_users.sql is migration 1 with a description") {
  const auto found = entry("migrations/0001_add_users.sql");
  REQUIRE(found);
  CHECK(found->role == Role::versioned);
  CHECK(found->key.value == "1");
  CHECK(found->id.value == "0001_add_users");
  CHECK(found->version == Version::parse("1"));
  CHECK(found->version_text == "1");
  CHECK(found->description == "add users");
}

TEST_CASE("sqlx's down file rolls back what its up file does, and is never pending") {
  const auto up = entry("20260101000000_users.up.sql");
  const auto down = entry("20260101000000_users.down.sql");
  REQUIRE(up);
  REQUIRE(down);
  CHECK(up->role == Role::versioned);
  CHECK(up->id.value == "20260101000000_users");
  CHECK(down->role == Role::rollback);
  CHECK(down->key == up->key);
  CHECK(down->checksums.accepted.empty());
  const auto catalog =
      catalog_of(tool(), {{"1_a.up.sql", "a"}, {"1_a.down.sql", "b"}, {"2_b.sql", "c"}});
  CHECK(keys_of(catalog) == Strings{"1", "2"});
  REQUIRE(catalog.migrations.front().rollback);
  CHECK(catalog.migrations.front().rollback->file == "1_a.down.sql");
  CHECK_FALSE(catalog.migrations.back().rollback);
  CHECK(problems_of(catalog).empty());
}

TEST_CASE("sqlx's versions are whole numbers of 64 bits, and a name may be empty or hold dots") {
  CHECK(key("0_setup.sql") == "0");
  CHECK(key("00010_a.sql") == "10");
  CHECK(key("1_.sql") == "1");
  CHECK(key("1_.up.sql") == "1");
  CHECK(key("9223372036854775807_a.sql") == "9223372036854775807");
  CHECK(entry("1_up.sql")->description == "up");
  CHECK(entry("1_a.v2.sql")->description == "a.v2");
  CHECK(entry("1_a.sql.sql")->id.value == "1_a");
  CHECK(entry("1_a.up.up.sql")->id.value == "1_a.up");
}

TEST_CASE("what is none of sqlx's is not taken for one") {
  for (const std::string path : {"9223372036854775808_a.sql",
                                 "a_1.sql",
                                 "1.sql",
                                 "1-a.sql",
                                 "_a.sql",
                                 "1_a.SQL",
                                 "1_a.sql~",
                                 "1_a.sql.orig",
                                 "1_a.rs",
                                 ".1_a.sql",
                                 "schema.sql",
                                 "1.up.sql"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("a name without a number among sqlx's, for which it refuses to run, is a problem") {
  auto files = three;
  files["seed_data.sql"] = "INSERT INTO users DEFAULT VALUES;\n";
  CHECK(problems_of(catalog_of(tool(), files)) ==
        Strings{"seed_data.sql has no number in front of its name, for which sqlx refuses the "
                "whole folder"});
  CHECK(keys_of(catalog_of(tool(), files)) == Strings{"1", "2", "3"});
  // It looks into no other folder, and at nothing that is called in another way.
  CHECK(problems_of(catalog_of(tool(),
                               {{"migrations/1_a.sql", ""},
                                {"queries/by_name.sql", ""},
                                {"migrations/README.md", ""},
                                {"migrations/schema.sql", ""},
                                {"migrations/notes.sql", ""}}))
            .empty());
}

TEST_CASE("what lies in folders below sqlx's files is none of its") {
  CHECK(keys_of(catalog_of(tool(),
                           {{"dump_of_may.sql", ""},
                            {"migrations/1_a.sql", ""},
                            {"migrations/old/2_b.sql", ""}})) == Strings{"1"});
}

TEST_CASE("two files with one number are a problem, whatever their zeros and kind") {
  CHECK(problems_of(catalog_of(tool(), {{"1_a.sql", ""}, {"01_b.up.sql", ""}})) ==
        Strings{"1_a.sql is the same migration as 01_b.up.sql"});
  CHECK(problems_of(catalog_of(tool(), {{"1_a.down.sql", ""}})) ==
        Strings{"1_a.down.sql rolls back a migration that is not here"});
}

TEST_CASE("whatever the zeros, sqlx's key is the number and numbers are in order") {
  CHECK(rc::check([] {
    const auto number = *rc::gen::arbitrary<std::uint32_t>();
    const auto other = *rc::gen::arbitrary<std::uint32_t>();
    const auto zeros = *rc::gen::inRange<std::size_t>(0, 9);
    const auto a = entry(std::string(zeros, '0') + std::to_string(number) + "_a.sql");
    const auto b = entry(std::to_string(other) + "_b.up.sql");
    RC_ASSERT(a && b);
    RC_ASSERT(a->key.value == std::to_string(number));
    RC_ASSERT((a->version < b->version) == (number < other));
    RC_ASSERT((a->key == b->key) == (number == other));
  }));
}

TEST_CASE("sqlx's checksum is the SHA-384 of the file") {
  // Computed with sha384sum.
  CHECK(checksum("SELECT 1;\n") ==
        "24454095d8d7876ca8e842f34296ca645c83e0f7b50f048c99db4b2ff4da6592"
        "67afc4ef3e994f3d74e18c741165d931");
  CHECK(checksum("SELECT 1;\r\n") ==
        "17397e2e60835e677161a3f8f86849089bb0b9ac29484fca0511f769d62d8c2e"
        "143ab512c903b43a60a01ad7452c86c6");
  CHECK(checksum("") ==
        "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
        "274edebfe76f65fbd51ad2f14898b95b");
  CHECK(entry("1_a.up.sql", "x")->checksums.accepted.front() == checksum("x"));
  CHECK(entry("1_a.sql")->checksums.complete);
  CHECK_FALSE(tool().entries_by_name("1_a.sql").front().checksums.complete);
}

TEST_CASE("whatever sqlx hashed of a file, its other checkouts accept it, and no edit does") {
  CHECK(rc::check([] {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab;' \n\t$-")));
    const auto form = [&](const std::string& of) {
      const auto marked = *rc::gen::inRange(0, 2) == 0 ? byte_order_mark : "";
      return marked + (*rc::gen::inRange(0, 2) == 0 ? of : with_crlf(of));
    };
    const auto stored = checksum(form(text));
    RC_ASSERT(accepts(form(text), stored));
    RC_ASSERT_FALSE(accepts(form(text + "x"), stored));
  }));
}

TEST_CASE("each checksum that sqlx may have of a file is told once") {
  // As it is, with LF, without CR, without white space; with CRLF; each with and without a mark.
  CHECK(entry("1_a.sql", "SELECT 1;\n")->checksums.accepted.size() == 6);
  CHECK(entry("1_a.sql", "")->checksums.accepted.size() == 2);
  CHECK(entry("1_a.sql", "a\rb \n")->checksums.accepted.size() == 8);
}

TEST_CASE("what `ignored-chars` of a sqlx.toml leaves out is no difference") {
  const std::string bytes = "SELECT\t1,\r\n  2;\r\n";
  CHECK(accepts(bytes, hex_hash("SHA384", "SELECT\t1,\n  2;\n")));
  CHECK(accepts(bytes, hex_hash("SHA384", "SELECT1,2;")));
  CHECK(accepts(byte_order_mark + bytes, hex_hash("SHA384", "SELECT1,2;")));
  CHECK(accepts("a\rb\r\n", hex_hash("SHA384", "ab\n")));
  CHECK_FALSE(accepts(bytes, hex_hash("SHA384", "SELECT1,3;")));
}

TEST_CASE("a directory is sqlx's by its project or the first line of a file, else by a ledger") {
  const std::string marked = "-- Add migration script here\nCREATE TABLE a ();\n";
  CHECK(evidence_of(tool(), alike({"1_a.sql"}, marked)) == "named 1");
  CHECK(evidence_of(tool(), alike({"1_a.up.sql"}, "-- Add up migration script here\n")) ==
        "named 1");
  CHECK(evidence_of(tool(), alike({"sqlx.toml", "migrations/1_a.sql"})) == "marked 1");
  CHECK(evidence_of(tool(), alike({".sqlx/query-1f.json", "migrations/1_a.sql"})) == "named 1");
  const Files crate{{"Cargo.toml", "[dependencies]\nsqlx = { version = \"0.8\" }\n"},
                    {"migrations/1_a.sql", ""}};
  CHECK(evidence_of(tool(), crate) == "named 1");
  CHECK(evidence_of(tool(),
                    {{"Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n"},
                     {"migrations/1_a.sql", ""}}) == "possible 1");
  CHECK(evidence_of(tool(), alike({"1_a.sql", "2_b.sql"})) == "possible 2");
  CHECK(evidence_of(tool(), alike({"1_a.down.sql", "1_a.up.sql"})) == "none 1");
  CHECK(evidence_of(tool(), alike({"1_a.sql"}, "-- migrate:up\n")) == "none 0");
  CHECK(evidence_of(tool(), alike({"1_a.down.sql"})) == "none 0");
  CHECK(evidence_of(tool(), alike({"sqlx.toml"})) == "none 0");
}

TEST_CASE("a program that asks its database by sqlx leaves another tool's migrations that tool's") {
  for (const std::string project : {"Cargo.toml", ".sqlx/query-1f.json"}) {
    CAPTURE(project);
    Files files{{project, "[dependencies]\nsqlx = \"0.8\"\n"},
                {"migrations/20260101000000_a.sql", "-- migrate:up\n-- migrate:down\n"}};
    CHECK(layout_of(files) == "dbmate");
    files["migrations/20260101000000_a.sql"] = "-- +goose Up\n-- +goose Down\n";
    CHECK(layout_of(files) == "goose");
    files["migrations/20260101000000_a.sql"] = "-- +migrate Up\n-- +migrate Down\n";
    CHECK(layout_of(files) != "sqlx");
    files["migrations/20260101000000_a.sql"] = "CREATE TABLE a ();\n";
    CHECK(layout_of(files) == "sqlx");
    files["migrations/20260101000000_a.rollback.sql"] = "DROP TABLE a;\n";  // our own way
    CHECK(layout_of(files) == "(none)");
  }
}

TEST_CASE("numbered files that fill tables with first rows are none of sqlx's") {
  CHECK(key("db/seeds/01_demo.sql") == "(none)");
  CHECK(key("seed/01_demo.sql") == "(none)");
  const auto hasuras = chosen_for(
      alike({"migrations/default/1776522600000_x/up.sql", "seeds/default/1776522700000_rows.sql"}));
  CHECK(hasuras.trouble.find("Hasura CLI") != std::string::npos);
}

TEST_CASE("files that could be sqlx's, numbered or in pairs, are once its ledger was seen") {
  for (const auto& paths : {Strings{"0001_a.sql"},
                            Strings{"20260101000000_a.sql"},
                            Strings{"1_a.down.sql", "1_a.up.sql"}}) {
    CAPTURE(paths.front());
    CHECK(layout_of(alike(paths)) != "sqlx");
    CHECK(layout_of(alike(paths)) != "(none)");
    CHECK(layout_of(alike(paths), "sqlx") == "sqlx");
  }
  CHECK(layout_of(alike({"1_a.down.sql", "1_a.up.sql"})) == "golang-migrate");
  CHECK(layout_of(alike({"1_a.down.sql", "1_a.up.sql"}, "-- Add up migration script here\n")) ==
        "sqlx");
  CHECK(layout_of(alike({"0001_a.sql"}, "-- Add migration script here\n")) == "sqlx");
  CHECK(layout_of(alike({"20260101000000_a.sql"}, "-- Add migration script here\n")) == "sqlx");
  CHECK(layout_of(alike({"0001_a.sql", "sqlx.toml"})) == "sqlx");
}

TEST_CASE("sqlx's table is recognised by its columns, whatever it is called") {
  CHECK(verdict(tool(), ledger()) == "ledger");
  auto renamed = ledger();
  renamed.name = {"ops", "applied"};
  renamed.columns.front().not_null = false;
  renamed.primary_key.clear();
  CHECK(tool().recognise(renamed, {}).words ==
        "the columns of an sqlx ledger; version is nullable; no primary key on version, as in a "
        "copy");
  auto view = ledger();
  view.kind = 'v';
  CHECK(verdict(tool(), view) == "near_miss: has the columns of an sqlx ledger, but is a view");
}

TEST_CASE("look-alikes of sqlx's table are not its, and a damaged one is told") {
  CHECK(verdict(tool(), flyway_table()) == "no");
  CHECK(verdict(tool(), flyway_3_table()) == "no");
  auto wider = ledger();
  wider.columns.push_back({"script", "text", true});
  CHECK(verdict(tool(), wider) == "ledger");  // people's own, for nobody else's has its name
  wider.name.name = "applied";
  CHECK(verdict(tool(), wider) == "no");
  auto narrower = ledger();
  narrower.columns.pop_back();
  CHECK(verdict(tool(), narrower) ==
        "near_miss: looks like an sqlx ledger, but column execution_time is missing");
  narrower.columns.pop_back();
  CHECK(verdict(tool(), narrower) == "no");
  auto of_text = ledger();
  column(of_text, "checksum").type = "text";
  CHECK(verdict(tool(), of_text) ==
        "near_miss: looks like an sqlx ledger, but checksum is text instead of bytea");
}

TEST_CASE("a row of sqlx's is applied, has its time, its description and the checksum") {
  const auto rows = rows_of(tool(), {row("20260101000000", "add tax", "x")});
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().key.value == "20260101000000");
  CHECK(rows.front().id.value == "20260101000000_add_tax");
  CHECK(rows.front().description == "add tax");
  CHECK(rows.front().version == Version::parse("20260101000000"));
  CHECK(rows.front().state == Row::State::applied);
  CHECK(rows.front().checksum == checksum("x"));
  CHECK(rows.front().at);
  CHECK(rows_of(tool(), {{"1", "", "t", checksum("x"), std::nullopt}}).front().id.value == "1");
  CHECK(rows_of(tool(), {{"-1", "a", "t", checksum("x"), std::nullopt}}).front().version.empty());
}

TEST_CASE("what sqlx applied is verified, what it did not is pending, zeros in front or not") {
  auto rows = all_applied();
  rows.pop_back();
  const auto after = look(three, rows);
  CHECK(after.states() == "1 applied, 2 applied, 3 pending");
  CHECK(after.findings().empty());
  for (const std::string applied : {"1", "2"}) {
    CHECK(after.cell(applied).content == ContentVerdict::verified);
    CHECK(after.note(applied).empty());
  }
}

TEST_CASE("a row of sqlx's without success is a migration half applied") {
  auto rows = all_applied();
  rows[2] = row("3", "add tax", three.at("0003_add_tax.sql"), false);
  const auto after = look(three, rows);
  CHECK(after.states() == "1 applied, 2 applied, 3 drifted");
  CHECK(after.findings() == "dirty 3");
}

TEST_CASE("a file that was edited after sqlx applied it is found by its checksum") {
  auto files = three;
  files["0002_orders.sql"] += "-- more\n";
  CHECK(look(files, all_applied()).findings() == "checksum 2");
  const auto before = look(three, all_applied());
  CHECK(look(files, all_applied(), before.records).findings() == "edited 2");
}

TEST_CASE("a checkout with other line endings, which sqlx refuses, is no drift and has a note") {
  auto files = three;
  for (auto& [path, bytes] : files) {
    bytes = byte_order_mark + with_crlf(bytes);
  }
  const auto before = look(three, all_applied());
  const auto after = look(files, all_applied(), before.records);
  CHECK(after.findings().empty());
  CHECK(after.cell("1").content == ContentVerdict::verified);
  CHECK(after.note("1") == "line_endings");
  CHECK(look(files, all_applied()).findings().empty());
}

TEST_CASE("a late file is run by sqlx next, and no drift") {
  auto rows = all_applied();
  rows.erase(rows.begin() + 1);
  const auto after = look(three, rows);
  CHECK(after.states() == "1 applied, 2 pending, 3 applied");
  CHECK(after.findings().empty());
  rows.push_back(row("2", "orders", three.at("0002_orders.sql")));
  CHECK(look(three, rows, after.records).findings().empty());
}

TEST_CASE("a version of sqlx's that no file has is an error to it, and drift to us") {
  auto rows = all_applied();
  rows.push_back(row("7", "hot fix", "x"));
  const auto after = look(three, rows);
  CHECK(after.findings(Polled::By::id) == "foreign 7_hot_fix");
  const auto before = look(three, all_applied());
  CHECK(look(without(three, "0001_users.sql"), all_applied(), before.records).findings() ==
        "removed 1");
}

TEST_CASE("what sqlx reverted is gone from its ledger") {
  const auto before = look(three, all_applied());
  auto rows = all_applied();
  rows.pop_back();
  CHECK(look(three, rows, before.records).findings() == "vanished 3");
}

TEST_CASE("a file of sqlx's with another description is the same migration, and a note") {
  auto files = without(three, "0003_add_tax.sql");
  files["3_taxes.sql"] = three.at("0003_add_tax.sql");
  const auto after = look(files, all_applied(), look(three, all_applied()).records);
  CHECK(after.findings().empty());
  CHECK(after.note("3") == "renamed");
}

TEST_CASE("an answer of sqlx's ledger with another width is broken, and one of NULLs is none") {
  ResultSet answer;
  answer.rows = {{"1", "a", "t", "00"}};
  CHECK(tool().rows(answer).error().code == Errc::broken);
  answer.rows = {Values(5)};
  CHECK(tool().rows(answer)->empty());
}

TEST_CASE("sqlx's advisory lock is a hash of the database's name") {
  // 0x3d32ad9e times the CRC-32 of "shop", which is 2892647586.
  CHECK(tool().advisory_locks(ledger(), "shop") == std::vector<std::int64_t>{2969972169318647292});
}

TEST_CASE("what sqlx's ledger is asked is documented") {
  CHECK(is_documented(tool().select_rows(ledger())));
  CHECK(is_documented(*tool().select_tail(ledger())));
  auto copy = ledger();
  copy.primary_key.clear();
  CHECK_FALSE(tool().select_tail(copy));
}
