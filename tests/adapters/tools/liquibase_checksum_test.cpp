#include "adapters/tools/liquibase_checksum.h"

#include <doctest/doctest.h>

#include <algorithm>

#include <rapidcheck.h>

#include "tests/adapters/tools/directory.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const Tool& tool() {
  return *find_tool("liquibase");
}

Migration changeset(const Files& files, const std::string& id) {
  const auto catalog = catalog_of(tool(), files);
  const auto found = std::ranges::find(catalog.migrations, MigrationId{id}, &Migration::id);
  REQUIRE_MESSAGE(found != catalog.migrations.end(), "no changeset " << id);
  return *found;
}

std::string checksum(const Migration& migration, char version) {
  for (const auto& accepted : migration.checksums.accepted) {
    if (accepted.front() == version) {
      return accepted;
    }
  }
  return "";
}

// The only changeset of a single file.
Migration only(const std::string& path, const std::string& bytes) {
  const auto catalog = catalog_of(tool(), {{path, bytes}});
  REQUIRE(catalog.migrations.size() == 1);
  return catalog.migrations.front();
}

bool accepts(const Migration& migration, const std::string& checksum) {
  return std::ranges::find(migration.checksums.accepted, checksum) !=
         migration.checksums.accepted.end();
}

std::string xml(const std::string& steps) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<databaseChangeLog xmlns=\"http://www.liquibase.org/xml/ns/dbchangelog\">\n" +
         steps + "\n</databaseChangeLog>\n";
}

}  // namespace

TEST_CASE("what goes into a checksum is what Liquibase hashes") {
  const LiquibaseSql first{
      "create table a1 (\n  id int primary key, -- key\n  nm varchar(10)\n);", true, true, {}, {}};
  CHECK(liquibase_checksum(8, std::vector{first}) == "8:e9378793d7fe370cb6ed599aaf921711");
  CHECK(liquibase_checksum(9, std::vector{first}) == "9:b3bd847019960c5fec698d9c859cb3b9");
  const LiquibaseSql second{"insert into a1 values (1, 'x  y');", false, false, "//", {}};
  CHECK(liquibase_checksum(8, std::vector{second}) == "8:f1231b2ccc607dc98c64b831c3501056");
  CHECK(liquibase_checksum(9, std::vector{second}) == "9:b9390e5769716b5a0c256d17c4b565a4");
  CHECK(liquibase_checksum(9, {}) == "9:d41d8cd98f00b204e9800998ecf8427e");
}

TEST_CASE("formatted SQL has Liquibase's checksums of either version") {
  const Files files{
      {"a.sql",
       "--liquibase formatted sql\n\n--changeset bob:1\ncreate table a1 (\n  id int primary key, "
       "-- key\n  nm varchar(10)\n);\n--rollback drop table a1;\n\n--changeset bob:2 "
       "splitStatements:false stripComments:false endDelimiter:// context:test "
       "labels:l1\n--comment second\ninsert into a1 values (1, 'x  y');\n\n\n"}};
  const auto first = changeset(files, "a.sql::1::bob");
  CHECK(first.checksums.accepted == std::vector<std::string>{"9:b3bd847019960c5fec698d9c859cb3b9",
                                                             "8:e9378793d7fe370cb6ed599aaf921711",
                                                             checksum(first, '7')});
  CHECK(first.checksums.complete);
  const auto second = changeset(files, "a.sql::2::bob");
  CHECK(checksum(second, '8') == "8:f1231b2ccc607dc98c64b831c3501056");
  CHECK(checksum(second, '9') == "9:b9390e5769716b5a0c256d17c4b565a4");
  CHECK(second.description == "second");
}

TEST_CASE("line endings are no difference to Liquibase") {
  const auto migration = only(
      "b.sql",
      "--liquibase formatted sql\r\n\r\n--changeset bob:1\r\ncreate table a2 (\r\n  id int primary "
      "key, -- key\r\n  nm varchar(10)\r\n);\r\n--rollback drop table a2;\r\n");
  CHECK(checksum(migration, '8') == "8:47b8950872b9a462aad218756139af79");
  CHECK(checksum(migration, '9') == "9:042168e93a4a491059a101fc99a3a985");
}

