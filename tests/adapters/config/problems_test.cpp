#include <string>

#include <doctest/doctest.h>

#include "tests/adapters/config/bad_configs.h"
#include "tests/adapters/config/configs.h"

using namespace tidemark;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) {
    text += line + '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("each mistake is told with its line, its column, and what was expected") {
  const auto bad = bad_configs();
  CHECK(bad.size() > 100);
  for (const auto& config : bad) {
    CAPTURE(config.text);
    CHECK(joined(problems_of(config.text)) == joined(config.problems));
  }
}

TEST_CASE("every problem is told at once, in the order of the file") {
  CHECK(joined(problems_of(R"(ledgr: sqlite:/x
retention: 3
retention: 4
http: {listen: "localhost"}
apps:
  - name: shop
    repo: {path: srv}
    environments:
      - name: dev
        poll: &p 1s
      - name: qa
        poll: *p
        after: [prod]
        freeze: true
access:
  - {role: boss}
)")) == R"(1:1 unknown key 'ledgr' in the config; did you mean 'ledger'?
2:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or 7d
3:1 this key is already set in line 2
4:16 listen: expected an IP address and a port, such as 127.0.0.1:9847 or [::1]:9847; every address of this machine is 0.0.0.0:9847 or [::]:9847
7:18 path: expected an absolute path
9:15 name: 'dev' is managed by its name and needs a database; if it has none, say mode: export_only
10:15 anchors and aliases are not used here: write it out
12:15 anchors and aliases are not used here: write it out
13:17 after: this app has no environment 'prod'
14:9 freeze is not supported by this version
16:5 an access rule needs either user or group
16:12 role: expected viewer, operator or admin
)");
}

TEST_CASE("one mistake is not told twice where others follow from it") {
  // A database that cannot be read is no missing one, a mode that is none needs none, a name that
  // is none is not missed.
  CHECK(
      problems_of(minimal + "        mode: reconcile_only\n        database: nonsense\n").size() ==
      1);
  CHECK(problems_of(minimal + "        mode: nonsense\n").size() == 1);
  CHECK(problems_of("apps: [{name: a, repo: {path: /r}, environments: [{name: '/'}, {name: b, "
                    "after: [c]}]}]\n"
                    "access: [{user: root, role: admin, environments: [a/c]}]\n")
            .size() == 1);
  CHECK(problems_of("apps: [{name: a, repo: {path: &p /r}, environments: "
                    "[{name: b, mode: managed, database: *p}]}]\n")
            .size() == 2);  // the anchor and the alias
  CHECK(problems_of("apps: [{name: a, repo: *x, environments: [{name: b}]}]\n").size() == 1);
  // Where it is not known whether something is managed, or verifies, nothing is said of that.
  CHECK(problems_of(minimal + "        mode: nonsense\n        apply: auto\n").size() == 1);
  CHECK(
      problems_of("apps: [{name: a, repo: {path: /r}, environments: [{name: '/', apply: auto}]}]\n")
          .size() == 1);
  CHECK(problems_of(minimal + "        apply: often\ndefaults: {apply: auto}\n").size() == 1);
  CHECK(problems_of(minimal + "        database: host=/run\n        direct: nonsense\n"
                              "        tls_ca: /x\n")
            .size() == 1);
}

TEST_CASE("documented keys of later versions are told apart from mistyped ones") {
  for (const std::string key : {"schema_drift", "freeze"}) {
    const std::vector<std::string> expected{"6:9 " + key + " is not supported by this version"};
    CHECK(problems_of(minimal + "        " + key + ": 1\n") == expected);
  }
  CHECK(problems_of(minimal + "        applyy: 1\n").front().find("not supported") ==
        std::string::npos);
}
