#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const Tool& tool() {
  return *find_tool("ecto");
}

const std::string migration =
    "defmodule Shop.Repo.Migrations.A do\n  use Ecto.Migration\n\n  def change do\n  end\nend\n";

std::string key(std::string_view path) {
  const auto entries = tool().entries(path, migration);
  return entries.empty() || entries.front().role == FileEntry::Role::part
             ? "(none)"
             : entries.front().key.value;
}

Relation ecto_table(const std::string& inserted_at = "timestamp(0) without time zone",
                    std::string name = "schema_migrations") {
  return table(
      "public", std::move(name), {"version bigint!", "inserted_at " + inserted_at}, {"version"});
}

// 2026-04-18, a minute after the other.
Values row(const std::string& version, int minute) {
  return {version, std::to_string(1776513600000 + 60000 * minute)};
}

}  // namespace

TEST_CASE("Ecto: a file is known by the number in front of its name") {
  const auto entries =
      tool().entries("priv/repo/migrations/20260101000000_add_phone.exs", migration);
  REQUIRE(entries.size() == 1);
  const auto& entry = entries.front();
  CHECK(entry.role == FileEntry::Role::versioned);
  CHECK(entry.key.value == "20260101000000");
  CHECK(entry.id.value == "20260101000000_add_phone");
  CHECK(entry.version == Version::parse("20260101000000"));
  CHECK(entry.description == "add phone");
  CHECK(key("0007_a.exs") == "7");
  CHECK(key("7_a.exs") == "7");
  CHECK(key("2026/7_Add-Phone.v2.exs") == "7");
}

