"""What is measured, each as rows of the table: (what, against what, figure, reached or None, note)."""

import ctypes
import ctypes.util
import json
import multiprocessing
import os
import random
import shutil
import statistics
import time
import typing

import applies as applying
import tools as ledgers_of_tools
from pgbench import capture, pgbench
from servers import (MIGRATIONS, PgBouncer, Tidemark, Trouble, Unix, accepts, make_schemas, rss_of, run, say, sum_of,
                     wait_until)


class Row(typing.NamedTuple):
    what: str
    against: str
    measured: str
    wanted: str
    reached: bool | None  # None: cannot be said


# --- polls ------------------------------------------------------------------------------------------------------------

def per_poll_known(bench):
    url = bench.postgres.url("postgres")
    return accepts(bench.build, bench.folder, f"""ledger: sqlite:/tmp/none.db
control: {{socket: /tmp/none.sock}}
apps:
  - name: a
    repo: {{path: {bench.folder}}}
    environments: [{{name: dev, database: "{url}", connection: per_poll}}]
""")


def during(daemon, postgres, seconds):
    """Polls per second, client and server CPU per poll in microseconds, polls that failed."""
    before = daemon.metrics()
    began, client, server = time.monotonic(), daemon.cpu(), postgres.cpu()
    time.sleep(seconds)
    took, client, server = time.monotonic() - began, daemon.cpu() - client, postgres.cpu() - server
    after = daemon.metrics()
    polls = sum_of(after, "tidemark_polls_total") - sum_of(before, "tidemark_polls_total")
    good = [sum_of(text, "tidemark_polls_total", 'outcome="ok"') for text in (before, after)]
    return polls / took, client / max(polls, 1) * 1e6, server / max(polls, 1) * 1e6, polls - (good[1] - good[0])


def polls(bench):
    count, demanded = bench.few(200, 20), bench.few(200, 20) * 20
    statements = capture(bench.build, bench.folder, bench.postgres)
    make_schemas(bench.postgres, "polls", count)
    modes = ["keep"]
    if per_poll_known(bench):
        modes.append("per_poll")
    else:
        say("SKIPPED per-poll connections: this build has no connection: per_poll")
    for mode in modes:
        reconnect = mode == "per_poll"
        ours, theirs = [], []
        for turn in range(bench.few(5, 1)):
            say(f"{count} environments every 50 ms, connection: {mode}, turn {turn + 1}")
            ours.append(polls_of_ours(bench, count, mode))
            theirs.append(pgbench(bench.postgres, bench.folder, "polls", statements, count, bench.few(8, 4),
                                  rate=demanded, reconnect=reconnect))
        rate, client, server, failed = map(statistics.median, zip(*ours))
        tps, their_client = map(statistics.median, zip(*theirs))
        name = "a connection for each poll" if reconnect else "connections kept"
        yield Row(f"unchanged polls/s, {count} environments, {name}", f"pgbench, same SQL, {demanded}/s asked of both",
                  f"{rate:,.0f} / {tps:,.0f} = {rate / tps:.2f}" + (f" ({failed:.0f} failed)" if failed else ""),
                  ">= 0.9", rate >= 0.9 * tps and failed == 0)
        yield Row(f"client CPU of a poll, {name}", "pgbench",
                  f"{client:,.0f} / {their_client:,.0f} us = {client / their_client:.2f} (server: {server:,.0f} us)",
                  "<= 1.25", client <= 1.25 * their_client)


def polls_of_ours(bench, count, mode):
    daemon = Tidemark(bench.build, bench.folder / "polls", bench.postgres, "polls", count, "50ms", mode)
    try:
        daemon.wait_until_all_seen(180)
        time.sleep(bench.few(6, 1))  # what the first looks saw is stored meanwhile
        return during(daemon, bench.postgres, bench.few(8, 4))
    finally:
        daemon.stop()


# --- files ------------------------------------------------------------------------------------------------------------

