#include <doctest/doctest.h>

#include "tests/daemon/support/rig.h"

using namespace tidemark::test;

namespace {

// An app of our own layout with two environments that nobody connects to: no server needed.
struct Paper : Rig {
  Paper() {
    file("001_users.sql", "CREATE TABLE users (id int);\n");
    file("002_orders.sql", "CREATE TABLE orders (id int);\n");
    configure("      - name: staging\n      - name: prod\n");
    start();
    REQUIRE(
        tidemark({"mark", "shop/staging", "001_users", "002_orders", "--reason", "test"}).status ==
        0);
  }
  boost::json::array findings() { return json({"findings"}).at("findings").as_array(); }
  void edit(const std::string& text) {
    file("001_users.sql", text);
    REQUIRE(eventually([&] { return cell("staging", "001_users") == "drifted edited"; }));
  }
  std::string id() { return std::string(findings().at(0).at("id").as_string()); }
};

const std::string drift_metric =
    R"(tidemark_drift_findings{app="shop",environment="staging",kind="edited"} )";

}  // namespace

TEST_CASE("marking makes a migration due in the next environment, and drift takes that away") {
  Paper rig;
  CHECK(rig.cell("staging", "001_users") == "applied");
  CHECK(rig.cell("prod", "001_users") == "pending");
  rig.edit("something else\n");
  CHECK(rig.cell("prod", "001_users") == "not_due");
  CHECK(rig.cell("prod", "002_orders") == "pending");
  CHECK(rig.tidemark({"unmark", "shop/staging", "002_orders", "--reason", "was not"}).status == 0);
  CHECK(rig.cell("staging", "002_orders") == "pending");
  CHECK(rig.cell("prod", "002_orders") == "not_due");
}

TEST_CASE("environments may stand in parallel, and one may come after several") {
  Rig rig;
  rig.file("001_users.sql", "x\n");
  rig.configure(
      "      - name: qa\n      - name: eu-stage\n        after: [qa]\n      - name: us-stage\n     "
      "   after: [qa]\n"
      "      - name: prod\n        after: [eu-stage, us-stage]\n");
  rig.start();
  CHECK(rig.cell("qa", "001_users") == "pending");
  CHECK(rig.cell("us-stage", "001_users") == "not_due");
  rig.tidemark({"mark", "shop/qa", "001", "--reason", "x"});
  CHECK(rig.cell("eu-stage", "001_users") == "pending");
  CHECK(rig.cell("us-stage", "001_users") == "pending");
  rig.tidemark({"mark", "shop/eu-stage", "001", "--reason", "x"});
  CHECK(rig.cell("prod", "001_users") == "not_due");
  rig.tidemark({"mark", "shop/us-stage", "001", "--reason", "x"});
  CHECK(rig.cell("prod", "001_users") == "pending");
}

TEST_CASE("an acknowledged finding stays visible and quiet, until there is new evidence") {
  Paper rig;
  rig.edit("first edit\n");
  CHECK(rig.get("/metrics").find(drift_metric + "1") != std::string::npos);
  CHECK(rig.tidemark({"findings", "--exit-code"}).status == 3);
  REQUIRE(rig.tidemark({"ack", rig.id(), "--reason", "we know"}).status == 0);
  CHECK(rig.cell("staging", "001_users") == "drifted edited");
  CHECK(rig.get("/metrics").find(drift_metric + "0") != std::string::npos);
  CHECK(rig.get("/metrics")
            .find(R"(tidemark_acknowledged_findings{app="shop",environment="staging"} 1)") !=
        std::string::npos);
  CHECK(rig.tidemark({"findings", "--exit-code"}).status == 0);

  SUBCASE("the acknowledgement survives a restart") {
    rig.stop();
    rig.start();
    CHECK(rig.tidemark({"findings", "--exit-code"}).status == 0);
  }
  SUBCASE("a second edit ends it, and is the same finding") {
    const auto before = rig.id();
    rig.file("001_users.sql", "second edit\n");
    CHECK(rig.eventually([&] { return rig.tidemark({"findings", "--exit-code"}).status == 3; }));
    CHECK(rig.id() == before);
    CHECK(rig.tidemark({"audit"}).out.find("finding.updated") != std::string::npos);
  }
  SUBCASE("it can be taken back") {
    CHECK(rig.tidemark({"unack", rig.id()}).status == 0);
    CHECK(rig.tidemark({"findings", "--exit-code"}).status == 3);
  }
}

TEST_CASE("a finding that comes again after it was resolved is another one") {
  Paper rig;
  rig.edit("edited\n");
  const auto first = rig.id();
  rig.file("001_users.sql", "CREATE TABLE users (id int);\n");
  REQUIRE(rig.eventually([&] { return rig.findings().empty(); }));
  rig.edit("edited\n");
  CHECK(rig.id() != first);
}

TEST_CASE("line endings and a byte-order mark are a note, not drift") {
  Paper rig;
  rig.file("001_users.sql",
           "\xEF\xBB\xBF"
           "CREATE TABLE users (id int);\r\n");
  CHECK(rig.eventually([&] {
    return rig.tidemark({"matrix", "shop", "--json"}).out.find("\"note\":\"line_endings\"") !=
           std::string::npos;
  }));
  CHECK(rig.cell("staging", "001_users") == "applied");
  CHECK(rig.findings().empty());
}

TEST_CASE("names from files are escaped wherever they are shown") {
  Paper rig;
  rig.file("003_evil\x1b[31m\n\xE2\x80\xAE.sql", "x\n");
  REQUIRE(rig.eventually([&] {
    return rig.tidemark({"matrix", "shop"}).out.find("003_evil") != std::string::npos;
  }));
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"matrix", "shop"},
                                             {"show", "shop", "003"},
                                             {"mark", "shop/staging", "003", "--reason", "x"},
                                             {"audit"},
                                             {"matrix", "shop", "--json"}}) {
    const auto ran = rig.tidemark(arguments);
    const auto all = ran.out + ran.err;
    CAPTURE(arguments.front());
    CHECK(all.find('\x1b') == std::string::npos);
    CHECK(ran.status == 0);
  }
  CHECK(rig.log().find('\x1b') == std::string::npos);
  CHECK(rig.get("/metrics").find('\x1b') == std::string::npos);
}

TEST_CASE("what was marked is written down before it is believed, and shown with who and why") {
  Paper rig;
  const auto shown = rig.json({"show", "shop", "001_users"});
  const auto& records = shown.at("environments").at(0).at("records").as_array();
  REQUIRE(records.size() == 1);
  CHECK(records.at(0).at("reason").as_string() == "test");
  CHECK(records.at(0).at("evidence").as_string() == "attested");
  CHECK(shown.at("sql").as_string() == "CREATE TABLE users (id int);\n");
  const auto again = rig.json({"mark", "shop/staging", "001_users", "--reason", "again"});
  CHECK(again.at("recorded").as_array().empty());
  CHECK(again.at("already").at(0).as_string() == "001_users");
  CHECK(rig.tidemark({"mark", "shop/staging", "00", "--reason", "x"}).status == 2);
  CHECK(rig.tidemark({"mark", "shop/staging", "nothing", "--reason", "x"}).status == 2);
  CHECK(rig.tidemark({"mark", "shop/nowhere", "001", "--reason", "x"}).status == 2);
}
