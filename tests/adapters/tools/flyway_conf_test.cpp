#include "adapters/tools/flyway_conf.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "tests/adapters/tools/polled.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

const Tool& tool() {
  return *find_tool("flyway");
}

FlywayNaming naming(const std::string& path, const std::string& bytes) {
  FlywaySettings settings;
  settings.add(path, bytes);
  return settings.naming();
}

Strings problems(const std::string& path, const std::string& bytes) {
  return parse_flyway_conf(path, bytes).problems;
}

// One of each kind, named in a way of people's own.
const FlywayNaming other{.versioned = "Migration-",
                         .undo = "down",
                         .baseline = "base",
                         .repeatable = "RRR",
                         .separator = "-",
                         .suffixes = {".sql", "-OK.pkg"}};

const std::string properties =
    "# flyway.sqlMigrationPrefix=X\n"
    "! flyway.sqlMigrationPrefix=Y\n"
    "flyway.url=jdbc:postgresql://db/shop?a=b\n"
    "flyway.sqlMigrationPrefix=Migration-\n"
    "flyway.undoSqlMigrationPrefix = down\n"
    "  flyway.baselineMigrationPrefix: base  \n"
    "flyway.repeatableSqlMigrationPrefix RRR\n"
    "flyway.sqlMigrationSeparator=-\n"
    "flyway.sqlMigrationSuffixes=.sql, \\\n   -OK.pkg\n"
    "spring.flyway.sqlMigrationPrefix=Z\n";

const std::string toml =
    "databaseType = \"PostgreSQL\" # sqlMigrationPrefix = \"W\"\n"
    "sqlMigrationPrefix = \"X\"\n\n"
    "[environments.dev]\n"
    "url = \"jdbc:postgresql://db/shop\"\n"
    "sqlMigrationPrefix = \"Y\"\n\n"
    "[ \"flyway\" ]\n"
    "note = \"\"\"\n[flyway]\nsqlMigrationPrefix = \"Z\"\n\"\"\"\n"
    "mixed = true\n"
    "placeholders = { sqlMigrationPrefix = \"V\", list = [1, 2] }\n"
    "sqlMigrationPrefix = \"Migration-\" # which?\n"
    "undoSqlMigrationPrefix = 'down'\n"
    "\"baselineMigrationPrefix\"=\"base\"\n"
    "repeatableSqlMigrationPrefix = \"RRR\"\n"
    "sqlMigrationSeparator = '-'\n"
    "sqlMigrationSuffixes = [\n  \".sql\", # usual\n  '-OK.pkg',\n]\n"
    "[flyway.check]\nsqlMigrationPrefix = \"A\"\n"
    "[[rules]]\nsqlMigrationPrefix = \"B\"\n";

}  // namespace

TEST_CASE("what flyway.conf or flyway.toml do not say of names is as usual") {
  for (const auto* path : {"flyway.conf", "db/flyway.toml"}) {
    CAPTURE(path);
    CHECK(is_flyway_conf(path));
    CHECK(naming(path, "") == FlywayNaming{});
    CHECK(naming(path, "flyway.locations=filesystem:sql\n") == FlywayNaming{});
    CHECK(naming(path, "[flyway]\nlocations = [\"filesystem:sql\"]\n") == FlywayNaming{});
  }
  CHECK_FALSE(is_flyway_conf("V2__orders.sql.conf"));
  CHECK_FALSE(is_flyway_conf("flyway.user.toml"));
}