def make_files(folder, count):
    chance = random.Random(1)
    for number in range(count):
        at = folder / f"m{number // 1000:03}"
        at.mkdir(parents=True, exist_ok=True)
        body = [f"CREATE TABLE t{number} (id bigint PRIMARY KEY);\n"]
        while len(body) < 28:  # about 2 KB
            body.append(f"ALTER TABLE t{number} ADD COLUMN c{chance.randrange(10**9)} text NOT NULL DEFAULT '';\n")
        (at / f"V{number + 1}__step_{number + 1}.sql").write_text("".join(body))


def files(bench):
    count = bench.few(20_000, 2_000)
    folder = bench.folder / "files"
    make_files(folder, count)
    names = bench.folder / "names"
    names.write_bytes(b"\0".join(str(path).encode() for path in sorted(folder.rglob("*.sql"))) + b"\0")
    time.sleep(2.5)  # what changed a moment ago is read again, whatever its times say
    scans, sums = [], []
    say(f"{count} files, from nothing and again")
    for _ in range(bench.few(9, 3)):
        scans.append(json.loads(run([bench.build / "tests/bench/scan_bench", str(folder)])[0]))
        began = time.monotonic()
        _, cpu = run(["xargs", "-0", "-a", str(names), "sha256sum"])
        sums.append((time.monotonic() - began, cpu))
    if any(scan["hashed"] != count or scan["reused"] != count for scan in scans):
        raise Trouble(f"not every file was hashed once and then known: {scans}")
    middle = {key: statistics.median(scan[key] for scan in scans) / 1e6 for key in scans[0]}
    wall, cpu = (statistics.median(column) for column in zip(*sums))
    yield Row(f"hash {count:,} files of 2 KB from nothing", "sha256sum (xargs)",
              f"{middle['full_wall_us'] * 1e3:.0f} / {wall * 1e3:.0f} ms: {wall / middle['full_wall_us']:.2f} times as fast "
              f"(CPU {middle['full_cpu_us'] * 1e3:.0f} / {cpu * 1e3:.0f} ms)", ">= 1.5", wall >= 1.5 * middle["full_wall_us"])
    share = middle["again_cpu_us"] / middle["full_cpu_us"]
    yield Row("scan them again, unchanged", "the scan from nothing, CPU",
              f"{middle['again_cpu_us'] * 1e3:.0f} / {middle['full_cpu_us'] * 1e3:.0f} ms = {share:.2f} "
              f"(elapsed: {middle['again_wall_us'] / middle['full_wall_us']:.2f})", "<= 0.2", share <= 0.2)


# --- status -----------------------------------------------------------------------------------------------------------

def npm(folder, package):
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), package])
    return folder / "node_modules/.bin"


def dbmate(bench, folder):
    program = npm(folder, "dbmate") / "dbmate"
    url = f"postgres://postgres@127.0.0.1:{bench.postgres.port}/peer_dbmate?sslmode=disable"
    return [str(program), "--url", url, "-d", str(folder / "db"), "status"]


def liquibase(bench, folder):
    if shutil.which("java") is None:
        raise Trouble("java is not installed")
    npm(folder, "liquibase@4.28.1")
    (folder / "changes.sql").write_text("--liquibase formatted sql\n" + "".join(
        f"--changeset bench:{number}\nCREATE TABLE p{number} (id bigint);\n" for number in range(1, 11)))
    command = [str(folder / "node_modules/liquibase/dist/liquibase/liquibase"),
               f"--url=jdbc:postgresql://127.0.0.1:{bench.postgres.port}/peer_liquibase", "--username=postgres",
               "--changelog-file=changes.sql"]
    run(command + ["update"], cwd=folder)
    return command + ["status"]


def sqitch(bench, folder):
    if shutil.which("sqitch") is None:
        raise Trouble("sqitch is not installed")
    run(["sqitch", "init", "shop", "--engine", "pg"], cwd=folder)
    run(["sqitch", "add", "one", "-n", "one"], cwd=folder)
    target = f"db:pg://postgres@127.0.0.1:{bench.postgres.port}/peer_sqitch"
    for step in ("deploy", "revert", "verify"):
        (folder / step / "one.sql").write_text("SELECT 1;\n")
    run(["sqitch", "deploy", target], cwd=folder)
    return ["sqitch", "status", target]


