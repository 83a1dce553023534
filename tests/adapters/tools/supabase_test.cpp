#include <algorithm>

#include <doctest/doctest.h>

#include <rapidcheck.h>

#include "adapters/tools/hash.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

using Verdict = Recognition::Verdict;

const Tool& tool() {
  return *find_tool("supabase");
}

std::optional<FileEntry> entry(std::string_view path, std::string_view bytes = "") {
  const auto entries = tool().entries(path, bytes);
  return entries.empty() ? std::nullopt : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

std::string checksum(std::string_view bytes) {
  return entry("1_a.sql", bytes)->checksums.accepted.front();
}

Relation ledger() {
  return table("supabase_migrations",
               "schema_migrations",
               {"version text!", "statements text[]", "name text"},
               {"version"});
}

Verdict verdict(const Relation& relation) {
  return tool().recognise(relation, {}).verdict;
}

Values row(const std::string& version,
           std::optional<std::string> name,
           std::optional<std::string> sql) {
  return {version, std::move(name), sql ? std::optional(checksum(*sql)) : sql, "7" + version};
}

const std::string one = "20260101000000";
const std::string two = "20260102000000";
const std::string three = "20260103000000";

}  // namespace

TEST_CASE("Supabase's files are numbered and lie in supabase/migrations") {
  const auto found = entry("supabase/migrations/20260101000000_add_phone.sql");
  REQUIRE(found);
  CHECK(found->key.value == one);
  CHECK(found->id.value == "20260101000000_add_phone");
  CHECK(found->version_text == one);
  CHECK(found->description == "add phone");
  CHECK(key("20260101000000_add_phone.sql") == one);
  CHECK(key("migrations/20260101000000_add_phone.sql") == one);
  CHECK(key("apps/web/supabase/migrations/20260101000000_a.sql") == one);
  CHECK(key("0001_a.sql") == "0001");
  CHECK(key("1_.sql") == "1");
}

