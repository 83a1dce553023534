#include <doctest/doctest.h>

#include <algorithm>

#include "adapters/tools/liquibase_arrange.h"
#include "adapters/tools/liquibase_path.h"
#include "tests/adapters/tools/directory.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const Tool& tool() {
  return *find_tool("liquibase");
}

std::string xml(const std::string& steps, const std::string& attributes = "") {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<databaseChangeLog" + attributes + ">\n" +
         steps + "\n</databaseChangeLog>\n";
}

std::string set(const std::string& id, const std::string& inside = "<sql>select 1</sql>") {
  return "<changeSet id=\"" + id + "\" author=\"ana\">" + inside + "</changeSet>";
}

std::string formatted(const std::string& sets) {
  return "--liquibase formatted sql\n" + sets;
}

const Migration& find(const Catalog& catalog, const std::string& id) {
  const auto found = std::ranges::find(catalog.migrations, MigrationId{id}, &Migration::id);
  REQUIRE_MESSAGE(found != catalog.migrations.end(), "no changeset " << id);
  return *found;
}

}  // namespace

TEST_CASE("changesets run in the order of the changelog that includes all others") {
  const Files files{
      {"db/changelog.xml",
       xml("<include file=\"db/2.yaml\"/>" + set("m") +
           "<include file=\"1.sql\" relativeToChangelogFile=\"true\"/>"
           "<include file=\"sub/3.json\" relativeToChangelogFile=\"true\"/>")},
      {"db/1.sql", formatted("--changeset bob:1\nselect 1;\n--changeset bob:2\nselect 2;\n")},
      {"db/2.yaml",
       "databaseChangeLog:\n  - changeSet:\n      id: y\n      author: ana\n      changes:\n      "
       "  - sql:\n            sql: select 1\n"},
      {"db/sub/3.json",
       R"({"databaseChangeLog": [{"changeSet": {"id": 7, "author": "eve", "changes": []}}]})"},
      {"db/unused.sql", "select 1;"}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(ids_of(catalog) == Strings{"db/2.yaml::y::ana",
                                   "db/changelog.xml::m::ana",
                                   "db/1.sql::1::bob",
                                   "db/1.sql::2::bob",
                                   "db/sub/3.json::7::eve"});
  CHECK(problems_of(catalog).empty());
  CHECK_FALSE(catalog.unread.any);
  CHECK_FALSE(catalog.rules.ordered);
  CHECK(catalog.layout == "liquibase");
  CHECK(find(catalog, "db/1.sql::2::bob").file == "db/1.sql");
}

TEST_CASE("a folder is included in the order of its paths, as deep and of such names as is said") {
  const Files files{{"db/all/b.sql", formatted("--changeset a:b\nselect 1;\n")},
                    {"db/all/a/z.sql", "select 1;"},
                    {"db/all/c.xml", xml(set("c"))},
                    {"db/all/readme.txt", "no"}};
  const auto of = [&](const std::string& attributes) {
    auto with_root = files;
    with_root["db/changelog.xml"] = xml("<includeAll path=\"all\" " + attributes + "/>");
    return ids_of(catalog_of(tool(), with_root));
  };
  const std::string relative = "relativeToChangelogFile=\"true\" ";
  CHECK(of(relative) ==
        Strings{"db/all/a/z.sql::raw::includeAll", "db/all/b.sql::b::a", "db/all/c.xml::c::ana"});
  CHECK(of(relative + "maxDepth=\"1\"") == Strings{"db/all/b.sql::b::a", "db/all/c.xml::c::ana"});
  CHECK(of(relative + "minDepth=\"2\"") == Strings{"db/all/a/z.sql::raw::includeAll"});
  CHECK(of(relative + "endsWithFilter=\".xml\"") == Strings{"db/all/c.xml::c::ana"});
}

TEST_CASE("a folder that has the root in it does not include the root again") {
  const Files files{{"m/changelog.xml", xml("<includeAll path=\"m/\"/>")},
                    {"m/1.sql", formatted("--changeset a:1\nselect 1;\n")}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(ids_of(catalog) == Strings{"m/1.sql::1::a"});
  CHECK(problems_of(catalog).empty());
}

TEST_CASE("paths are those by which Liquibase knows the files") {
  const Files files{
      {"src/main/resources/db/changelog/db.changelog-master.yaml",
       "databaseChangeLog:\n- include:\n    file: db/changelog/one.sql\n- "
       "include:\n    file: classpath:/db/changelog/two.sql\n- include:\n    "
       "file: three.sql\n    relativeToChangelogFile: true\n"},
      {"src/main/resources/db/changelog/one.sql", formatted("--changeset a:1\nselect 1;\n")},
      {"src/main/resources/db/changelog/two.sql", formatted("--changeset a:2\nselect 1;\n")},
      {"src/main/resources/db/changelog/three.sql", formatted("--changeset a:3\nselect 1;\n")}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(ids_of(catalog) == Strings{"db/changelog/one.sql::1::a",
                                   "db/changelog/two.sql::2::a",
                                   "src/main/resources/db/changelog/three.sql::3::a"});
  const auto& one = find(catalog, "db/changelog/one.sql::1::a");
  CHECK(one.file == "src/main/resources/db/changelog/one.sql");
  CHECK(one.path_in_key == std::string("db/changelog/one.sql").size());
}

TEST_CASE("a logical path stands for the file's, the changeset's before the changelog's") {
  const Files files{
      {"c.xml",
       xml(set("1") + "<changeSet id=\"2\" author=\"ana\" logicalFilePath=\"/other/./x.xml\"/>",
           " logicalFilePath=\"logical.xml\"")}};
  CHECK(ids_of(catalog_of(tool(), files)) == Strings{"logical.xml::1::ana", "other/x.xml::2::ana"});
}

TEST_CASE("the key is what Liquibase compares, whichever case it is written in") {
  const auto catalog =
      catalog_of(tool(), {{"DB/C.sql", formatted("--changeset Bob:One\nselect 1;\n")}});
  CHECK(catalog.migrations.front().id.value == "DB/C.sql::One::Bob");
  CHECK(catalog.migrations.front().key.value == "db/c.sql::one::bob");
  CHECK(normal_liquibase_path("classpath:db\\a.sql") == "db/a.sql");
  CHECK(normal_liquibase_path("C:\\x\\.\\y\\..\\a.sql") == "x/a.sql");
  CHECK(normal_liquibase_path("/db//a.sql") == "db/a.sql");
  CHECK(normal_liquibase_path("../../etc/a.sql") == "../../etc/a.sql");
}

TEST_CASE("an id that is a number in YAML or JSON is what Liquibase makes of that number") {
  const auto ids = [](const std::string& path, const std::string& bytes) {
    Strings all;
    for (const auto& id : ids_of(catalog_of(tool(), {{path, bytes}}))) {
      all.push_back(id.substr(path.size() + 2, id.size() - path.size() - 5));
    }
    return all;
  };
  // As Liquibase 4.28.1 stored them.
  const std::vector<std::pair<std::string, std::string>> words{
      {"1.0", "1.0"},
      {"1.10", "1.1"},
      {"1.50", "1.5"},
      {"007", "7"},
      {"1_000", "1000"},
      {"yes", "true"},
      {"OFF", "false"},
      {"0x1F", "31"},
      {"1e3", "1000.0"},
      {"1.0e+3", "1000.0"},
      {"20200101120000", "20200101120000"},
      {"12345678901234567890123", "12345678901234567890123"},
      {"\"008\"", "008"},
      {"'1.10'", "1.10"},
      {"!!str 1.20", "1.20"},
      {"09", "09"},
      {"1:30", "90"},
      {"0b11", "3"},
      {"+5", "5"},
      {"-6", "-6"},
      {"-0", "0"},
      {".5", "0.5"},
      {"0.00025", "2.5E-4"},
      {"0.0025", "0.0025"},
      {"20200101.1", "2.02001011E7"},
      {"1234567.5", "1234567.5"},
      {"3.", "3.0"},
      {"1.2.3", "1.2.3"},
      {"1-2", "1-2"},
      {"yES", "yES"},
      {"1e", "1e"},
      {"_1", "_1"},
      {"v1.10", "v1.10"},
      // As its source says of times, and as Java does of days, where the zone is UTC.
      {"2024-01-15", "Mon Jan 15 00:00:00 UTC 2024"},
      {"2000-02-29", "Tue Feb 29 00:00:00 UTC 2000"},
      {"2024-01-15T10:30:00", "2024-01-15 10:30:00"},
      {"2024-1-5 7:30:00.250 Z", "2024-01-05 07:30:00"},
      {"'2024-01-15'", "2024-01-15"},
      {"2024-1-5", "2024-1-5"},
      {"2023-02-29", "2023-02-29"},
      {"2024-01-15-users", "2024-01-15-users"},
      {"2024-01-15T10:30", "2024-01-15T10:30"},
      {"2024-01-15T10:30:00+02:00", "2024-01-15T10:30:00+02:00"}};
  std::string yaml = "databaseChangeLog:\n";
  Strings wanted;
  for (std::size_t i = 0; i < words.size(); ++i) {
    // Of one author each: two of them are the same number.
    const auto author = std::string(1, static_cast<char>(i < 26 ? 'A' + i : 'a' + i - 26));
    yaml += "- changeSet: {id: " + words[i].first + ", author: \"" + author + "\"}\n";
    wanted.push_back(words[i].second);
  }
  CHECK(ids("c.yaml", yaml) == wanted);
  CHECK(ids("c.json", R"({"databaseChangeLog": [{"changeSet": {"id": 1.0, "author": "a"}},
      {"changeSet": {"id": 1e2, "author": "a"}}, {"changeSet": {"id": 1.10, "author": "a"}},
      {"changeSet": {"id": 7, "author": "a"}}, {"changeSet": {"id": "yes", "author": "a"}},
      {"changeSet": {"id": true, "author": "a"}}, {"changeSet": {"id": "1.10", "author": "a"}}]})") ==
        Strings{"1.0", "100.0", "1.1", "7", "yes", "true", "1.10"});
}

TEST_CASE("a name that YAML repeats by an alias is the name, and a structure proves nothing") {
  const auto catalog = catalog_of(tool(),
                                  {{"c.yaml",
                                    "databaseChangeLog:\n- changeSet: {id: 1, author: &who ann}\n"
                                    "- changeSet: {id: &n 2.50, author: *who}\n"
                                    "- changeSet: {id: 3, author: *n, changes: &c []}\n"
                                    "- changeSet: {id: 4, author: *who, changes: *c}\n"}});
  CHECK(ids_of(catalog) ==
        Strings{"c.yaml::1::ann", "c.yaml::2.5::ann", "c.yaml::3::2.5", "c.yaml::4::ann"});
  CHECK_FALSE(catalog.migrations[3].checksums.complete);
  std::string long_words =
      "databaseChangeLog:\n- changeSet: {id: 1, author: &a " + std::string(300, 'x') + "}\n";
  CHECK(ids_of(catalog_of(tool(),
                          {{"c.yaml", long_words + "- changeSet: {id: 2, author: *a}\n"}}))[1] ==
        "c.yaml::2::");
}

TEST_CASE("an author and a logical path in a line are what Liquibase 4.28 stored of them") {
  CHECK(ids_of(catalog_of(
            tool(),
            {{"1.sql",
              "--liquibase formatted sql logicalFilePath:\"log ical.sql\"\n--changeset  y  :z\n"
              "select 1;\n--changeset a:1 logicalFilePath:\"x y.sql\"\nselect 1;\n"
              "--changeset \"auth b\":\"id with blank\"\nselect 1;\n--changeset e f:\"g\"\n"
              "select 1;\n--changeset x:1:2\nselect 1;\n"}})) ==
        Strings{"\"log::z::y  ",
                "\"x::1::a",
                "\"log::id with blank::auth b",
                "\"log::g::e f",
                "\"log::1:2::x"});
}

TEST_CASE("what YAML calls true is true to a changeset") {
  const auto catalog = catalog_of(
      tool(),
      {{"c.yaml",
        "databaseChangeLog:\n- changeSet: {id: 1, author: a, runOnChange: yes}\n- changeSet: {id: "
        "2, author: a, ignore: On}\n- changeSet: {id: 3, author: a, runAlways: \"yes\"}\n"}});
  CHECK(find(catalog, "c.yaml::1::a").kind == MigrationKind::repeatable);
  CHECK(find(catalog, "c.yaml::2::a").never == "skipped");
  CHECK(find(catalog, "c.yaml::3::a").kind == MigrationKind::versioned);
}

TEST_CASE("what a filter of people's own lets pass is due as far as anybody can tell") {
  for (const std::string attribute : {"filter", "resourceFilter"}) {
    CAPTURE(attribute);
    const auto catalog =
        catalog_of(tool(),
                   {{"changelog.yaml",
                     "databaseChangeLog:\n- include: {file: all.xml}\n- includeAll: {path: b, " +
                         attribute + ": org.x.F}\n- includeAll: {path: c}\n"},
                    {"all.xml", xml("<includeAll path=\"a\" " + attribute + "=\"org.x.F\"/>")},
                    {"a/1.sql", formatted("--changeset a:1\nselect 1;\n")},
                    {"b/1.sql", formatted("--changeset a:1\nselect 1;\n")},
                    {"c/1.sql", formatted("--changeset a:1\nselect 1;\n")}});
    CHECK(find(catalog, "a/1.sql::1::a").perhaps == "conditional");
    CHECK(find(catalog, "b/1.sql::1::a").perhaps == "conditional");
    CHECK(find(catalog, "c/1.sql::1::a").perhaps.empty());
  }
}

TEST_CASE("no include leads out of the app's directory, and one that leads nowhere is told") {
  const auto catalog = catalog_of(
      tool(),
      {{"c.xml",
        xml(set("1") + "<include file=\"../../../etc/passwd\"/>"
                       "<include file=\"/etc/hosts.xml\"/><includeAll path=\"gone\"/>")}});
  CHECK(ids_of(catalog) == Strings{"c.xml::1::ana"});
  CHECK(problems_of(catalog) == Strings{"c.xml includes ../../../etc/passwd, which is not here",
                                        "c.xml includes /etc/hosts.xml, which is not here",
                                        "c.xml includes gone, which is not here"});
  CHECK(catalog.unread.any);  // they may hold what the ledger has
}

TEST_CASE("an include that may lead nowhere is no problem when it does") {
  const auto catalog = catalog_of(
      tool(),
      {{"changelog.xml",
        xml("<include file=\"a.xml\" errorIfMissing=\"false\"/>"
            "<includeAll path=\"b\" errorIfMissingOrEmpty=\"false\"/>"
            "<include file=\"c.yaml\"/>")},
       {"c.yaml", "databaseChangeLog:\n- include: {file: d.xml, errorIfMissing: false}\n"}});
  CHECK(problems_of(catalog).empty());
  CHECK_FALSE(catalog.unread.any);
}

TEST_CASE("changelogs that include each other end") {
  const auto catalog = catalog_of(tool(),
                                  {{"a.xml", xml("<include file=\"b.xml\"/>" + set("1"))},
                                   {"b.xml", xml("<include file=\"a.xml\"/>" + set("2"))}});
  CHECK(ids_of(catalog).size() == 2);
  CHECK_FALSE(problems_of(catalog).empty());
  const Files itself{{"a.xml", xml("<include file=\"a.xml\"/>" + set("1"))}};
  CHECK(ids_of(catalog_of(tool(), itself)) == Strings{"a.xml::1::ana"});
}

TEST_CASE("changelogs that double at each step are read once") {
  Files files;
  for (int i = 0; i < 60; ++i) {
    const auto next = "<include file=\"" + std::to_string(i + 1) + ".xml\"/>";
    files[std::to_string(i) + ".xml"] = xml(next + next + set("x"));
  }
  files["60.xml"] = xml(set("x"));
  const auto catalog = catalog_of(tool(), files);
  CHECK(catalog.migrations.size() == 61);
  CHECK(catalog.problems.size() == 60);
  CHECK(catalog.problems.front() ==
        CatalogProblem{"1.xml", "is included more than once: only the first time counts"});
  CHECK_FALSE(catalog.unread.any);
}

TEST_CASE("a chain of includes has an end") {
  Files files;
  for (int i = 0; i < 200; ++i) {
    files[std::to_string(i) + ".xml"] =
        xml("<include file=\"" + std::to_string(i + 1) + ".xml\"/>" + set("x"));
  }
  files["200.xml"] = xml(set("x"));
  const auto catalog = catalog_of(tool(), files);
  CHECK(problems_of(catalog) == Strings{"65.xml is included too deeply"});
  CHECK(catalog.unread.any);
}

TEST_CASE("of several roots the one with the usual name counts, else all and it is told") {
  const Files master{{"db/db.changelog-master.xml", xml(set("1"))},
                     {"db/test-data.xml", xml(set("2"))},
                     {"db/loose.sql", formatted("--changeset a:1\nselect 1;\n")}};
  CHECK(ids_of(catalog_of(tool(), master)) == Strings{"db/db.changelog-master.xml::1::ana"});
  CHECK(problems_of(catalog_of(tool(), master)).empty());
  const auto equals =
      catalog_of(tool(), {{"a/master.xml", xml(set("1"))}, {"b/master.xml", xml(set("2"))}});
  CHECK(ids_of(equals) == Strings{"a/master.xml::1::ana", "b/master.xml::2::ana"});
  CHECK(problems_of(equals) ==
        Strings{"a/master.xml is one of 2 changelogs that no other one includes (a/master.xml, "
                "b/master.xml): all of them count"});
}

TEST_CASE("formatted SQL counts by itself where there is no root") {
  const auto catalog = catalog_of(tool(),
                                  {{"2.sql", formatted("--changeset a:2\nselect 1;\n")},
                                   {"1.sql", formatted("--changeset a:1\nselect 1;\n")},
                                   {"plain.sql", "select 1;"}});
  CHECK(ids_of(catalog) == Strings{"1.sql::1::a", "2.sql::2::a"});
}

TEST_CASE("the first line of formatted SQL may be written as any version of Liquibase takes it") {
  const std::string set = "--changeset a:1\nselect 1;\n";
  for (const auto* heading : {"--liquibase formatted sql",
                              "-- liquibase formatted sql",
                              "--\tLiquibase Formatted SQL",
                              "  --  liquibase   formatted sql",
                              "--liquibaseformatted",
                              "\n \n--liquibase formatted sql",
                              "\xEF\xBB\xBF--liquibase formatted sql"}) {
    CAPTURE(heading);
    CHECK(ids_of(catalog_of(tool(), {{"1.sql", heading + ("\n" + set)}})) ==
          Strings{"1.sql::1::a"});
  }
  for (const auto* other : {"- liquibase formatted sql",
                            "--liquibase sql formatted",
                            "select 1;\n--liquibase formatted sql",
                            "/* --liquibase formatted sql */"}) {
    CAPTURE(other);
    CHECK(catalog_of(tool(), {{"1.sql", other + ("\n" + set)}}).migrations.empty());
  }
}

TEST_CASE("what is meant for a changeset and is none is a problem, and ends no other one") {
  for (const auto* line : {"--changeset bob",
                           "--changeset bob: 2",
                           "--changeset :2",
                           "-changeset bob:2",
                           "--changesetbob:2"}) {
    CAPTURE(line);
    const auto catalog = catalog_of(
        tool(),
        {{"1.sql",
          formatted("--changeset a:1\nselect 1;\n" + std::string(line) + "\nselect 2;\n")}});
    CHECK(ids_of(catalog) == Strings{"1.sql::1::a"});
    CHECK(problems_of(catalog) ==
          Strings{"1.sql line 4 begins like a changeset and is none: Liquibase expects --changeset "
                  "AUTHOR:ID"});
  }
  const auto quiet = catalog_of(
      tool(),
      {{"1.sql",
        formatted("--changeset a:1\nselect 1;\n--ignoreLines:1\n--changeset\n"
                  "/* liquibase rollback\n--changeset x\n*/\n-- a changeset of others\n")}});
  CHECK(problems_of(quiet).empty());
}

TEST_CASE("one changeset twice is a problem") {
  const auto catalog = catalog_of(
      tool(), {{"1.sql", formatted("--changeset a:1\nselect 1;\n--changeset A:1\nselect 2;\n")}});
  CHECK(ids_of(catalog) == Strings{"1.sql::1::a"});
  CHECK(problems_of(catalog) == Strings{"1.sql has the same changeset as 1.sql: 1.sql::1::A"});
}

TEST_CASE("the content of a changeset is its own piece of the file") {
  const std::string one = "--changeset a:1\nselect 1;\n--rollback select 0;";
  const std::string two = "-- changeset a:2\nselect 2;";
  const Files sql{{"1.sql", formatted("\n" + one + "\n\n\n" + two + "\n  \n")}};
  const auto catalog = catalog_of(tool(), sql);
  CHECK(bytes_of(catalog.migrations[0], sql) == one);
  CHECK(bytes_of(catalog.migrations[1], sql) == two);
  CHECK(catalog.migrations[0].content.raw == sha256(one));
  CHECK(catalog.migrations[1].content.raw == sha256(two));
}

TEST_CASE("a changeset in XML is a piece from its opening to its closing tag") {
  const std::string one =
      "<changeSet id=\"1\" author=\"ana\">\n  <!-- </changeSet> -->\n  "
      "<sql><![CDATA[select '</changeSet>';]]></sql>\n</changeSet >";
  const std::string two = "<changeSet id=\"2\" author=\"ana\"/>";
  const std::string three = "<changeSet author='a>b' id=\"3\"><sql>select 1</sql></changeSet>";
  for (const std::string bom : {"", "\xEF\xBB\xBF"}) {
    const Files files{
        {"c.xml",
         bom +
             xml("<!-- before -->\n" + one + "\n<!-- <changeSet id=\"9\" author=\"x\"/> -->\n" +
                 two + three + "<!-- <changeSet></changeSet> -->") +
             "<!-- </changeSet> -->"}};
    const auto catalog = catalog_of(tool(), files);
    REQUIRE(catalog.migrations.size() == 3);
    CHECK(bytes_of(catalog.migrations[0], files) == one);
    CHECK(bytes_of(catalog.migrations[1], files) == two);
    CHECK(bytes_of(catalog.migrations[2], files) == three);
    CHECK(catalog.migrations[0].checksums.complete);
  }
}

TEST_CASE("a changeset in YAML is a piece up to what stands further out") {
  const std::string one =
      "changeSet:\n      id: 1\n# outside\n      author: ana\n      # inside\n      changes:\n     "
      "   - "
      "sql:\n "
      "           sql: |\n              select 1;\n\n              # not a comment\n";
  const std::string two = "changeSet: {id: 2, author: ana}";
  const Files files{{"c.yaml",
                     "# about\ndatabaseChangeLog:\n  - " + one + "\n  # about the next\n  - " +
                         two + "\n\n\nother: 1\n"}};
  const auto catalog = catalog_of(tool(), files);
  REQUIRE(catalog.migrations.size() == 2);
  CHECK(bytes_of(catalog.migrations[0], files) == one.substr(0, one.size() - 1));
  CHECK(bytes_of(catalog.migrations[1], files) == two);
}

TEST_CASE("a changeset in JSON, or in YAML that is written like it, is a piece between braces") {
  const std::string one =
      R"({"changeSet": {"id": "a}", "author": "ana", "changes": [{"sql": {"sql": "it's \"}]\""}}]}})";
  const std::string two = R"({"changeSet": {"id": 2, "author": "ana"}})";
  for (const std::string name : {"c.json", "c.yaml"}) {
    const Files files{{name,
                       R"({"other": [{"databaseChangeLog": [1]}], "databaseChangeLog": [)"
                       "\n  " +
                           one + " ,\n" + two + "]}\n"}};
    const auto catalog = catalog_of(tool(), files);
    REQUIRE_MESSAGE(catalog.migrations.size() == 2, name);
    CHECK(bytes_of(catalog.migrations[0], files) == one);
    CHECK(bytes_of(catalog.migrations[1], files) == two);
    CHECK(catalog.migrations[0].id.value == name + "::a}::ana");
  }
}

