#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const Tool& tool() {
  return *find_tool("alembic");
}

// A file as `alembic revision` writes it; `down` and the others are Python.
std::string revision(const std::string& id,
                     const std::string& down = "None",
                     const std::string& depends = "None",
                     const std::string& labels = "None") {
  return "\"\"\"Make " + id + "\n\nRevision ID: " + id + "\nRevises: \n\n\"\"\"\n" +
         "from typing import Sequence, Union\n\nfrom alembic import op\n\n\n" +
         "# revision identifiers, used by Alembic.\nrevision: str = '" + id + "'\n" +
         "down_revision: Union[str, Sequence[str], None] = " + down + "\n" +
         "branch_labels = " + labels + "\ndepends_on = " + depends +
         "\n\n\ndef upgrade() -> None:\n    revision = 'not this'\n    pass\n";
}

Catalog alembic(const Files& files) {
  return catalog_of(tool(), files);
}

std::vector<std::string> after(const Catalog& catalog, const std::string& name) {
  const auto* found = catalog.find({name});
  REQUIRE_MESSAGE(found != nullptr, "no " << name);
  std::vector<std::string> keys;
  for (const auto& before : found->after) {
    keys.push_back(before.value);
  }
  return keys;
}

std::optional<Observation> heads(const std::vector<std::string>& revisions) {
  std::vector<Values> values;
  for (const auto& one : revisions) {
    values.push_back({one});
  }
  return seen(tool(), std::move(values));
}

Relation alembic_table(const std::string& type = "character varying(32)!",
                       std::string name = "alembic_version") {
  return table("public", std::move(name), {"version_num " + type}, {"version_num"});
}

// aaaa1 <- bbbb2 <- cccc3
const Files linear{{"versions/z_first.py", revision("aaaa1")},
                   {"versions/y_second.py", revision("bbbb2", "'aaaa1'")},
                   {"versions/x_third.py", revision("cccc3", "'bbbb2'")}};

}  // namespace

TEST_CASE("Alembic: a revision is what its file says, whatever the file is called") {
  const auto entries =
      tool().entries("versions/whatever.py", revision("ae1027a6acf", "'1975ea83b712'"));
  REQUIRE(entries.size() == 1);
  const auto& entry = entries.front();
  CHECK(entry.key.value == "ae1027a6acf");
  CHECK(entry.id.value == "ae1027a6acf");
  CHECK(entry.version.empty());
  CHECK(entry.description == "Make ae1027a6acf");
  CHECK(entry.after == std::vector<Key>{{"1975ea83b712"}});
  CHECK_FALSE(entry.checksums.complete);
}

TEST_CASE("Alembic: revisions are read in every way in which they are written") {
  const auto down = [](const std::string& text) {
    std::string all;
    const auto entries = tool().entries("versions/a.py", revision("a", text));
    for (const auto& key : entries.front().after) {
      all += key.value + " ";
    }
    return all;
  };
  CHECK(down("None").empty());
  CHECK(down("()").empty());
  CHECK(down("\"x\"") == "x ");
  CHECK(down("('x')") == "x ");
  CHECK(down("('x', 'y')") == "x y ");
  CHECK(down("(\n    'x',  # one\n    \"y\",\n)") == "x y ");
  CHECK(down("['x', 'y']") == "x y ");
  CHECK(down("'x', 'y'") == "x y ");
  CHECK(down("{'x', 'y'}") == "x y ");
  CHECK(down("'w'\ndown_revision = 'x'") == "x ");
}

TEST_CASE("Alembic: without a docstring the file's name tells what a revision is for") {
  const auto entries =
      tool().entries("versions/ae10_add_tax.py", "revision = 'ae10'\ndown_revision = None\n");
  REQUIRE(entries.size() == 1);
  CHECK(entries.front().description == "add tax");
}

TEST_CASE("Alembic: of a file that cannot be read the name tells which revision it is, as a rule") {
  const auto key = [](std::string_view path) {
    const auto entries = tool().entries_by_name(path);
    return entries.empty() ? "(none)" : entries.front().key.value;
  };
  CHECK(key("versions/ae1027a6acf0_add_tax.py") == "ae1027a6acf0");
  CHECK(key("versions/2026_01_31_1200-ae1027a6acf0_add_tax.py") == "ae1027a6acf0");
  CHECK(key("versions/0007_add_tax.py") == "0007");
  CHECK(key("versions/initial.py") == "initial");
  CHECK(key("versions/__init__.py") == "(none)");
}

