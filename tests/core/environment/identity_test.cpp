#include "core/environment/environment.h"

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

const Identity remembered{"7301", 3, 16384, 2200};

template <class Change>
std::string after(Change change) {
  auto seen = remembered;
  change(seen);
  return difference(remembered, seen);
}

}  // namespace

TEST_CASE("a database that is the same has no difference") {
  CHECK(difference(remembered, remembered) == "");
  CHECK(difference(Identity{}, Identity{}) == "");
}

TEST_CASE("each way of being another database is told in words") {
  CHECK(after([](Identity& seen) { seen.system_identifier = "9999"; }) ==
        "another server: system identifier 9999 instead of 7301");
  CHECK(after([](Identity& seen) { seen.database_oid = 20000; }) ==
        "the database was dropped and created again: oid 20000 instead of 16384");
  CHECK(after([](Identity& seen) { seen.timeline = 4; }) ==
        "the server is on timeline 4 instead of 3: a standby was promoted, or a backup restored");
  CHECK(after([](Identity& seen) { seen.schema_oid = 30000; }) ==
        "the schema was dropped and created again: oid 30000 instead of 2200");
}

TEST_CASE("another server is told before everything that follows from it") {
  const Identity elsewhere{"9999", 1, 5, 6};
  CHECK(difference(remembered, elsewhere).starts_with("another server"));
}

TEST_CASE("what a server does not tell is no difference, neither then nor now") {
  for (const auto& silent : {Identity{"", 3, 16384, 2200},
                             Identity{"7301", 0, 16384, 2200},
                             Identity{"7301", 3, 0, 2200},
                             Identity{"7301", 3, 16384, 0},
                             Identity{}}) {
    CHECK(difference(remembered, silent) == "");
    CHECK(difference(silent, remembered) == "");
    CHECK(combined(remembered, silent) == remembered);
    CHECK(combined(silent, remembered) == remembered);
  }
}

TEST_CASE("nothing of another database is kept from the one before") {
  const Identity elsewhere{"9999", 0, 5, 0};
  CHECK(combined(remembered, elsewhere) == elsewhere);
}

TEST_CASE("a server that tells less is still another one by what it tells") {
  CHECK(after([](Identity& seen) {
          seen = {"", 0, 20000, 2200};
        }).starts_with("the database was dropped"));
}

TEST_CASE("a schema that was not looked at, or is not there yet, is no other schema") {
  CHECK(after([](Identity& seen) { seen.schema_oid = 0; }) == "");
  CHECK(difference(Identity{"7301", 3, 16384, 0}, remembered) == "");
}

TEST_CASE("what is not told now stays as it was told") {
  CHECK(combined(remembered, Identity{"", 0, 0, 0}) == remembered);
  CHECK(combined(remembered, Identity{"7301", 0, 16384, 2200}) == remembered);
  CHECK(combined(Identity{"7301", 0, 16384, 0}, remembered) == remembered);
  const Identity elsewhere{"9999", 0, 5, 0};
  CHECK(combined(remembered, elsewhere) == elsewhere);
}

TEST_CASE("an environment is called by its app and its name") {
  CHECK(EnvironmentRef{"shop", "staging"}.text() == "shop/staging");
}

TEST_CASE(
    "a database or schema is created anew where the same server has another one in its place") {
  const auto anew = [](auto change) {
    auto seen = remembered;
    change(seen);
    return created_anew(remembered, seen);
  };
  CHECK(anew([](Identity& seen) { seen.database_oid = 20000; }));
  CHECK(anew([](Identity& seen) { seen.schema_oid = 30000; }));
  CHECK_FALSE(created_anew(remembered, remembered));
  CHECK_FALSE(anew([](Identity& seen) { seen.timeline = 4; }));
  CHECK_FALSE(anew([](Identity& seen) { seen.database_oid = 0; }));
  CHECK_FALSE(created_anew(remembered, Identity{"9999", 3, 20000, 2200}));
  CHECK_FALSE(created_anew(Identity{"", 3, 16384, 0}, Identity{"", 3, 20000, 0}));
}
