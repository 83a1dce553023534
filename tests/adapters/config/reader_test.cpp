#include "adapters/config/reader.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "adapters/tools/choice.h"
#include "tests/adapters/config/configs.h"
#include "tests/adapters/tools/relations.h"

using namespace tidemark;
using namespace std::chrono_literals;

namespace {

Settings read(const std::string& text) {
  auto loaded = read_config_text(text, "c.yaml");
  if (!loaded) {
    FAIL(loaded.error().front().text());
  }
  return *std::move(loaded);
}

EnvironmentSettings environment(const std::string& lines) {
  return read(minimal + lines).apps.at(0).environments.at(0);
}

}  // namespace

TEST_CASE("a config says everything that it can say") {
  const auto settings = read(R"(
ledger: sqlite:/srv/tidemark//ledger.db
retention: 30d
control: {socket: /run/t/c.sock, mode: "0600", group: ops}
http:
  listen: ["127.0.0.1:9847", "[0:0::1]:80", "localhost:0"]
  hosts: [Tidemark.Example.com, 192.0.2.7, "[2001:DB8::7]"]
  expose: content
log: {level: debug, format: json}
limits: {connections_per_server: 3, connects_per_second: 50}
defaults: {poll: 5m, lag: {after: 3h}, connection: per_poll, apply: auto, lock_timeout: 2s,
           lock_retries: 3, statement_timeout: 10m, receipts: true}
apps:
  - name: shop
    repo:
      paths: [/srv/shop/a/, /srv/shop/b]
      layout: flyway
      settle: 500ms
      ignore: ["**/draft/*"]
    out_of_order: forbid
    environments:
      - name: dev
        database: postgresql://tidemark@db-pool:6432/shop
        direct: postgresql://tidemark@db-dev/shop
        password: {credential: shop-dev}
      - name: test
        database: host=db-test
        apply: manual
        lock_timeout: 100ms
        lock_retries: 0
        statement_timeout: 0
        receipts: false
      - name: staging
        mode: reconcile_only
        after: [dev]
        renamed_from: stage
        database: host=db-staging user=reader dbname=shop
        password: {command: [/usr/bin/vault, read, "0"]}
        poll: 30s
        connection: keep
        lag: {after: 7d}
        schema: app
        their_ledger: {tool: flyway, table: ops.history}
      - name: prod
  - name: billing
    repo: {path: /srv/billing}
    environments: [{name: live, after: [], their_ledger: auto}]
access:
  - {user: root, role: admin}
  - {group: oncall, role: operator, environments: [shop/dev, "*/live"]}
)");
  CHECK(settings.ledger == "/srv/tidemark/ledger.db");
  CHECK(settings.retention == 24h * 30);
  CHECK(settings.control.socket == "/run/t/c.sock");
  CHECK(settings.control.mode == 0600);
  CHECK(settings.control.group == "ops");
  REQUIRE(settings.http.listen.size() == 3);
  CHECK(settings.http.listen[0].text() == "127.0.0.1:9847");
  CHECK(settings.http.listen[1].text() == "[::1]:80");
  CHECK(settings.http.listen[2].text() == "127.0.0.1:0");
  CHECK(settings.http.hosts ==
        std::vector<std::string>{"tidemark.example.com", "192.0.2.7", "[2001:db8::7]"});
  CHECK(settings.http.expose_content);
  CHECK(settings.log == LogSettings{Level::debug, LogFormat::json});
  CHECK(settings.limits == ConnectionLimits{3, 50});

  REQUIRE(settings.apps.size() == 2);
  const auto& shop = settings.apps[0];
  CHECK(shop.name == "shop");
  CHECK(shop.repo.paths == std::vector<std::string>{"/srv/shop/a", "/srv/shop/b"});
  CHECK(shop.repo.layout == "flyway");
  CHECK(shop.repo.settle == 500ms);
  CHECK(shop.repo.ignore == std::vector<std::string>{"**/draft/*"});
  CHECK(shop.forbid_out_of_order);
  REQUIRE(shop.environments.size() == 4);
  const auto& dev = shop.environments[0];
  CHECK(dev.mode == std::nullopt);
  CHECK(dev.configured_mode() == Mode::managed);
  CHECK(dev.after == std::nullopt);
  CHECK(dev.poll == 5min);
  CHECK(dev.connection == ConnectionUse::per_poll);
  CHECK(dev.lag_after == 3h);
  CHECK(dev.database == *parse_target("postgresql://tidemark@db-pool:6432/shop"));
  CHECK(dev.direct == *parse_target("postgresql://tidemark@db-dev/shop"));
  CHECK(dev.apply == ApplyWhen::automatic);
  CHECK(dev.lock_timeout == 2s);
  CHECK(dev.lock_retries == 3);
  CHECK(dev.statement_timeout == 10min);
  CHECK(dev.receipts);
  CHECK(std::get<CredentialSecret>(dev.password->from).name == "shop-dev");
  const auto& test = shop.environments[1];
  CHECK(test.direct == std::nullopt);
  CHECK(test.apply == ApplyWhen::manual);
  CHECK(test.lock_timeout == 100ms);
  CHECK(test.lock_retries == 0);
  CHECK(test.statement_timeout == 0s);
  CHECK_FALSE(test.receipts);
  const auto& staging = shop.environments[2];
  CHECK(staging.mode == Mode::reconcile_only);
  CHECK(staging.after == std::vector<std::string>{"dev"});
  CHECK(staging.renamed_from == "stage");
  CHECK(staging.poll == 30s);
  CHECK(staging.connection == ConnectionUse::keep);
  CHECK(staging.lag_after == 7 * 24h);
  CHECK(staging.schema == "app");
  CHECK(staging.their_ledger.tool == "flyway");
  CHECK(staging.their_ledger.table == TableName{"ops", "history"});
  CHECK(std::get<CommandSecret>(staging.password->from).arguments ==
        std::vector<std::string>{"/usr/bin/vault", "read", "0"});
  CHECK(shop.environments[3].configured_mode() == Mode::export_only);
  CHECK(settings.apps[1].environments[0].after == std::vector<std::string>{});
  CHECK(settings.apps[1].environments[0].their_ledger == TheirLedger{});

  REQUIRE(settings.access.size() == 2);
  CHECK(settings.access[0] == AccessRule{"root", "", Role::admin, {}});
  CHECK(settings.access[1] == AccessRule{"", "oncall", Role::operator_, {"shop/dev", "*/live"}});
}