TEST_CASE("Alembic: what is too long for a ledger is no name, and what is told of it stays short") {
  const std::string name(1'000'000, '@');
  CHECK(tool().entries("versions/a.py", revision(name)).empty());
  CHECK(tool().entries("versions/a.py", revision("a\nb")).empty());
  CHECK(problems_of(alembic({{"versions/a.py", revision("aaaa1", "'" + name + "'")}})) ==
        Strings{"versions/a.py computes what it comes after: that cannot be told without running "
                "it"});
  const auto catalog = alembic(
      {{"versions/a.py", "'''" + name + "'''\nrevision = 'aaaa1'\ndown_revision = None\n"}});
  CHECK(catalog.migrations.front().description == std::string(200, '@'));
}

TEST_CASE("Alembic: what is no revision is none") {
  for (const auto* path : {"versions/__init__.py",
                           "versions/.#ae10_add_tax.py",
                           "versions/ae10_add_tax.pyc",
                           "versions/ae10_add_tax.py.orig",
                           "versions/ae10_add_tax_LOCAL_12.py",
                           "script.py.mako",
                           "venv/lib/python3.12/site-packages/x/versions/a.py"}) {
    CAPTURE(path);
    CHECK(tool().entries(path, revision("a")).empty());
  }
  for (const auto* bytes : {"import alembic\n",
                            "revision = 'a'\n",
                            "down_revision = 'a'\n",
                            "revision = ''\ndown_revision = None\n",
                            "revision = make()\ndown_revision = None\n",
                            "if x:\n    revision = 'a'\n    down_revision = None\n",
                            "'''\nrevision = 'a'\ndown_revision = None\n'''\n"}) {
    CAPTURE(bytes);
    CHECK(tool().entries("versions/a.py", bytes).empty());
  }
}

TEST_CASE("Alembic: the directory is told by what its files begin with, and by its template") {
  CHECK(evidence_of(tool(), {{"versions/a.py", revision("a")}}) == "named 1");
  CHECK(evidence_of(tool(),
                    {{"versions/a.py", revision("a")}, {"env.py", ""}, {"script.py.mako", ""}}) ==
        "marked 1");
  CHECK(evidence_of(tool(), {{"db/steps/a.py", revision("a")}}) == "named 1");
  CHECK(evidence_of(tool(), {{"a.py", "import os\n"}, {"script.py.mako", ""}}) == "none 0");
  CHECK(layout_of({{"versions/a.py", revision("a")},
                   {"env.py", "from alembic import context\n"}}) == "alembic");
  // Flask keeps them in a folder that has Django's name.
  CHECK(layout_of({{"migrations/versions/a.py", revision("a")},
                   {"migrations/env.py", "from alembic import context\n"},
                   {"migrations/script.py.mako", ""}}) == "alembic");
}

TEST_CASE("Alembic: a row stands for itself and for all that comes before it") {
  const auto catalog = alembic(linear);
  CHECK(keys_of(catalog) == Strings{"aaaa1", "bbbb2", "cccc3"});
  CHECK(catalog.problems.empty());
  const auto polled = poll(catalog, heads({"bbbb2"}));
  CHECK(polled.state("aaaa1") == "applied");
  CHECK(polled.state("bbbb2") == "applied");
  CHECK(polled.state("cccc3") == "pending");
  CHECK(polled.findings().empty());
  CHECK(polled.records.size() == 2);
  CHECK(poll(catalog, heads({})).state("aaaa1") == "pending");
}

TEST_CASE("Alembic: a step forward is one more application, and a step back one less") {
  const auto catalog = alembic(linear);
  const auto before = poll(catalog, heads({"bbbb2"}));
  const auto forward = poll(catalog, heads({"cccc3"}), before.records);
  CHECK(forward.records.size() == 3);
  CHECK(forward.findings().empty());
  CHECK(poll(catalog, heads({"aaaa1"}), before.records).findings() == "vanished bbbb2");
  CHECK(poll(catalog, heads({}), before.records).findings() == "vanished aaaa1, vanished bbbb2");
}

TEST_CASE("Alembic: a database ahead of the checkout leaves the rest unknown, not pending") {
  const auto catalog = alembic(linear);
  const auto polled = poll(catalog, heads({"dddd4"}));
  CHECK(polled.findings() == "foreign dddd4");
  CHECK(polled.state("aaaa1") == "unknown");
  CHECK(polled.reason("cccc3") == "ahead_of_files");
  const auto before = poll(catalog, heads({"bbbb2"}));
  const auto ahead = poll(catalog, heads({"dddd4"}), before.records);
  CHECK(ahead.state("bbbb2") == "applied");
  CHECK(ahead.state("cccc3") == "unknown");
  CHECK(ahead.findings() == "foreign dddd4");
}

