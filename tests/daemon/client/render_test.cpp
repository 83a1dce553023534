#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/client/render/render.h"
#include "tests/daemon/client/samples.h"

using namespace tidemark;
using namespace tidemark::client;

namespace {

json::object parsed(std::string_view text) {
  return json::parse({text.data(), text.size()}).as_object();
}

const Style plain{false, false, 80, *parse_time("2026-04-18T14:25:00Z")};

Style terminal(std::size_t width) {
  return {true, false, width, plain.now};
}

Style coloured() {
  return {true, true, 200, plain.now};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("status tells every environment in a line of an aligned table") {
  CHECK(
      render_status(parsed(samples::status), {}, plain) ==
      R"(ENVIRONMENT   MODE            TOOL    APPLIED  PENDING  DRIFTED  LAST LOOK                 PROBLEM
shop/dev      managed         -             2        0        0  2026-04-18T14:24:30.000Z
shop/staging  reconcile_only  flyway        0        1        1  2026-04-18T14:22:00.000Z  credential can write
shop/prod     export_only     -             1        0        0  -

3 environments, 1 pending, drift in shop/staging: tidemark findings shop/staging
)");
}

TEST_CASE(
    "on a terminal status says ages, and a problem that does not fit the table stands below it") {
  CHECK(render_status(parsed(samples::status), {}, terminal(90)) ==
        R"(ENVIRONMENT   MODE            TOOL    APPLIED  PENDING  DRIFTED  LAST LOOK
shop/dev      managed         -             2        0        0  30 s ago
shop/staging  reconcile_only  flyway        0        1        1  3 min ago
shop/prod     export_only     -             1        0        0  -
  shop/staging: credential can write

3 environments, 1 pending, drift in shop/staging: tidemark findings shop/staging
)");
}

TEST_CASE(
    "status tells what an environment that cannot be read suffers from, and that its numbers are "
    "old") {
  auto status = parsed(samples::status);
  auto& staging = status["environments"].as_array()[1].as_object();
  staging["stale"] = true;
  staging["warnings"] = json::array{};
  staging["last_poll"] = json::parse(R"({"outcome":"retry","error":"connection refused"})");
  const auto text = render_status(status, {"shop", "staging"}, plain);
  CHECK(contains(text, "2026-04-18T14:22:00.000Z (stale)  not reachable: connection refused\n"));
  CHECK_FALSE(contains(text, "shop/dev"));
}

TEST_CASE("status labels a standby") {
  auto status = parsed(samples::status);
  status["environments"].as_array()[1].as_object()["standby"] = true;
  CHECK(contains(render_status(status, {}, plain), "2026-04-18T14:22:00.000Z (standby)  "));
}

TEST_CASE("status tells what has been waiting too long, and keeps quiet about what has not") {
  auto status = parsed(samples::status);
  auto& staging = status["environments"].as_array()[1].as_object();
  staging["warnings"] = json::array{};
  staging["lag"] = json::parse(
      R"({"migration":"V3__phone","since":"2026-04-16T09:00:00.000Z","seconds":190000,"too_long":true})");
  CHECK(contains(render_status(status, {"shop", "staging"}, plain),
                 "V3__phone pending since 2026-04-16T09:00:00.000Z\n"));
  staging["lag"].as_object()["too_long"] = false;
  CHECK_FALSE(contains(render_status(status, {"shop", "staging"}, plain), "pending since"));
}

TEST_CASE("status tells where something is applied, and where nothing may be") {
  auto status = parsed(samples::status);
  auto& dev = status["environments"].as_array()[0].as_object();
  CHECK_FALSE(contains(render_status(status, {}, plain), "applying"));
  dev["counts"].as_object()["applying"] = 1;
  CHECK(contains(render_status(status, {"shop", "dev"}, plain),
                 "2026-04-18T14:24:30.000Z  applying\n"));
  dev["counts"].as_object()["applying"] = 0;
  dev["frozen"] = json::object{{"by", "ana (uid 1)"},
                               {"reason", "the sale"},
                               {"at", "2026-04-18T14:00:00.000Z"},
                               {"until", nullptr}};
  CHECK(
      contains(render_status(status, {"shop", "dev"}, plain), "frozen by ana (uid 1): the sale\n"));
  dev["frozen"].as_object()["until"] = "2026-04-19T00:00:00.000Z";
  dev["counts"].as_object()["failed"] = 1;
  CHECK(contains(render_status(status, {"shop", "dev"}, plain),
                 "1 failed; frozen until 2026-04-19T00:00:00.000Z by ana (uid 1): the sale\n"));
}

TEST_CASE("status does not say that nothing drifted where it cannot see") {
  auto status = parsed(samples::status);
  auto& staging = status["environments"].as_array()[1].as_object();
  staging["counts"].as_object()["drifted"] = 0;
  CHECK(
      contains(render_status(status, {}, plain), "\n3 environments, 1 pending, nothing drifted\n"));
  staging["stale"] = true;
  CHECK(contains(
      render_status(status, {}, plain),
      "\n3 environments, 1 pending, shop/staging not seen as of now, no drift known of\n"));
  staging["stale"] = false;
  staging["counts"].as_object()["unknown"] = 2;
  CHECK(contains(render_status(status, {}, plain), "shop/staging not seen as of now"));
}

TEST_CASE("status does not call a warning about an environment drift") {
  auto status = parsed(samples::status);
  auto& staging = status["environments"].as_array()[1].as_object();
  staging["counts"].as_object()["drifted"] = 0;
  staging["environment_findings"] = 1;
  CHECK(contains(render_status(status, {}, plain),
                 "\n3 environments, 1 pending, nothing drifted, a warning about shop/staging: "
                 "tidemark findings shop/staging\n"));
  staging["environment_drift"] = 1;
  CHECK(contains(render_status(status, {}, plain),
                 "\n3 environments, 1 pending, drift in shop/staging: tidemark findings "
                 "shop/staging\n"));
}

TEST_CASE("of very many environments the summary names the first few") {
  auto status = parsed(samples::status);
  auto& environments = status["environments"].as_array();
  environments[1].as_object()["stale"] = true;
  const auto stale = environments[1];
  for (int i = 0; i < 20; ++i) {
    environments.push_back(stale);
  }
  const auto text = render_status(status, {}, plain);
  CHECK(contains(text, "shop/staging, shop/staging and 16 more not seen as of now"));
  CHECK(contains(text, "drift in shop/staging, "));
}

TEST_CASE("status tells the troubles of the daemon and of directories") {
  auto status = parsed(samples::status);
  status["ready"] = false;
  status["trouble"] = json::parse(R"(["the audit trail does not verify"])");
  status["apps"].as_array()[0].as_object()["problems"] =
      json::parse(R"([{"file":"V3__a.sql","what":"two files of one version"}])");
  const auto text = render_status(status, {}, plain);
  CHECK(contains(text, "the daemon is not ready"));
  CHECK(contains(text, "\nthe audit trail does not verify\n"));
  CHECK(contains(text, "\nshop: V3__a.sql: two files of one version\n"));
}

TEST_CASE(
    "the matrix has migrations down and environments across, a legend of what it uses, and a "
    "summary") {
  CHECK(render_matrix(parsed(samples::matrix), parsed(samples::status), plain) ==
        R"(MIGRATION   dev           staging         prod
V1__users   applied (e)   pending         applied (a?)
V2__orders  applied (e*)  DRIFTED edited  -

(e) executed by tidemark   (a) attested by a person   ? content cannot be verified   * with a note: tidemark show   - not due
shop: 2 migrations; staging: 1 drifted, 1 pending: tidemark findings shop/staging
)");
}

TEST_CASE("the matrix says how old the cells of an environment are that cannot be read") {
  auto status = parsed(samples::status);
  auto& staging = status["environments"].as_array()[1].as_object();
  staging["stale"] = true;
  staging["last_poll"] = json::parse(R"({"outcome":"retry"})");
  CHECK(
      contains(render_matrix(parsed(samples::matrix), status, terminal(200)),
               "\nstaging: as it was at 2026-04-18T14:22:00Z (3 min ago); not reachable since\n"));
}

TEST_CASE("the matrix says of an environment that was never seen that it was not") {
  auto status = parsed(samples::status);
  auto& staging = status["environments"].as_array()[1].as_object();
  staging["stale"] = true;
  staging["as_of"] = nullptr;
  staging["last_poll"] = json::parse(R"({"outcome":"denied"})");
  CHECK(contains(render_matrix(parsed(samples::matrix), status, plain),
                 "\nstaging: never seen yet; refused\n"));
}

TEST_CASE("an acknowledged finding leaves the cell drifted and marked") {
  auto matrix = parsed(samples::matrix);
  auto& cell =
      matrix["migrations"].as_array()[1].as_object()["cells"].as_object()["staging"].as_object();
  cell["findings"].as_array()[0].as_object()["acknowledged"] = true;
  CHECK(contains(render_matrix(matrix, {}, plain), "DRIFTED edited (ack)"));
}

TEST_CASE(
    "a matrix too wide for the terminal gets shorter ids first, then one block for each "
    "environment") {
  auto matrix = parsed(samples::matrix);
  matrix["migrations"].as_array()[0].as_object()["id"] = "V1__users_and_their_many_addresses";
  const auto shorter = render_matrix(matrix, {}, terminal(60));
  CHECK(contains(shorter, "V1__users_and_t…  applied (e)"));
  CHECK(contains(shorter, "V2__orders        applied (e*)"));
  const auto blocks = render_matrix(matrix, {}, terminal(50));
  CHECK(contains(blocks, "MIGRATION                           staging (reconcile_only)\n"));
  CHECK(contains(blocks, "\nV1__users_and_their_many_addresses  pending\n"));
}

TEST_CASE("states that this client does not know are shown as they are") {
  auto matrix = parsed(samples::matrix);
  matrix["migrations"].as_array()[0].as_object()["cells"].as_object()["dev"] =
      json::parse(R"({"state":"postponed"})");
  CHECK(contains(render_matrix(matrix, {}, plain), "V1__users   postponed"));
}

TEST_CASE("findings tell since when and what to do next") {
  CHECK(render_findings(parsed(samples::findings), false, plain) ==
        R"(FINDING  ENVIRONMENT   MIGRATION   KIND    SINCE                     SUMMARY
f_01     shop/staging  V2__orders  edited  2026-04-18T14:22:00.123Z  the file differs from what was applied

next: tidemark diff shop/staging V2__orders
      tidemark ack f_01 --reason '...'
)");
  CHECK(render_findings(parsed(R"({"findings":[]})"), false, plain) == "no open findings\n");
}

TEST_CASE("on a narrow terminal a finding takes two lines") {
  CHECK(contains(render_findings(parsed(samples::findings), false, terminal(80)),
                 "f_01  shop/staging  V2__orders  edited  2026-04-18T14:22:00Z (2 min ago)\n"
                 "    the file differs from what was applied\n"));
}

TEST_CASE("what another tool applied where tidemark does can be adopted") {
  auto findings = parsed(samples::findings);
  findings["findings"].as_array()[0].as_object()["kind"] = "unrecorded";
  CHECK(render_findings(findings, false, plain)
            .ends_with("next: tidemark ledger shop/staging\n"
                       "      tidemark adopt shop/staging --reason '...'\n"
                       "      tidemark ack f_01 --reason '...'\n"));
}

TEST_CASE("an acknowledged or resolved finding says so, and proposes nothing") {
  auto findings = parsed(samples::findings);
  auto& finding = findings["findings"].as_array()[0].as_object();
  finding["acknowledged"] =
      json::parse(R"({"by":"ana","reason":"comment only","until":"2026-05-01T00:00:00.000Z"})");
  finding["resolved_at"] = "2026-04-18T14:24:00.000Z";
  const auto text = render_findings(findings, true, plain);
  CHECK(contains(text,
                 "[resolved 2026-04-18T14:24:00.000Z; acknowledged by ana: comment only (until "
                 "2026-05-01T00:00:00.000Z)]"));
  CHECK_FALSE(contains(text, "next:"));
}

TEST_CASE("the ledger stands ours against theirs") {
  CHECK(render_ledger(parsed(samples::ledger), plain) ==
        R"(shop/staging: flyway, public.flyway_schema_history

MIGRATION         OURS     THEIRS   STATE          WHY
V1__users         applied  applied  in_sync
V147__hotfix_idx  -        applied  drift foreign  applied there, no file here

2 rows, 1 drifted: tidemark findings shop/staging
)");
  CHECK(render_shape(parsed(samples::ledger), plain) ==
        R"(shop/staging: public.flyway_schema_history is a ledger of flyway
  because its columns are Flyway's
  not public.schema_version: no column checksum
)");
}

TEST_CASE("a ledger that is not known is not shown as none") {
  auto ledger = parsed(samples::ledger);
  ledger["trouble"] = "flyway_schema_history cannot be read by me: GRANT SELECT";
  CHECK(contains(render_ledger(ledger, plain),
                 "not read: flyway_schema_history cannot be read by me: GRANT SELECT; what follows "
                 "is from before\n"));
  CHECK(contains(render_shape(ledger, plain),
                 "  but flyway_schema_history cannot be read by me: GRANT SELECT\n"));
  ledger["tool"] = nullptr;
  ledger["table"] = nullptr;
  ledger["trouble"] = "ambiguous: a.h, b.h";
  ledger["rows"] = json::array();
  ledger["shape"] = json::parse(
      R"({"recognised":null,"tool":null,"evidence":"","note":null,"layout":"flyway",
          "rejected":[{"table":"a.h","why":"could be a ledger of flyway"}]})");
  CHECK(render_ledger(ledger, plain) ==
        R"(shop/staging: which ledger it has is not known
not read: ambiguous: a.h, b.h; it was not read before

nothing in ours, what is in theirs is not known
)");
  CHECK(render_shape(ledger, plain) ==
        R"(shop/staging: no table was recognised as its ledger
  but ambiguous: a.h, b.h
  beside files of the layout flyway
  not a.h: could be a ledger of flyway
)");
  ledger["trouble"] = nullptr;
  CHECK(contains(render_ledger(ledger, plain), "no ledger of another tool\n\n"));
  ledger["shape"].as_object()["note"] = "public.h (flyway) was its ledger, and is gone";
  CHECK(contains(render_ledger(ledger, plain),
                 "no ledger of another tool\nnote: public.h (flyway) was its ledger, and is gone\n"));
}

TEST_CASE(
    "a diff keeps its lines and tabs, is coloured on a terminal, and says when there is none") {
  auto diff = parsed(R"json({"app":"shop","environment":"staging","migration":"V2__orders",
    "from":{"what":"recorded when it was first seen applied","sha256":"0123456789abcdef","at":"2026-04-18T14:22:00.123Z","by":"flyway"},
    "to":{"what":"the file","file":"V2__orders.sql","sha256":"fedcba9876543210"},
    "identical":false,"note":null,"diff":"--- recorded\n+++ file\n@@ -1 +1 @@\n-\tid int\n+\tid bigint\n"})json");
  CHECK(render_diff(diff, plain) ==
        "V2__orders in shop/staging\n"
        "from recorded when it was first seen applied, 2026-04-18T14:22:00.123Z, by flyway, sha256 "
        "0123456789ab\n"
        "to   the file, V2__orders.sql, sha256 fedcba987654\n"
        "\n"
        "--- recorded\n+++ file\n@@ -1 +1 @@\n-\tid int\n+\tid bigint\n");
  CHECK(contains(render_diff(diff, coloured()), "\x1b[32m+\tid bigint\x1b[0m\n"));
  diff["note"] = "line_endings";
  CHECK(contains(render_diff(diff, plain), "the same but for line endings"));
  diff["identical"] = true;
  CHECK(contains(render_diff(diff, plain), "V2__orders in shop/staging: identical\n"));
  diff["to"] = nullptr;
  CHECK(contains(render_diff(diff, plain), "the file is gone\n"));
}