TEST_CASE("what Liquibase does not mind is no other content") {
  const auto content = [](const std::string& path, const std::string& bytes) {
    return catalog_of(tool(), {{path, bytes}}).migrations.at(0).content;
  };
  const auto plain = content("1.sql", formatted("--changeset a:1\nselect 1;\n"));
  const auto told = content("1.sql",
                            formatted("--changeset a:1 context:x labels:y\r\n--comment hello\r\n"
                                      "select\r\n  1;\r\n--rollback select 0;\r\n"));
  CHECK(plain.raw != told.raw);
  CHECK(plain.normalised == told.normalised);
  CHECK(plain.normalised != content("1.sql", formatted("--changeset a:1\nselect 2;\n")).normalised);
  const auto table = content(
      "c.xml", xml(set("1", "<createTable tableName=\"t\"><column name=\"a\"/></createTable>")));
  CHECK(table.normalised ==
        content("c.xml",
                xml(set("1",
                        "<comment>x</comment>\n <createTable\n  tableName='t'> <column name='a' "
                        "/><!-- x --></createTable><rollback/>")))
            .normalised);
  CHECK(table.normalised !=
        content("c.xml",
                xml(set("1", "<createTable tableName=\"t\"><column name=\"b\"/></createTable>")))
            .normalised);
}