TEST_CASE("Alembic: several heads are branches, and a merge comes after all of them") {
  Files files = linear;
  files["versions/w.py"] = revision("eeee5", "'aaaa1'", "None", "('reports',)");
  const auto branched = alembic(files);
  CHECK(branched.problems.empty());
  const auto polled = poll(branched, heads({"bbbb2", "eeee5"}));
  CHECK(polled.state("eeee5") == "applied");
  CHECK(polled.state("cccc3") == "pending");

  files["versions/v.py"] = revision("ffff6", "('cccc3', 'eeee5')");
  const auto merged = alembic(files);
  CHECK(keys_of(merged).back() == "ffff6");
  CHECK(merged.problems.empty());
  const auto after_merge = poll(merged, heads({"ffff6"}));
  CHECK(after_merge.standing.count(CellState::applied) == 5);
}

TEST_CASE("Alembic: what a revision depends on is applied with it, and stays a head of its own") {
  const Files files{{"versions/a.py", revision("aaaa1", "None", "None", "'shop'")},
                    {"versions/b.py", revision("bbbb2", "None", "('aaaa1',)", "'reports'")}};
  const auto catalog = alembic(files);
  CHECK(after(catalog, "bbbb2") == Strings{"aaaa1"});
  CHECK(catalog.problems.empty());
  CHECK(poll(catalog, heads({"bbbb2"})).state("aaaa1") == "applied");
}

TEST_CASE("Alembic: revisions are found by how they begin and by their branch") {
  const auto with = [](const std::string& depends) {
    return alembic({{"versions/a.py", revision("aaaa1", "None", "None", "'shop'")},
                    {"versions/b.py", revision("aaab2", "'aaaa1'")},
                    {"versions/c.py", revision("cccc3", "None", depends, "'reports'")}});
  };
  CHECK(after(with("'aaab'"), "cccc3") == Strings{"aaab2"});
  CHECK(after(with("'shop'"), "cccc3") == Strings{"aaaa1"});
  CHECK(after(with("'shop@aaab'"), "cccc3") == Strings{"aaab2"});
  CHECK(after(with("'shop@head'"), "cccc3") == Strings{"aaaa1"});
  CHECK(with("'shop'").problems.empty());
  CHECK(problems_of(with("'aaab'")) ==
        Strings{"versions/c.py comes after aaab, which Alembic does not find: it wants aaab2"});
  CHECK(with("'shop@head'").problems.size() == 1);
  CHECK(problems_of(alembic({{"versions/a.py", revision("aaaa1", "None", "None", "'shop'")},
                             {"versions/b.py", revision("bbbb2", "'shop'")}})) ==
        Strings{"versions/b.py comes after shop, which Alembic does not find: it wants aaaa1"});
  CHECK(problems_of(with("'aaa'")) == Strings{"versions/c.py comes after aaa, which is not here"});
  CHECK(problems_of(alembic({{"versions/a.py", revision("aaaa1")},
                             {"versions/b.py", revision("aaaa2", "'aaaa1'")},
                             {"versions/c.py", revision("aaaa3", "'aaaa2'", "'aaaa'")}})) ==
        Strings{"versions/c.py comes after aaaa, which several revisions begin with"});
}

TEST_CASE("Alembic: what it would refuse is told") {
  Files files = linear;
  files["versions/w.py"] = revision("eeee5", "'aaaa1'");
  CHECK(problems_of(alembic(files)) ==
        Strings{"versions/w.py is a head beside versions/x_third.py: merge them, or label their "
                "branches"});
  // A label on what both have in common tells them no better apart.
  files["versions/z_first.py"] = revision("aaaa1", "None", "None", "'all'");
  CHECK(alembic(files).problems.size() == 1);
  CHECK(problems_of(alembic({{"versions/a.py", revision("aaaa1", "'gone1'")}})) ==
        Strings{"versions/a.py comes after gone1, which is not here"});
  CHECK(problems_of(alembic(
            {{"versions/a.py", revision("aaaa1")}, {"versions/b.py", revision("aaaa1")}})) ==
        Strings{"versions/b.py is the same migration as versions/a.py"});
  CHECK(problems_of(alembic({{"versions/a.py", revision("aaaa1", "previous()")}})) ==
        Strings{"versions/a.py computes what it comes after: that cannot be told without running "
                "it"});
  CHECK(problems_of(alembic({{"versions/a.py", revision("aaaa1", "None", "None", "'x'")},
                             {"versions/b.py", revision("bbbb2", "'aaaa1'", "None", "'x'")}})) ==
        Strings{"versions/b.py has the branch label x, which aaaa1 has too"});
  CHECK(alembic({{"versions/a.py", revision("aaaa1", "'bbbb2'")},
                 {"versions/b.py", revision("bbbb2", "'aaaa1'")}})
            .problems.size() == 2);
}

