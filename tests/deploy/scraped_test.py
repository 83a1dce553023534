#!/usr/bin/python3
"""Every query of the dashboard and every expression of the alerts against what the daemon really exposes: a PostgreSQL, a
tidemarkd and a Prometheus of our own, all on loopback.

    scraped_test.py TIDEMARK TIDEMARKD
"""

import contextlib
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))

import promql  # noqa: E402
import sanitizers  # noqa: E402
import yaml  # noqa: E402

# Exposed and on no panel and in no alert, for a reason.
NOT_SHOWN = {
    "tidemark_task_restarts_total": "each is an error in the log, with its cause",
    "process_virtual_memory_bytes": "says nothing that resident memory does not say better",
}
PATIENCE = 60

problems = []


def expect(holds, problem):
    if not holds:
        problems.append(problem)


def wait_until(what, condition):
    deadline = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise SystemExit(f"scraped: within {PATIENCE} s: {what} did not happen")
        time.sleep(0.1)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    """The body of a good answer, else None."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def demote():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class World:
    """The three programs and their folder. They end with it."""

    def __init__(self, folder, tidemark, tidemarkd):
        self.folder = folder
        self.tidemark_program = tidemark
        self.tidemarkd = tidemarkd
        self.running = []
        self.port = free_port()
        self.prometheus = f"http://127.0.0.1:{free_port()}"

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, name, command, **options):
        log = open(self.path(f"{name}.log"), "w", encoding="utf-8")  # the child's, as long as it lives
        self.running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options))
        log.close()

    def stop(self):
        for process in reversed(self.running):
            process.send_signal(signal.SIGINT if process.args[0].endswith("/postgres") else signal.SIGTERM)
        for process in reversed(self.running):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, name):
        with open(self.path(f"{name}.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def start_postgres(self, programs):
        os.mkdir(self.path("pg"))
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.path("pg"), user.pw_uid, user.pw_gid)
        subprocess.run([f"{programs}/initdb", "--no-sync", "--auth=trust", "--username=postgres", "--locale=C.UTF-8",
                        "--encoding=UTF8", "-D", self.path("pg/data")],
                       check=True, stdout=subprocess.DEVNULL, cwd="/", **demote())
        self.start("postgres", [f"{programs}/postgres", "-D", self.path("pg/data"), "-c", "listen_addresses=",
                                "-c", f"unix_socket_directories={self.path('pg')}", "-c", "fsync=off"], cwd="/", **demote())
        self.psql = [f"{programs}/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.path("pg"), "-U", "postgres"]
        wait_until("PostgreSQL's start", lambda: subprocess.run(
            [*self.psql, "-d", "postgres", "-c", "SELECT 1"], capture_output=True, check=False).returncode == 0)

    def sql(self, database, statements):
        subprocess.run([*self.psql, "-d", database], input=statements, text=True, check=True, stdout=subprocess.DEVNULL)

    def start_daemon(self):
        database = "postgresql://{role}@/{name}?host=" + self.path("pg")
        environments = [
            {"name": "dev", "database": database.format(role="postgres", name="dev"), "poll": "1s"},
            {"name": "staging", "mode": "reconcile_only", "poll": "1s",
             "database": database.format(role="reader", name="staging")},
            {"name": "down", "mode": "reconcile_only", "poll": "1s",
             "database": f"postgresql://reader@127.0.0.1:{free_port()}/nothing?sslmode=disable"},
            {"name": "prod"},
        ]
        config = {
            "ledger": f"sqlite:{self.path('ledger.db')}",
            "control": {"socket": self.path("control.sock")},
            "http": {"listen": f"127.0.0.1:{self.port}"},
            "apps": [{"name": "shop", "repo": {"path": self.path("migrations"), "settle": "200ms"},
                      "environments": environments}],
            "access": [{"user": pwd.getpwuid(os.geteuid()).pw_name, "role": "admin"}],
        }
        self.write("tidemark.yaml", yaml.safe_dump(config, sort_keys=False))
        self.start("tidemarkd", [self.tidemarkd, "--config", self.path("tidemark.yaml")])
        wait_until("the daemon's start", lambda: fetch(f"http://127.0.0.1:{self.port}/-/ready"))

    def run_tidemark(self, *arguments):
        return subprocess.run([self.tidemark_program, "--socket", self.path("control.sock"), *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def tidemark(self, *arguments):
        ran = self.run_tidemark(*arguments)
        ran.check_returncode()
        return ran.stdout

    def page(self):
        return fetch(f"http://127.0.0.1:{self.port}/metrics") or ""

    def start_prometheus(self):
        scrape = promql.read_yaml(promql.SCRAPE)["scrape_configs"]
        for job in scrape:
            job.update(scrape_interval="1s", scrape_timeout="1s")
            # Labels of the target that collide with ours, as an operator may well have them.
            job["static_configs"] = [{"targets": [f"127.0.0.1:{self.port}"],
                                      "labels": {"app": "of-the-host", "environment": "of-the-host"}}]
        self.write("prometheus.yml", yaml.safe_dump(
            {"global": {"evaluation_interval": "1s"}, "rule_files": [promql.RULES], "scrape_configs": scrape}))
        self.start("prometheus", ["prometheus", f"--config.file={self.path('prometheus.yml')}",
                                  f"--storage.tsdb.path={self.path('tsdb')}",
                                  f"--web.listen-address={self.prometheus.removeprefix('http://')}"], cwd=self.folder)
        wait_until("Prometheus's start", lambda: fetch(f"{self.prometheus}/-/ready"))

    def ask(self, expression):
        """The series that an expression has now; a message where Prometheus does not take it."""
        url = f"{self.prometheus}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]["result"], None
        except urllib.error.HTTPError as error:
            return [], json.load(error)["error"]

    def series(self, expression):
        found, problem = self.ask(expression)
        expect(problem is None, f"{expression}: {problem}")
        return found


LEDGER = """
CREATE TABLE flyway_schema_history (
    installed_rank integer PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL, checksum integer, installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT NULL, success boolean NOT NULL);
