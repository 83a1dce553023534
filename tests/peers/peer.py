"""What the tests of other tools share: a PostgreSQL, the tools that npm has, a tidemarkd that watches what a tool does, and
the steps that each of them goes through. A peer says how its files are written, how it is run, and what it says itself.

A migration is a number here: 10, 20 and 30 are there from the beginning, 25 comes late, 40 comes as it should.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

from servers import Postgres, Trouble, wait_until  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
FIRST = (10, 20, 30)
LATE, NEXT = 25, 40
PATIENCE = 20


class Unavailable(Exception):
    """The tool cannot be had here."""


class Refused(Exception):
    """The tool does not want to work on what it finds."""


def run(*command, cwd=None, env=None, patience=60):
    """What it printed. A tool that ends badly has refused."""
    told = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, cwd=cwd, env={**os.environ, **(env or {})}, timeout=patience)
    if told.returncode != 0:
        raise Refused(f"{command} ended with {told.returncode}:\n{told.stdout}\n{told.stderr}")
    return told.stdout


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")


def from_npm(*packages):
    """A folder with these packages (NAME@VERSION), kept for the next time; their scripts do not run."""
    needs("node", "npm")
    kept = pathlib.Path("/var/cache") if os.geteuid() == 0 else pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    kept = kept / "tidemark-tests"
    folder = kept / "-".join(packages).replace("/", "-").replace("@", "-").lstrip("-")
    if folder.exists():
        return folder
    kept.mkdir(parents=True, exist_ok=True)
    kept.chmod(0o755)
    fresh = pathlib.Path(tempfile.mkdtemp(prefix="fetching-", dir=kept))
    try:
        (fresh / "package.json").write_text(json.dumps(
            {"private": True, "dependencies": dict(package.rsplit("@", 1) for package in packages)}))
        run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", cwd=fresh, patience=180)
        fresh.chmod(0o755)
        fresh.rename(folder)  # two may fetch at once: the first to be done wins
    except (Refused, subprocess.TimeoutExpired) as trouble:
        raise Unavailable(f"npm does not have {' '.join(packages)} for us: {' '.join(str(trouble).split())[-300:]}") from None
    except OSError:
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def stamp(number):
    """The fourteen digits that many tools begin the name of a file with."""
    return 20260101000000 + number


class Line:
    """A line of the matrix, with its cell."""

    def __init__(self, line):
        self.id, self.version, self.file, self.sha256 = line["id"], line["version"], line["file"], line["sha256"]
        self.rollback = line["rollback"]
        self.cell = line["cells"]["db"]
        self.findings = sorted(finding["kind"] for finding in self.cell.get("findings", []))

    def state(self):
        """In the words of this test: what a tool could say of it, too."""
        if self.cell["state"] == "drifted":
            if "vanished" in self.findings:
                return "pending"
            return "missing" if self.file is None else "changed"
        if self.cell.get("reason") == "archived":
            return "missing"
        return "skipped" if self.cell.get("reason") in ("skipped", "replaced") else self.cell["state"]

    def __repr__(self):
        told = {key: self.cell[key] for key in ("state", "content", "reason", "note") if key in self.cell}
        return f"{self.id}: {told} {self.findings or ''}"


class Daemon:
    """A daemon in a folder that is made for it, with an app `shop` of the files in `folder`. It only reads these databases,
    URLs by the names of their environments."""

    def __init__(self, home, folder, databases):
        home.mkdir()
        self.home, self.socket = home, home / "control.sock"
        config = home / "tidemark.yaml"
        environments = "".join(f"      - {{name: {name}, mode: reconcile_only, database: '{url}'}}\n"
                               for name, url in databases.items())
        config.write_text(f"ledger: sqlite:{home}/ledger.db\ncontrol: {{socket: {self.socket}}}\nhttp: {{listen: []}}\n"
                          f"log: {{level: info, format: text}}\ndefaults: {{poll: 500ms}}\napps:\n  - name: shop\n"
                          f"    repo: {{path: {folder}, settle: 200ms}}\n    environments:\n{environments}")
        with open(home / "log", "wb") as log:
            self.process = subprocess.Popen([BUILD / "daemon/tidemarkd", "--config", config], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def client(self, *arguments):
        return subprocess.run([BUILD / "daemon/tidemark", "--socket", self.socket, "--json", *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def asked(self, *arguments):
        told = self.client(*arguments)
        if told.returncode != 0:
            raise Trouble(f"tidemark {arguments} ended with {told.returncode}: {told.stdout}{told.stderr}")
        return json.loads(told.stdout)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Watch(Daemon):
    """Watches a folder and a database, and what becomes of both."""

    def __init__(self, home, folder, url):
        super().__init__(home, folder, {"db": url})
        self.known = {}
        wait_until(PATIENCE, "tidemarkd's first look", self._began)

    def _began(self):
        if self.process.poll() is not None:
            raise Trouble("tidemarkd has ended: " + (self.home / "log").read_text()[-600:])
        return self.socket.exists() and self.client("poll", "shop/db").returncode == 0 and self.status()["as_of"]

    def status(self):
        return self.asked("status", "shop/db")["environments"][0]

    def lines(self):
        return [Line(line) for line in self.asked("matrix", "shop")["migrations"]]

    def layout(self):
        return self.asked("matrix", "shop")["layout"]

    def problems(self):
        return self.asked("matrix", "shop")["problems"]

    def findings(self):
        return sorted(finding["kind"] for finding in self.asked("findings", "shop/db")["findings"])

    @staticmethod
    def _known(lines):
        """What it knows of each file; of a part only, where a file holds several migrations."""
        known = {}
        for line in lines:
            if line.file is not None:
                known.setdefault(line.file, []).append(line.sha256)
        return known

    def look(self, changed=()):
        """Its lines, after a look at the database, once it has taken over these files that were changed, made or removed."""
        def taken_over():
            known = self._known(self.lines())
            return all(known.get(file) != self.known.get(file) for file in changed)

        wait_until(PATIENCE, f"that it takes over {sorted(changed)}", taken_over)
        self.asked("poll", "shop/db")
        lines = self.lines()
        self.known = self._known(lines)
        return lines


class Steps:
    """What each tool goes through. It is mixed with a TestCase by `main`.

    What there is to say of a tool, besides its methods:
      tool             as tidemark calls it
      layout_shows     its files are like those of no other tool, even before there is a ledger
      folder           in its project: what tidemark watches
      suffix           of its files
      comment          what begins one, in its files
      checksums        it keeps one that tells which file was applied
      tells_edits      its own status says so of a file that was edited
      tells_missing    and of a migration that was applied and has no file
      renames          what becomes of the last migration when its file has another name, and another description or slug:
                       "same" or "other"
      archives         its users delete old files
      chained          each migration's identity hangs on those before it: the tool is lost when one of these goes or comes
      late             what it makes of a late file: "runs", "refused", "skipped"
      late_warned      tidemark warns when it was applied late all the same
      undoes           it can roll back
    """
    tool = None
    comment = "--"
    checksums = tells_edits = archives = chained = late_warned = False
    layout_shows = tells_missing = undoes = True
    renames, late = "same", "runs"
    folder, suffix = "migrations", ".sql"

    # --- what a peer says ---

    @classmethod
    def obtain(cls):
        """Gets the tool, or raises Unavailable."""

    def make(self):
        """Whatever the project has besides its migrations."""

    def path(self, number, slug="step"):
        """Of a migration's file, below the folder that is watched."""
        return f"{stamp(number)}_{slug}_{number}{self.suffix}"

    def text(self, number):
        return f"CREATE TABLE t{number} (id integer);\n"

    def add(self, number):
        """Writes a migration."""
        self.write(self.path(number), self.text(number))

    def rename(self, number):
        """Gives its file another name; returns the old and the new one."""
        old, new = self.path(number), self.path(number, "other")
        (self.repo / new).parent.mkdir(exist_ok=True)
        (self.repo / old).rename(self.repo / new)
        return old, new

    def remove(self, number):
        (self.repo / self.path(number)).unlink()
        return self.path(number)

    def make_way(self):
        """What the tool wants before it runs a late one; returns the files that it wrote."""
        return []

    def up(self, count=None):
        """Applies all that are pending; `count`: so many of them."""
        raise NotImplementedError

    def down(self):
        """Rolls the last one back."""
        raise NotImplementedError

    def said(self):
        """By the tool itself: the state of each migration by `name`."""
        raise NotImplementedError

    def name(self, line):
        """What the tool calls it."""
        return line.id

    # --- the stage ---

    @classmethod
    def setUpClass(cls):
        cls.stage = pathlib.Path(tempfile.mkdtemp(prefix=f"tidemark-{cls.tool}-"))
        cls.addClassCleanup(shutil.rmtree, cls.stage, ignore_errors=True)
        cls.stage.chmod(0o755)
        cls.postgres = Postgres(cls.stage, 50)
        cls.addClassCleanup(cls.postgres.stop)
        cls.database_with_all = None
        cls.count = 0

    def new_project(self, database):
        self.database = database
        self.project = self.stage / database
        self.repo = self.project / self.folder
        self.repo.mkdir(parents=True)
        self.make()
        for number in FIRST:
            self.add(number)

    def new_database(self, template=None):
        cls = type(self)
        cls.count += 1
        name = f"db{cls.count}"
        self.postgres.sql("postgres", f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        if template is None:
            self.postgres.sql(name, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO watcher; "
                                    "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO watcher")
        return name

    def with_none_applied(self):
        self.new_project(self.new_database())

    def with_all_applied(self):
        cls = type(self)
        if cls.database_with_all is None:
            self.with_none_applied()
            self.up()
            cls.database_with_all = self.database
        self.new_project(self.new_database(cls.database_with_all))

    def url(self, scheme="postgresql", role="postgres"):
        return f"{scheme}://{role}@127.0.0.1:{self.postgres.port}/{self.database}"

    def write(self, path, text):
        file = self.repo / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, newline="")

    def start(self, files):
        self.watch = Watch(self.stage / f"tidemark-{self.database}", self.repo,
                           self.postgres.url(self.database, "watcher"))
        self.addCleanup(self.watch.stop)
        return self.watch.look(files)

    def begin(self):
        lines = self.start([self.path(number) for number in FIRST])
        self.assertEqual([], self.watch.problems())
        if self.watch.status()["tool"] is not None or self.layout_shows:
            self.assertEqual(self.tool, self.watch.layout())
        return lines

    def line(self, lines, number):
        found = [line for line in lines if line.file == self.path(number)]
        self.assertEqual(1, len(found), f"{self.path(number)} among {lines}")
        return found[0]

    def states(self, lines, *numbers):
        return [self.line(lines, number).state() for number in numbers]

    def agrees(self, lines):
        """What tidemark shows is what the tool itself says, and nothing else."""
        try:
            said = self.said()
        except Refused:
            self.assertNotEqual([], self.watch.findings() + self.watch.problems(), f"the tool refuses to go on with {lines}")
            return
        shown = {}
        for line in lines:
            state = line.state()
            shown[self.name(line)] = "applied" if state == "changed" and not self.tells_edits else state
        if not self.tells_missing:
            said, shown = ({name: state for name, state in of.items() if state != "missing"} for of in (said, shown))
        self.assertEqual(said, shown, lines)

    def is_quiet(self, lines):
        self.assertEqual([], self.watch.findings(), lines)
        self.assertEqual([], [line for line in lines if line.cell["state"] not in ("applied", "pending")])

    def is_lost(self, lines):
        with self.assertRaises(Refused):
            self.said()
        with self.assertRaises(Refused):
            self.up()
        self.assertIn("removed", self.watch.findings(), lines)

    def look_after(self, *changed):
        return self.watch.look(changed)

    def edit(self, number):
        file = self.repo / self.path(number)
        text = file.read_text()
        self.write(self.path(number), self.edited(text))
        return text

    def edited(self, text):
        return text + f"{self.comment} An afterthought.\n"

    # --- the steps ---

    def test_it_is_pending_until_the_tool_has_applied_it(self):
        self.with_none_applied()
        lines = self.begin()
        self.assertEqual(["pending"] * 3, self.states(lines, *FIRST))
        self.agrees(lines)
        self.up(2)
        wait_until(PATIENCE, f"that it sees a ledger of {self.tool}", lambda: self.watch.status()["tool"] == self.tool)
        wait_until(PATIENCE, f"that it reads the files as those of {self.tool}", lambda: self.watch.layout() == self.tool)
        lines = self.look_after()
        self.assertEqual(["applied", "applied", "pending"], self.states(lines, *FIRST))
        self.agrees(lines)
        self.is_quiet(lines)
        self.up()
        lines = self.look_after()
        self.assertEqual(["applied"] * 3, self.states(lines, *FIRST))
        self.agrees(lines)
        self.is_quiet(lines)
        content = "verified" if self.checksums else "unverifiable"
        self.assertEqual([content] * 3, [line.cell["content"] for line in lines])

    def test_an_edit_is_told_until_it_is_undone_and_line_endings_are_no_edit(self):
        self.with_all_applied()
        self.begin()
        before = self.edit(20)
        lines = self.look_after(self.path(20))
        self.assertEqual(["applied", "changed", "applied"], self.states(lines, *FIRST))
        self.assertEqual(["edited"], self.watch.findings())
        self.agrees(lines)
        self.write(self.path(20), before)
        lines = self.look_after(self.path(20))
        self.is_quiet(lines)
        self.write(self.path(20), before.replace("\n", "\r\n"))
        lines = self.look_after(self.path(20))
        self.is_quiet(lines)
        self.assertEqual("line_endings", self.line(lines, 20).cell.get("note"))
        self.agrees_on_line_endings(lines)

    def agrees_on_line_endings(self, lines):
        self.agrees(lines)

    def test_an_edit_from_before_the_first_look_is_known_by_a_checksum_only(self):
        self.with_all_applied()
        self.edit(20)
        lines = self.begin()
        if self.checksums:
            self.assertEqual(["checksum"], self.watch.findings())
            self.assertEqual(["applied", "changed", "applied"], self.states(lines, *FIRST))
            self.assertEqual(["verified", "differs", "verified"], [line.cell["content"] for line in lines])
        else:
            self.is_quiet(lines)
        self.agrees(lines)

    def test_a_file_with_another_name_is_the_same_where_the_tool_says_so(self):
        self.with_all_applied()
        self.begin()
        old, new = self.rename(30)
        lines = self.look_after(old, new)
        renamed = next(line for line in lines if line.file == new)
        if self.renames == "same":
            self.assertEqual("applied", renamed.state())
            self.is_quiet(lines)
        else:
            self.assertEqual("pending", renamed.state())
            self.assertEqual(["removed"], self.watch.findings())
        self.agrees(lines)

    def test_a_file_that_is_gone_is_missed(self):
        self.with_all_applied()
        self.begin()
        gone = self.remove(30)
        lines = self.look_after(gone)
        self.assertEqual(["applied", "applied"], self.states(lines, 10, 20))
        self.assertEqual(["removed"], self.watch.findings())
        self.agrees(lines)

    def test_old_files_are_archived_where_that_is_the_custom(self):
        self.with_all_applied()
        self.begin()
        gone = self.remove(10)
        lines = self.look_after(gone)
        if self.chained:
            self.is_lost(lines)
            return
        self.assertEqual(["applied", "applied"], self.states(lines, 20, 30))
        self.assertEqual([] if self.archives else ["removed"], self.watch.findings(), lines)
        self.agrees(lines)

    def test_what_was_applied_from_elsewhere_is_foreign(self):
        self.with_all_applied()
        self.remove(30)
        lines = self.start([self.path(10), self.path(20)])
        self.assertEqual(["foreign"], self.watch.findings())
        self.agrees(lines)

    def test_one_that_comes_is_pending_and_then_applied(self):
        self.with_all_applied()
        self.begin()
        self.add(NEXT)
        lines = self.look_after(self.path(NEXT))
        self.assertEqual(["applied"] * 3 + ["pending"], self.states(lines, *FIRST, NEXT))
        self.agrees(lines)
        self.up()
        lines = self.look_after()
        self.assertEqual(["applied"] * 4, self.states(lines, *FIRST, NEXT))
        self.is_quiet(lines)

    def test_one_that_comes_late_is_what_the_tool_makes_of_it(self):
        self.with_all_applied()
        self.begin()
        self.add(LATE)
        lines = self.look_after(self.path(LATE))
        if self.chained:
            self.is_lost(lines)
            return
        late = self.line(lines, LATE)
        self.assertEqual("skipped" if self.late == "skipped" else "pending", late.state())
        self.assertEqual("out_of_order" if self.late == "refused" else None if self.late == "runs" else "skipped",
                         late.cell.get("reason"))
        self.assertEqual(["applied"] * 3, self.states(lines, *FIRST))
        self.assertEqual([], self.watch.findings())
        self.agrees(lines)
        if way := self.make_way():
            self.look_after(*way)
        if self.late == "refused":
            with self.assertRaises(Refused):
                self.up()
        else:
            self.up()
        lines = self.look_after()
        self.assertEqual({"runs": "applied", "skipped": "skipped", "refused": "pending"}[self.late],
                         self.line(lines, LATE).state())
        self.assertEqual(["out_of_order"] if self.late_warned else [], self.watch.findings())
        self.agrees(lines)

    def test_what_was_rolled_back_is_told_and_may_be_edited_before_it_is_applied_again(self):
        if not self.undoes:
            self.skipTest("it does not roll back")
        self.with_all_applied()
        self.begin()
        self.down()
        lines = self.look_after()
        self.assertEqual(["vanished"], self.watch.findings())
        self.assertEqual(["vanished"], self.line(lines, 30).findings)
        self.agrees(lines)
        self.edit(30)
        self.look_after(self.path(30))
        self.up()
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)


def main(*peers):
    """Runs these; ends with 77, and the reason on stderr, where their tool cannot be had."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if not list(pathlib.Path("/usr/lib/postgresql").glob("*/bin")):
            raise Unavailable("no PostgreSQL under /usr/lib/postgresql")
        for peer in peers:
            peer.obtain()
    except Unavailable as why:
        print(f"{pathlib.Path(sys.argv[0]).name}: skipped: {why}", file=sys.stderr)
        sys.exit(77)
    suite = unittest.TestSuite()
    for peer in peers:
        case = type(peer.__name__, (peer, unittest.TestCase), {})
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    sys.exit(0 if result.wasSuccessful() else 1)