TEST_CASE("show tells the file, the state everywhere, and every record") {
  const auto text = render_show(
      parsed(R"json({"app":"shop","id":"V2__orders","key":"2","version":"2","description":"orders",
    "kind":"versioned","file":"V2__orders.sql","sha256":"bb","size":120,"rollback":null,"sql":"SELECT 1;",
    "environments":[{"name":"prod","mode":"export_only","cell":{"state":"applied","evidence":"attested","content":"verified"},
      "records":[{"applied":true,"how":"marked","evidence":"attested","at":"2026-04-18T14:00:00.000Z",
        "recorded_at":"2026-04-18T14:22:00.000Z","by":"ana","reason":"OPS-311","sha256":"0123456789abcdef"}]}]})json"),
      plain);
  CHECK(text ==
        R"(shop: V2__orders

kind         versioned
version      2
description  orders
key          2
file         V2__orders.sql (120 bytes)
sha256       bb
rollback     none

prod (export_only): applied, attested, content verified
  applied 2026-04-18T14:00:00.000Z, by ana, marked, attested, recorded 2026-04-18T14:22:00.000Z, sha256 0123456789ab, OPS-311

-- V2__orders.sql
SELECT 1;
)");
}

TEST_CASE("confirmations say exactly what was recorded") {
  CHECK(
      render_marked(
          parsed(
              R"({"recorded":[{"id":"V2__orders","key":"2","at":"2026-04-18T14:00:00.000Z","by":"ana",
                      "evidence":"attested","sha256":"0123456789abcdef"}],"already":["V1__users"]})"),
          {"shop", "prod"},
          true,
          plain) ==
      "shop/prod: V2__orders recorded as applied, 2026-04-18T14:00:00.000Z, by ana, attested, "
      "sha256 0123456789ab\n"
      "shop/prod: V1__users was recorded as applied already\n");
  CHECK(render_mode(parsed(R"({"environment":"shop/prod","from":"export_only","to":"managed"})")) ==
        "shop/prod: was export_only, is managed now\n");
  CHECK(render_rebaseline(parsed(
            R"({"environment":"shop/dev","as":"empty","identity":null,"ended":3,"adopted":0})")) ==
        "shop/dev: rebaselined as empty; 3 records ended, 0 adopted\n");
  CHECK(render_adopted(parsed(R"({"environment":"shop/dev","adopted":1})")) ==
        "shop/dev: 1 migration adopted\n");
  CHECK(render_adopted(parsed(R"({"environment":"shop/dev","adopted":0})")) ==
        "shop/dev: all that their ledger has is ours already\n");
  CHECK(render_poll(parsed(R"({"outcome":"unreachable","error":"refused"})"),
                    {"shop", "dev"},
                    plain) == "shop/dev: unreachable: refused\n");
  CHECK(render_poll(parsed(R"({"outcome":"ok","environment":{"counts":{"applied":2,"pending":1},
                     "problem":"something is being applied: pid 7"}})"),
                    {"shop", "dev"},
                    plain) == "shop/dev: ok, 2 applied, 1 pending, 0 drifted\n"
                              "shop/dev: something is being applied: pid 7\n");
  CHECK(render_reloaded(parsed(R"({"ok":true,"changed":[]})")) ==
        "configuration read; nothing changed\n");
}

