#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "adapters/tools/choice.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const Tool& tool() {
  return *find_tool("rails");
}

const std::string migration = "class A < ActiveRecord::Migration[7.1]\n  def change\n  end\nend\n";

std::string key(std::string_view path) {
  const auto entries = tool().entries(path, migration);
  return entries.empty() || entries.front().role == FileEntry::Role::part
             ? "(none)"
             : entries.front().key.value;
}

Relation version_table(const std::string& type,
                       std::vector<std::string> primary_key = {"version"},
                       std::string name = "schema_migrations") {
  return table("public", std::move(name), {"version " + type}, std::move(primary_key));
}

Relation metadata(std::string schema = "public", std::string name = "ar_internal_metadata") {
  return table(std::move(schema),
               std::move(name),
               {"key character varying!",
                "value character varying",
                "created_at timestamp(6) without time zone!",
                "updated_at timestamp(6) without time zone!"},
               {"key"});
}

Values row(const std::string& version, const std::string& written_by = "700") {
  return {version, written_by};
}

}  // namespace

TEST_CASE("Rails: a file is known by the number in front of its name") {
  const auto entries = tool().entries("20260101000000_add_phone.rb", migration);
  REQUIRE(entries.size() == 1);
  const auto& entry = entries.front();
  CHECK(entry.role == FileEntry::Role::versioned);
  CHECK(entry.key.value == "20260101000000");
  CHECK(entry.id.value == "20260101000000_add_phone");
  CHECK(entry.version == Version::parse("20260101000000"));
  CHECK(entry.version_text == "20260101000000");
  CHECK(entry.description == "add phone");
  CHECK_FALSE(entry.checksums.complete);
  CHECK(tool().entries_by_name("20260101000000_add_phone.rb") == entries);
}

TEST_CASE("Rails: numbers are compared as numbers, folders and engines do not matter") {
  CHECK(key("001_a.rb") == "1");
  CHECK(key("1_a.rb") == "1");
  CHECK(key("000_a.rb") == "0");
  CHECK(key("2026/20260101000000_a.rb") == "20260101000000");
  CHECK(key("20260101000000_create_books.library.rb") == "20260101000000");
  const auto of_engine = tool().entries_by_name("20260101000000_create_books.library.rb").front();
  CHECK(of_engine.id.value == "20260101000000_create_books.library");
  CHECK(of_engine.description == "create books");
}