TEST_CASE("attributes of a formatted changeset are taken literally") {
  const Files files{
      {"three.sql",
       "-- liquibase formatted sql logicalFilePath:logical/three.sql\n\n-- changeset carol:a "
       "runOnChange:true\nselect 1;\n\n-- changeset carol:b runAlways:true "
       "dbms:postgresql\nselect 2; \n-- changeset carol:c dbms:oracle\nselect 3 from dual;\n-- "
       "changeset carol:e endDelimiter:\\nGO\nselect 4\nGO\n-- changeset carol:f "
       "splitStatements:true stripComments:true endDelimiter:;\nselect 5;\n"}};
  const auto a = changeset(files, "logical/three.sql::a::carol");
  CHECK(checksum(a, '8') == "8:07d7d7a28c35b80d36e41424401a2f3e");
  CHECK(checksum(a, '9') == "9:a7ca957848b7a2d82c733ec390529b49");
  CHECK(a.kind == MigrationKind::repeatable);
  const auto b = changeset(files, "logical/three.sql::b::carol");
  CHECK(checksum(b, '8') == "8:a831000d0868c3af2fc99814c0481415");
  CHECK(checksum(b, '9') == "9:95f73f1cbca88624a9748e8f80d48571");
  CHECK(b.kind == MigrationKind::repeatable);
  CHECK(b.never.empty());
  CHECK(changeset(files, "logical/three.sql::c::carol").never == "skipped");
  const auto e = changeset(files, "logical/three.sql::e::carol");
  CHECK(checksum(e, '8') == "8:ce0e5aefe91a12c8452d20bbd5bfb9eb");
  CHECK(checksum(e, '9') == "9:2e79e66ee5bc5c535d88f69b48cd7b0c");
  const auto f = changeset(files, "logical/three.sql::f::carol");
  CHECK(checksum(f, '8') == "8:cf969a34a13711a732cd47afaab1c63b");
  CHECK(checksum(f, '9') == "9:54819adf17b17e192447b4a936b824fa");
}

TEST_CASE("a plain SQL file is one changeset when it is included") {
  const Files files{{"changelog.xml", xml("<include file=\"d.sql\"/>")},
                    {"d.sql", "create table p1 (id int);\n"}};
  const auto migration = changeset(files, "d.sql::raw::includeAll");
  CHECK(checksum(migration, '8') == "8:e464c7b7c0c5b50cc6b549304b62e899");
  CHECK(checksum(migration, '9') == "9:745ece3f04b5f2a4dce608a856c7b00b");
  CHECK(migration.checksums.complete);
}

TEST_CASE("SQL in XML has Liquibase's checksums") {
  const auto migration = only("c.xml",
                              xml("<changeSet id=\"1\" author=\"a\"><sql>select 1;\n   select   2; "
                                  "</sql></changeSet>"));
  CHECK(checksum(migration, '8') == "8:eee5476b172051e0f61f5d71df8eb1b9");
  CHECK(checksum(migration, '9') == "9:d0ac68cf3699decff59c77fea078a7a8");
  const auto simple = only(
      "c.xml", xml("<changeSet id=\"1\" author=\"a\"><sql><![CDATA[select 1]]></sql></changeSet>"));
  CHECK(checksum(simple, '8') == "8:551a6b5455d661ce7101a063b818ca3e");
  CHECK(checksum(simple, '9') == "9:3b78b9910981c62ca27148640fad7bc2");
}

TEST_CASE("a changeset without changes has the checksum of nothing") {
  const auto migration = only("c.xml", xml("<changeSet id=\"1\" author=\"a\"/>"));
  CHECK(checksum(migration, '9') == "9:d41d8cd98f00b204e9800998ecf8427e");
  CHECK(migration.checksums.complete);
}

