#include "adapters/postgres/target.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tidemark {
namespace {

Parameters parameters(std::string_view text) {
  const auto target = parse_target(text);
  REQUIRE_MESSAGE(target.has_value(), (target ? "" : target.error().detail));
  return target->parameters;
}

std::string refusal(std::string_view text) {
  const auto target = parse_target(text);
  REQUIRE_MESSAGE(!target.has_value(), std::string(text));
  CHECK(target.error().code == Errc::invalid);
  return target.error().detail;
}

}  // namespace

TEST_CASE("an address is a URI or key=value pairs") {
  const Parameters shop = {{"host", "db"},
                                                   {"port", "6432"},
                                                   {"dbname", "shop"},
                                                   {"user", "reader"},
                                                   {"sslmode", "verify-full"}};
  CHECK(parameters("postgresql://reader@db:6432/shop") == shop);
  CHECK(parameters("postgres://reader@db:6432/shop") == shop);
  CHECK(parameters("host=db port=6432 dbname=shop user=reader") == shop);
  CHECK(parameters("postgresql://a%40b@db/x%2Fy")["user"] == "a@b");
}

TEST_CASE("TLS is verified in full unless the address says otherwise in words") {
  CHECK(parameters("postgresql://db/shop")["sslmode"] == "verify-full");
  CHECK(parameters("hostaddr=10.0.0.1")["sslmode"] == "verify-full");
  CHECK(parameters("host=/run/postgresql,db")["sslmode"] == "verify-full");
  CHECK(parameters("postgresql://db/shop?sslmode=require")["sslmode"] == "require");
  CHECK(parameters("postgresql://db/shop?ssl=true")["sslmode"] == "require");
  CHECK(!parameters("postgresql:///shop").contains("sslmode"));
  CHECK(!parameters("postgresql:///shop?host=/run/postgresql").contains("sslmode"));
  CHECK(!parameters("host=@abstract dbname=shop").contains("sslmode"));
}

TEST_CASE("what an address cannot say is refused by its name") {
  struct Case {
    std::string text;
    std::string says;
  };
  const std::vector<Case> cases = {
      {"postgresql://db/shop?options=-c%20x%3Dy", "parameter 'options'"},
      {"postgresql://db/shop?require_auth=none", "parameter 'require_auth' needs a newer libpq"},
      {"postgresql://db/shop?load_balance_hosts=random", "parameter 'load_balance_hosts' needs"},
      {"postgresql://db/shop?sslnegotiation=direct", "parameter 'sslnegotiation' needs"},
      {"postgresql://db/shop?sslrootcert=system", "parameter 'sslrootcert' needs libpq 16"},
      {"postgresql://db/shop?sslmod=require", "parameter 'sslmod' is unknown"},
      {"host=db sslmod=require", "parameter 'sslmod' is unknown"},
      {"postgresql://db/shop?sslmode=on", "parameter 'sslmode' must be one of: disable allow"},
      {"postgresql://db/shop?service=x", "parameter 'service'"},
      {"postgresql://db/shop?passfile=/x", "parameter 'passfile'"},
      {"postgresql://db/shop?application_name=x", "parameter 'application_name'"},
      {"postgresql://db/shop?client_encoding=LATIN1", "parameter 'client_encoding'"},
      {"postgresql://db/shop?connect_timeout=3", "parameter 'connect_timeout'"},
      {"postgresql://db/shop?gssencmode=require", "parameter 'gssencmode'"},
      {"postgresql://db/shop?replication=true", "parameter 'replication'"},
      {"postgresql://db/shop?sslcert=/x", "'sslcert' and 'sslkey' go together"},
      {"postgresql://db:0/shop", "parameter 'port' must be a number from 1 to 65535"},
      {"postgresql://db:65536/shop", "parameter 'port'"},
      {"host=a,b port=1,2,3", "parameter 'port' must have one entry"},
      {"host=a,b hostaddr=10.0.0.1", "parameter 'hostaddr' must have as many entries"},
      {"postgresql://db/shop?keepalives_idle=soon", "parameter 'keepalives_idle'"},
      {"", "is empty"},
      {"shop", "without '='"},
      {"jdbc:postgresql://db/shop", "must start with postgresql://"},
      {"mysql://db/shop?ssl=true", "must start with postgresql://"},
      {"host='db", "a quoted value that does not end"},
      {"postgresql://db/sh%op", "'%' that starts no percent-code"},
      {"postgresql://[::1/shop", "without its ']'"},
      {"postgresql://db/shop?x", "without '='"},
      {std::string("host=db\0x", 9), "zero byte"},
  };
  for (const auto& [text, says] : cases) {
    CAPTURE(text);
    const auto detail = refusal(text);
    CAPTURE(detail);
    CHECK(detail.find(says) != std::string::npos);
  }
}