TEST_CASE("an event is one line: what is long in it is left to --json") {
  CHECK(render_event(parsed(R"({"type":"mark.recorded","timestamp":"2026-04-18T14:22:00.000Z",
          "data":{"app":"shop","environment":"prod","by":"ana","opened_at":"2026-04-18T14:22:00.000Z","ended":3,
                  "records":[{"id":"V1__users","how":"marked"},{"id":"V2__orders"}],"details":{"file":"x"},"none":null}})"),
                     plain) ==
        "2026-04-18T14:22:00.000Z  mark.recorded  shop/prod  by=ana  ended=3  records=V1__users, "
        "V2__orders\n");
}

TEST_CASE("no name from a file or a database reaches the output as anything but text") {
  const auto spoiled = [](std::string_view sample) {
    // Every value that is a name or prose becomes hostile.
    std::string text(sample);
    for (const std::string name : {"shop",
                                   "staging",
                                   "V2__orders",
                                   "V1__users",
                                   "flyway",
                                   "credential can write",
                                   "the file differs from what was applied",
                                   "edited",
                                   "reconcile_only",
                                   "applied there, no file here",
                                   "003_tax",
                                   "ALTER TABLE",
                                   "SELECT 1",
                                   "it has drifted: 001_users",
                                   "pending"}) {
      const auto quoted = "\"" + name + "\"";
      for (auto at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at)) {
        text.replace(at, quoted.size(), "\"" + std::string(samples::hostile) + "\"");
      }
    }
    return json::parse(text).as_object();
  };
  const auto harmless_text = [](const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      const bool c1 = c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
      if ((c < 0x20 && c != '\n') || c == 0x7F || c1) {
        return false;
      }
    }
    return !contains(text, "\u202e") && !contains(text, "\u2028");
  };
  for (const auto& style : {plain, terminal(40), terminal(300)}) {
    const auto status = spoiled(samples::status);
    for (const auto& text : {render_status(status, {}, style),
                             render_matrix(spoiled(samples::matrix), status, style),
                             render_findings(spoiled(samples::findings), true, style),
                             render_plan(spoiled(samples::plan), "x", style),
                             render_ledger(spoiled(samples::ledger), style),
                             render_shape(spoiled(samples::ledger), style)}) {
      CHECK(harmless_text(text));
      CHECK(contains(text, "\\x1b]0;owned"));
    }
  }
  const auto name = std::string(samples::hostile);
  const auto one = json::parse(
      R"({"app":"@","environment":"@","id":"@","migration":"@","file":"@","kind":"@","summary":"@",
    "version":"@","description":"@","key":"@","sql":"@","from":{"what":"@","by":"@"},"to":{"what":"@","file":"@"},"diff":"@",
    "as":"@","outcome":"@","error":"@","actor":"@","what":"@","type":"@","problem":"@","details":{"@":"@"},
    "data":{"@":["@"],"app":"@"},"changed":["@"],"already":["@"],"to_mode":"@",
    "plan_id":"@","reason":"@","migrations":[{"id":"@","file":"@","statements":[]}],"warnings":["@"],
    "hindrances":[{"what":"@","why":"@","settle":"@"}],
    "recorded":[{"id":"@","by":"@","evidence":"@","sha256":"@"}],
    "finding":{"id":"@","kind":"@","app":"@","acknowledged":{"by":"@","reason":"@"}},
    "environments":[{"name":"@","mode":"@","cell":{"state":"@","reason":"@","note":"@","evidence":"@"},
      "records":[{"applied":true,"by":"@","reason":"@","how":"@","sha256":"@"}]}]})");
  auto text = json::serialize(one);
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + name.size())) {
    text.replace(at, 1, name);
  }
  const auto all = parsed(text);
  for (const auto& shown_text : {render_show(all, plain),
                                 render_diff(all, plain),
                                 render_plan(all, "x", plain),
                                 render_plan_briefly(all),
                                 render_hindrances(all, ""),
                                 render_nothing_planned(all),
                                 render_frozen(all, plain),
                                 render_unfrozen(all),
                                 render_resolved(all),
                                 render_adopted(all),
                                 render_rebaseline(all),
                                 render_poll(all, {"a\x1b", "b\n"}, plain),
                                 render_marked(all, {"a\x1b", "b\n"}, true, plain),
                                 render_acknowledged(all, plain),
                                 render_reloaded(all),
                                 render_backup(all),
                                 render_audit_entry(all, plain),
                                 render_audit_verdict(all),
                                 render_event(all, plain)}) {
    CHECK(harmless_text(shown_text));
  }
}

