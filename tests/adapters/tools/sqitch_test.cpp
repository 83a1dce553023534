#include "adapters/tools/sqitch_plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include <rapidcheck.h>

#include "adapters/tools/discovery.h"
#include "adapters/tools/hash.h"
#include "tests/adapters/tools/polled.h"
#include "tests/adapters/tools/relations.h"
#include "tests/adapters/tools/statements.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");

const std::string marge = "Marge N. O\xE2\x80\x99Vera <marge@example.com>";

const Tool& tool() {
  return *find_tool("sqitch");
}

std::string plan_of(const std::string& lines, const std::string& uri = "") {
  return "%syntax-version=1.0.0\n%project=flipr\n" + (uri.empty() ? "" : "%uri=" + uri + "\n") +
         "\n" + lines;
}

const std::string flipr =
    plan_of("appschema 2013-12-30T23:19:45Z " + marge +
                " # Add schema for all flipr objects.\nusers [appschema] 2013-12-30T23:49:00Z " +
                marge + " # Creates table to track our users.\n",
            "https://github.com/theory/sqitch-intro/");

std::string change(const std::string& name, const std::string& dependencies = "") {
  return name + " " + (dependencies.empty() ? "" : "[" + dependencies + "] ") +
         "2024-01-01T00:00:00Z Ana <ana@example.com> # " + name + "\n";
}

Relation changes(const std::string& schema = "sqitch") {
  return table(schema,
               "changes",
               {"change_id text!",
                "script_hash text",
                "change text!",
                "project text!",
                "note text!",
                "committed_at timestamp with time zone!",
                "committer_name text!",
                "committer_email text!",
                "planned_at timestamp with time zone!",
                "planner_name text!",
                "planner_email text!"},
               {"change_id"});
}

Relation events(const std::string& schema = "sqitch") {
  return table(schema,
               "events",
               {"event text!",
                "change_id text!",
                "change text!",
                "project text!",
                "note text!",
                "requires text[]!",
                "conflicts text[]!",
                "tags text[]!",
                "committed_at timestamp with time zone!",
                "committer_name text!",
                "committer_email text!",
                "planned_at timestamp with time zone!",
                "planner_name text!",
                "planner_email text!"},
               {"change_id", "committed_at"});
}

struct Deployed {
  std::string id;
  std::string name;
  std::optional<std::string> hash{};
  std::string event = "deploy";
  std::string project = "flipr";
};

std::vector<Row> rows(const std::vector<Deployed>& all) {
  std::vector<Values> values;
  for (const auto& each : all) {
    values.push_back({each.id,
                      each.name,
                      each.project,
                      "note",
                      "1776513600000",
                      "2026-04-18 12:00:00+00 " + each.id,
                      "Ana",
                      each.event,
                      each.hash});
  }
  return rows_of(tool(), std::move(values));
}

}  // namespace

TEST_CASE("a change's id is the one that Sqitch computes, through its parent") {
  const auto plan = parse_sqitch_plan(flipr);
  CHECK(plan.project == "flipr");
  CHECK(plan.problems.empty());
  REQUIRE(plan.changes.size() == 2);
  CHECK(plan.changes[0].id == "c7981df861183412b01be706889e508a63d445ca");
  CHECK(plan.changes[0].note == "Add schema for all flipr objects.");
  CHECK(plan.changes[1].id == "77398e1dbc5fbce58b05eb67d201f15774718727");
}

TEST_CASE("white space, comments and line ends of a plan are no part of an id") {
  auto text = flipr;
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) {
    text.insert(at, "\r");
  }
  CHECK(parse_sqitch_plan("# about\r\n\r\n" + text).changes[1].id ==
        parse_sqitch_plan(flipr).changes[1].id);
}

TEST_CASE("dependencies, conflicts and notes over several lines are part of it") {
  const auto id = [](const std::string& line) {
    const auto plan = parse_sqitch_plan(plan_of(line));
    REQUIRE(plan.changes.size() == 1);
    return plan.changes.front().id;
  };
  const std::string rest = " 2024-01-01T00:00:00Z Ana <ana@example.com>";
  const auto expected = [](std::string middle) {
    const auto info =
        "project flipr\nchange a\nplanner Ana <ana@example.com>\ndate 2024-01-01T00:00:00Z" +
        middle;
    return hex_hash("SHA1", "change " + std::to_string(info.size()) + std::string(1, '\0') + info);
  };
  CHECK(id("a" + rest) == expected(""));
  CHECK(id("+a" + rest) == expected(""));
  CHECK(id("a [b !c other:d@v1]" + rest + " # one\\ntwo\\\\n #3") ==
        expected("\nrequires\n  + b\n  + other:d@v1\nconflicts\n  - c\n\none\ntwo\\n #3"));
  CHECK(id("a []" + rest + " #") == expected(""));
}