TEST_CASE("what is none of Supabase's is not taken for one") {
  for (const std::string path : {"supabase/seed.sql",
                                 "supabase/tests/0001_test.sql",
                                 "supabase/migrations/old/20260101000000_a.sql",
                                 "prisma/migrations/20260101000000_a.sql",
                                 "20260101000000.sql",
                                 "a_20260101000000.sql",
                                 "20260101000000-a.sql",
                                 "20260101000000_a.sql~",
                                 "20260101000000_a.ts",
                                 ".20260101000000_a.sql"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("a directory is Supabase's when its config lies there, and else could be others'") {
  const std::string file = "supabase/migrations/20260101000000_a.sql";
  CHECK(evidence_of(tool(), alike({"supabase/config.toml", file})) == "marked 1");
  CHECK(evidence_of(tool(), alike({"x/supabase/config.toml", "x/" + file})) == "marked 1");
  CHECK(evidence_of(tool(),
                    alike({"config.toml", "migrations/0001_a.sql"},
                          "# shop\nproject_id = \"shop\"\n")) == "marked 1");
  CHECK(evidence_of(tool(), alike({"config.toml", "migrations/0001_a.sql"}, "[server]\n")) ==
        "none 0");
  CHECK(evidence_of(tool(), alike({"20260101000000_a.sql"})) == "possible 1");
  CHECK(evidence_of(tool(), alike({"0001_a.sql"})) == "none 0");
  CHECK(evidence_of(tool(), alike({"20260101000000_a.sql"}, "-- migrate:up\n")) == "none 0");
}

TEST_CASE("files that could be Supabase's are, once its ledger was seen") {
  const auto files = alike({"20260101000000_a.sql"});
  CHECK(layout_of(files) == "own");
  CHECK(layout_of(files, "supabase") == "supabase");
}

TEST_CASE("the checksum is of what is left without white space and semicolons") {
  CHECK(checksum("select 1;\n") == hex_hash("SHA256", "select1"));
  CHECK(checksum(" select\t1 ;\r\n;\f\v") == checksum("select 1"));
  CHECK(checksum("select 2") != checksum("select 1"));
  CHECK(checksum("-- why\nselect 1") != checksum("select 1"));
  CHECK(checksum("") == hex_hash("SHA256", ""));
  const auto marked = entry("1_a.sql", "\xEF\xBB\xBFselect 1")->checksums;
  CHECK(marked.accepted.size() == 2);
  CHECK(marked.accepted.back() == checksum("select 1"));
  CHECK(marked.complete);
  CHECK_FALSE(tool().entries_by_name("1_a.sql").front().checksums.complete);
}

TEST_CASE("white space that the CLI trims from its statements is no drift, of whatever alphabet") {
  // What it made of these files stands in its ledger as {"select 5","select 6"}.
  const auto stored = "4145535d7f8cb805bca02985f3f67df30a31ac642e760ad4ac4175485b1efeaa";
  REQUIRE(checksum("select 5select 6") == stored);
  for (const std::string blank : {"\xC2\xA0",         // U+00A0
                                  "\xE2\x80\x8A",     // U+200A
                                  "\xE2\x80\xA8",     // U+2028
                                  "\xE3\x80\x80",     // U+3000
                                  "\xEF\xBB\xBF"}) {  // a byte-order mark
    for (const auto& file :
         {"select 5;" + blank + "\nselect 6;" + blank + "\n", blank + "select 5;\nselect 6;"}) {
      const auto accepted = entry("1_a.sql", file)->checksums.accepted;
      CHECK(std::ranges::find(accepted, stored) != accepted.end());
    }
  }
  const auto other = entry("1_a.sql", "select '\xC2\xA1'")->checksums.accepted;
  CHECK(std::ranges::find(other, checksum("select ''")) == other.end());
}

TEST_CASE("wherever a file is split into statements, the checksum is the same") {
  CHECK(rc::check([] {
    const auto text =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab;' \n\t\r$-")));
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    RC_ASSERT(checksum(text) == checksum(text.substr(0, at) + " ;\r\n" + text.substr(at)));
  }));
}

TEST_CASE("Supabase's table is recognised as each of its versions made it") {
  CHECK(tool().recognise(ledger(), {}).words ==
        "a version and its statements, as the Supabase CLI keeps");
  auto newer = ledger();
  newer.columns.push_back({"created_by", "text", false});
  CHECK(verdict(newer) == Verdict::ledger);
  auto elsewhere = ledger();
  elsewhere.name = {"ops", "applied"};
  CHECK(verdict(elsewhere) == Verdict::ledger);
  const auto first =
      table("supabase_migrations", "schema_migrations", {"version text!"}, {"version"});
  CHECK(tool().recognise(first, {}).words == "a version in the schema of the Supabase CLI");
}

TEST_CASE("look-alikes of Supabase's table are not its") {
  CHECK(verdict(table("public", "schema_migrations", {"version text!"}, {"version"})) ==
        Verdict::no);
  CHECK(verdict(
            table("auth", "schema_migrations", {"version character varying(255)!"}, {"version"})) ==
        Verdict::no);
  CHECK(verdict(table("realtime",
                      "schema_migrations",
                      {"version bigint!", "inserted_at timestamp(0) without time zone"},
                      {"version"})) == Verdict::no);
  CHECK(verdict(table("public", "t", {"version text!", "statements integer"})) == Verdict::no);
  CHECK(verdict(table("public", "t", {"version integer!", "statements text[]"})) == Verdict::no);
  CHECK(verdict(table("supabase_migrations", "seed_files", {"path text!", "hash text!"})) ==
        Verdict::no);
  auto view = ledger();
  view.kind = 'v';
  CHECK(verdict(view) == Verdict::near_miss);
}

TEST_CASE("what Supabase ran is what the file says, or it is drift") {
  const Files files{{one + "_a.sql", "create table a ();\r\n\r\n-- and\r\ncreate index;"},
                    {two + "_b.sql", "select 2;"},
                    {three + "_c.sql", "select 3;"}};
  const auto after = poll(tool(),
                          files,
                          rows_of(tool(),
                                  {row(one, "a", "create table a ()-- and\ncreate index"),
                                   row(two, "b", "select 22")}));
  CHECK(after.states() == one + " applied, " + two + " drifted, " + three + " pending");
  CHECK(after.findings() == "checksum " + two);
  CHECK(after.cell(one).content == ContentVerdict::verified);
}

TEST_CASE("rows of Supabase's without statements or a name prove nothing") {
  const auto after =
      poll(tool(), {{one + "_a.sql", "select 1"}}, rows_of(tool(), {row(one, {}, {})}));
  CHECK(after.states() == one + " applied");
  CHECK(after.cell(one).content == ContentVerdict::unverifiable);
  CHECK(after.note(one).empty());
}

TEST_CASE("a rename is a note for Supabase, and a version without a file came from elsewhere") {
  const auto after =
      poll(tool(),
           {{one + "_b.sql", "select 1"}},
           rows_of(tool(), {row(one, "a", "select 1"), row(two, "by_hand", "select 2")}));
  CHECK(after.note(one) == "renamed");
  CHECK(after.line(two).id.value == two + "_by_hand");
  CHECK(after.findings() == "foreign " + two);
}

TEST_CASE("Supabase refuses a file that comes late") {
  const Files files{{one + "_a.sql", "1"}, {two + "_b.sql", "2"}, {three + "_c.sql", "3"}};
  const auto before =
      poll(tool(), files, rows_of(tool(), {row(three, "c", "3"), row(one, "a", "1")}));
  CHECK(before.states() ==
        one + " applied, " + two + " pending out_of_order, " + three + " applied");
  const auto all = rows_of(tool(), {row(one, "a", "1"), row(three, "c", "3"), row(two, "b", "2")});
  CHECK(poll(tool(), files, all, before.records).findings().empty());
}

TEST_CASE("the dump that projects of 2021 begin with is never run, unless it is not the first") {
  CHECK(poll(tool(), {{"20211208235959_init.sql", "1"}, {two + "_b.sql", "2"}}, {}).states() ==
        "20211208235959 not_due skipped, " + two + " pending");
  CHECK(poll(tool(), {{"20211209000000_init.sql", "1"}}, {}).states() == "20211209000000 pending");
  CHECK(poll(tool(), {{"20211208235959_inits.sql", "1"}}, {}).states() == "20211208235959 pending");
  CHECK(poll(tool(), {{"20211101000000_a.sql", "1"}, {"20211208235959_init.sql", "1"}}, {})
            .states() == "20211101000000 pending, 20211208235959 pending");
}

TEST_CASE("what `supabase migration squash` made one of is archived once the ledger says so too") {
  const Files files{{one + "_a.sql", "1"}, {two + "_b.sql", "2"}, {three + "_c.sql", "3"}};
  const Files squashed{{two + "_b.sql", "1 and 2"}, {three + "_c.sql", "3"}};
  const auto rows = rows_of(tool(), {row(one, "a", "1"), row(two, "b", "2"), row(three, "c", "3")});
  auto again = row(two, "b", "1 and 2");
  again.back() = "written anew";
  const auto told = rows_of(tool(), {again, row(three, "c", "3")});
  const auto before = poll(tool(), files, rows);
  CHECK(before.findings().empty());
  // Until the ledger is told, the CLI itself refuses to go on.
  const auto halfway = poll(tool(), squashed, rows, before.records);
  CHECK(halfway.findings() == "edited " + two + ", removed " + one);
  const auto after = poll(tool(), squashed, told, halfway.records);
  CHECK(after.findings().empty());
  CHECK(after.states() == one + " applied archived, " + two + " applied, " + three + " applied");
  CHECK(after.cell(two).content == ContentVerdict::verified);
  CHECK(poll(tool(), squashed, told, after.records).findings().empty());
}

TEST_CASE("what is gone from Supabase's files and ledger and was not squashed has vanished") {
  const Files files{{one + "_a.sql", "1"}, {two + "_b.sql", "2"}, {three + "_c.sql", "3"}};
  const auto all = rows_of(tool(), {row(one, "a", "1"), row(two, "b", "2"), row(three, "c", "3")});
  const auto before = poll(tool(), files, all);
  const auto then = [&](const Files& left, std::vector<Values> rows) {
    return poll(tool(), left, rows_of(tool(), std::move(rows)), before.records).findings();
  };
  // Its file is there, or nothing after it is applied.
  CHECK(then(files, {row(two, "b", "2"), row(three, "c", "3")}) == "vanished " + one);
  CHECK(then(without(files, one + "_a.sql"), {row(three, "c", "3")}) ==
        "vanished " + two + ", vanished " + one);
  CHECK(then(without(files, two + "_b.sql"), {row(one, "a", "1"), row(three, "c", "3")}) ==
        "vanished " + two);
}

TEST_CASE("what Supabase's ledger is asked is documented") {
  auto relation = ledger();
  CHECK(is_documented(tool().select_rows(relation)));
  CHECK(is_documented(*tool().select_tail(relation)));
  relation.primary_key.clear();
  CHECK_FALSE(tool().select_tail(relation));
}