TEST_CASE("a changeset that is to be ignored, or is for another database, is never due") {
  const auto catalog =
      catalog_of(tool(),
                 {{"c.xml",
                   xml("<changeSet id=\"1\" author=\"a\" dbms=\"oracle, h2\"/>"
                       "<changeSet id=\"2\" author=\"a\" dbms=\"!oracle\"/>"
                       "<changeSet id=\"3\" author=\"a\" ignore=\"true\"/>"
                       "<changeSet id=\"4\" author=\"a\" context=\"prod\" labels=\"x\"/>")}});
  CHECK(find(catalog, "c.xml::1::a").never == "skipped");
  CHECK(find(catalog, "c.xml::2::a").never.empty());
  CHECK(find(catalog, "c.xml::3::a").never == "skipped");
  CHECK(find(catalog, "c.xml::4::a").never.empty());
}

TEST_CASE("what an include ignores is never due, with all that it includes") {
  const Files files{
      {"changelog.xml",
       xml("<include file=\"a.xml\" ignore=\"true\"/>" + set("1") +
           "<includeAll path=\"more\" ignore=\"true\"/>")},
      {"a.xml", xml("<include file=\"b.yaml\"/>" + set("2"))},
      {"b.yaml", "databaseChangeLog:\n  - include: {file: c.json, ignore: false}\n"},
      {"c.json", R"({"databaseChangeLog": [{"changeSet": {"id": 3, "author": "ana"}}]})"},
      {"more/4.sql", formatted("--changeset ana:4\nselect 4;\n")}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(find(catalog, "changelog.xml::1::ana").never.empty());
  CHECK(find(catalog, "a.xml::2::ana").never == "skipped");
  CHECK(find(catalog, "c.json::3::ana").never == "skipped");
  CHECK(find(catalog, "more/4.sql::4::ana").never == "skipped");
}

TEST_CASE("what is to run first or last does so of all that the root includes") {
  const std::string root = "databaseChangeLog:\n  - include: {file: a.xml}\n";
  const Files files{{"changelog.yaml",
                     root + "  - changeSet: {id: r1, author: ana, runOrder: LAST}\n"
                            "  - changeSet: {id: r2, author: ana, runOrder: first}\n"
                            "  - changeSet: {id: r3, author: ana}\n  - include: {file: b.json}\n"
                            "  - include: {file: c.sql}\n"},
                    {"a.xml",
                     xml("<changeSet id=\"a1\" author=\"ana\" runOrder=\"last\"/>" + set("a2") +
                         "<changeSet id=\"a3\" author=\"ana\" runOrder=\"first\"/>")},
                    {"b.json",
                     R"({"databaseChangeLog": [{"changeSet": {"id": "b1", "author": "ana"}},
            {"changeSet": {"id": "b2", "author": "ana", "runOrder": "first"}}]})"},
                    // Formatted SQL has no such attribute.
                    {"c.sql", formatted("--changeset ana:c1 runOrder:first\nselect 1;\n")}};
  CHECK(ids_of(catalog_of(tool(), files)) == Strings{"a.xml::a3::ana",
                                                     "changelog.yaml::r2::ana",
                                                     "b.json::b2::ana",
                                                     "a.xml::a2::ana",
                                                     "changelog.yaml::r3::ana",
                                                     "b.json::b1::ana",
                                                     "c.sql::c1::ana",
                                                     "a.xml::a1::ana",
                                                     "changelog.yaml::r1::ana"});
}

