#include "adapters/store/sqlite.h"

#include <doctest/doctest.h>

#include "tests/adapters/store/database_contract.h"
#include "tests/adapters/store/support.h"

using namespace tidemark;
using namespace tidemark::store_test;

namespace {

std::unique_ptr<Database> open_or_throw(const std::filesystem::path& file) {
  auto database = open_sqlite(file, SqliteAccess::read_write);
  REQUIRE(database);
  REQUIRE(prepare_sqlite_for_writing(**database));
  return std::move(*database);
}

}  // namespace

TEST_CASE("SQLite keeps the contract of a database") {
  const Folder folder;
  check_database_contract([&] {
    write_file(folder / "contract.db", "");
    return open_or_throw(folder / "contract.db");
  });
}

TEST_CASE("SQLite is set up so that a commit is on the disk and references hold") {
  const Folder folder;
  write_file(folder / "settings.db", "");
  const auto database = open_or_throw(folder / "settings.db");
  CHECK(database->query("PRAGMA journal_mode").value().at(0).text(0) == "wal");
  CHECK(database->query("PRAGMA synchronous").value().at(0).integer(0) == 2);
  CHECK(database->query("PRAGMA foreign_keys").value().at(0).integer(0) == 1);
}

TEST_CASE("a file that is not SQLite's is broken, one that is not there cannot be opened") {
  const Folder folder;
  write_file(folder / "text.db", std::string(5000, 'x'));
  const auto text = open_sqlite(folder / "text.db", SqliteAccess::read_write);
  REQUIRE(text);
  CHECK((*text)->query("SELECT count(*) FROM sqlite_master").error().code == Errc::broken);
  CHECK_FALSE(open_sqlite(folder / "missing.db", SqliteAccess::read_write));
}

TEST_CASE("a database that is open for reading cannot be written") {
  const Folder folder;
  write_file(folder / "read.db", "");
  const auto database = open_sqlite(folder / "read.db", SqliteAccess::read_only);
  REQUIRE(database);
  CHECK((*database)->execute("CREATE TABLE t (a INTEGER)").error().code == Errc::denied);
}
