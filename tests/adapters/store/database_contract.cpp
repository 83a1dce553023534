#include "tests/adapters/store/database_contract.h"

#include <limits>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

namespace tidemark::store_test {

namespace {

std::int64_t count(Database& database) {
  const auto rows = database.query("SELECT count(*) FROM things");
  REQUIRE(rows);
  return rows->at(0).integer(0);
}

}  // namespace

void check_database_contract(const std::function<std::unique_ptr<Database>()>& make) {
  const auto owned = make();
  auto& database = *owned;
  REQUIRE(database.execute(
      "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB)"));
  const auto add = [&](std::int64_t id, const std::string& name) {
    return database.execute("INSERT INTO things (id, name) VALUES ($1, $2)", {id, name});
  };

  SUBCASE("every kind of value comes back as it went in") {
    const std::string awkward("quote ' dollar $1 nul \0 accent \xc3\xa9 not utf-8 \xff", 46);
    const std::string bytes("\0\x01\xff\0", 4);
    REQUIRE(database.execute("INSERT INTO things VALUES ($1, $2, $3)",
                             {std::numeric_limits<std::int64_t>::min(), awkward, SqlBlob{bytes}}));
    REQUIRE(database.execute("INSERT INTO things VALUES ($1, $2, $3)",
                             {std::int64_t{7}, SqlValue{}, SqlBlob{}}));
    const auto rows = database.query("SELECT id, name, data FROM things ORDER BY id");
    REQUIRE(rows);
    REQUIRE(rows->size() == 2);
    CHECK(rows->at(0).integer(0) == std::numeric_limits<std::int64_t>::min());
    CHECK(rows->at(0).text(1) == awkward);
    CHECK(rows->at(0).blob(2) == bytes);
    CHECK(rows->at(1).is_null(1));
    CHECK(rows->at(1).blob(2).empty());
    CHECK_FALSE(rows->at(1).is_null(2));
  }
  SUBCASE("parameters are bound by their names, in whatever order they stand") {
    REQUIRE(database.execute("INSERT INTO things (name, id) VALUES ($2, $1)",
                             {std::int64_t{3}, std::string("three")}));
    const auto rows = database.query("SELECT $2 || name || $1 || $2 FROM things",
                                     {std::string("a"), std::string("b")});
    REQUIRE(rows);
    CHECK(rows->at(0).text(0) == "bthreeab");
  }
  SUBCASE("values that do not fit the parameters are a bug that is told") {
    CHECK(database.query("SELECT $1", {}).error().code == Errc::internal);
    CHECK(database.query("SELECT $2", {std::string("x")}).error().code == Errc::internal);
    CHECK(database.query("SELECT 1", {std::string("x")}).error().code == Errc::internal);
    CHECK(database.execute("SELEKT").error().code == Errc::internal);
  }
  SUBCASE("execute says how many rows it changed") {
    CHECK(add(1, "one").value() == 1);
    CHECK(add(2, "two").value() == 1);
    CHECK(database.execute("UPDATE things SET data = NULL").value() == 2);
    CHECK(database.execute("DELETE FROM things WHERE id = 99").value() == 0);
  }
  SUBCASE("several statements run as one script") {
    REQUIRE(database.execute(
        "INSERT INTO things (id) VALUES (1); INSERT INTO things (id) VALUES (2); -- done\n"));
    CHECK(count(database) == 2);
  }
  SUBCASE("what a constraint refuses is a conflict and changes nothing") {
    REQUIRE(add(1, "one"));
    CHECK(add(2, "one").error().code == Errc::conflict);
    CHECK(count(database) == 1);
  }
  SUBCASE("a transaction that succeeds is kept") {
    CHECK(database.transaction([&]() -> Result<void> {
      const auto done = add(1, "one");
      return done ? Result<void>() : std::unexpected(done.error());
    }));
    CHECK(count(database) == 1);
  }
  SUBCASE("a transaction that fails is undone, and the next one works") {
    const auto failed = database.transaction([&]() -> Result<void> {
      REQUIRE(add(1, "one"));
      return fail(Errc::forbidden, "changed my mind");
    });
    CHECK(failed.error() == Error{Errc::forbidden, "changed my mind"});
    CHECK(count(database) == 0);
    CHECK(database.transaction([&]() -> Result<void> {
      REQUIRE(add(1, "one"));
      return {};
    }));
    CHECK(count(database) == 1);
  }
  SUBCASE("a transaction that throws is undone") {
    const auto throwing = [&]() -> Result<void> {
      REQUIRE(add(1, "one"));
      throw std::runtime_error("thrown");
    };
    CHECK_THROWS_AS(static_cast<void>(database.transaction(throwing)), std::runtime_error);
    CHECK(count(database) == 0);
    CHECK(add(1, "one"));
  }
  SUBCASE("a transaction in which a statement failed can be undone as a whole") {
    const auto failed = database.transaction([&]() -> Result<void> {
      REQUIRE(add(1, "one"));
      const auto twice = add(1, "again");
      return twice ? Result<void>() : std::unexpected(twice.error());
    });
    CHECK(failed.error().code == Errc::conflict);
    CHECK(count(database) == 0);
  }
  SUBCASE("transactions do not nest") {
    const auto nested =
        database.transaction([&] { return database.transaction([] { return Result<void>(); }); });
    CHECK_FALSE(nested);
    CHECK(add(1, "one"));
  }
  SUBCASE("a column of another type than asked for is damage") {
    const auto rows = database.query("SELECT 'text', 1");
    REQUIRE(rows);
    CHECK_THROWS_AS(rows->at(0).integer(0), DamagedLedger);
    CHECK_THROWS_AS(static_cast<void>(rows->at(0).text(1)), DamagedLedger);
    CHECK_THROWS_AS(rows->at(0).digest(0), DamagedLedger);
    CHECK_THROWS_AS(rows->at(0).integer(2), DamagedLedger);
  }
}

}  // namespace tidemark::store_test