TEST_CASE("what has a context or labels may not be due, in each format and by an include") {
  const Files files{
      {"changelog.xml",
       xml("<changeSet id=\"1\" author=\"a\" context=\"test\"/>"
           "<changeSet id=\"2\" author=\"a\" contextFilter=\"!prod\"/>"
           "<changeSet id=\"3\" author=\"a\" labels=\"x\"/>"
           "<changeSet id=\"4\" author=\"a\" labels=\"\"/>"
           "<include file=\"a.yaml\"/><include file=\"b.json\"/><include file=\"c.sql\"/>"
           "<include file=\"d.xml\" contextFilter=\"test\"/><include file=\"e.xml\"/>"
           "<include file=\"f.yaml\"/>")},
      {"a.yaml",
       "databaseChangeLog:\n  - changeSet: {id: 5, author: a, context: test}\n"
       "  - changeSet: {id: 6, author: a}\n"},
      {"b.json",
       R"({"databaseChangeLog": [{"changeSet": {"id": 7, "author": "a", "labels": "x"}}]})"},
      {"c.sql",
       formatted("--changeset a:8 contextFilter:\"a or b\"\nselect 1;\n"
                 "--changeset a:9 labels:x\nselect 1;\n--changeset a:10 context:t\nselect 1;\n"
                 "--changeset a:11 runAlways:true\nselect 1;\n")},
      {"d.xml", xml("<include file=\"g.sql\"/>")},
      {"e.xml", xml("<changeSet id=\"13\" author=\"a\"/>", " contextFilter=\"test\"")},
      {"f.yaml", "databaseChangeLog:\n  - context: test\n  - changeSet: {id: 14, author: a}\n"},
      {"g.sql", formatted("--changeset a:12\nselect 1;\n")}};
  Strings conditional;
  for (const auto& migration : catalog_of(tool(), files).migrations) {
    CHECK(migration.never.empty());
    if (migration.perhaps == "conditional") {
      conditional.push_back(migration.id.value);
    }
  }
  CHECK(conditional == Strings{"changelog.xml::1::a",
                               "changelog.xml::2::a",
                               "changelog.xml::3::a",
                               "a.yaml::5::a",
                               "b.json::7::a",
                               "c.sql::8::a",
                               "c.sql::9::a",
                               "c.sql::10::a",
                               "g.sql::12::a",
                               "e.xml::13::a",
                               "f.yaml::14::a"});
}