TEST_CASE("what a config does not say is as documented") {
  const auto settings = read(minimal);
  CHECK(settings.ledger == "/var/lib/tidemark/ledger.db");
  CHECK(settings.retention == 24h * 365);
  CHECK(settings.control.socket == "/run/tidemark/control.sock");
  CHECK(settings.control.mode == 0660);
  REQUIRE(settings.http.listen.size() == 1);
  CHECK(settings.http.listen[0].text() == "127.0.0.1:9847");
  CHECK_FALSE(settings.http.expose_content);
  CHECK(settings.log == LogSettings{Level::info, LogFormat::automatic});
  CHECK(settings.access.empty());
  const auto& app = settings.apps.at(0);
  CHECK(app.repo.layout == "auto");
  CHECK(app.repo.settle == 2s);
  CHECK_FALSE(app.forbid_out_of_order);
  CHECK(app.environments.at(0).poll == 60s);
  const auto& prod = app.environments.at(0);
  CHECK(prod.lag_after == 24h);
  CHECK(prod.direct == std::nullopt);
  CHECK(prod.apply == ApplyWhen::manual);
  CHECK(prod.lock_timeout == 5s);
  CHECK(prod.lock_retries == 10);
  CHECK(prod.statement_timeout == 0s);
  CHECK_FALSE(prod.receipts);
}

TEST_CASE("an empty list of listen addresses is no TCP listener, one address needs no list") {
  CHECK(read(minimal + "http: {listen: []}\n").http.listen.empty());
  CHECK(read(minimal + "http: {listen: '[::]:1'}\n").http.listen.at(0).text() == "[::]:1");
}

