#include "adapters/postgres/endpoint.h"

#include <doctest/doctest.h>

namespace tidemark {

TEST_CASE("the lists of a target go together, entry by entry") {
  const auto endpoints = endpoints_in(
      {{"host", "db1,10.0.0.2,/run/pg,db4"}, {"hostaddr", "10.0.0.1,,,"}, {"port", "1,2,3,4"}});
  REQUIRE(endpoints.size() == 4);
  CHECK(endpoints[0] == Endpoint{"db1", "10.0.0.1", "1"});
  CHECK(endpoints[1] == Endpoint{"10.0.0.2", "10.0.0.2", "2"});
  CHECK(endpoints[2] == Endpoint{"/run/pg", "", "3"});
  CHECK(endpoints[3] == Endpoint{"db4", "", "4"});
}

TEST_CASE("one port is for all hosts") {
  const auto endpoints = endpoints_in({{"host", "a,b"}, {"port", "6432"}});
  REQUIRE(endpoints.size() == 2);
  CHECK(endpoints[1] == Endpoint{"b", "", "6432"});
}

TEST_CASE("only names of hosts need to be looked up") {
  CHECK(Endpoint{"db", "", ""}.needs_lookup());
  CHECK_FALSE(Endpoint{"db", "10.0.0.1", ""}.needs_lookup());
  CHECK_FALSE(Endpoint{"/run/postgresql", "", ""}.needs_lookup());
  CHECK_FALSE(Endpoint{"@abstract", "", ""}.needs_lookup());
  CHECK_FALSE(Endpoint{"", "", ""}.needs_lookup());
  CHECK_FALSE(endpoints_in({{"host", "::1"}})[0].needs_lookup());
  CHECK(endpoints_in({{"host", "fe80::1%lo"}})[0].address == "fe80::1%lo");
  CHECK(endpoints_in({}).size() == 1);
}

}  // namespace tidemark