TEST_CASE("a plan that was written by hand has the ids that `sqitch plan` prints of it") {
  const auto ids = [](const std::string& text) {
    Strings all;
    for (const auto& each : parse_sqitch_plan(text).changes) {
      all.push_back(each.id);
    }
    return all;
  };
  const std::string project = "%project=flipr\n";
  const std::string rest = " 2024-01-01T00:00:00Z Ana <ana@example.com>";
  const std::string a = "\na" + rest + " # note\n";
  const Strings noted{"8cc9f3b3d56d043d7d43aecb66193e4dba289ac3"};
  CHECK(ids(project + a) == noted);
  CHECK(ids("%project=flipr # ours\n" + a) == noted);
  CHECK(ids(project + "\n-a" + rest + " # note\n") == noted);
  CHECK(ids(project + "\n+ a" + rest + "#note \n") == noted);
  for (const std::string blank : {"\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\x8A", " \xC2\x85\t"}) {
    CHECK(ids(project + "\na" + rest + " # " + blank + "note" + blank + blank + "\n") == noted);
  }
  const Strings unnoted{"596df83aa47845c36d4e21b8213a195a0762aea2"};
  CHECK(ids(project + "\na" + rest + "\n") == unnoted);
  CHECK(ids(project + "\na" + rest + " # 0\n") == unnoted);
  CHECK(ids(project + "\na 2024-01-01T00:00:00Z Ana\t<ana@example.com>\n") == unnoted);
  const Strings both{noted.front(), "b40866739f999f1535cc2ad7983111c8070b1a31"};
  CHECK(ids(project + a + "b [a]" + rest + " # x\n") == both);
  CHECK(ids(project + a + "b [flipr:a]" + rest + " # x\n") == both);
  for (const auto& [uri, id] : std::vector<std::pair<std::string, std::string>>{
           {"https://example.com", "474d45e2b2a020df48651a4c9c71cdc56a55195c"},
           {"https://example.com/ # ours", "474d45e2b2a020df48651a4c9c71cdc56a55195c"},
           {"HTTPS://User@Example.COM:443/a%7eb/%c3%bc",
            "0e26ea6ca9dd4c8c5fed8901e6f2e255dca0ad08"},
           {"https://example.com/\xC3\xBC"
            "ber",
            "56126f7734eaa9daf244ba85dc3a717274b0bcfe"},
           {"urn:ISBN:0-395-36341-1", "c1e3279c91b88e81518c8bbcd24831e5a0eec31f"},
           {"git@github.com:x/y.git", "336fa3d3197332e360bcf970dd6a06de645de18d"}}) {
    CAPTURE(uri);
    CHECK(ids(project + "%uri=" + uri + "\n" + a) == Strings{id});
  }
}

TEST_CASE("lines that are neither a change nor a tag are told") {
  const auto plan = parse_sqitch_plan(
      "a 2024-01-01 Ana <a@b>\nb [c 2024-01-01T00:00:00Z A <a@b>\n"
      "c 2024-01-01T00:00:00Z no address\n" +
      change("fine"));
  CHECK(plan.changes.size() == 1);
  CHECK(plan.problems == Strings{"line 1 is neither a change nor a tag",
                                 "line 2 is neither a change nor a tag",
                                 "line 3 is neither a change nor a tag",
                                 "names no project"});
}

TEST_CASE("a project's name of its own plan is no part of an id, one that begins like it is") {
  const auto id = [](const std::string& before) {
    return parse_sqitch_plan(plan_of(change("a", before))).changes.at(0).id;
  };
  CHECK(id("flipr:b") == id("b"));
  CHECK(id("fliprs:b") != id("s:b"));
  CHECK(id("flipr") != id(""));
}

TEST_CASE("a project's name or URI that goes on and on is told, and goes into no id") {
  const auto plan_with = [](const std::string& project, const std::string& uri) {
    return parse_sqitch_plan("%project=" + project + "\n%uri=" + uri + "\n" + change("a", "x:b"));
  };
  const std::string most(4096, 'x');
  CHECK(plan_with(most, "http://a").problems.empty());
  CHECK(plan_with("p", most).problems.empty());
  CHECK(plan_with("p", most + "x").problems ==
        Strings{"line 2 is longer than a project's name or URI may be"});
  const auto plan = plan_with(most + "x", "http://a");
  CHECK(plan.project.empty());
  CHECK(plan.problems.front() == "line 1 is longer than a project's name or URI may be");
}