TEST_CASE("a plan tells each statement, its lock and its notes, and ends with the command for it") {
  CHECK(render_plan(parsed(samples::plan), "tidemark apply shop/dev", plain) ==
        R"(plan p_0123456789abcdef: 2 migrations to apply to shop/dev

003_tax  003_tax.sql, in one transaction
  LINE  KIND         LOCK              SQL
     3  ALTER TABLE  ACCESS EXCLUSIVE  ALTER TABLE orders …
    12  -            none              SELECT 1
  line 3: orders: 1.2 GB, about 9,000,000 rows, 40 writes a second

004_idx  004_idx.sql, outside a transaction, statement by statement
  LINE  KIND                       LOCK                    SQL
     1  CREATE INDEX CONCURRENTLY  SHARE UPDATE EXCLUSIVE  CREATE INDEX CONCURRENTLY orders_tax_idx ON orders (tax)
  line 1: cannot run in a transaction: CREATE INDEX CONCURRENTLY cannot be in a transaction block

warning: it has drifted: 001_users

This and nothing else is run by: tidemark apply shop/dev
)");
}

TEST_CASE("on a terminal the SQL of a plan is cut to its width") {
  const auto text = render_plan(parsed(samples::plan), "x", terminal(90));
  CHECK(contains(text, "SHARE UPDATE EXCLUSIVE  CREATE INDEX CONCURRENTLY orde…\n"));
}