TEST_CASE("several changes of a YAML changeset are hashed together, with properties in place") {
  const auto migration = only("c.yaml",
                              "databaseChangeLog:\n"
                              "- property:\n"
                              "    name: tbl\n"
                              "    value: zeta\n"
                              "- changeSet:\n"
                              "    id: 1\n"
                              "    author: a\n"
                              "    changes:\n"
                              "    - sql:\n"
                              "        sql: create table ${tbl} (id int)\n"
                              "    - sql:\n"
                              "        splitStatements: false\n"
                              "        stripComments: true\n"
                              "        endDelimiter: \"@\"\n"
                              "        sql: |\n"
                              "          -- hello\n"
                              "          insert into ${tbl} values (1)\n");
  CHECK(accepts(migration, "8:39c786faf49bf49081a3ba55e9ec4948"));
  CHECK(accepts(migration, "9:a681365cf0730fe43faaf193c4ca84ff"));
  CHECK_FALSE(migration.checksums.complete);  // somebody may have said another value
}

TEST_CASE("a file of SQL is hashed with its byte-order mark, and later without") {
  const Files files{
      {"c.xml",
       xml("<property name=\"tbl\" value=\"zeta\"/>"
           "<changeSet id=\"1\" author=\"a\"><sqlFile path=\"f.sql\"/></changeSet>"
           "<changeSet id=\"2\" author=\"a\"><sqlFile path=\"f2.sql\" stripComments=\"true\" "
           "splitStatements=\"false\" endDelimiter=\";\"/></changeSet>")},
      {"f.sql", "\xEF\xBB\xBF-- f file\ncreate table g1 (id int);\r\n"},
      {"f2.sql", "-- f2 ${tbl} file\ncreate table g2 (id int);\n"}};
  const auto marked = changeset(files, "c.xml::1::a");
  CHECK(checksum(marked, '8') == "8:8071bca75ed2a00ac4e2cfed5387477d");
  CHECK(checksum(marked, '9') == "9:0de838ca96f0a0ea0f4d9109f458d9b4");
  CHECK(marked.checksums.complete);
  const auto not_expanded = changeset(files, "c.xml::2::a");
  CHECK(accepts(not_expanded, "8:10a67ad7064c9a9ac04ee6e94933b515"));
  CHECK(accepts(not_expanded, "9:c3ac9d743fac09e8103cbd4aa842d980"));
}

TEST_CASE("names that nobody gave a value stay, and so do characters beyond ASCII") {
  const auto migration =
      only("u.sql",
           "--liquibase formatted sql\n--changeset u:u2\ninsert into zed values (2); -- "
           "gr\xC3\xB6\xC3\x9F"
           "e \xF0\x9F\x98\x80 ${undefined}\n");
  CHECK(accepts(migration, "8:2e817041fbe161e54d367588f8440f75"));
  CHECK(accepts(migration, "9:6061ef565bca180930b494f19dfd6c70"));
  CHECK_FALSE(migration.checksums.complete);
}

TEST_CASE("preconditions are not part of the SQL, and FALSE is false") {
  const auto migration =
      only("u.sql",
           "--liquibase formatted sql\n--changeset u:u3 splitStatements:FALSE\n--preconditions "
           "onFail:MARK_RAN\n--precondition-sql-check expectedResult:0 select count(*) from "
           "zed\ninsert into zed values (3);\n\tinsert into zed values (4);\n");
  CHECK(checksum(migration, '8') == "8:2b907d576336baf63c04d2b99abe57ca");
  CHECK(checksum(migration, '9') == "9:62a37d0e1dac27bb4aafbc3345cf1594");
}

TEST_CASE("a slash that ends the file is a delimiter of its own") {
  const std::string text =
      "--liquibase formatted sql\n--changeset u:1\ncreate or replace function f1() returns int as "
      "$$ select 1 $$ language sql\n/\n";
  CHECK(checksum(only("u.sql", text), '8') == "8:4aaa98d82a272b76ac145396c85b2faa");
  const Files two{{"u.sql", text + "--changeset u:2\nselect 1;\n"}};
  CHECK(checksum(changeset(two, "u.sql::1::u"), '8') != "8:4aaa98d82a272b76ac145396c85b2faa");
}