TEST_CASE("a script's hash is that of its bytes, in either line end") {
  const std::string script =
      "Foo\nBar\nB\xC3\xB8z\n\xE4\xBA\x9C\xE5\x94\x96\xE5\xA8\x83\xE9\x98\xBF";
  const auto entries = tool().entries("deploy/x.sql", with_crlf(script));
  REQUIRE(entries.size() == 1);
  CHECK(entries.front().role == FileEntry::Role::part);
  const auto& accepted = entries.front().checksums.accepted;
  CHECK(std::ranges::find(accepted, "d48866b846300912570f643c99b2ceec4ba29f5c") != accepted.end());
  CHECK(tool().entries("deploy/x.sql", script).front().checksums.accepted.front() ==
        "d48866b846300912570f643c99b2ceec4ba29f5c");
  CHECK(entries.front().checksums.complete);
}

TEST_CASE("changes come in the order of the plan, with their scripts") {
  const Files files{
      {"db/sqitch.plan",
       plan_of(change("z") + "\n@v1 2024-01-01T00:00:00Z A <a@b>\n" + change("sub/a", "z"))},
      {"db/deploy/z.sql", "create z"},
      {"db/revert/z.sql", "drop z"},
      {"db/verify/z.sql", "select z"},
      {"db/deploy/sub/a.sql", "create a"},
      {"db/deploy/unused.sql", "x"},
      {"db/sqitch.conf", "[core]\n"}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(ids_of(catalog) == Strings{"z", "sub/a"});
  CHECK(problems_of(catalog).empty());
  const auto& first = catalog.migrations[0];
  CHECK(first.file == "db/deploy/z.sql");
  CHECK(first.content == content_of("create z"));
  CHECK(first.group == "flipr");
  CHECK(first.description == "z");
  REQUIRE(first.rollback.has_value());
  CHECK(first.rollback->file == "db/revert/z.sql");
  CHECK(catalog.migrations[1].after == std::vector{first.key});
  CHECK_FALSE(catalog.rules.ordered);
}

TEST_CASE("a change that was reworked has the scripts of its tag, the last one those of its name") {
  const std::string tag = " 2024-01-01T00:00:00Z A <a@b>\n";
  const Files files{
      {"sqitch.plan",
       plan_of(change("users") + "@v1" + tag + change("other") + "@v2" + tag +
               change("users", "users@v2") + "@v3" + tag + change("users", "users@v3"))},
      {"deploy/users@v2.sql", "one"},
      {"deploy/users@v3.sql", "two"},
      {"deploy/users.sql", "three"},
      {"deploy/other.sql", "other"}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(ids_of(catalog) == Strings{"users@v2", "other", "users@v3", "users"});
  CHECK(catalog.migrations[0].content == content_of("one"));
  CHECK(catalog.migrations[2].content == content_of("two"));
  CHECK(catalog.migrations[3].content == content_of("three"));
  CHECK(problems_of(catalog).empty());
}

TEST_CASE("a change without a script is what its line says, and told") {
  const Files files{{"sqitch.plan", plan_of(change("a"))}};
  const auto catalog = catalog_of(tool(), files);
  REQUIRE(catalog.migrations.size() == 1);
  CHECK(problems_of(catalog) == Strings{"sqitch.plan has a change without a script: a"});
  const auto& migration = catalog.migrations.front();
  CHECK(bytes_of(migration, files) + "\n" == change("a"));
  CHECK(migration.content.raw == sha256(bytes_of(migration, files)));
  CHECK_FALSE(migration.checksums.complete);
}

TEST_CASE("where not one change has a script, the directory is not the one that it should be") {
  const auto two = plan_of(change("a") + change("b"));
  CHECK(problems_of(catalog_of(tool(), {{"db/sqitch.plan", two}})) ==
        Strings{"db/sqitch.plan has 2 changes and not one script of them: where a sqitch.conf says "
                "where they are, the directory that is watched has to be that in which it is"});
  const Strings each{"sqitch.plan has a change without a script: a",
                     "sqitch.plan has a change without a script: b"};
  CHECK(problems_of(catalog_of(
            tool(), {{"sqitch.plan", two}, {"sqitch.conf", "[core]\ndeploy_dir = up\n"}})) == each);
  CHECK(problems_of(catalog_of(tool(), {{"sqitch.plan", two}, {"deploy/b.sql", ""}})) ==
        Strings{each.front()});
}

TEST_CASE("scripts without a plan fail aloud: nothing is concluded from them") {
  const auto why = [](const Files& files) {
    const auto catalog = arranged(tool(), files);
    REQUIRE_FALSE(catalog);
    CHECK(catalog.error().code == Errc::invalid);
    return catalog.error().detail;
  };
  CHECK(why({{"deploy/a.sql", ""}}) == "no plan is here, which lists the changes: sqitch.plan");
  CHECK(why({{"sqitch.conf", "[core]\nplan_file = ../sqitch.plan\n"}, {"deploy/a.sql", ""}}) ==
        "no plan is here, which lists the changes: sqitch.conf looks for ../sqitch.plan "
        "(plan_file), which is not below the directory that is watched");
  CHECK(arranged(tool(), {}));
}

TEST_CASE("no change's name leads out of the app's directory") {
  const Files files{{"x/sqitch.plan", plan_of(change("../../etc/passwd"))},
                    {"etc/passwd.sql", "secret"}};
  CHECK(catalog_of(tool(), files).migrations.at(0).file == "x/sqitch.plan");
}

TEST_CASE("a plan marks a directory, whatever it is called") {
  CHECK(evidence_of(tool(), {{"sqitch.plan", flipr}, {"deploy/users.sql", ""}}) == "marked 2");
  CHECK(evidence_of(tool(), {{"db/flipr.plan", flipr}}) == "marked 1");
  CHECK(evidence_of(tool(), {{"test.plan", "a plan\n"}, {"deploy/1.sql", ""}}) == "none 0");
  CHECK(evidence_of(tool(), {{"deploy/1.sql", ""}, {"revert/1.sql", ""}}) == "none 0");
  CHECK(tool().entries("db/verify/users.sql", "").empty());
  CHECK(tool().entries("test.plan", "a plan\n").empty());
  CHECK(tool().entries_by_name("db/deploy/users.sql").size() == 1);
}

TEST_CASE("Sqitch's registry is recognised by its changes and the events beside them") {
  const auto verdict = [](const Relation& relation, const std::vector<Relation>& all) {
    return tool().recognise(relation, all).verdict;
  };
  using Verdict = Recognition::Verdict;
  CHECK(verdict(changes(), {changes(), events()}) == Verdict::ledger);
  CHECK(verdict(changes("ops"), {changes("ops"), events("ops")}) == Verdict::ledger);
  CHECK(verdict(changes(), {changes(), events("other")}) == Verdict::near_miss);
  CHECK(verdict(events(), {changes(), events()}) == Verdict::no);
  auto old = changes();
  old.columns.erase(old.columns.begin() + 1);
  CHECK(verdict(old, {old, events()}) == Verdict::ledger);
  auto wrong = changes();
  column(wrong, "committed_at").type = "text";
  CHECK(verdict(wrong, {wrong, events()}) == Verdict::near_miss);
  CHECK(verdict(flyway_table(), {}) == Verdict::no);
  const auto found = recognise_ledgers(std::vector{changes(), events()});
  REQUIRE(found.ledgers.size() == 1);
  CHECK(found.ledgers.front().tool == &tool());
  CHECK(found.rejected.empty());
  CHECK(is_documented(tool().select_rows(changes())));
  CHECK(is_documented(tool().select_rows(old)));
  CHECK_FALSE(tool().select_tail(changes()));
  old.can_select_all = true;
  CHECK(is_documented(*tool().select_tail(old)));
  CHECK(tool().advisory_locks(changes(), "flipr") == std::vector<std::int64_t>{75474063});
}

TEST_CASE("a row is a change that is deployed, by its id") {
  const auto all = rows({{"id1", "users", "hash"},
                         {"id2", "old", "id2"},
                         {"id3", "none"},
                         {"id4", "broken", std::nullopt, "fail"},
                         {"id5", "gone", std::nullopt, "revert"}});
  CHECK(all[0].key.value == "id1");
  CHECK(all[0].id.value == "users");
  CHECK(all[0].checksum == "hash");
  CHECK(all[0].at == noon);
  CHECK(all[0].by == "Ana");
  CHECK(all[0].group == "flipr");
  CHECK(all[0].token == "2026-04-18 12:00:00+00 id1");
  CHECK(all[0].state == Row::State::applied);
  CHECK_FALSE(all[1].checksum);  // an upgraded registry knows no hash
  CHECK_FALSE(all[2].checksum);
  CHECK(all[3].state == Row::State::failed);
  CHECK(all[4].state == Row::State::undone);
  ResultSet other;
  other.rows = {{"1"}};
  CHECK_FALSE(tool().rows(other));
}

TEST_CASE("deployed, edited, failed, reverted and pending changes are told apart") {
  Files files{
      {"sqitch.plan", plan_of(change("a") + change("b") + change("c") + change("d") + change("e"))},
      {"deploy/a.sql", "a\n"},
      {"deploy/b.sql", "b\n"},
      {"deploy/c.sql", "c\n"},
      {"deploy/d.sql", "d\n"},
      {"deploy/e.sql", "e\n"}};
  const auto catalog = catalog_of(tool(), files);
  const auto key = [&](std::size_t i) { return catalog.migrations.at(i).key.value; };
  const auto after = poll(tool(),
                          files,
                          rows({{key(0), "a", hex_hash("SHA1", "a\r\n")},
                                {key(1), "b", hex_hash("SHA1", "other")},
                                {key(2), "c", std::nullopt, "fail"},
                                {key(3), "d", std::nullopt, "revert"},
                                {"elsewhere", "x", std::nullopt, "deploy", "another project"},
                                {"unknown", "y", std::nullopt, "deploy"}}));
  CHECK(after.state(key(0)) == "applied");
  CHECK(after.cell(key(0)).content == ContentVerdict::verified);
  CHECK(after.state(key(1)) == "drifted");
  CHECK(after.state(key(2)) == "drifted");
  CHECK(after.states(Polled::By::id) ==
        "a applied, b drifted, c drifted, d pending, e pending, y drifted");
  CHECK(after.findings(Polled::By::id) == "checksum b, dirty c, foreign y");
}

TEST_CASE("a rework leaves what is deployed as it was") {
  Files files{{"sqitch.plan", plan_of(change("a"))}, {"deploy/a.sql", "one"}};
  const auto key = catalog_of(tool(), files).migrations.at(0).key.value;
  const auto deployed = rows({{key, "a", hex_hash("SHA1", "one")}});
  const auto before = poll(tool(), files, deployed);
  files["sqitch.plan"] =
      plan_of(change("a") + "@v1 2024-01-01T00:00:00Z A <a@b>\n" + change("a", "a@v1"));
  files["deploy/a@v1.sql"] = "one";
  files["deploy/a.sql"] = "two";
  const auto after = poll(tool(), files, deployed, before.records);
  CHECK(after.states(Polled::By::id) == "a@v1 applied, a pending");
  CHECK(after.findings().empty());
}

TEST_CASE("an early change of the plan is told once, and what comes after it stays applied") {
  Files files{{"sqitch.plan", plan_of(change("a") + change("b") + change("c"))},
              {"deploy/a.sql", "a\n"},
              {"deploy/b.sql", "b\n"},
              {"deploy/c.sql", "c\n"}};
  const auto before = catalog_of(tool(), files);
  std::vector<Deployed> all;
  for (const auto& migration : before.migrations) {
    const auto& name = migration.id.value;
    all.push_back({migration.key.value, name, hex_hash("SHA1", name + "\n")});
  }
  const auto deployed = rows(all);
  const auto records = poll(tool(), files, deployed).records;
  files["sqitch.plan"] = plan_of(change("a", "x") + change("b") + change("c"));
  const auto after = catalog_of(tool(), files);
  CHECK(after.migrations[2].key != before.migrations[2].key);
  for (const auto& known : {records, std::vector<Record>{}}) {
    const auto polled = poll(tool(), files, deployed, known);
    CHECK(polled.states(Polled::By::id) == "a drifted, b applied, c applied");
    CHECK(polled.findings(Polled::By::id) == "checksum a");
    CHECK(polled.standing.lines[2].cell.content == ContentVerdict::verified);
    CHECK(polled.records.size() == 3);
  }
  // Their scripts are compared all the same.
  files["deploy/c.sql"] = "edited\n";
  CHECK(poll(tool(), files, deployed, records).findings(Polled::By::id) == "checksum a, edited c");
  CHECK(poll(tool(), files, deployed).findings(Polled::By::id) == "checksum a, checksum c");
}

TEST_CASE("sqitch.conf says where the plan and the scripts are") {
  const std::string tag = "@v1 2024-01-01T00:00:00Z A <a@b>\n";
  const Files files{{"sqitch.conf",
                     "[core]\n\tengine = pg\n\ttop_dir = db\n[engine \"pg\"]\n"
                     "\tdeploy_dir = db/up\n\tplan_file = db/shop.plan\n\treworked_dir = old\n"},
                    {"db/shop.plan", plan_of(change("a") + tag + change("a", "a@v1"))},
                    {"db/up/a.sql", "new"},
                    {"db/revert/a.sql", "drop"},
                    {"db/deploy/a.sql", "none of it"},
                    {"old/deploy/a@v1.sql", "old"}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(problems_of(catalog).empty());
  CHECK(ids_of(catalog) == Strings{"a@v1", "a"});
  CHECK(catalog.migrations[0].file == "old/deploy/a@v1.sql");
  CHECK(catalog.migrations[1].file == "db/up/a.sql");
  CHECK(catalog.migrations[1].rollback->file == "db/revert/a.sql");
  CHECK(catalog.migrations[1].checksums.accepted.front() == hex_hash("SHA1", "new"));
}

TEST_CASE("a plan that sqitch.conf has for other databases alone is left out beside PostgreSQL's") {
  Files files{{"sqitch.conf",
               "[core]\n\tengine = pg\n[engine \"pg\"]\n\ttop_dir = pg\n"
               "[engine \"mysql\"]\n\ttop_dir = mysql\n"},
              {"pg/sqitch.plan", plan_of(change("a"))},
              {"pg/deploy/a.sql", "a"},
              {"mysql/sqitch.plan", plan_of(change("b"))},
              {"mysql/deploy/b.sql", "b"}};
  CHECK(ids_of(catalog_of(tool(), files)) == Strings{"a"});
  CHECK(problems_of(catalog_of(tool(), files)).empty());
  // Whoever watches a PostgreSQL means the one plan that there is.
  files.erase("pg/sqitch.plan");
  CHECK(ids_of(catalog_of(tool(), files)) == Strings{"b"});
  // An address alone is enough to deploy it to one.
  CHECK(ids_of(catalog_of(tool(),
                          {{"sqitch.conf",
                            "[core]\n\tengine = sqlite\n[target \"x\"]\n\turi = db:mysql:x\n"
                            "\tplan_file = x.plan\n"},
                           {"sqitch.plan", plan_of(change("a"))},
                           {"x.plan", plan_of(change("b"))}})) == Strings{"a"});
}

TEST_CASE("a script with a byte-order mark more or less than was deployed is what was deployed") {
  const std::string script = "CREATE TABLE a ();\nSELECT 1;\n";
  const std::string mark = "\xEF\xBB\xBF";
  for (const auto& [deployed, here] : {std::pair(script, mark + script),
                                       std::pair(mark + script, script),
                                       std::pair(mark + with_crlf(script), script)}) {
    const Files files{{"sqitch.plan", plan_of(change("a"))}, {"deploy/a.sql", here}};
    const auto key = catalog_of(tool(), files).migrations.at(0).key.value;
    const auto after = poll(tool(), files, rows({{key, "a", hex_hash("SHA1", deployed)}}));
    CHECK(after.findings().empty());
    CHECK(after.cell(key).content == ContentVerdict::verified);
  }
}

TEST_CASE("a plan that sqitch.conf names and that is not here is told, one without is not missed") {
  const auto told = [](const std::string& conf) {
    return problems_of(
        catalog_of(tool(), {{"db/sqitch.conf", conf}, {"x/sqitch.plan", plan_of("")}}));
  };
  CHECK(told("[core]\ntop_dir = sql\n") ==
        Strings{"db/sqitch.conf names the plan db/sql/sqitch.plan, which is not here, or not "
                "called *.plan"});
  CHECK(told("[user]\nname = Ana\n").empty());
  CHECK(told("[core]\ntop_dir = /srv\n") ==
        Strings{"db/sqitch.conf looks for /srv/sqitch.plan (plan_file), which is not below the "
                "directory that is watched"});
}

TEST_CASE("whatever a plan says, its ids are as many as its changes, and all different") {
  rc::check("ids", [] {
    const auto names = *rc::gen::container<Strings>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'd'))));
    std::string lines;
    for (const auto& name : names) {
      lines += change(name);
    }
    const auto plan = parse_sqitch_plan(plan_of(lines));
    RC_ASSERT(plan.changes.size() == names.size());
    std::vector<std::string> all;
    for (const auto& each : plan.changes) {
      all.push_back(each.id);
    }
    std::ranges::sort(all);
    RC_ASSERT(std::ranges::adjacent_find(all) == all.end());
  });
}