TEST_CASE("Ecto: what is no migration is none") {
  for (const auto* path : {"20260101000000_add_phone.ex",
                           "20260101000000_.exs",
                           "20260101000000.exs",
                           "20260101000000-add_phone.exs",
                           "add_phone.exs",
                           "seeds.exs",
                           ".formatter.exs",
                           "structure.sql",
                           "20260101000000_add_phone.exs.orig",
                           ".20260101000000_add_phone.exs"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("Ecto: the directory is told by what its files begin with") {
  CHECK(evidence_of(tool(), {{"1_a.exs", migration}, {".formatter.exs", "["}}) == "named 1");
  CHECK(evidence_of(tool(), {{"1_a.exs", "defmodule A do\nend\n"}}) == "none 0");
  CHECK(layout_of({{"1_a.exs", migration}, {"structure.sql", ""}}) == "ecto");
}

TEST_CASE("Ecto: two files of one version or of one name are told: Ecto runs none") {
  CHECK(problems_of(catalog_of(tool(),
                               {{"001_a.exs", migration},
                                {"1_b.exs", migration},
                                {"2_c.exs", migration},
                                {"3_c.exs", migration}})) ==
        Strings{"1_b.exs is the same migration as 001_a.exs",
                "3_c.exs has the same name as 2_c.exs"});
}

TEST_CASE("Ecto: a migration that it passes over for its suffix is told") {
  CHECK(problems_of(catalog_of(tool(),
                               {{"priv/repo/migrations/1_a.exs", migration},
                                {"priv/repo/migrations/2_b.ex", migration},
                                {"priv/repo/migrations/3_c.ex", "defmodule Shop.C do\nend\n"},
                                {"lib/shop.ex", migration}})) ==
        Strings{"priv/repo/migrations/2_b.ex is never run by Ecto: its name ends in .ex"});
}

TEST_CASE("Ecto: its table is recognised by its columns, whatever it is called") {
  CHECK(verdict(tool(), ecto_table()) == "ledger");
  CHECK(verdict(tool(), ecto_table("timestamp without time zone")) == "ledger");
  CHECK(verdict(tool(), ecto_table("timestamp(0) without time zone!", "versions")) == "ledger");
  auto copy = ecto_table();
  copy.primary_key.clear();
  CHECK(tool().recognise(copy, {}).words ==
        "the columns of an Ecto ledger; no primary key on version, as in a copy");
}

TEST_CASE("Ecto: tables that only look like its own are not") {
  auto wider = ecto_table();
  wider.columns.push_back({"name", "text", false});
  CHECK(verdict(tool(), wider) == "ledger");  // people's own, in a table of its usual name
  wider.name.name = "history";
  auto textual = ecto_table();
  textual.columns.front().type = "character varying";
  for (const auto& other :
       {wider,
        textual,
        ecto_table("timestamp with time zone"),
        table("public", "schema_migrations", {"version bigint!"}, {"version"}),
        table("public", "schema_migrations", {"version bigint!", "dirty boolean!"}, {"version"}),
        table("public",
              "schema_migrations",
              {"version bigint!", "applied_at timestamp without time zone"},
              {"version"})}) {
    CHECK(verdict(tool(), other) == "no");
  }
  auto view = ecto_table();
  view.kind = 'v';
  CHECK(verdict(tool(), view) == "near_miss: has the columns of an Ecto ledger, but is a view");
}

TEST_CASE("Ecto: a row is a version and when it ran") {
  const auto rows = rows_of(tool(), {{"2", std::nullopt}, row("1", 0), {std::nullopt, "5"}});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key.value == "2");
  CHECK_FALSE(rows[0].at);
  CHECK(rows[0].token == "2");
  CHECK(rows[1].id.value == "1");
  CHECK(rows[1].at == parse_time("2026-04-18T12:00:00Z"));
  CHECK(rows[1].token == "1776513600000");
  CHECK_FALSE(tool().rows({{}, {{"1"}}}));
}

TEST_CASE("Ecto: applied, pending and late files are what mix ecto.migrate would make of them") {
  const auto catalog = catalog_of(
      tool(), {{"001_a.exs", migration}, {"002_b.exs", migration}, {"010_c.exs", migration}});
  const auto after = poll(catalog, seen(tool(), {row("1", 0), row("10", 1)}));
  CHECK(after.state("2") == "pending");
  CHECK(after.reason("2").empty());
  CHECK(after.state("10") == "applied");
  CHECK(after.note("10").empty());
  CHECK(after.findings().empty());
}

TEST_CASE("Ecto: a late file that ran is a finding only where the app forbids it") {
  const auto catalog = catalog_of(tool(), {{"1_a.exs", migration}, {"2_b.exs", migration}});
  const auto observation = seen(tool(), {row("2", 0), row("1", 1)});
  CHECK(poll(catalog, observation).findings().empty());
  CHECK(poll(catalog, observation, {}, true).findings() == "out_of_order 1");
}

TEST_CASE("Ecto: old files that were deleted are archived, a newer one without a file is not") {
  const auto catalog = catalog_of(tool(), {{"005_e.exs", migration}});
  const auto after = poll(catalog, seen(tool(), {row("1", 0), row("5", 1), row("6", 2)}));
  CHECK(after.reason("1") == "archived");
  CHECK(after.findings() == "foreign 6");
}

TEST_CASE("Ecto: a rollback is a row less, a restored ledger the same rows, a rerun a new time") {
  const auto catalog = catalog_of(tool(), {{"1_a.exs", migration}, {"2_b.exs", migration}});
  const auto before = poll(catalog, seen(tool(), {row("1", 0), row("2", 1)}));
  CHECK(poll(catalog, seen(tool(), {row("1", 0)}), before.records).findings() == "vanished 2");
  const auto edited = catalog_of(tool(), {{"1_a.exs", migration}, {"2_b.exs", migration + "#"}});
  CHECK(poll(edited, seen(tool(), {row("1", 0), row("2", 1)}), before.records).findings() ==
        "edited 2");
  CHECK(poll(edited, seen(tool(), {row("1", 0), row("2", 9)}), before.records).findings().empty());
}

TEST_CASE("Ecto: a renamed file is no drift") {
  const auto before =
      poll(catalog_of(tool(), {{"1_a.exs", migration}}), seen(tool(), {row("1", 0)}));
  const auto after = poll(
      catalog_of(tool(), {{"0001_b.exs", migration}}), seen(tool(), {row("1", 0)}), before.records);
  CHECK(after.findings().empty());
  CHECK(after.note("1") == "renamed");
}

TEST_CASE("Ecto: zeros in front of a number never tell migrations apart") {
  CHECK(rc::check([](std::uint64_t number) {
    const auto zeros = std::string(*rc::gen::inRange<std::size_t>(0, 20), '0');
    RC_ASSERT(key(zeros + std::to_string(number) + "_a.exs") == std::to_string(number));
  }));
}

TEST_CASE("Ecto: what its ledger is asked is documented") {
  CHECK(is_documented(tool().select_rows(ecto_table())));
  CHECK(is_documented(*tool().select_tail(ecto_table())));
  CHECK(is_documented(*tool().select_lock(ecto_table())));
  CHECK(tool().lock_table(ecto_table()) == "schema_migrations");
}