TEST_CASE("a plan with something in its way says what settles that, and no command runs it") {
  auto plan = parsed(samples::plan);
  plan["hindrances"] = json::parse(
      R"([{"what":"frozen","why":"by ana","settle":"tidemark unfreeze shop/dev --reason …"},
          {"what":"standby","why":"it cannot be written","settle":null}])");
  CHECK(render_plan(plan, "tidemark apply shop/dev", plain).ends_with(R"(
Nothing runs there as long as this stands in the way:
  frozen: by ana
    tidemark unfreeze shop/dev --reason …
  standby: it cannot be written
)"));
  plan["migrations"] = json::array{};
  CHECK(render_plan(plan, "x", plain).starts_with("Nothing is pending in shop/dev.\n"));
}

TEST_CASE("a plan says when the file's own transaction gives way, and what is sent unread") {
  auto plan = parsed(samples::plan);
  auto& migrations = plan["migrations"].as_array();
  migrations[0].as_object()["own_transaction"] = true;
  migrations[1].as_object()["analysed"] = false;
  migrations[1].as_object()["statements"] = json::array{};
  const auto text = render_plan(plan, "x", plain);
  CHECK(contains(text, "003_tax.sql, in one transaction, in place of its own BEGIN and COMMIT\n"));
  CHECK(contains(text, "004_idx.sql, not analysed: sent whole, in one transaction\n"));
}