TEST_CASE("a change for another database counts up to version 8 only") {
  const Files files{{"c.xml",
                     xml("<changeSet id=\"1\" author=\"a\"><sqlFile dbms=\"mysql\" path=\"f.sql\"/>"
                         "<sqlFile path=\"f.sql\"/></changeSet>")},
                    {"f.sql", "create table thisShouldRun(id int)\n"}};
  const auto migration = changeset(files, "c.xml::1::a");
  CHECK(checksum(migration, '8') == "8:a6a54dbc65048ebf1388da78c31ef1a9");
  CHECK(checksum(migration, '9') == "9:62336a615e62e89c9d86128d1ca60ecf");
}

TEST_CASE("what only newer versions take for a directive may be in an older checksum") {
  const std::string head = "--liquibase formatted sql\n--changeset u:1\nselect 1;\n";
  const auto block = only("u.sql", head + "/* liquibase rollback\ndrop table x;\n*/\nselect 2;\n");
  const auto as_sql = liquibase_checksum(
      8,
      std::vector{LiquibaseSql{
          "select 1;\n/* liquibase rollback\ndrop table x;\n*/\nselect 2;", true, true, {}, {}}});
  const auto without =
      liquibase_checksum(9, std::vector{LiquibaseSql{"select 1;\nselect 2;", true, true, {}, {}}});
  CHECK(block.checksums.accepted.front() == without);
  CHECK(accepts(block, as_sql));
  const auto property = only("u.sql", head + "--property name:x value:y\n");
  CHECK(accepts(
      property,
      liquibase_checksum(
          8,
          std::vector{LiquibaseSql{"select 1;\n--property name:x value:y", true, true, {}, {}}})));
}

TEST_CASE("a property is one with blanks behind its colons, and what looks like one is no SQL") {
  const auto of_sql = [](const std::string& sql) {
    return liquibase_checksum(9, std::vector{LiquibaseSql{sql, true, true, {}, {}}});
  };
  const auto first = [](const std::string& lines) {
    return only("u.sql", "--liquibase formatted sql\n--changeset u:1\nselect 1;\n" + lines)
        .checksums.accepted.front();
  };
  for (const std::string line : {"--property name: x value: y\n",
                                 "--property name:x value:\ty\n",
                                 "-- property a:b c:d\n",
                                 "--property x : y : z\n"}) {
    CAPTURE(line);
    CHECK(first(line) == of_sql("select 1;"));
  }
  for (const std::string line : {"--property name:x\n",
                                 "--property name: x\n",
                                 "--property name:x:y\n",
                                 "--property:a b:c\n"}) {
    CAPTURE(line);
    CHECK(first(line) != of_sql("select 1;"));
  }
  const auto expanded = only("u.sql",
                             "--liquibase formatted sql\n--property name: t value: zeta\n"
                             "--changeset u:1\nselect ${t};\n");
  CHECK(accepts(expanded, of_sql("select zeta;")));
}

TEST_CASE("lines that are to be ignored are") {
  const auto migration = only("u.sql",
                              "--liquibase formatted sql\n--changeset u:1\nselect 1;\n"
                              "--ignoreLines:2\nselect a;\nselect b;\n--ignoreLines:start\n"
                              "--changeset u:none\nselect c;\n--ignoreLines:end\nselect 2;\n");
  CHECK(migration.checksums.accepted.front() ==
        liquibase_checksum(9, std::vector{LiquibaseSql{"select 1;select 2;", true, true, {}, {}}}));
}