TEST_CASE("prefixes, separator and suffixes are read from flyway.conf and from flyway.toml") {
  CHECK(naming("flyway.conf", properties) == other);
  CHECK(problems("flyway.conf", properties).empty());
  CHECK(naming("flyway.toml", toml) == other);
  CHECK(problems("flyway.toml", toml).empty());
  for (const std::string bom : {"", "\xEF\xBB\xBF"}) {
    CHECK(naming("flyway.conf", bom + "flyway.sqlMigrationPrefix=M\r\nx=y\r\n").versioned == "M");
    CHECK(naming("flyway.toml", bom + "[flyway]\r\nsqlMigrationPrefix = \"M\"\r\n").versioned ==
          "M");
  }
  CHECK(naming("flyway.toml", "flyway.sqlMigrationPrefix = \"M\"\n").versioned == "M");
  CHECK(naming("flyway.conf", "flyway.sqlMigrationPrefix=\n").versioned.empty());
  CHECK(naming("flyway.conf", "flyway.sqlMigrationSuffix=.ddl\n").suffixes == Strings{".ddl"});
}

TEST_CASE("a setting that cannot be meant, or known, is told and not read") {
  const auto told = [](const std::string& line) {
    const auto all = problems("flyway.conf", "flyway." + line + "\n");
    CHECK(naming("flyway.conf", "flyway." + line + "\n") == FlywayNaming{});
    return all.size() == 1 ? all.front() : std::to_string(all.size());
  };
  CHECK(told("sqlMigrationPrefix=${PREFIX}") ==
        "sqlMigrationPrefix is ${PREFIX}, which only whoever runs Flyway knows: it is not read");
  CHECK(told("sqlMigrationSeparator=") == "sqlMigrationSeparator is empty: it is not read");
  CHECK(told("sqlMigrationSuffixes=,") ==
        "sqlMigrationSuffixes is no list of texts that could be meant: it is not read");
  CHECK(told("sqlMigrationPrefix=" + std::string(101, 'x')) ==
        "sqlMigrationPrefix is too long: it is not read");
  CHECK(problems("flyway.toml", "[flyway]\nsqlMigrationPrefix = 7\nsqlMigrationSuffixes = []\n") ==
        Strings{"sqlMigrationPrefix is no text: it is not read",
                "sqlMigrationSuffixes is no list of texts that could be meant: it is not read"});
  const std::string large(std::size_t{1} << 21U, '\n');
  CHECK(problems("flyway.conf", large) == Strings{"is too large for settings, and not read"});
}