TEST_CASE("Alembic: old revisions in a folder within are told with what keeps them out") {
  Files files = linear;
  files["versions/old/o.py"] = revision("eeee5");
  CHECK(
      problems_of(alembic(files)) ==
      Strings{"versions/old/o.py is a head beside versions/x_third.py: merge them, or label their "
              "branches; or, if Alembic does not read versions/old/, let repo.ignore name it"});
  files.erase("versions/old/o.py");
  files["old_versions/o.py"] = revision("eeee5");
  CHECK(problems_of(alembic(files)).front().ends_with("or label their branches"));
  // A folder for each year is one history.
  CHECK(alembic({{"versions/2025/a.py", revision("aaaa1")},
                 {"versions/2026/b.py", revision("bbbb2", "'aaaa1'")},
                 {"versions/c.py", revision("cccc3", "'bbbb2'")}})
            .problems.empty());
}

TEST_CASE("Alembic: of several rows one whose file is gone leaves known what the others tell") {
  Files files = linear;
  files["versions/w.py"] = revision("eeee5", "'aaaa1'", "None", "'reports'");
  files["versions/v.py"] = revision("ffff6", "'eeee5'");
  const auto polled = poll(alembic(files), heads({"gone9", "bbbb2"}));
  CHECK(polled.findings() == "foreign gone9");
  CHECK(polled.states() ==
        "aaaa1 applied, bbbb2 applied, cccc3 unknown ahead_of_files, eeee5 unknown ahead_of_files, "
        "ffff6 unknown ahead_of_files, gone9 drifted");
  // Known before, it is missed by what it was.
  const auto before = poll(alembic(files), heads({"ffff6", "bbbb2"}));
  const auto gone =
      poll(alembic(without(files, "versions/v.py")), heads({"ffff6", "bbbb2"}), before.records);
  CHECK(gone.findings() == "removed ffff6");
  CHECK(gone.state("eeee5") == "applied");
  CHECK(gone.state("cccc3") == "unknown");
}

TEST_CASE(
    "Alembic: a merge takes one row where there were several, and going back brings both back") {
  Files files = linear;
  files["versions/w.py"] = revision("eeee5", "'aaaa1'");
  files["versions/v.py"] = revision("ffff6", "(\n    'cccc3',\n    \"eeee5\",  # both\n)");
  const auto catalog = alembic(files);
  CHECK(after(catalog, "ffff6") == Strings{"cccc3", "eeee5"});
  const auto branches = poll(catalog, heads({"cccc3", "eeee5"}));
  CHECK(branches.state("ffff6") == "pending");
  const auto merged = poll(catalog, heads({"ffff6"}), branches.records);
  CHECK(merged.standing.count(CellState::applied) == 5);
  CHECK(merged.findings().empty());
  const auto back = poll(catalog, heads({"cccc3", "eeee5"}), merged.records);
  CHECK(back.findings() == "vanished ffff6");
  CHECK(back.standing.count(CellState::applied) == 4);
}

TEST_CASE("Alembic: what another branch depends on may stand in a row of its own, or in none") {
  const auto catalog = alembic({{"versions/a.py", revision("aaaa1", "None", "None", "'shop'")},
                                {"versions/b.py", revision("bbbb2", "'aaaa1'")},
                                {"versions/c.py", revision("cccc3", "None", "'shop'", "'reports'")},
                                {"versions/d.py", revision("dddd4", "'cccc3'", "'bbbb2'")}});
  CHECK(catalog.problems.empty());
  CHECK(after(catalog, "dddd4") == Strings{"cccc3", "bbbb2"});
  for (const auto& rows : {Strings{"cccc3"}, Strings{"aaaa1", "cccc3"}}) {
    const auto polled = poll(catalog, heads(rows));
    CHECK(polled.states() == "aaaa1 applied, bbbb2 pending, cccc3 applied, dddd4 pending");
    CHECK(polled.findings().empty());
  }
  CHECK(poll(catalog, heads({"dddd4"})).standing.count(CellState::applied) == 4);
  CHECK(poll(catalog, heads({"bbbb2", "cccc3"})).state("dddd4") == "pending");
}