TEST_CASE("lines around the SQL are what Liquibase 4.4 and 4.28 take them for") {
  // As they stored these.
  struct Stored {
    std::string body;
    std::string by_4_4;
    std::string by_4_28;
  };
  const std::vector<Stored> all{
      {"--comment: one\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"-- comment two\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {" --comment three\nselect 1;\n",
       "8:2b039741fb4e2fb26d5b80aa2a712efb",
       "9:04be71116474a94464a96323069ec9c8"},
      {"--commentary five\nselect 1;\n",
       "8:63404ae7f013e3545ba8af5f44d465b0",
       "9:6aaf577d3229de363658b5d98d45031c"},
      {"--comment\nselect 1;\n",
       "8:ebe73d01ab662996e1913d1bbe48c21f",
       "9:59eef83db47ec58ced091afe2e2c0c10"},
      {"--comment:\nselect 1;\n",
       "8:243f590690c8dd02263f5bea8dd6aa04",
       "9:2c9841a9fe7b1a2cdd1a4f52047bebac"},
      {"--COMMENT six\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"--comment\tseven\nselect 1;\n",
       "8:159a2f25847fa25f1f9b32e7ec28fc3a",
       "9:f16da0307c2825ffd1825dbaa342fb93"},
      {"--comment:eight\nselect 1;\n",
       "8:c40f79d51949d9e2d2b397d8815240ae",
       "9:c5757f98ad3cbe7a3c3b5b41c863c827"},
      {"--  comment: nine\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"--comment : ten\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"--validCheckSum: 1:any\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"-- validCheckSum: 8:abc\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {" --validCheckSum: 8:abd\nselect 1;\n",
       "8:afa7313ef15fcdf03612d82c48a127d1",
       "9:6ed6e9e40f9dde1687741da06a1e0f2e"},
      {"--validchecksum 8:abe\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"--validCheckSum\nselect 1;\n",
       "8:8dbe91eddff64cba847a0273a934b5c5",
       "9:b7e67ae8f6250bd0701d002534a48315"},
      {"--validCheckSum:8:abf\nselect 1;\n",
       "8:cfa2488c64069e905bc3e020f55dc6cc",
       "9:96ef83de2b14918ddc92696d8afa7937"},
      {"--validCheckSum:  8:abf x\nselect 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n--rollback\n",
       "8:4e7f85abbfc632efbaf7a61959040a4e",
       "9:82eab45f00643148164a4c7ee13bd22c"},
      {"select 1;\n-- rollback select 0;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n--rollback:select 0;\n",
       "8:f07e276994a73bbdc2dd8acec04cdf2b",
       "9:d7caf160d7680c7f1283ad08b68b763c"},
      {"select 1;\n--rollbackx\n",
       "8:d77d77e39c6ce935d73d239f8ae7466d",
       "9:2a72c60c90c839487812a82470dbbc8b"},
      {"select 1;\n--rollback\tselect 0;\n",
       "8:52fd13d9ff47e93df0d4152b5d3fbc55",
       "9:5e25396113d573ae3820388902651358"},
      {"select 1;\n--ROLLBACK select 0;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n --  rollback select 0;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n--rollback \n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n-- rollback\n",
       "8:71877889fa52a74a50504a482734d94a",
       "9:82eab45f00643148164a4c7ee13bd22c"},
      {"--preconditionsx\nselect 1;\n--preconditioning\n",
       "8:5dad698b726cc36a6bfaf3121a43478f",
       "9:8fcfb01b53bb41e2707bd16b25fc779d"},
      {"select 1;\n/* liquibase rollback select 0; */\nselect 2;\n",
       "8:ce142e14e8616078dcb53744279e1451",
       "9:fce785aeb6c2bfa94040c457d5ed8675"},
      {"select 1;\n/* liquibase rollback\nselect 0; */ select 9;\nx */\nselect 2;\n",
       "8:661c230fbd84b3c13852080bd51c490d",
       "9:d0ac68cf3699decff59c77fea078a7a8"},
      {"select 1;\n/*liquibase rollback\nx*/\nselect 2;\n",
       "8:e877a3ad36e45bc93edbb3ca78193d9b",
       "9:d0ac68cf3699decff59c77fea078a7a8"},
      {"select 1;\n/* LIQUIBASE ROLLBACK\nx\n*/\nselect 2;\n",
       "8:b3e29458f7933f9e648d6776efd861fa",
       "9:d0ac68cf3699decff59c77fea078a7a8"},
      {"select 1;\nselect 3; /* liquibase rollback\nx\n*/\nselect 2;\n",
       "8:830bc75f1bdfb444042324562aced418",
       "9:5cddeba29c9816b31e671e173f2e2583"},
      {"select 1;\n/* liquibase rollback: x\n*/\nselect 2;\n",
       "8:03398dc4e30973ce98876dbfb78c4b8e",
       "9:d11dc8646783254e4263274b1417324a"},
      {"select 1;\n/* liquibase rollbackx\n*/\nselect 2;\n",
       "8:c7b536f92b17e3e196efebdc03928967",
       "9:70bdadb4b8dddfc7a0efde751974c641"},
      {"select 1;\n/* liquibase\nrollback\n*/\nselect 2;\n",
       "8:19c92f71245e528fa55393aaf4782057",
       "9:2bb4a2507730fe8dbade0ebd1a52bb4e"},
      {"select 1;\n/* rollback\n*/\nselect 2;\n",
       "8:16a66f812690378227ac2bf2d7980bcc",
       "9:029f33be588f513c1b171009cce96d6b"},
      {"select 1;\n--property name:x value:y z\n",
       "8:afe06525fb7fa7f074185adc5aece9ce",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n--propertyname:x value:y\n",
       "8:32a7041f5d85380799dc0a419b9bfdd9",
       "9:5ce7cf8fa7566cd29b282f4badc13b67"},
      {"select 1;\n--property  name:x  value:\"a b\"\n",
       "8:ac5723e5887733cd2f9585f5ae9e7787",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n-- property: name:x value:y\n",
       "8:08d2767090bb9d24f3c5ea78c37fd200",
       "9:f065ac5cccf94883b5cf02fa2743da23"},
      {"select 1;\n--property name:n1 value:v1 global:false\n",
       "8:32e237ee074f4ba349594f9f36c57535",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n--ignoreLines: 1\nbad\nselect 2;\n",
       "8:32fe472afb298d371b4ad224b64083e4",
       "9:b1338120282c3210f69100f56227c47d"},
      {"select 1;\n-- ignoreLines:1 more\nbad\nselect 2;\n",
       "8:0cd18bf2f62531fc9f46db0b3dad5be0",
       "9:c8d2651b176c1a90222930479e087ad3"},
      {"select 1;\n--ignoreLines:start\nbad\n-- ignoreLines:END  \nselect 2;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n--ignoreLines\nselect 2;\n",
       "8:5c3824165cb673b36c33209ef80262df",
       "9:162bf136902752d63101e7a3a98ea4a3"},
      {"select 1;\n--ignoreLines:0\nselect 2;\n",
       "8:8dab6f192104e6d901edd409f45042ac",
       "9:d0ac68cf3699decff59c77fea078a7a8"},
      {"select 1;\n--ignoreLines:start\nbad\n--ignoreLines: end\nselect 5;\nselect 2;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1\n /\n",
       "8:45740d60168c4b7690a5ecd78a6aa22d",
       "9:0f1475aa39d5d9c79549b35e24afec03"},
      {"select 1\n/", "8:5052c050d234b8725fed2b2ce19a02fd", "9:0f1475aa39d5d9c79549b35e24afec03"},
      {"select 1;\n--ignoreLines:start\nbad\n--ignoreLines:END\nselect 2;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n--ignoreLines:start\nbad\n-- ignoreLines:end\nselect 2;\n",
       "8:8dab6f192104e6d901edd409f45042ac",
       "9:d0ac68cf3699decff59c77fea078a7a8"},
      {"select 1;\n--ignoreLines:start\nbad\n--ignoreLines:end \nselect 2;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e",
       "9:a7ca957848b7a2d82c733ec390529b49"},
      {"select 1;\n --ignoreLines:1\nbad\n--ignoreLines:0\nselect 2;\n",
       "8:d9251a4cd72fbbfc75acb405e6190940",
       "9:b1338120282c3210f69100f56227c47d"},
      {"select 1;\n--ignoreLines:1 \nbad\n--ignoreLines:0\nselect 2;\n",
       "8:d9251a4cd72fbbfc75acb405e6190940",
       "9:b1338120282c3210f69100f56227c47d"},
      {"select 1;\n--IGNORELINES:start\nbad\n--ignoreLINES:end\nselect 2;\n",
       "8:8dab6f192104e6d901edd409f45042ac",
       "9:d0ac68cf3699decff59c77fea078a7a8"},
  };
  for (const auto& [body, by_4_4, by_4_28] : all) {
    CAPTURE(body);
    const auto migration = only("u.sql", "--liquibase formatted sql\n--changeset a:1\n" + body);
    CHECK(accepts(migration, by_4_4));
    CHECK(accepts(migration, by_4_28));
  }
}

TEST_CASE("attributes of a changeset are what Liquibase 4.4 takes them for, quotes and all") {
  struct Stored {
    std::string attributes;
    std::string sql;
    std::string by_4_4;
  };
  const std::vector<Stored> all{
      {"rollbackSplitStatements:false",
       "select 1;\nselect 2;\n",
       "8:a5cfbca84f2fb50bdf36c67931b663a0"},
      {"rollbackEndDelimiter:GO",
       "select 3;\n--rollback select 0;\n",
       "8:61580f4e3eef4eb559344b34d7a6ce8b"},
      {"endDelimiter:/", "select 1\n/\nselect 2\n/\n", "8:147161e2e957c5bb0156824e46a19901"},
      {"endDelimiter:\";\"", "select 1;\n", "8:ad04003bbf230bb06a7bc67cef421912"},
      {"splitStatements:\"false\" stripComments:\"false\"",
       "select 1;\n",
       "8:07d7d7a28c35b80d36e41424401a2f3e"},
      {"stripComments:FALSE  endDelimiter:;; splitStatements:false",
       "select 2;\n",
       "8:f8d0e866893fd0e38b7ea8c14f83fe1e"},
      {"endDelimiter:@@ x:y runWith:jdbc", "select 3@@\n", "8:0d37e780d6914042a869fcec1defae79"},
      {"endDelimiter: stripComments:false", "select 1;\n", "8:a29386827f892f2b455598cbb75acb12"},
      {"splitStatements:no", "select 1;\n", "8:c71d1878fe4ecf5861514187b4533579"},
      {"splitStatements: false", "select 1;\n", "8:07d7d7a28c35b80d36e41424401a2f3e"},
      {"endDelimiter:'x y'", "select 1;\n", "8:98f9ceeb4e529d32e3058b1c5bf35385"},
      {"dbms: postgresql", "select 1;\n", "8:07d7d7a28c35b80d36e41424401a2f3e"},
      {"context: test", "select 1;\n", "8:07d7d7a28c35b80d36e41424401a2f3e"},
      {"runOnChange:\"true\"", "select 1;\n", "8:07d7d7a28c35b80d36e41424401a2f3e"},
      {"splitStatements:false, stripComments:false;",
       "select 1;\n",
       "8:882c7c5de65076cf3a41b9344dc82966"},
      {"endDelimiter:X endDelimiter:", "select 1;\n", "8:fd730059581c348534823552059ea441"},
  };
  for (const auto& [attributes, sql, by_4_4] : all) {
    CAPTURE(attributes);
    CHECK(accepts(
        only("u.sql", "--liquibase formatted sql\n--changeset a:1 " + attributes + "\n" + sql),
        by_4_4));
  }
}

TEST_CASE("a changeset is for the databases that Liquibase reads in its line") {
  const auto never = [](const std::string& attributes) {
    return only("u.sql", "--liquibase formatted sql\n--changeset a:1 " + attributes + "\nselect 1;")
        .never;
  };
  for (const auto* here :
       {"dbms:postgresql,h2", "dbms:!oracle", "dbms: postgresql", "dbms:", "x:y"}) {
    CHECK_MESSAGE(never(here).empty(), here);
  }
  for (const auto* elsewhere :
       {"dbms:oracle,", "dbms:\"h2, postgresql\"", "dbms: oracle", "xdbms:oracle", "dbms:none"}) {
    CHECK_MESSAGE(never(elsewhere) == "skipped", elsewhere);
  }
}

TEST_CASE("checksums that people declared valid are accepted") {
  const std::string head = "--liquibase formatted sql\n--changeset u:1\n";
  const auto valid =
      only("u.sql", head + "--validCheckSum: 8:0123456789abcdef0123456789abcdef\nselect 1;\n");
  CHECK(accepts(valid, "8:0123456789abcdef0123456789abcdef"));
  CHECK(valid.checksums.complete);
  for (const std::string any : {"any", "1:any", "1:all", "1:*", "ANY", "*", "1:All"}) {
    CHECK_FALSE(
        only("u.sql", head + "--validCheckSum " + any + "\nselect 1;\n").checksums.complete);
  }
  for (const std::string none : {"8:any", "9:ALL", "11:any"}) {
    CHECK(only("u.sql", head + "--validCheckSum " + none + "\nselect 1;\n").checksums.complete);
  }
  // Of what is there now: whatever was stored of that version counts.
  const auto current =
      liquibase_checksum(9, std::vector{LiquibaseSql{"select 1;", true, true, std::nullopt, {}}});
  CHECK(only("u.sql", head + "--validCheckSum: " + current + "\nselect 1;\n").checksums.any_of ==
        std::vector<std::string>{"9"});
  const auto in_xml =
      only("c.xml",
           xml("<changeSet id=\"1\" author=\"a\"><validCheckSum>8:ab</validCheckSum>"
               "<sql>select 1</sql></changeSet>"));
  CHECK(accepts(in_xml, "8:ab"));
  const auto in_json = only("c.json",
                            R"({"databaseChangeLog": [{"changeSet": {"id": 1, "author": "a",
                                "validCheckSum": ["8:ab", "9:cd"], "changes": []}}]})");
  CHECK(accepts(in_json, "8:ab"));
  CHECK(accepts(in_json, "9:cd"));
}