TEST_CASE("settings remember where they were said, and moving them changes nothing") {
  const auto settings = read(minimal);
  CHECK(settings.apps[0].where.text() == "c.yaml:2:11");
  CHECK(settings.apps[0].repo.where.text() == "c.yaml:3:11");
  CHECK(settings.apps[0].environments[0].where.text() == "c.yaml:5:15");
  CHECK(settings == read("# moved\n\n" + minimal));
  CHECK(settings != read(minimal + "retention: 1d\n"));
}

TEST_CASE("each setting of applies makes another environment of it, for a reload to notice") {
  const std::string with = "        mode: managed\n        database: host=pool\n";
  for (const std::string line : {"direct: host=db",
                                 "apply: auto",
                                 "lock_timeout: 4s",
                                 "lock_retries: 9",
                                 "statement_timeout: 1s",
                                 "receipts: true"}) {
    CAPTURE(line);
    CHECK(environment(with) != environment(with + "        " + line + '\n'));
  }
}

TEST_CASE("apply: auto of the defaults is for the managed environments alone") {
  const auto settings = read(R"(defaults: {apply: auto}
apps:
  - name: shop
    repo: {path: /r}
    environments:
      - {name: dev, database: host=a}
      - {name: qa, database: host=b, mode: managed}
      - {name: staging, database: host=c, mode: reconcile_only}
      - {name: prod}
)");
  std::vector<std::string> automatic;
  for (const auto& each : settings.apps[0].environments) {
    if (each.apply == ApplyWhen::automatic) {
      automatic.push_back(each.name);
    }
  }
  CHECK(automatic == std::vector<std::string>{"dev", "qa"});
}

TEST_CASE("the authorities of the defaults are for whoever verifies and names no others") {
  const auto settings = read(R"(defaults: {tls_ca: /etc/own.pem}
apps:
  - name: shop
    repo: {path: /r}
    environments:
      - {name: a, database: host=a}
      - {name: b, database: host=b sslmode=require}
      - {name: c, database: host=c sslrootcert=/other}
      - {name: d, database: host=/run/postgresql}
      - {name: e, database: host=e sslmode=verify-ca, tls_ca: /e.pem}
      - {name: f}
)");
  const auto authorities = [&](std::size_t number) -> std::string {
    const auto& environment = settings.apps[0].environments.at(number);
    const auto& parameters = environment.database->parameters;
    const auto found = parameters.find("sslrootcert");
    return (found == parameters.end() ? "none" : found->second) +
           (environment.tls_ca ? " by tls_ca" : "");
  };
  CHECK(authorities(0) == "/etc/own.pem by tls_ca");
  CHECK(authorities(1) == "none");
  CHECK(authorities(2) == "/other");
  CHECK(authorities(3) == "none");
  CHECK(authorities(4) == "/e.pem by tls_ca");
  CHECK(settings.apps[0].environments[0].tls_ca->where.line == 1);
}

TEST_CASE("the authorities are for the direct way too, whichever of the two verifies") {
  const auto authorities = [](const std::string& lines) {
    const auto read = environment("        tls_ca: /own.pem\n" + lines);
    CHECK(read.tls_ca.has_value());
    const auto of = [](const Target& target) {
      const auto found = target.parameters.find("sslrootcert");
      return found == target.parameters.end() ? std::string("none") : found->second;
    };
    return of(*read.database) + ", " + of(*read.direct);
  };
  CHECK(authorities("        database: host=a\n        direct: host=b\n") == "/own.pem, /own.pem");
  CHECK(authorities("        database: host=/run\n        direct: host=b\n") == "none, /own.pem");
  CHECK(authorities("        database: host=a\n        direct: host=/run\n") == "/own.pem, none");
}