TEST_CASE("scripts are those that Flyway's settings name") {
  Files files{{"flyway.conf", properties},
              {"sql/Migration-2-orders.sql", "2"},
              {"sql/Migration-1_1-users-OK.pkg", "1"},
              {"sql/down2-orders.sql", "u"},
              {"sql/base3-all.sql", "b"},
              {"sql/RRR-views.sql", "select ${x};"},
              {"sql/V7__other.sql", "7"},
              {"sql/Migration-8-x.pkg", "8"},
              {"sql/Migration-2-orders.sql.conf", "executeInTransaction=false"},
              {"notes-2.md", ""}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(ids_of(catalog) ==
        Strings{"Migration-1_1-users", "Migration-2-orders", "base3-all", "RRR-views"});
  CHECK(keys_of(catalog) == Strings{"1.1", "2", "B3", "R__views"});
  CHECK(problems_of(catalog).empty());
  const auto& orders = *catalog.find({"2"});
  CHECK(orders.rollback->file == "sql/down2-orders.sql");
  CHECK(orders.description == "orders");
  CHECK(orders.checksums == tool().entries("V2__orders.sql", "2").front().checksums);
  CHECK_FALSE(catalog.find({"R__views"})->checksums.complete);
  files["sql/RRR-views.sql"] = "select 1;";
  CHECK(catalog_of(tool(), files).find({"R__views"})->checksums.complete);
  CHECK(ids_of(catalog_of(tool(), without(files, "flyway.conf"))) == Strings{"V7__other"});
}

TEST_CASE("a row of a script with names of people's own is verified like any other") {
  const Files files{{"flyway.toml", "[flyway]\nsqlMigrationPrefix = \"M\"\n"},
                    {"M1__a.sql", "SELECT 1;"},
                    {"M2__b.sql", "SELECT 2;"}};
  auto rows =
      rows_of(tool(),
              {{"1", "1", "a", "SQL", "M1__a.sql", "78787420", "flyway", "1776513600000", "t"},
               {"2", "2", "b", "SQL", "M2__b.sql", "78787420", "flyway", "1776513600000", "t"}});
  const auto after = poll(tool(), files, std::move(rows));
  CHECK(after.cell("1").content == ContentVerdict::verified);
  CHECK(after.findings() == "checksum 2");
}

TEST_CASE("of prefixes that a name begins with the longest counts") {
  const Files files{{"flyway.conf",
                     "flyway.sqlMigrationPrefix=\nflyway.repeatableSqlMigrationPrefix=all\n"
                     "flyway.undoSqlMigrationPrefix=all-\n"},
                    {"1__a.sql", ""},
                    {"all__views.sql", ""},
                    {"all-1__a.sql", ""},
                    {"beforeMigrate.sql", ""}};
  const auto catalog = catalog_of(tool(), files);
  CHECK(keys_of(catalog) == Strings{"1", "R__views"});
  CHECK(catalog.find({"1"})->rollback);
}

TEST_CASE("two files that say different things are told, and the first counts") {
  const auto catalog = catalog_of(tool(),
                                  {{"a/flyway.conf", "flyway.sqlMigrationPrefix=M\n"},
                                   {"b/flyway.toml", "[flyway]\nsqlMigrationPrefix = 'N'\n"},
                                   {"c/flyway.toml", "[flyway]\nsqlMigrationPrefix = 'M'\n"},
                                   {"M1__a.sql", ""},
                                   {"N2__b.sql", ""}});
  CHECK(ids_of(catalog) == Strings{"M1__a"});
  CHECK(problems_of(catalog) ==
        Strings{"b/flyway.toml has sqlMigrationPrefix 'N', and a/flyway.conf 'M', which counts"});
}

TEST_CASE("settings that cannot be read leave open what any file is") {
  const Files files{{"flyway.conf", ""}, {"V1__a.sql", ""}};
  for (const auto code : {Errc::broken, Errc::conflict}) {
    const auto catalog =
        tool().arrange(scanned(tool(), files),
                       [&](const ScannedFile&) -> Result<std::string> { return fail(code, "no"); });
    CHECK(catalog.has_value() == (code == Errc::broken));
    if (catalog) {
      CHECK(catalog->unread.any);
      CHECK(problems_of(*catalog) == Strings{"flyway.conf cannot be read: no"});
    }
  }
}

TEST_CASE("the layout of scripts that Flyway's settings name is Flyway's") {
  const Files files{{"flyway.conf", "flyway.sqlMigrationPrefix=DBR\n"}, {"sql/DBR1__a.sql", ""}};
  CHECK(layout_of(files) == "flyway");
  CHECK(evidence_of(tool(), files) == "named 1");
  CHECK(evidence_of(tool(), without(files, "flyway.conf")) == "none 0");
}

TEST_CASE("whatever Flyway's settings say, they are read to their end") {
  CHECK(rc::check([] {
    const auto piece = rc::gen::element<std::string>("flyway.",
                                                     "[flyway]",
                                                     "sqlMigrationPrefix",
                                                     "sqlMigrationSuffixes",
                                                     "=",
                                                     "\"",
                                                     "'",
                                                     "\"\"\"",
                                                     "[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     ",",
                                                     "#",
                                                     "\\",
                                                     "\n",
                                                     "\r\n",
                                                     " ",
                                                     "x",
                                                     ".sql",
                                                     "${",
                                                     "\xFF");
    std::string bytes;
    for (const auto& part : *rc::gen::container<Strings>(piece)) {
      bytes += part;
    }
    for (const auto* path : {"flyway.conf", "flyway.toml"}) {
      const auto names = naming(path, bytes);
      RC_ASSERT(!names.separator.empty());
      RC_ASSERT(!names.suffixes.empty());
    }
  }));
}