TEST_CASE("what cannot be computed proves nothing") {
  CHECK_FALSE(
      only("c.xml",
           xml("<changeSet id=\"1\" author=\"a\"><createTable tableName=\"t\"/></changeSet>"))
          .checksums.complete);
  CHECK_FALSE(only("c.xml",
                   xml("<changeSet id=\"1\" author=\"a\"><sql>select 1</sql><modifySql><append "
                       "value=\"x\"/></modifySql></changeSet>"))
                  .checksums.complete);
  CHECK_FALSE(only("c.xml",
                   xml("<changeSet id=\"1\" author=\"a\"><sqlFile path=\"gone.sql\"/></changeSet>"))
                  .checksums.complete);
  CHECK_FALSE(only("u.sql", "--liquibase formatted sql\n--changeset u:1\nselect '\xE4';\n")
                  .checksums.complete);
}

TEST_CASE("only checksums of versions that can be computed are compared") {
  const std::string digits = "0123456789abcdef0123456789abcdef";
  CHECK(computable_liquibase_checksum("9:" + digits) == "9:" + digits);
  CHECK(computable_liquibase_checksum("7:" + digits).has_value());
  for (const auto& other : {std::string(),
                            digits,
                            "3:" + digits,
                            "10:" + digits,
                            "9:" + digits + "0",
                            std::string("9:0123456789ABCDEF0123456789abcdef"),
                            std::string("9:")}) {
    CHECK_FALSE_MESSAGE(computable_liquibase_checksum(other), other);
  }
}