def alembic(bench, folder):
    if shutil.which("alembic") is None:
        raise Trouble("alembic is not installed")
    run(["alembic", "init", "versions"], cwd=folder)
    ini = folder / "alembic.ini"
    url = f"postgresql://postgres@127.0.0.1:{bench.postgres.port}/peer_alembic"
    ini.write_text("\n".join(f"sqlalchemy.url = {url}" if line.startswith("sqlalchemy.url") else line
                             for line in ini.read_text().splitlines()))
    run(["alembic", "current"], cwd=folder)
    return ["alembic", "current"]


PEERS = {"dbmate": dbmate, "sqitch": sqitch, "alembic": alembic, "liquibase": liquibase}


def cpu_each(command, times, cwd):
    return sum(run(command, cwd=cwd)[1] for _ in range(times)) / times


def peers(bench):
    for name, prepare in PEERS.items():
        folder = bench.folder / name
        (folder / "db").mkdir(parents=True)
        for number in range(1, 11):
            (folder / "db" / f"2026010100{number:04}_step.sql").write_text(
                f"-- migrate:up\nCREATE TABLE p{number} (id bigint);\n-- migrate:down\nDROP TABLE p{number};\n")
        try:
            bench.postgres.sql("postgres", f"CREATE DATABASE peer_{name}")
            yield name, cpu_each(prepare(bench, folder), bench.few(10, 2), folder)
        except (Trouble, OSError) as trouble:
            say(f"SKIPPED {name}: {trouble}")


def status(bench):
    say("status commands")
    make_schemas(bench.postgres, "status", 2)
    daemon = Tidemark(bench.build, bench.folder / "status", bench.postgres, "status", 2, "1s")
    try:
        daemon.wait_until_all_seen(30)
        command = [str(bench.build / "daemon/tidemark"), "--socket", str(daemon.socket), "status", "app0/e0"]
        cpu_each(command, 3, None)
        times = bench.few(100, 10)
        before = daemon.cpu()
        ours = cpu_each(command, times, None)
        behind = (daemon.cpu() - before) / times  # with the polls that came in between
    finally:
        daemon.stop()
    theirs = dict(peers(bench))
    if not theirs:
        yield Row("one environment's status", "no peer could be installed", f"{ours * 1e3:.1f} ms", ">= 20", None)
        return
    best = min(theirs, key=theirs.get)
    told = ", ".join(f"{name} {cpu * 1e3:.0f}" for name, cpu in sorted(theirs.items(), key=lambda one: one[1]))
    total = ours + behind
    yield Row("one environment's status, CPU of client and daemon", f"{told} ms",
              f"{total * 1e3:.1f} ms: {theirs[best] / total:.0f} times less than {best}", ">= 20",
              theirs[best] >= 20 * total)


# --- very many environments -------------------------------------------------------------------------------------------

def memory_of_a_connection(url):
    """KiB of this process that one idle libpq connection takes, after a query."""
    pq = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
    pq.PQconnectdb.restype = pq.PQexec.restype = ctypes.c_void_p
    for name in ("PQexec", "PQclear", "PQfinish", "PQstatus"):
        getattr(pq, name).argtypes = [ctypes.c_void_p] + [ctypes.c_char_p] * (name == "PQexec")
    count, kept, before = 50, [], None
    for _ in range(count + 10):  # the first ones load what all share
        if len(kept) == 10:
            before = rss_of(os.getpid())
        connection = pq.PQconnectdb(url.encode())
        if pq.PQstatus(connection) != 0:
            raise Trouble("libpq cannot connect")
        pq.PQclear(pq.PQexec(connection, b"SELECT repeat('x', 4000)"))
        kept.append(connection)
    grown = rss_of(os.getpid()) - before
    for connection in kept:
        pq.PQfinish(connection)
    return grown / count


def lateness(daemon, poll_seconds, watch_seconds):
    """How much older than its poll interval (with the jitter of a tenth) any environment's last look gets."""
    worst = 0.0
    until = time.monotonic() + watch_seconds
    while time.monotonic() < until:
        now = time.time()
        worst = max(worst, now - min(daemon.looked_at()) - 1.1 * poll_seconds)
        time.sleep(1)
    return worst


