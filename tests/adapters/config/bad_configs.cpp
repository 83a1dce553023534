#include "tests/adapters/config/bad_configs.h"

#include "adapters/config/choice.h"
#include "adapters/config/words.h"
#include "adapters/tools/custom.h"
#include "tests/adapters/config/configs.h"

namespace tidemark {

namespace {

// A good config with something more at its top level, in its environment, or as its repo or list of
// environments.
std::string top(const std::string& lines) {
  return minimal + lines + '\n';
}
std::string env(const std::string& lines) {
  return minimal + "        " + lines + '\n';
}
std::string repo(const std::string& value) {
  return "apps: [{name: shop, repo: " + value + ", environments: [{name: prod}]}]\n";
}
std::string envs(const std::string& value) {
  return "apps: [{name: shop, repo: {path: /r}, environments: " + value + "}]\n";
}

}  // namespace

// clang-format off: one case, one line.
std::vector<BadConfig> bad_configs() {
  const auto layouts = either_of(known_layouts());
  const auto ledgers = either_of(known_ledgers());
  return {
      // Syntax
      {"apps: [\n",
       {"2:1 this is not valid YAML: end of sequence flow not found"},
       Schema::cannot_read},
      {"apps: {\n", {"2:1 this is not valid YAML: end of map flow not found"}, Schema::cannot_read},
      {"a: b: c\n", {"1:5 this is not valid YAML: illegal map value"}, Schema::cannot_read},
      {"apps:\n\t- x\n", {"2:2 this is not valid YAML: illegal block entry"}, Schema::cannot_read},
      {"'apps\n",
       {"1:1 the config: expected keys with values, found text", "1:1 this quote is never closed"},
       Schema::cannot_read},
      {top("log:\n  level: \"info"),
       {"7:10 level: expected debug, info, warn or error", "7:10 this quote is never closed"},
       Schema::cannot_read},
      {"- a\n", {"1:1 the config: expected keys with values, found a list"}, Schema::cannot_read},
      {"apps\n", {"1:1 the config: expected keys with values, found text"}, Schema::cannot_read},
      {"7\n", {"1:1 the config: expected keys with values, found a number"}, Schema::cannot_read},
      {"? [a]\n: b\n",
       {"1:1 the config needs the key 'apps'", "1:3 expected a key, a word before the colon"},
       Schema::cannot_read},
      {": b\n",
       {"1:1 expected a key, a word before the colon", "1:1 the config needs the key 'apps'"},
       Schema::cannot_read},
      {"1: b\n",
       {"1:1 expected a key, a word before the colon", "1:1 the config needs the key 'apps'"},
       Schema::cannot_read},
      {"~: b\n",
       {"1:1 expected a key, a word before the colon", "1:1 the config needs the key 'apps'"},
       Schema::cannot_read},
      {top("log: {level: info, level: info}"),
       {"6:20 this key is already set in line 6"},
       Schema::cannot_read},
      {top("@x: 1"), {"6:1 this is not valid YAML: unknown token"}, Schema::cannot_read},
      {top("x: %y"), {"6:4 this is not valid YAML: unknown token"}, Schema::cannot_read},
      // Top
      {top("ledgr: sqlite:/x"), {"6:1 unknown key 'ledgr' in the config; did you mean 'ledger'?"}},
      {top("Retention: 3d"),
       {"6:1 unknown key 'Retention' in the config; did you mean 'retention'?"}},
      {top("something: 1"),
       {"6:1 unknown key 'something' in the config: expected ledger, retention, control, http, "
        "log, limits, defaults, apps or access"}},
      {top("limits: {connections_per_server: 0}"),
       {"6:34 connections_per_server: expected a whole number from 1 to 10000"}},
      {env("mode: managed\n        database: host=h\nlimits: {connections_per_server: 1}"),
       {"8:9 connections_per_server: expected at least 2, as shop/prod is managed: an apply takes "
        "two, one to work and one to look after it"},
       Schema::cannot_say},
      {top("limits: {connects_per_second: '8'}"),
       {"6:31 connects_per_second: expected a whole number from 1 to 10000"}},
      {top("limits: {connects_per_second: 1.5}"),
       {"6:31 connects_per_second: expected a whole number from 1 to 10000"}},
      {top("limits: {connections: 8}"),
       {"6:10 unknown key 'connections' in limits: expected connections_per_server or "
        "connects_per_second"}},
      {top("signing: {}"), {"6:1 signing is not supported by this version"}},
      {top("webhooks: []"), {"6:1 webhooks is not supported by this version"}},
      {top("lag: {}"), {"6:1 unknown key 'lag' in the config; did you mean 'log'?"}},
      {"log: {level: info}\n", {"1:1 the config needs the key 'apps'"}},
      {top("ledger: /var/lib/x.db"),
       {"6:9 ledger: expected sqlite: and an absolute path, such as "
        "sqlite:/var/lib/tidemark/ledger.db"}},
      {top("ledger: sqlite:x.db"),
       {"6:9 ledger: expected sqlite: and an absolute path, such as "
        "sqlite:/var/lib/tidemark/ledger.db"}},
      {top("ledger: sqlite:/x/../y"),
       {"6:9 ledger: expected sqlite: and an absolute path, such as "
        "sqlite:/var/lib/tidemark/ledger.db"},
       Schema::cannot_say},
      {top("ledger: postgresql://h/d"),
       {"6:9 ledger: a ledger in PostgreSQL is not supported by this version: expected sqlite: and "
        "an absolute path, such as sqlite:/var/lib/tidemark/ledger.db"}},
      {top("ledger: sqlite:/x/"),
       {"6:9 ledger: expected sqlite: and an absolute path, such as "
        "sqlite:/var/lib/tidemark/ledger.db"}},
      {top("ledger:"), {"6:1 ledger: expected text, found nothing"}},
      {top("ledger: [a]"), {"6:9 ledger: expected text, found a list"}},
      {top("retention: 1h"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {top("retention: 365"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or "
        "7d"}},
      {top("retention: 100000d"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {top("retention: 1y"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or "
        "7d"}},
      {top("retention: -3d"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or "
        "7d"}},
      {top("retention: 3 d"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or "
        "7d"}},
      {top("retention: 99999999999999999999d"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {top("retention: true"),
       {"6:12 retention: expected a duration from 1d to 36500d, such as 500ms, 30s, 5m, 12h or "
        "7d"}},
      // Control
      {top("control: /run/x.sock"), {"6:10 control: expected keys with values, found text"}},
      {top("control:"), {"6:1 control: expected keys with values, found nothing"}},
      {top("control: {socket: run/x.sock}"), {"6:19 socket: expected an absolute path"}},
      {top("control: {socket: /" + std::string(107, 'x') + "}"),
       {"6:19 socket: expected at most 107 bytes: the kernel takes no longer path for a socket"}},
      {top("control: {mode: 0660}"),
       {"6:17 mode: without quotes YAML takes this for a number; put it in quotes"}},
      {top(R"(control: {mode: "0460"})"),
       {R"(6:17 mode: expected permissions in octal that let the owner read and write, such as "0660")"}},
      {top(R"(control: {mode: "0888"})"),
       {R"(6:17 mode: expected permissions in octal that let the owner read and write, such as "0660")"}},
      {top(R"(control: {mode: "4755"})"),
       {R"(6:17 mode: expected permissions in octal that let the owner read and write, such as "0660")"}},
      {top("control: {mode: rw}"),
       {R"(6:17 mode: expected permissions in octal that let the owner read and write, such as "0660")"}},
      {top("control: {groop: x}"), {"6:11 unknown key 'groop' in control; did you mean 'group'?"}},
      {top(R"(control: {group: ""})"), {"6:18 group: this must not be empty"}},
      // Http
      {top("http: {listen: 9847}"),
       {"6:16 listen: expected an IP address and a port, such as 127.0.0.1:9847 or [::1]:9847; "
        "every address of this machine is 0.0.0.0:9847 or [::]:9847"}},
      {top(R"(http: {listen: ":9847"})"),
       {"6:16 listen: expected an IP address and a port, such as 127.0.0.1:9847 or [::1]:9847; "
        "every address of this machine is 0.0.0.0:9847 or [::]:9847"}},
      {top(R"(http: {listen: "example.com:9847"})"),
       {"6:16 listen: expected an IP address and a port, such as 127.0.0.1:9847 or [::1]:9847; "
        "every address of this machine is 0.0.0.0:9847 or [::]:9847"}},
      {top(R"(http: {listen: "::1:9847"})"),
       {"6:16 listen: expected an IP address and a port, such as 127.0.0.1:9847 or [::1]:9847; "
        "every address of this machine is 0.0.0.0:9847 or [::]:9847"}},
      {top(R"(http: {listen: "[::1]:65536"})"),
       {"6:16 listen: expected a port from 0 to 65535 after the colon; 0 is any free one"},
       Schema::cannot_say},
      {top(R"(http: {listen: "127.0.0.1:"})"),
       {"6:16 listen: expected a port from 0 to 65535 after the colon; 0 is any free one"}},
      {top(R"(http: {listen: ["127.0.0.1:1", "127.0.0.1:1"]})"),
       {"6:32 listen: this is listed twice"}},
      {top("http: {listen: {a: b}}"), {"6:16 listen: expected text, found a mapping"}},
      {top("http: {hosts: a.example}"),
       {"6:15 hosts: expected a list, such as [a, b], found text"}},
      {top(R"(http: {hosts: ["https://a.example"]})"),
       {"6:16 hosts: expected a host name without scheme and port, such as tidemark.example.com"}},
      {top(R"(http: {hosts: ["a.example:80"]})"),
       {"6:16 hosts: expected a host name without scheme and port, such as tidemark.example.com"}},
      {top("http: {hosts: [A.example, a.example]}"),
       {"6:27 hosts: this is listed twice"},
       Schema::cannot_say},
      {top("http: {hosts: [300.1.1.1]}"),
       {"6:16 hosts: expected a host name without scheme and port, such as tidemark.example.com"},
       Schema::cannot_say},
      {top("http: {expose: everything}"), {"6:16 expose: expected summary or content"}},
      {top("http: {tls: {certificate: /a}}"), {"6:8 tls is not supported by this version"}},
      // Log
      {top("log: {level: warning}"), {"6:14 level: expected debug, info, warn or error"}},
      {top("log: {format: xml}"), {"6:15 format: expected auto, text, journal or json"}},
      {top("log: debug"), {"6:6 log: expected keys with values, found text"}},
      {top("log: {file: /x}"), {"6:7 unknown key 'file' in log: expected level or format"}},
      // Defaults
      {top("defaults: {poll: 0s}"),
       {"6:18 poll: expected a duration from 50ms to 1d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {top("defaults: {poll: 2d}"),
       {"6:18 poll: expected a duration from 50ms to 1d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {top("defaults: {receipts: 1}"), {"6:22 receipts: expected true or false"}},
      {top("defaults: {direct: host=db}"),
       {"6:12 unknown key 'direct' in defaults: expected poll, connection, lag, apply, "
        "lock_timeout, lock_retries, "
        "statement_timeout, receipts or tls_ca"}},
      {top("defaults: {lag: {after: 59s}}"),
       {"6:25 after: expected a duration from 1m to 365d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {env("lag: 24h"), {"6:14 lag: expected keys with values, found text"}},
      {env("lag: {afer: 24h}"), {"6:15 unknown key 'afer' in lag; did you mean 'after'?"}},
      {top("defaults: {tls_ca: x}"), {"6:20 tls_ca: expected an absolute path"}},
      {env("tls_ca: /x\n        database: host=db sslrootcert=/y"),
       {"6:17 tls_ca: database: has an sslrootcert already; leave one of them out"},
       Schema::cannot_say},
      {env("tls_ca: /x\n        database: host=db sslmode=require"),
       {"6:17 tls_ca: certificates are verified only over TCP with sslmode=verify-full or "
        "verify-ca in database:"},
       Schema::cannot_say},
      {env("tls_ca: /x\n        database: host=/run/postgresql"),
       {"6:17 tls_ca: certificates are verified only over TCP with sslmode=verify-full or "
        "verify-ca in database:"},
       Schema::cannot_say},
      {env("tls_ca: /x\n        database: host=db\n        direct: host=db2 sslrootcert=/y"),
       {"6:17 tls_ca: direct: has an sslrootcert already; leave one of them out"},
       Schema::cannot_say},
      {env("tls_ca: /x\n        database: host=/run/postgresql\n        direct: host=db "
           "sslmode=require"),
       {"6:17 tls_ca: certificates are verified only over TCP with sslmode=verify-full or "
        "verify-ca in database: or direct:"},
       Schema::cannot_say},
      {env("tls_ca: /x"),
       {"6:17 tls_ca: there is no database that it could be for"},
       Schema::cannot_say},
      {top("defaults: {schema: x}"),
       {"6:12 unknown key 'schema' in defaults: expected poll, connection, lag, apply, "
        "lock_timeout, lock_retries, "
        "statement_timeout, receipts or tls_ca"}},
      // Apps
      {"apps:\n", {"1:1 apps: expected a list of apps, found nothing"}},
      {"apps: []\n", {"1:7 apps: expected at least one app"}},
      {"apps: {}\n", {"1:7 apps: expected a list of apps, found a mapping"}},
      {"apps: [7]\n", {"1:8 an app: expected keys with values, found a number"}},
      {"apps: [{}]\n",
       {"1:8 an app needs the key 'environments'",
        "1:8 an app needs the key 'name'",
        "1:8 an app needs the key 'repo'"}},
      {"apps: [{name: a/b, repo: {path: /r}, environments: [{name: prod}]}]\n",
       {"1:15 name: expected a name of at most 63 letters, digits, '.', '_' and '-' that begins "
        "with a letter or digit"}},
      {"apps: [{name: " + std::string(64, 'a') +
           ", repo: {path: /r}, environments: [{name: prod}]}]\n",
       {"1:15 name: expected a name of at most 63 letters, digits, '.', '_' and '-' that begins "
        "with a letter or digit"}},
      {"apps: [{name: -a, repo: {path: /r}, environments: [{name: prod}]}]\n",
       {"1:15 name: expected a name of at most 63 letters, digits, '.', '_' and '-' that begins "
        "with a letter or digit"}},
      {"apps: [{name: 2024, repo: {path: /r}, environments: [{name: prod}]}]\n",
       {"1:15 name: without quotes YAML takes this for a number; put it in quotes"}},
      {"apps:\n  - {name: a, repo: {path: /r}, environments: [{name: prod}]}\n  - {name: a, repo: "
       "{path: /r}, environments: [{name: prod}]}\n",
       {"3:12 name: there is already an app 'a', in line 2"},
       Schema::cannot_say},
      {"apps: [{name: a, repo: {path: /r}, out_of_order: no, environments: [{name: prod}]}]\n",
       {"1:50 out_of_order: expected warn or forbid"}},
      {"apps: [{name: a, repo: {path: /r}, environment: [{name: prod}]}]\n",
       {"1:8 an app needs the key 'environments'",
        "1:36 unknown key 'environment' in an app; did you mean 'environments'?"}},
      // Repo
      {repo("/srv/shop"), {"1:27 repo: expected keys with values, found text"}},
      {repo("{}"), {"1:27 repo: expected either path or paths"}},
      {repo("{path: srv/shop}"), {"1:34 path: expected an absolute path"}},
      {repo("{path: /srv/../shop}"), {"1:34 path: expected a path without '.' and '..'"}},
      {repo("{path: /}"), {"1:34 path: expected a path below /"}},
      {repo("{path: /a, paths: [/b]}"), {"1:27 repo: expected either path or paths"}},
      {repo("{paths: []}"), {"1:35 paths: expected at least one path"}},
      {repo("{paths: /a}"), {"1:35 paths: expected a list, such as [a, b], found text"}},
      {repo("{paths: [/a, /a/b, /a/]}"),
       {"1:40 paths: this is inside another one of these paths",
        "1:46 paths: this is listed twice"},
       Schema::cannot_say},
      {repo("{path: /a, layout: flywya}"), {"1:46 layout: expected " + layouts}},
      {repo("{path: /a, layout: refinery}"), {"1:46 layout: expected " + layouts}},
      {repo("{path: /a, settle: 2m}"),
       {"1:46 settle: expected a duration from 0s to 1m, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {repo("{path: /a, ignore: ['/x']}"),
       {"1:47 ignore: expected a pattern below the repo's path, such as **/draft/*"}},
      {repo("{path: /a, changelog: x.xml}"), {"1:38 changelog is not supported by this version"}},
      // Environments
      {envs("[]"), {"1:53 environments: expected at least one environment"}},
      {envs("dev"),
       {"1:53 environments: expected a list of environments in promotion order, found text"}},
      {envs("[{mode: managed}]"),
       {"1:54 an environment needs the key 'name'", "1:61 mode: managed needs a database"}},
      {envs("[{name: prod}, {name: prod}]"),
       {"1:75 name: this app already has an environment 'prod', in line 1"},
       Schema::cannot_say},
      {envs("[{name: dev}]"),
       {"1:61 name: 'dev' is managed by its name and needs a database; if it has none, say mode: "
        "export_only"},
       Schema::cannot_say},
      {envs("[{name: prod, mode: managed}]"), {"1:73 mode: managed needs a database"}},
      {envs("[{name: prod, mode: reconcile_only}]"),
       {"1:73 mode: reconcile_only needs a database"}},
      {envs("[{name: dev, mode: managed}]"), {"1:72 mode: managed needs a database"}},
      {env("mode: observe"), {"6:15 mode: expected managed, export_only or reconcile_only"}},
      {env("password: {env: PW}"), {"6:19 password: there is no database that it could be for"}},
      {env("poll: 49ms"),
       {"6:15 poll: expected a duration from 50ms to 1d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {env("poll: 25h"),
       {"6:15 poll: expected a duration from 50ms to 1d, such as 500ms, 30s, 5m, 12h or 7d"},
       Schema::cannot_say},
      {env("schema: " + std::string(64, 'x') + ""),
       {"6:17 schema: expected a name of at most 63 bytes: PostgreSQL cuts longer ones"}},
      {env("databse: x"),
       {"6:9 unknown key 'databse' in an environment; did you mean 'database'?"}},
      {env("apply: auto"),
       {"6:16 apply: auto is for managed environments, and 'prod' is export_only by its name; if "
        "tidemark may write "
        "there, say mode: managed"},
       Schema::cannot_say},
      {env("apply: auto\n        mode: export_only"),
       {"6:16 apply: auto is for managed environments, and this one is export_only"}},
      {env("apply: auto\n        mode: reconcile_only\n        database: host=db"),
       {"6:16 apply: auto is for managed environments, and this one is reconcile_only"}},
      {env("apply: never"), {"6:16 apply: expected manual or auto"}},
      {env("connection: pooled"), {"6:21 connection: expected keep or per_poll"}},
      {env("lock_timeout: 9ms"),
       {"6:23 lock_timeout: expected a duration from 10ms to 5m, such as 500ms, 30s, 5m, 12h or "
        "7d"},
       Schema::cannot_say},
      {env("lock_timeout: 301s"),
       {"6:23 lock_timeout: expected a duration from 10ms to 5m, such as 500ms, 30s, 5m, 12h or "
        "7d"},
       Schema::cannot_say},
      {env("lock_timeout: 0"),
       {"6:23 lock_timeout: expected a duration from 10ms to 5m, such as 500ms, 30s, 5m, 12h or "
        "7d"}},
      {env("lock_retries: 1001"), {"6:23 lock_retries: expected a whole number from 0 to 1000"}},
      {env("lock_retries: -1"), {"6:23 lock_retries: expected a whole number from 0 to 1000"}},
      {env("lock_retries: '1'"), {"6:23 lock_retries: expected a whole number from 0 to 1000"}},
      {env("statement_timeout: 5000"),
       {"6:28 statement_timeout: expected a duration from 1s to 7d, such as 500ms, 30s, 5m, 12h or "
        "7d; or 0 without "
        "quotes, which is no limit"}},
      {env("statement_timeout: '0'"),
       {"6:28 statement_timeout: expected a duration from 1s to 7d, such as 500ms, 30s, 5m, 12h or "
        "7d; or 0 without "
        "quotes, which is no limit"}},
      {env("statement_timeout: 999ms"),
       {"6:28 statement_timeout: expected a duration from 1s to 7d, such as 500ms, 30s, 5m, 12h or "
        "7d; or 0 without "
        "quotes, which is no limit"},
       Schema::cannot_say},
      {env("statement_timeout: 8d"),
       {"6:28 statement_timeout: expected a duration from 1s to 7d, such as 500ms, 30s, 5m, 12h or "
        "7d; or 0 without "
        "quotes, which is no limit"},
       Schema::cannot_say},
      {env("schema_drift: {watch: cheap}"), {"6:9 schema_drift is not supported by this version"}},
      {env("freeze: true"), {"6:9 freeze is not supported by this version"}},
      {env("receipts: 'true'"), {"6:19 receipts: expected true or false"}},
      {env("receipts: yes"), {"6:19 receipts: expected true or false"}},
      {env("receipts: {}"), {"6:19 receipts: expected true or false"}},
      {env("database: mysql://h/d"),
       {"6:19 database: the address must start with postgresql://"},
       Schema::cannot_say},
      {env("database: postgresql://u:secret@h/d"),
       {"6:19 database: parameter 'password' does not belong in the address; use password: beside "
        "it"},
       Schema::cannot_say},
      {env("database: 7"),
       {"6:19 database: the address has a parameter without '=' (expected key=value pairs or "
        "postgresql://…)"}},
      {env("direct: host=db"), {"6:17 direct: there is no database that it could be for"}},
      {env("database: host=pool\n        direct: mysql://h/d"),
       {"7:17 direct: the address must start with postgresql://"},
       Schema::cannot_say},
      {env("database: host=pool\n        direct: host=db password=secret"),
       {"7:17 direct: parameter 'password' does not belong in the address; use password: beside "
        "it"},
       Schema::cannot_say},
      {env("database: host=pool\n        direct: [host=db]"),
       {"7:17 direct: expected text, found a list"}},
      // Password
      {env("database: host=h\n        password: hunter2"),
       {"7:19 password: expected {credential: NAME}, {file: PATH}, {env: NAME} or {command: "
        "[PROGRAM, ARGUMENT…]}, found text"}},
      {env("database: host=h\n        password: {}"),
       {"7:19 password: expected one of {credential: NAME}, {file: PATH}, {env: NAME} or {command: "
        "[PROGRAM, ARGUMENT…]}"}},
      {env("database: host=h\n        password: {env: A, file: /x}"),
       {"7:19 password: expected one of {credential: NAME}, {file: PATH}, {env: NAME} or {command: "
        "[PROGRAM, ARGUMENT…]}"}},
      {env("database: host=h\n        password: {fil: /x}"),
       {"7:19 password: expected one of {credential: NAME}, {file: PATH}, {env: NAME} or {command: "
        "[PROGRAM, ARGUMENT…]}",
        "7:20 unknown key in password: expected credential, file, env or command"}},
      {env("database: host=h\n        password: {credential: a/b}"),
       {"7:32 credential: expected the name of a systemd credential: letters, digits, '.', '_' and "
        "'-'"}},
      {env("database: host=h\n        password: {file: x}"),
       {"7:26 file: expected an absolute path"}},
      {env("database: host=h\n        password: {env: 1A}"),
       {"7:25 env: expected the name of an environment variable: letters, digits and '_'"}},
      {env("database: host=h\n        password: {command: /usr/bin/pass}"),
       {"7:29 command: expected a list: the program and its arguments, found text"}},
      {env("database: host=h\n        password: {command: []}"),
       {"7:29 command: expected a program and its arguments"}},
      {env("database: host=h\n        password: {command: [pass, show]}"),
       {"7:30 command: expected the program's absolute path; no shell looks it up"}},
      {env("database: host=h\n        password: {command: [/usr/bin/pass, 1]}"),
       {"7:45 command: without quotes YAML takes this for a number; put it in quotes"}},
      // Ledger
      {env("their_ledger: refinery"), {"6:23 their_ledger: expected " + ledgers}},
      {env("their_ledger: flywya"), {"6:23 their_ledger: expected " + ledgers}},
      {env("their_ledger: {table: x}"), {"6:23 their_ledger needs the key 'tool'"}},
      {env("their_ledger: {tool: flyway, table: a.b.c}"),
       {R"(6:45 table: expected table or schema.table, as the database stores them; names with dots in "…")"}},
      {env("their_ledger: {tool: flyway, table: 'a.'}"),
       {R"(6:45 table: expected table or schema.table, as the database stores them; names with dots in "…")"}},
      {env("their_ledger: {custom: {table: x}}"), {"6:32 custom needs the key 'key'"}},
      {env("their_ledger: {custom: {key: x}}"), {"6:32 custom needs the key 'table'"}},
      {env("their_ledger: {tool: flyway, custom: {table: x, key: y}}"),
       {"6:23 their_ledger: custom stands alone, and has a table of its own"}},
      {env("their_ledger: {custom: {table: x, key: y, checksum: z}}"),
       {"6:32 custom: checksum, the column, and algorithm, how it was computed, go together"}},
      {env("their_ledger: {custom: {table: x, key: y, checksum: z, algorithm: sha3}}"),
       {"6:75 algorithm: expected " + either_of(custom_algorithms())}},
      {env("their_ledger: {custom: {table: x, key: y, rows: first}}"),
       {"6:57 rows: expected each or last"}},
      {env("their_ledger: {custom: {table: x, key: y, success: {column: z}}}"),
       {"6:60 success needs the key 'equals'"}},
      {env("their_ledger: []"), {"6:23 their_ledger: expected text, found a list"}},
      // Promotion
      {envs("[{name: prod, after: dev}]"),
       {"1:74 after: expected a list, such as [a, b], found text"}},
      {envs("[{name: prod, after: [dev]}]"),
       {"1:75 after: this app has no environment 'dev'"},
       Schema::cannot_say},
      {envs("[{name: prod, after: [prod]}]"),
       {"1:75 after: an environment cannot come after itself"},
       Schema::cannot_say},
      {envs("[{name: a, after: [b]}, {name: b}]"),
       {"1:71 after: a circle: a after b after a"},
       Schema::cannot_say},
      {envs("[{name: a, after: [c]}, {name: b, after: [a]}, {name: c, after: [b]}]"),
       {"1:71 after: a circle: a after c after b after a"},
       Schema::cannot_say},
      {envs("[{name: a, after: [b]}, {name: b, after: [a]}, {name: c, after: [d]}, {name: d, "
            "after: [c]}]"),
       {"1:71 after: a circle: a after b after a", "1:117 after: a circle: c after d after c"},
       Schema::cannot_say},
      {envs("[{name: a}, {name: b, after: [a, a]}]"), {"1:86 after: this is listed twice"}},
      {envs("[{name: a}, {name: b, renamed_from: a}]"),
       {"1:89 renamed_from: this app still has an environment 'a'"},
       Schema::cannot_say},
      {envs("[{name: a, renamed_from: a}]"),
       {"1:78 renamed_from: this app still has an environment 'a'"},
       Schema::cannot_say},
      {envs("[{name: a, renamed_from: x}, {name: b, renamed_from: x}]"),
       {"1:106 renamed_from: 'a' already takes over the history of 'x', in line 1"},
       Schema::cannot_say},
      // Access
      {top("access: {user: root}"), {"6:9 access: expected a list of rules, found a mapping"}},
      {top("access: [root]"), {"6:10 an access rule: expected keys with values, found text"}},
      {top("access: [{role: admin}]"), {"6:10 an access rule needs either user or group"}},
      {top("access: [{user: a, group: b, role: admin}]"),
       {"6:10 an access rule needs either user or group"}},
      {top("access: [{user: a}]"), {"6:10 an access rule needs the key 'role'"}},
      {top("access: [{user: 1000, role: admin}]"),
       {"6:17 user: without quotes YAML takes this for a number; put it in quotes"}},
      {top("access: [{user: a, role: root}]"), {"6:26 role: expected viewer, operator or admin"}},
      {top("access: [{user: a, role: admin, environments: []}]"),
       {"6:47 environments: expected at least one; without this key the rule counts everywhere"}},
      {top("access: [{user: a, role: admin, environments: shop/prod}]"),
       {"6:47 environments: expected a list, such as [a, b], found text"}},
      {top("access: [{user: a, role: admin, environments: [shop/qa]}]"),
       {"6:48 environments: this covers no environment; expected APP/ENV, APP/* or */ENV"},
       Schema::cannot_say},
      {top("access: [{user: a, role: admin, environments: [shop]}]"),
       {"6:48 environments: this covers no environment; expected APP/ENV, APP/* or */ENV"}},
      {top("access: [{user: a, role: admin, environments: ['shop/*', 'shop/*']}]"),
       {"6:58 environments: this is listed twice"}},
  };
}
// clang-format on

}  // namespace tidemark