TEST_CASE("a list of databases has PostgreSQL in it or not") {
  for (const auto* yes : {"",
                          " ",
                          "postgresql",
                          "PostgreSQL",
                          "h2, postgresql ",
                          "!oracle",
                          "all",
                          "!oracle,!mysql",
                          "none ,all"}) {
    CHECK_MESSAGE(is_for_postgresql(yes), yes);
  }
  for (const auto* no : {"oracle", "!postgresql", "h2,oracle", "none", "!postgresql,h2"}) {
    CHECK_FALSE_MESSAGE(is_for_postgresql(no), no);
  }
}

TEST_CASE("white space never matters to version 9, and its amount never to version 8") {
  rc::check("white space", [] {
    const auto words = *rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('!', '~'))));
    const auto gap = [] {
      return *rc::gen::nonEmpty(
          rc::gen::container<std::string>(rc::gen::element(' ', '\t', '\r', '\n')));
    };
    LiquibaseSql one;
    LiquibaseSql other;
    LiquibaseSql dense;
    for (const auto& word : words) {
      one.text += gap() + word;
      other.text += gap() + word;
      dense.text += word;
    }
    other.text += gap();
    const auto sum = [](int version, const LiquibaseSql& sql) {
      return liquibase_checksum(version, std::span(&sql, 1));
    };
    RC_ASSERT(sum(8, one) == sum(8, other));
    RC_ASSERT(sum(9, one) == sum(9, dense));
    RC_ASSERT(computable_liquibase_checksum(sum(9, one)).has_value());
  });
}