def probe(socket, pipe):
    """Until told to end, asks something small; tells how long the slowest answer took."""
    connection = Unix(socket)
    slowest = 0.0
    while not pipe.poll(0.0005):
        began = time.monotonic()
        connection.request("GET", "/-/healthy")
        connection.getresponse().read()
        slowest = max(slowest, time.monotonic() - began)
    pipe.send(slowest)


def held_during(daemon, what):
    """The longest that something small had to wait meanwhile: the loop was held for that long, or for less."""
    ours, theirs = multiprocessing.Pipe()
    # A process: threads of one Python wait for each other.
    prober = multiprocessing.get_context("fork").Process(target=probe, args=(daemon.socket, theirs), daemon=True)
    prober.start()
    theirs.close()  # or nobody would notice its end
    what()
    ours.send("end")
    slowest = ours.recv()
    prober.join()
    return slowest


def scrapes(daemon):
    """Of five scrapes: the slowest, how long the last page is, and for how long each held the loop."""
    pages = []

    def scrape():
        began = time.monotonic()
        text = daemon.metrics()
        pages.append((time.monotonic() - began, len(text)))
        time.sleep(0.2)
    held = [held_during(daemon, scrape) for _ in range(5)]
    return max(pages)[0], held, pages[-1][1]


def scale(bench):
    sizes = bench.few([100, 1000, 5000], [20, 60])
    make_schemas(bench.postgres, "scale", sizes[-1])
    bouncer = PgBouncer(bench.postgres, sizes[-1] + 100)
    try:
        yield from scale_through(bench, bouncer, sizes)
    finally:
        bouncer.stop()


def scale_through(bench, bouncer, sizes):
    poll = bench.few(60, 5)  # what it is unless somebody says otherwise
    # In a process of its own: this one has memory that was used for something else before.
    with multiprocessing.get_context("spawn").Pool(1) as fresh:
        connection = fresh.apply(memory_of_a_connection, [bouncer.url("scale", "watcher")])
    figures = []
    for size in sizes:
        say(f"{size} environments every {poll} s")
        daemon = Tidemark(bench.build, bench.folder / "scale", bouncer, "scale", size, f"{poll}s")
        try:
            ready = daemon.wait_until_all_seen(900)
            time.sleep(poll)  # the first looks were all at once; the jitter spreads what follows
            _, client, _, failed = during(daemon, bench.postgres, poll)
            late = lateness(daemon, poll, bench.few(20, 3))
            figures.append((size, rss_of(daemon.pid), client, late, failed))
            if size == bench.few(1000, sizes[-1]):
                yield Row(f"start until all of {size:,} environments were looked at", f"their poll interval, {poll} s",
                          f"{ready:.1f} s", f"<= {poll} s", ready <= poll)
            if size == sizes[-1]:
                slowest, held, length = scrapes(daemon)
                yield Row(f"scrape of /metrics with {size:,} environments", f"{length / 1e6:.1f} MB",
                          f"{slowest * 1e3:.0f} ms", "< 1 s", slowest < 1)
                # Whatever a scrape does to the loop, each one does; what only some show is the machine's.
                usual = statistics.median(held)
                yield Row("the loop held by it, as another request sees it, median of five", "10 ms",
                          f"{usual * 1e3:.1f} ms (at most {max(held) * 1e3:.1f})", "<= 10 ms", usual <= 0.010)
        finally:
            daemon.stop()
    for (few, small, *_), (many, large, *_) in zip(figures, figures[1:]):
        each = (large - small) / (many - few)
        yield Row(f"memory of an environment, {few:,} to {many:,}", f"itself, beside {connection:.0f} KiB of its connection",
                  f"{each - connection:.0f} KiB (daemon: {large / 1024:.0f} MiB)", "<= 40 KiB", each - connection <= 40)
    yield Row("client CPU of a poll, " + ", ".join(f"{size:,}" for size, *_ in figures), "itself",
              ", ".join(f"{client:.0f}" for _, _, client, _, _ in figures) + " us", "linear in all",
              figures[-1][2] <= 1.5 * figures[0][2])
    yield Row("a look later than its interval, at most", "1 s",
              ", ".join(f"{max(late, 0):.2f}" for _, _, _, late, _ in figures) + " s", "<= 1 s",
              all(late <= 1 and failed == 0 for *_, late, failed in figures))