TEST_CASE("Alembic: a renamed file is the same revision, an edited one is told") {
  const auto before = poll(alembic(linear), heads({"cccc3"}));
  Files files = linear;
  files["versions/aaaa1_renamed.py"] = files["versions/z_first.py"];
  files.erase("versions/z_first.py");
  const auto renamed = poll(alembic(files), heads({"cccc3"}), before.records);
  CHECK(renamed.findings().empty());
  CHECK(renamed.note("aaaa1").empty());
  files["versions/y_second.py"] += "# more\n";
  CHECK(poll(alembic(files), heads({"cccc3"}), before.records).findings() == "edited bbbb2");
}

TEST_CASE("Alembic: old revisions that were squashed away are archived, a deleted head is gone") {
  const auto before = poll(alembic(linear), heads({"cccc3"}));
  const auto squashed =
      poll(alembic({{"versions/x_third.py", linear.at("versions/x_third.py")}}), heads({"cccc3"}));
  CHECK(squashed.state("cccc3") == "applied");
  const auto known =
      poll(alembic({{"versions/x_third.py", revision("cccc3")}}), heads({"cccc3"}), before.records);
  CHECK(known.reason("aaaa1") == "archived");
  CHECK(known.reason("bbbb2") == "archived");
  CHECK(known.findings() == "edited cccc3");  // it is another file now
  Files without_head = linear;
  without_head.erase("versions/x_third.py");
  const auto gone = poll(alembic(without_head), heads({"cccc3"}), before.records);
  CHECK(gone.findings() == "removed cccc3");
  CHECK(gone.state("aaaa1") == "applied");
}

TEST_CASE("Alembic: its table is recognised by its one column") {
  CHECK(verdict(tool(), alembic_table()) == "ledger");
  CHECK(verdict(tool(), alembic_table("character varying(255)!", "shop_version")) == "ledger");
  CHECK(verdict(tool(), alembic_table("character varying!")) == "ledger");
  CHECK(verdict(tool(), alembic_table("text!")) == "ledger");
  CHECK(verdict(tool(), alembic_table("integer!")) == "no");
  auto wider = alembic_table();
  wider.columns.push_back({"note", "text", false});
  CHECK(verdict(tool(), wider) == "ledger");
  wider.name.name = "documents";
  CHECK(verdict(tool(), wider) == "no");
  auto view = alembic_table();
  view.kind = 'v';
  CHECK(verdict(tool(), view) == "near_miss: has the columns of an Alembic ledger, but is a view");
  CHECK(verdict(tool(), table("public", "schema_migrations", {"version character varying!"})) ==
        "no");
}

TEST_CASE("Alembic: rows are heads") {
  const auto rows = rows_of(tool(), {{"ae10"}, {std::nullopt}});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].key.value == "ae10");
  CHECK(rows[0].id.value == "ae10");
  CHECK(rows[0].reach == Row::Reach::ancestors);
  CHECK_FALSE(rows[0].token.empty());
  CHECK_FALSE(tool().rows({{}, {{"1", "2"}}}));
}

TEST_CASE(
    "Alembic: however long a history is and however its files are called, it keeps its order") {
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 40);
    const auto names =
        *rc::gen::unique<std::vector<std::uint32_t>>(count, rc::gen::arbitrary<std::uint32_t>());
    const auto id = [](std::size_t i) { return "rev" + std::to_string(i) + "x"; };
    Files files;
    Strings order;
    for (std::size_t i = 0; i < count; ++i) {
      const auto down = i == 0 ? "None" : "'" + id(i - 1) + "'";
      files["versions/" + std::to_string(names[i]) + ".py"] = revision(id(i), down);
      order.push_back(id(i));
    }
    const auto catalog = alembic(files);
    RC_ASSERT(keys_of(catalog) == order);
    RC_ASSERT(catalog.problems.empty());
    const auto at = *rc::gen::inRange<std::size_t>(0, count);
    const auto polled = poll(catalog, heads({id(at)}));
    RC_ASSERT(polled.standing.count(CellState::applied) == at + 1);
    RC_ASSERT(polled.standing.count(CellState::pending) == count - at - 1);
  }));
}

TEST_CASE("Alembic: what its ledger is asked is documented") {
  CHECK(is_documented(tool().select_rows(alembic_table())));
  CHECK_FALSE(tool().select_tail(alembic_table()));
}

TEST_CASE("Alembic: which of two revisions has a label does not depend on who was read first") {
  auto files = scanned(tool(),
                       {{"versions/a.py", revision("aaaa1", "None", "None", "'x'")},
                        {"versions/b.py", revision("bbbb2", "None", "None", "'x'")},
                        {"versions/c.py", revision("cccc3", "'x'")}});
  const auto catalog = tool().arrange(files, {});
  std::ranges::reverse(files);
  CHECK(*tool().arrange(files, {}) == *catalog);
}