TEST_CASE("show says why a migration failed") {
  const auto text = render_show(
      parsed(R"json({"app":"shop","id":"003_tax","environments":[{"name":"dev","mode":"managed",
        "cell":{"state":"failed","reason":"relation \"x\" does not exist"}}]})json"),
      plain);
  CHECK(contains(text, "dev (managed): failed, relation \"x\" does not exist\n"));
}

TEST_CASE("colours are escape sequences around words, only where they are wanted") {
  CHECK(contains(render_matrix(parsed(samples::matrix), {}, coloured()),
                 "\x1b[1;31mDRIFTED edited\x1b[0m"));
  CHECK_FALSE(contains(render_matrix(parsed(samples::matrix), {}, terminal(200)), "\x1b"));
}

TEST_CASE("an answer of another shape is said to be one") {
  CHECK_THROWS_AS(render_status(parsed(R"({"environments":{}})"), {}, plain), Misunderstood);
  CHECK_THROWS_AS(render_status(parsed(R"({"surroundings":[]})"), {}, plain), Misunderstood);
  CHECK_THROWS_AS(render_matrix(parsed(R"({"environments":[],"migrations":["x"]})"), {}, plain),
                  Misunderstood);
  CHECK_THROWS_AS(render_findings(parsed(R"({"findings":[{"id":7}]})"), false, plain),
                  Misunderstood);
}

TEST_CASE(
    "JSON is printed so that a terminal takes no part of it for a command, and stays the same "
    "document") {
  const auto value = json::parse(R"({"name":"\u009b31m\u202e\u007f ü 😀 \udb40\udc41"})");
  const auto text = json::serialize(value);
  const auto safe = harmless(text);
  CHECK(safe == R"({"name":"\u009b31m\u202e\u007f ü 😀 \udb40\udc41"})");
  CHECK(json::parse(safe) == value);
}