# --- long ledgers -----------------------------------------------------------------------------------------------------

def wait_until_stored(daemon, rows):
    """Until what the first look brought is compared and stored, each look reads all of it again."""
    foreign = rows - MIGRATIONS
    wait_until(120, "the comparison of all rows",
               lambda: sum_of(daemon.metrics(), "tidemark_drift_findings") >= foreign)
    polls = daemon.polls()
    wait_until(120, "five polls", lambda: daemon.polls() > polls + 5)


def ledgers(bench):
    sizes = bench.few([100, 10_000, 100_000], [100, 2_000])
    figures = []
    for size in sizes:
        say(f"a ledger of {size} rows")
        database = f"ledger{size}"
        make_schemas(bench.postgres, database, 1, size)
        daemon = Tidemark(bench.build, bench.folder / "ledger", bench.postgres, database, 1, "100ms")
        try:
            daemon.wait_until_all_seen(120)
            wait_until_stored(daemon, size)
            figures.append((size, *during(daemon, bench.postgres, bench.few(15, 3))))
        finally:
            daemon.stop()
    names = ", ".join(f"{size:,}" for size in sizes)
    clients = [client for _, _, client, _, _ in figures]
    servers = [server for _, _, _, server, _ in figures]
    yield Row(f"client CPU of an unchanged poll, ledger of {names} rows", "itself",
              ", ".join(f"{cost:,.0f}" for cost in clients) + " us", "flat", clients[-1] <= 2 * clients[0])
    yield Row("server CPU of the same", "itself", ", ".join(f"{cost:,.0f}" for cost in servers) + " us", "flat",
              servers[-1] <= 2 * servers[0])


def tools(bench):
    rows = bench.few(100_000, 2_000)
    measured = list(ledgers_of_tools.measure(bench, rows))
    bench.tables.append(ledgers_of_tools.table(measured, rows))
    name, _, small, long = max(measured, key=lambda one: one[3].unchanged.client / one[2].unchanged.client)
    ours, few = long.unchanged.client, small.unchanged.client
    yield Row(f"client CPU of an unchanged poll, a ledger of {rows:,} rows of any of {len(measured)} tools", "one of 100 rows",
              f"{ours:.2f} / {few:.2f} ms = {ours / few:.2f} at most ({name})", "<= 2", ours <= 2 * few)
    # Less is too near to what any poll costs, of one row or of none.
    long_ones = [one for one in measured if one[3].copy.both > 10] or measured
    name, _, _, long = max(long_ones, key=lambda one: one[3].unchanged.both / one[3].copy.both)
    ours, theirs = long.unchanged.both, long.copy.both
    yield Row("client and server CPU of the same", "psql that COPYs it to nowhere",
              f"{ours:.1f} / {theirs:.1f} ms = {ours / theirs:.2f} at most ({name})", "<= 1", ours <= theirs)


# --- applying ---------------------------------------------------------------------------------------------------------

def applies(bench):
    count = bench.few(500, 20)
    say(f"{count} migrations applied")
    seconds, memory, theirs = applying.measure(bench, count)
    ours, each, once = (seconds[name] for name in ("tidemark", "psql -1 -f for each", "psql once"))
    what = f"{count} small migrations into an empty database"
    yield Row(what, "a process of `psql -1 -f` for each", f"{ours:.2f} / {each:.2f} s = {ours / each:.2f}", "<= 1",
              ours <= each)
    yield Row(what, "one psql, a transaction for each", f"{ours:.2f} / {once:.2f} s = {ours / once:.2f}", "-", None)
    for name, took in sorted(theirs.items(), key=lambda one: one[1]):
        yield Row(what, name, f"{ours:.2f} / {took:.2f} s = {ours / took:.2f}", "<= 1", ours <= took)
    yield Row("the same, our ledger in memory", "on the disk", f"{memory:.2f} / {ours:.2f} s: being sure costs "
              f"{(ours - memory) / count * 1e3:.1f} ms a migration", "-", None)


ALL = {"polls": polls, "files": files, "status": status, "ledgers": ledgers, "tools": tools, "scale": scale,
       "applies": applies}