TEST_CASE("Rails: what is no migration is none") {
  for (const auto* path : {"schema.rb",
                           "seeds.rb",
                           "add_phone.rb",
                           "20260101000000.rb",
                           "20260101000000_AddPhone.rb",
                           "20260101000000-add_phone.rb",
                           "20260101000000_add_phone.sql",
                           "20260101000000_add_phone.rb.orig",
                           "20260101000000_add_phone.rb~",
                           "20260101000000_a.b.c.rb",
                           ".20260101000000_add_phone.rb.swp",
                           "20260101000000_add_phone_BACKUP_4711.rb",
                           "structure.sql"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("Rails: the directory is told by what its files begin with, not by their names") {
  CHECK(evidence_of(tool(), {{"20260101000000_a.rb", migration}, {"README.md", ""}}) == "named 1");
  CHECK(evidence_of(tool(), {{"001_a.rb", "Sequel.migration do\nend\n"}}) == "none 0");
  CHECK(evidence_of(tool(), {{"001_a.rb", "class A < Chapter\nend\n"}}) == "none 0");
  CHECK(layout_of({{"20260101000000_a.rb", migration}}) == "rails");
  CHECK(layout_of({{"20260101000000_a.rb", migration}, {"structure.sql", ""}}) == "rails");
}

TEST_CASE("Rails: two files of one version or of one name are told: Rails runs neither") {
  CHECK(problems_of(catalog_of(tool(),
                               {{"001_a.rb", migration},
                                {"1_b.rb", migration},
                                {"2_c.rb", migration},
                                {"3_c.rb", migration}})) ==
        Strings{"1_b.rb is the same migration as 001_a.rb", "3_c.rb has the same name as 2_c.rb"});
}

TEST_CASE(
    "Rails: a file with a name that Rails refuses is told, and what is none of its files is not") {
  const std::string words =
      " has a name that Rails refuses, and with it all others: only small letters, digits and '_' "
      "follow the number";
  CHECK(problems_of(catalog_of(tool(),
                               {{"001_a.rb", migration},
                                {"002-b_c.rb", migration},
                                {"003_AddPhone.rb", migration},
                                {"004_a.b.c.rb", migration},
                                {"005-b.rb", migration},
                                {"006_Fixture.rb", "class Fixture\nend\n"},
                                {"007_a_BACKUP_12.rb", migration},
                                {"v8_A.rb", migration}})) ==
        Strings{"002-b_c.rb" + words, "003_AddPhone.rb" + words, "004_a.b.c.rb" + words});
}

TEST_CASE("Rails: its table is told by the one beside it") {
  const auto beside = std::vector{metadata()};
  CHECK(verdict(tool(), version_table("character varying!"), beside) == "ledger");
  CHECK(verdict(tool(), version_table("character varying(255)!", {}), beside) == "ledger");
  CHECK(verdict(tool(), version_table("character varying(128)!"), beside) == "ledger");
  CHECK(verdict(tool(), version_table("character varying!", {"version"}, "x_y"), beside) ==
        "ledger");
  CHECK(verdict(tool(),
                version_table("character varying!"),
                std::vector{metadata("public", "shop_ar_internal_metadata_old")}) == "ledger");
}

TEST_CASE("Rails: settings of an app, or the second table of another schema, are none beside it") {
  auto settings = metadata("public", "settings");
  CHECK(verdict(tool(), version_table("character varying!"), std::vector{settings}) == "possible");
  CHECK(verdict(tool(), version_table("character varying!"), std::vector{metadata("other")}) ==
        "possible");
  auto other = metadata();
  other.columns[1].name = "what";
  CHECK(verdict(tool(), version_table("character varying!"), std::vector{other}) == "possible");
}

TEST_CASE("Rails: without the second table it could be dbmate's, and before Rails 5 has no key") {
  CHECK(verdict(tool(), version_table("character varying!")) == "possible");
  CHECK(verdict(tool(), version_table("character varying!", {})) == "possible");
  CHECK(verdict(tool(), version_table("character varying(255)!", {})) == "possible");
}

TEST_CASE("Rails: where its ledger could be another tool's, its files decide") {
  const std::vector<Relation> relations{version_table("character varying!")};
  const auto choice = choose_ledger(recognise_ledgers(relations), relations, {}, "", "rails");
  REQUIRE(choice.ledger);
  CHECK(choice.ledger->tool->name() == "rails");
}

TEST_CASE("Rails: tables that only look like its own are not") {
  for (const auto& other :
       {version_table("character varying(255)!"),                         // dbmate before 2.0
        version_table("character varying(128)!"),                         // dbmate
        version_table("character varying(14)!", {}, "schema_migration"),  // Pop
        version_table("bigint!"),
        version_table("integer!", {}, "schema_version"),
        version_table("text!"),
        version_table("character varying", {}, "app_version"),
        version_table("character varying!", {}, "app_version"),
        table("public", "schema_migrations", {"version bigint!", "dirty boolean!"}, {"version"}),
        table("public", "schema_migrations", {"filename text!"}, {"filename"}),
        table("public",
              "schema_migrations",
              {"version character varying!", "applied_at timestamp with time zone"},
              {"version"}),
        table("public", "alembic_version", {"version_num character varying(32)!"}),
        metadata()}) {
    CAPTURE(other.name.text());
    CAPTURE(other.columns.front().type);
    CHECK(verdict(tool(), other) == "no");
  }
}

TEST_CASE("Rails: a copy of no certain shape beside the real one is none, a named one is a copy") {
  const auto beside = std::vector{metadata()};
  CHECK(verdict(tool(), version_table("character varying", {}, "app_version"), beside) == "no");
  const std::vector<Relation> relations{
      version_table("character varying!"),
      version_table("character varying", {}, "schema_migrations_2023"),
      metadata()};
  const auto choice = choose_ledger(recognise_ledgers(relations), relations, {}, "", "rails");
  REQUIRE(choice.ledger);
  CHECK(choice.ledger->relation.name.name == "schema_migrations");
  CHECK_FALSE(choice.uncertain);
}

TEST_CASE("Rails: a view of a ledger is told to be one") {
  auto view = version_table("character varying", {});
  view.kind = 'v';
  CHECK(verdict(tool(), view, std::vector{metadata()}) ==
        "near_miss: has the column of a Rails ledger, but is a view");
  view.name.name = "app_version";
  CHECK(verdict(tool(), view, std::vector{metadata()}) == "no");
}

TEST_CASE("Rails: rows are versions, in the order of their numbers") {
  const auto rows = rows_of(
      tool(), {row("10", "702"), row("002", "701"), {std::nullopt, "703"}, row("odd", "704")});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].key.value == "odd");
  CHECK(rows[1].key.value == "2");
  CHECK(rows[1].id.value == "002");
  CHECK(rows[1].version_text == "002");
  CHECK(rows[1].token == "701");
  CHECK(rows[2].key.value == "10");
  CHECK_FALSE(rows[2].checksum);
  CHECK_FALSE(rows[2].at);
  CHECK_FALSE(tool().rows({{}, {{"1"}}}));
}

TEST_CASE("Rails: applied, pending and late files are what db:migrate would make of them") {
  const auto catalog = catalog_of(
      tool(), {{"001_a.rb", migration}, {"002_b.rb", migration}, {"010_c.rb", migration}});
  const auto after = poll(catalog, seen(tool(), {row("1"), row("10")}));
  CHECK(after.state("1") == "applied");
  CHECK(after.state("2") == "pending");
  CHECK(after.reason("2").empty());  // it is late, and runs like any other
  CHECK(after.state("10") == "applied");
  CHECK(after.note("10").empty());
  CHECK(after.findings().empty());
}

TEST_CASE("Rails: old files that were deleted are archived, a newer one without a file is not") {
  const auto catalog = catalog_of(tool(), {{"005_e.rb", migration}, {"007_g.rb", migration}});
  const auto after =
      poll(catalog, seen(tool(), {row("1"), row("2"), row("5"), row("6"), row("7"), row("8")}));
  CHECK(after.reason("1") == "archived");
  CHECK(after.reason("2") == "archived");
  CHECK(after.findings() == "foreign 6, foreign 8");
}

TEST_CASE("Rails: a renamed file and other line endings are no drift, an edit is") {
  const auto before = poll(catalog_of(tool(), {{"001_a.rb", migration}}), seen(tool(), {row("1")}));
  std::string crlf;
  for (const char c : migration) {
    crlf += c == '\n' ? "\r\n" : std::string(1, c);
  }
  const auto after =
      poll(catalog_of(tool(), {{"001_better.rb", crlf}}), seen(tool(), {row("1")}), before.records);
  CHECK(after.findings().empty());
  CHECK(after.note("1") == "line_endings");
  const auto edited = poll(catalog_of(tool(), {{"001_a.rb", migration + "# more\n"}}),
                           seen(tool(), {row("1")}),
                           before.records);
  CHECK(edited.findings() == "edited 1");
}

TEST_CASE("Rails: a rollback is a row less, and a restored ledger is nobody's news") {
  const auto catalog = catalog_of(tool(), {{"001_a.rb", migration}, {"002_b.rb", migration}});
  const auto before = poll(catalog, seen(tool(), {row("1", "700"), row("2", "701")}));
  const auto rolled_back = poll(catalog, seen(tool(), {row("1", "700")}), before.records);
  CHECK(rolled_back.findings() == "vanished 2");

  const auto restored =
      poll(catalog, seen(tool(), {row("1", "31"), row("2", "31")}), before.records);
  CHECK(restored.findings().empty());
  const auto edited = catalog_of(tool(), {{"001_a.rb", migration}, {"002_b.rb", migration + "#"}});
  CHECK(poll(edited, seen(tool(), {row("1", "31"), row("2", "31")}), before.records).findings() ==
        "edited 2");
  // Rolled back, edited and applied again, all unseen: another row.
  CHECK(poll(edited, seen(tool(), {row("1", "700"), row("2", "750")}), before.records)
            .findings()
            .empty());
}

TEST_CASE("Rails: what was restored to an older state has vanished") {
  const auto catalog = catalog_of(tool(), {{"001_a.rb", migration}, {"002_b.rb", migration}});
  const auto before = poll(catalog, seen(tool(), {row("1", "700"), row("2", "701")}));
  const auto older = poll(catalog, seen(tool(), {row("1", "31")}), before.records);
  CHECK(older.findings() == "vanished 2");
}

TEST_CASE("Rails: zeros in front of a number never tell migrations apart") {
  CHECK(rc::check([](std::uint64_t number) {
    const auto zeros = std::string(*rc::gen::inRange<std::size_t>(0, 20), '0');
    const auto plain = std::to_string(number);
    RC_ASSERT(key(zeros + plain + "_a.rb") == plain);
    RC_ASSERT(rows_of(tool(), {row(zeros + plain)}).front().key.value == plain);
  }));
}

TEST_CASE("Rails: who holds its lock is found by the database's name") {
  // 2053462845 * crc32("shop_production")
  CHECK(tool().advisory_locks(version_table("character varying!"), "shop_production") ==
        std::vector<std::int64_t>{5843596595875314990});
}

TEST_CASE("Rails: what its ledger is asked is documented") {
  auto view = version_table("character varying!");
  CHECK(is_documented(tool().select_rows(view)));
  CHECK(is_documented(*tool().select_tail(view)));
  view.kind = 'v';
  CHECK(is_documented(tool().select_rows(view)));
  CHECK(tool().select_rows(view).statement.text().find("xmin") == std::string_view::npos);
  CHECK_FALSE(tool().select_tail(view));
  CHECK_FALSE(tool().select_tail(version_table("character varying!", {})));
}