TEST_CASE("properties name files, too, and end with their file unless they are global") {
  const auto catalog = catalog_of(
      tool(),
      {{"changelog.xml",
        xml("<property name=\"dir\" value=\"sub\"/><property name=\"dir\" value=\"late\"/>"
            "<include file=\"${dir}/a.xml\"/><include file=\"${own}/a.xml\"/>")},
       {"sub/a.xml", xml("<property name=\"own\" value=\"sub\" global=\"false\"/>" + set("1"))}});
  CHECK(ids_of(catalog) == Strings{"sub/a.xml::1::ana"});
  CHECK(problems_of(catalog) == Strings{"changelog.xml includes ${own}/a.xml, which is not here"});
}

TEST_CASE("values in values cannot make anything long") {
  std::string properties;
  for (int i = 0; i < 200; ++i) {
    properties +=
        "<property name=\"p" + std::to_string(i) + "\" value=\"" + std::string(1000, 'v') + "\"/>";
  }
  std::string sql;
  for (int i = 0; i < 100'000; ++i) {
    sql += "${p1}";
  }
  const auto catalog = catalog_of(
      tool(),
      {{"changelog.xml",
        xml(properties + "<changeSet id=\"" + sql + "\" author=\"a\"><sql>" + sql +
            "</sql></changeSet>" +
            set("open",
                "<sql>" + std::string(400'000, '$') + std::string(400'000, '{') + "}</sql>"))}});
  REQUIRE(catalog.migrations.size() == 2);
  CHECK(catalog.migrations[0].id.value.size() < 2 * sql.size());
  CHECK(catalog.migrations[0].checksums.accepted.size() == 3);
  std::string names;
  for (int i = 0; i < 400'000; ++i) {
    names += "${";
  }
  CHECK(catalog_of(tool(), {{"1.sql", formatted("--changeset a:1\n" + names + "}\n")}})
            .migrations.size() == 1);
}

