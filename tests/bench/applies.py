"""What applying costs: many small migrations into an empty database, by us and by others, one after the other."""

import pathlib
import shutil
import tempfile
import time

from servers import Daemon, Trouble, run, say, wait_until


def statement(number):
    return f"CREATE TABLE t{number} (id bigint PRIMARY KEY, note text);\nCREATE INDEX t{number}_note ON t{number} (note);\n"


def timed(command, **options):
    began = time.monotonic()
    run(list(map(str, command)), **options)
    return time.monotonic() - began


def write_files(folder, name, count, content=statement):
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        (folder / name(number)).write_text(content(number))


class Applying(Daemon):
    def __init__(self, build, home, url, files):
        super().__init__(build, home, 1, "poll: 30s", f"""  - name: app
    repo: {{path: {files}, layout: own, settle: 100ms}}
    environments: [{{name: dev, database: "{url}"}}]
""")

    def pending(self):
        return self.state("pending")

    def state(self, state):
        wanted = f'tidemark_migrations{{app="app",environment="dev",state="{state}"}} '
        try:
            lines = self.metrics().splitlines()
        except OSError:  # it is starting
            return 0
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(wanted)), 0)


def ours(bench, count, home, database):
    """Seconds for all of them, by the client: with its plan, its question and its view."""
    bench.postgres.sql("postgres", f"CREATE DATABASE {database}")
    write_files(home / "files", lambda n: f"{n:04}_step.sql", count)
    daemon = Applying(bench.build, home, bench.postgres.url(database), home / "files")
    try:
        wait_until(60, "the first look", lambda: daemon.pending() == count)
        took = timed([bench.build / "daemon/tidemark", "--socket", daemon.socket, "apply", "app/dev", "--yes"])
        if daemon.state("applied") != count:
            raise Trouble(f"{daemon.state('applied'):.0f} of {count} were applied")
        return took
    finally:
        daemon.stop()


def psql_each(bench, count, folder):
    bench.postgres.sql("postgres", "CREATE DATABASE apply_psql")
    write_files(folder, lambda n: f"{n:04}.sql", count)
    began = time.monotonic()
    for number in range(1, count + 1):
        run([*map(str, bench.postgres.psql("apply_psql")), "-1", "-f", str(folder / f"{number:04}.sql")])
    return time.monotonic() - began


def psql_once(bench, count, folder):
    bench.postgres.sql("postgres", "CREATE DATABASE apply_session")
    folder.mkdir()
    script = folder / "all.sql"
    script.write_text("".join(f"BEGIN;\n{statement(number)}COMMIT;\n" for number in range(1, count + 1)))
    return timed([*bench.postgres.psql("apply_session"), "-f", script])


def npm(folder, package):
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), package])
    return folder / "node_modules"


def dbmate(bench, count, folder):
    modules = npm(folder, "dbmate")
    write_files(folder / "db", lambda n: f"20260101{n:06}_step.sql", count,
                lambda n: f"-- migrate:up\n{statement(n)}\n-- migrate:down\nDROP TABLE t{n};\n")
    url = f"postgres://postgres@127.0.0.1:{bench.postgres.port}/apply_dbmate?sslmode=disable"
    return timed([modules / ".bin/dbmate", "--url", url, "-d", folder / "db", "--no-dump-schema", "up"])


def sqitch(bench, count, folder):
    if shutil.which("sqitch") is None:
        raise Trouble("sqitch is not installed")
    run(["sqitch", "init", "app", "--engine", "pg"], cwd=folder)
    plan = ["%syntax-version=1.0.0", "%project=app", ""]
    for step in ("deploy", "revert", "verify"):
        (folder / step).mkdir(exist_ok=True)
    for number in range(1, count + 1):
        (folder / f"deploy/s{number}.sql").write_text(f"BEGIN;\n{statement(number)}COMMIT;\n")
        plan.append(f"s{number} 2026-01-01T00:00:00Z bench <bench@localhost> # step")
    (folder / "sqitch.plan").write_text("\n".join(plan) + "\n")
    return timed(["sqitch", "deploy", "--no-verify", f"db:pg://postgres@127.0.0.1:{bench.postgres.port}/apply_sqitch"], cwd=folder)


def liquibase(bench, count, folder):
    if shutil.which("java") is None:
        raise Trouble("java is not installed")
    modules = npm(folder, "liquibase@4.28.1")
    (folder / "changes.sql").write_text("--liquibase formatted sql\n" + "".join(
        f"--changeset bench:{number}\n{statement(number)}" for number in range(1, count + 1)))
    return timed([modules / "liquibase/dist/liquibase/liquibase",
                  f"--url=jdbc:postgresql://127.0.0.1:{bench.postgres.port}/apply_liquibase", "--username=postgres",
                  "--changelog-file=changes.sql", "update"], cwd=folder)


PEERS = {"dbmate": dbmate, "sqitch": sqitch, "liquibase": liquibase}


def peers(bench, count):
    for name, apply in PEERS.items():
        folder = bench.folder / f"apply-{name}"
        folder.mkdir()
        try:
            bench.postgres.sql("postgres", f"CREATE DATABASE apply_{name}")
            yield name, apply(bench, count, folder)
        except (Trouble, OSError) as trouble:
            say(f"SKIPPED {name}: {trouble}")


def in_memory(bench, count):
    """The same with our ledger where a disk costs nothing: what is missing of the time is what it costs to be sure."""
    memory = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-bench-", dir="/dev/shm"))
    try:
        home = memory / "ours"
        home.mkdir()
        return ours(bench, count, home, "apply_in_memory")
    finally:
        shutil.rmtree(memory)


def waits_for_its_disk(postgres, setting):
    """Elsewhere nothing is measured that has to do with it. Here all have to wait for one, as they do with users."""
    postgres.sql("postgres", f"ALTER SYSTEM SET fsync = {setting}")
    postgres.sql("postgres", "SELECT pg_reload_conf()")
    wait_until(10, "the setting", lambda: postgres.sql("postgres", "SHOW fsync").strip() == setting)


def measure(bench, count):
    home = bench.folder / "apply-ours"
    home.mkdir()
    waits_for_its_disk(bench.postgres, "on")
    try:
        seconds = {"tidemark": ours(bench, count, home, "apply_ours"),
                   "psql -1 -f for each": psql_each(bench, count, bench.folder / "apply-psql"),
                   "psql once": psql_once(bench, count, bench.folder / "apply-session")}
        memory = in_memory(bench, count)
        return seconds, memory, dict(peers(bench, count))
    finally:
        waits_for_its_disk(bench.postgres, "off")