TEST_CASE("durations have a unit") {
  CHECK(environment("        poll: 50ms\n").poll == 50ms);
  CHECK(environment("        poll: 90s\n").poll == 90s);
  CHECK(environment("        poll: 1500ms\n").poll == 1500ms);
  CHECK(environment("        poll: 12h\n").poll == 12h);
  CHECK(environment("        poll: 1d\n").poll == 24h);
}

TEST_CASE("a table is named as the database stores it") {
  const auto table = [](const std::string& text) {
    return *environment("        their_ledger: {tool: auto, table: '" + text + "'}\n")
                .their_ledger.table;
  };
  CHECK(table("history") == TableName{"", "history"});
  CHECK(table("Ops.History") == TableName{"Ops", "History"});
  CHECK(table(R"("odd.schema"."say ""no""")") == TableName{"odd.schema", R"(say "no")"});
}

TEST_CASE("an export_only environment may have an address and a password, and never needs them") {
  CHECK(environment("").configured_mode() == Mode::export_only);
  const auto with =
      environment("        database: postgresql://h/d\n        password: {env: PW}\n");
  CHECK(with.configured_mode() == Mode::export_only);
  CHECK(with.database.has_value());
}

TEST_CASE("parallel environments and an order that differs from the list are no circle") {
  CHECK(problems_of(R"(apps:
  - name: shop
    repo: {path: /srv/shop}
    environments:
      - {name: prod, after: [eu, us]}
      - {name: root, after: []}
      - {name: eu, after: [root]}
      - {name: us, after: [root]}
)") == std::vector<std::string>{});
}

TEST_CASE("a byte-order mark and Windows line endings are fine") {
  std::string text = "\xEF\xBB\xBF";
  for (const char c : minimal) {
    text += c == '\n' ? "\r\n" : std::string(1, c);
  }
  CHECK(read(text) == read(minimal));
}

TEST_CASE("a config is read from a file, and its name is in every message") {
  const auto path =
      std::filesystem::temp_directory_path() / ("config-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(path) << minimal << "poll: 3s\n";
  const auto loaded = read_config(path);
  std::filesystem::remove(path);
  REQUIRE_FALSE(loaded);
  CHECK(
      loaded.error().front().text() ==
      path.string() +
          ":6:1: unknown key 'poll' in the config: expected ledger, retention, control, http, log, "
          "limits, defaults, apps or access");
}

TEST_CASE("a file that cannot be read is told with the reason") {
  CHECK(read_config("/nowhere/c.yaml").error().front().text() ==
        "/nowhere/c.yaml: cannot be read: No such file or directory");
  CHECK(read_config("/dev/zero").error().front().text() ==
        "/dev/zero: cannot be read: it is not a regular file");
  CHECK(read_config("/tmp").error().front().text() ==
        "/tmp: cannot be read: it is not a regular file");
}

TEST_CASE("a setting that an ambiguous ledger proposes is one, whatever the table is called") {
  for (const auto& [schema, name] :
       std::vector<std::pair<std::string, std::string>>{{"public", "flyway_schema_history"},
                                                        {"Ops", "Flyway History"},
                                                        {"a.b", "c.d"},
                                                        {"o'ps", "say \"hi\""},
                                                        {"größe", "t: x, {y} [z] #1"},
                                                        {"-", " "},
                                                        {"1", "2"},
                                                        {"null", "true"}}) {
    CAPTURE(schema + " " + name);
    auto ledger = test::flyway_table(schema, name);
    const std::vector<Relation> relations{ledger, test::flyway_table("other", name)};
    const auto words = choose_ledger(recognise_ledgers(relations), relations, {}, "").trouble;
    const auto begin = words.find("their_ledger: ");
    REQUIRE(begin != std::string::npos);
    const auto line = words.substr(begin, words.rfind(", or with schema: ") - begin);
    const auto setting = environment("        " + line + "\n").their_ledger;
    CHECK(setting.tool == "flyway");
    CHECK(setting.table == TableName{schema, name});
    const auto of_schema = words.substr(words.rfind("schema: "));
    CHECK(environment("        " + of_schema + "\n").schema == schema);
  }
}