TEST_CASE("a changelog that cannot be read hides any changeset") {
  for (const auto& [path, bytes] : Files{{"c.xml", "<databaseChangeLog><changeSet"},
                                         {"c.yaml", "databaseChangeLog: [}"},
                                         {"c.json", "{\"databaseChangeLog\": ["},
                                         {"d.yaml", "databaseChangeLog: \"\x01\""}}) {
    const auto catalog = catalog_of(tool(), {{path, bytes}});
    CHECK(catalog.migrations.empty());
    CHECK_MESSAGE(catalog.problems.size() == 1, path);
    CHECK_MESSAGE(catalog.unread.any, path);
  }
  const auto other = catalog_of(tool(),
                                {{"api.json", R"({"about": "databaseChangeLog"})"},
                                 {"1.sql", formatted("--changeset a:1\nselect 1;\n")}});
  CHECK(problems_of(other).empty());
  CHECK_FALSE(other.unread.any);
}

TEST_CASE("a file that changed since it was scanned is a conflict, not a problem") {
  const Files files{{"c.xml", xml(set("1"))}};
  const auto catalog = tool().arrange(scanned(tool(), files), [](const ScannedFile&) {
    return Result<std::string>(fail(Errc::conflict, "changed"));
  });
  REQUIRE_FALSE(catalog);
  CHECK(catalog.error().code == Errc::conflict);
}