INSERT INTO flyway_schema_history VALUES (1, '1', 'users', 'SQL', 'V1__users.sql', 0, 'flyway', now(), 1, true);
GRANT SELECT ON flyway_schema_history TO reader;
"""


def build(world, programs):
    world.start_postgres(programs)
    world.sql("postgres", "CREATE ROLE reader LOGIN; CREATE DATABASE dev; CREATE DATABASE staging;")
    world.sql("staging", LEDGER)
    world.write("migrations/V1__users.sql", "CREATE TABLE users (id int);\n")
    world.write("migrations/V2__orders.sql", "CREATE TABLE orders (id int);\n")
    world.write("migrations/V3__tax.sql", "ALTER TABLE orders ADD COLUMN tax int;\n")
    world.start_daemon()
    world.tidemark("mark", "shop/dev", "--baseline", "V2__orders", "--reason", "made by hand")
    world.tidemark("poll", "shop/dev")
    # Nobody made it there: an apply that fails.
    failing = world.run_tidemark("apply", "shop/dev", "--yes")
    expect(failing.returncode == 1 and 'relation "orders" does not exist' in failing.stdout,
           f"the apply did not fail as it should: {failing}")
    world.start_prometheus()
    # A rate needs two scrapes after the first polls; a reachable environment that drifted, one that is down.
    wait_until("three scrapes of a daemon that has polled", lambda: world.series(
        'count_over_time(tidemark_last_successful_poll_timestamp_seconds{environment="staging"}[1m]) >= 3 '
        'and on () tidemark_drift_findings{kind="checksum"} > 0 '
        'and on () tidemark_polls_total{outcome="retry"} > 0 '
        'and on () tidemark_applies_total{outcome="failed"} > 0'))
    wait_until("the evaluation of every rule", lambda: all(
        rule["health"] != "unknown" for group in rules(world) for rule in group["rules"]))


def rules(world):
    return json.loads(fetch(f"{world.prometheus}/api/v1/rules"))["data"]["groups"]


def exposed(page):
    return {line.split()[2] for line in page.split("\n") if line.startswith("# TYPE ")}


def family(metric, known):
    for suffix in ("", "_bucket", "_sum", "_count"):
        if metric.endswith(suffix) and metric.removesuffix(suffix) in known:
            return metric.removesuffix(suffix)
    return metric


def check_selectors(world, place, expression, known):
    """Each metric is exposed, has the labels that it is asked for, and has had the values that are named."""
    common = None
    for metric, matchers in promql.selectors(expression):
        found = [one["metric"] for one in world.series(metric)]
        expect(found, f"{place}: the daemon does not expose {metric}")
        labels = set().union(*found) if found else set()
        common = labels if common is None else common | labels
        for label, operator, value in matchers:
            expect(label in labels, f"{place}: {metric} has no label {label}")
            values = {one.get(label) for one in found}
            for wanted in value.split("|") if operator in ("=", "=~", "!~") and value != ".*" else []:
                expect(wanted in values, f"{place}: no {metric} has {label}={wanted}")
    for label in promql.labels_named(expression):
        expect(common is None or label in common, f"{place}: no metric in it has the label {label}")


def check_dashboard(world, known):
    used = set()
    for title, expression in promql.queries():
        used |= {family(metric, known) for metric, _ in promql.selectors(expression)}
        found = world.series(expression)
        expect(found, f"'{title}' shows nothing: {expression}")
        check_selectors(world, title, expression, known)
    for variable in promql.dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = promql.substituted(variable["definition"]).removeprefix("label_values(")[:-1].rsplit(", ", 1)
            expect(any(label in one["metric"] for one in world.series(metric)), f"${variable['name']} has no values")
    return used


def check_alerts(world, known):
    used = set()
    for alert in promql.alerts():
        world.series(alert["expr"])
        check_selectors(world, alert["alert"], alert["expr"], known)
        used |= {family(metric, known) for metric, _ in promql.selectors(alert["expr"])}
    loaded = {rule["name"]: rule for group in rules(world) for rule in group["rules"]}
    expect(set(loaded) == {alert["alert"] for alert in promql.alerts()}, "Prometheus did not load every rule")
    for name, rule in loaded.items():
        expect(rule["health"] == "ok", f"{name}: {rule.get('lastError')}")
    # What is wrong in this small world and what is not, as Prometheus sees it.
    waiting = {(one["labels"]["alertname"], one["labels"].get("environment"))
               for rule in loaded.values() for one in rule["alerts"]}
    for wanted in [("TidemarkDrift", "staging"), ("TidemarkEnvironmentDown", "down"), ("TidemarkApplyFailed", "dev")]:
        expect(wanted in waiting, f"{wanted} is not pending, but {sorted(waiting, key=str)}")
    for quiet in ("TidemarkAbsent", "TidemarkAuditBroken", "TidemarkReloadFailed", "TidemarkPollStale",
                  "TidemarkOutcomeUnknown", "TidemarkApplyStuck", "TidemarkInvalidIndex"):
        expect(quiet not in {name for name, _ in waiting}, f"{quiet} is pending although all is well")
    expect(not any(environment == "prod" for _, environment in waiting), "an alert about an export_only environment")
    return used


def check_labels(world):
    """honor_labels: our own labels are ours, none was renamed."""
    found = world.series('{__name__=~"tidemark_.+"}')
    expect(found and not any(label.startswith("exported_") for one in found for label in one["metric"]),
           "a label of ours was renamed to exported_…")
    expect(all(one["metric"]["instance"] == "tidemark" for one in found), "the scrape snippet names a loopback target")


def main(tidemark, tidemarkd):
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    if not installed or not shutil.which("prometheus"):
        print("SKIPPED: prometheus or PostgreSQL is missing: deploy/install-packages.sh test")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        world = World(folder, tidemark, tidemarkd)
        try:
            build(world, os.path.dirname(installed[-1]))
            page = world.page()
            known = exposed(page)
            used = check_dashboard(world, known) | check_alerts(world, known)
            check_labels(world)
            for metric in sorted(known - used - set(NOT_SHOWN)):
                expect(False, f"{metric} is exposed, and on no panel, in no alert, and not in NOT_SHOWN")
        except BaseException:
            for name in ("postgres", "tidemarkd", "prometheus"):
                if os.path.exists(world.path(f"{name}.log")):
                    print(f"--- {name}\n{world.log(name)[-2000:]}")
            raise
        finally:
            world.stop()
        expect(not (reported := sanitizers.reported(world.log("tidemarkd"))), f"the daemon reported:\n{reported}")
    for problem in dict.fromkeys(problems):
        print(problem)
    print(f"scraped: {len(list(promql.queries()))} queries, {len(promql.alerts())} alerts, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