TEST_CASE("a password in an address is refused, and no error repeats any of it") {
  const std::vector<std::string> addresses = {
      "postgresql://u:kanarienvogel@db/shop",
      "postgresql://u:kanarien@vogel@db/shop",
      "postgresql://u:kanarien/vogel@db/shop",
      "postgresql://u:/kanarienvogel@db/shop",
      "postgresql://u:kanarien?vogel=1@db/shop",
      "postgresql://u:5432/kanarien?vogel=1@db/shop",
      "postgresql://u:5432/kanarien?user=vogel@db/shop",
      "postgresql://u:kanarien%vogel@db/shop",
      "postgresql://u:[kanarienvogel@db/shop",
      "postgresql://u:[::1]kanarienvogel/shop",
      "postgresql://u@db/shop?password=kanarienvogel",
      "postgresql://u@db/shop?password=kanarienvogel&sslmod=x",
      "postgresql://u@db/shop?sslpassword=kanarienvogel",
      "postgresql://u@db/shop?sslmode=kanarienvogel",
      "postgresql://u@db:kanarienvogel/shop",
      "host=db password=kanarienvogel",
      "host=db password='kanarien vogel",
      "host=db password=x kanarien vogel=y",
      "password=kanarienvogel host=db nonsense=1",
      "kanarienvogel",
  };
  for (const auto& address : addresses) {
    CAPTURE(address);
    const auto detail = refusal(address);
    CAPTURE(detail);
    CHECK(detail.find("kanarien") == std::string::npos);
    CHECK(detail.find("vogel") == std::string::npos);
  }
  CHECK(refusal(addresses.front()) ==
        "parameter 'password' does not belong in the address; use password: beside it");
}

TEST_CASE("a target is described for people") {
  const auto described = [](std::string_view text) {
    const auto target = parse_target(text);
    REQUIRE(target.has_value());
    return describe(*target);
  };
  CHECK(described("postgresql://reader@db-staging/shop") == "db-staging:5432/shop as reader");
  CHECK(described("postgresql://db:6432/shop") == "db:6432/shop");
  CHECK(described("postgresql://reader@[::1]/shop") == "[::1]:5432/shop as reader");
  CHECK(described("postgresql://reader@a:1,b:2/shop") == "a:1,b:2/shop as reader");
  CHECK(described("host=a,b dbname=shop") == "a:5432,b:5432/shop");
  CHECK(described("hostaddr=10.0.0.1 user=reader") == "10.0.0.1:5432/reader as reader");
  CHECK(described("host=/run/postgresql dbname=shop") == "/run/postgresql:5432/shop");
  CHECK(described("dbname=shop") == "[local]:5432/shop");
  CHECK(described("postgresql:///a%0Ab%1B") == "[local]:5432/a\\nb\\x1b");
}

TEST_CASE("libpq finds nothing in the environment once it was forgotten") {
  ::setenv("PGOPTIONS", "-c work_mem=1", 1);
  ::setenv("PGPASSWORD", "x", 1);
  ::setenv("APGX", "stays", 1);
  forget_libpq_environment();
  CHECK(std::getenv("PGOPTIONS") == nullptr);
  CHECK(std::getenv("PGPASSWORD") == nullptr);
  CHECK(std::getenv("APGX") != nullptr);
  ::unsetenv("APGX");
}

}  // namespace tidemark