TEST_CASE("nothing nests without end") {
  std::string deep = "databaseChangeLog: ";
  deep += std::string(5000, '[');
  CHECK_FALSE(catalog_of(tool(), {{"c.yaml", deep}}).problems.empty());
  CHECK_FALSE(catalog_of(tool(), {{"c.json", "{\"databaseChangeLog\": " + std::string(5000, '[')}})
                  .problems.empty());
  std::string nested;
  for (int i = 0; i < 20'000; ++i) {
    nested += "<a>";
  }
  CHECK(catalog_of(tool(), {{"c.xml", "<databaseChangeLog><changeSet id='1' author='a'>" + nested}})
            .migrations.empty());
  std::string aliases = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'm'; ++c) {
    const std::string from = "*" + std::string(1, static_cast<char>(c - 1));
    aliases += std::string(1, c) + ": &" + std::string(1, c) + " [" + from + ", " + from + ", " +
               from + ", " + from + ", " + from + "]\n";
  }
  aliases += "databaseChangeLog:\n- changeSet: {id: 1, author: a, changes: *l}\n";
  const auto catalog = catalog_of(tool(), {{"c.yaml", aliases}});
  REQUIRE(catalog.migrations.size() == 1);
  CHECK_FALSE(catalog.migrations.front().checksums.complete);
}

TEST_CASE("changelogs mark a directory, formatted SQL names it, and other documents do not") {
  CHECK(evidence_of(tool(), {{"db/changelog.xml", xml(set("1"))}}) == "marked 1");
  CHECK(evidence_of(tool(), {{"db/all.yml", "databaseChangeLog:\n"}}) == "marked 1");
  CHECK(evidence_of(tool(), {{"1.sql", formatted("")}}) == "named 1");
  CHECK(evidence_of(tool(), {{"1.sql", "\n  --  Liquibase  FORMATTED sql\n"}}) == "named 1");
  CHECK(evidence_of(tool(),
                    {{"1.sql", "select 1;\n--liquibase formatted sql\n"},
                     {"pom.xml", "<project/>"}}) == "none 0");
  Files many{{"src/db.changelog-master.xml", xml(set("1"))}};
  for (int i = 0; i < 100; ++i) {
    many["conf/" + std::to_string(i) + ".xml"] = "<beans/>";
  }
  CHECK(evidence_of(tool(), many) == "marked 1");
}

TEST_CASE("the layout of a directory with changelogs is Liquibase's, even beside numbered files") {
  CHECK(layout_of({{"V1__a.sql", "select 1;"},
                   {"V2__b.sql", "select 1;"},
                   {"changelog.xml", xml("<includeAll path=\".\"/>")}}) == "liquibase");
}
