#!/usr/bin/python3
"""The units that are shipped: that systemd understands every word of them, how much they let the daemon do, and that the
daemon can do its work within that.

    unit_test.py TIDEMARKD TIDEMARK PARSER
"""

import os
import pathlib
import pwd
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import syscalls  # noqa: E402
from service import Service  # noqa: E402

TIDEMARKD, TIDEMARK, PARSER = sys.argv[1:4]
HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "systemd"
UNIT = SOURCES / "tidemark.service"
EXPOSURE_MAX = 15  # times ten


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-units-"))
        self.addCleanup(shutil.rmtree, self.folder)
        text = UNIT.read_text().replace("@TIDEMARKD@", TIDEMARKD).replace("@TIDEMARK@", TIDEMARK)
        (self.folder / "tidemark.service").write_text(text)
        for socket in SOURCES.glob("*.socket"):
            shutil.copy(socket, self.folder)

    def verify(self):
        units = sorted(str(path) for path in self.folder.iterdir() if path.is_file())
        verdict = analyze("verify", "--man=no", *units)
        return verdict.returncode, verdict.stdout + verdict.stderr

    def test_systemd_understands_every_line(self):
        self.assertEqual((0, ""), self.verify())

    def test_a_line_that_systemd_does_not_understand_would_be_noticed(self):
        with open(self.folder / "tidemark.service", "a", encoding="utf-8") as file:
            file.write("[Service]\nProtectEverything=yes\n")
        self.assertIn("ProtectEverything", self.verify()[1])

    def test_the_drop_in_example_is_understood_with_everything_in_it_switched_on(self):
        lines = (SOURCES / "drop-in.conf").read_text().splitlines()
        switched_on = [line[1:] if line.startswith("#") and "=" in line.split(" ")[0] else line for line in lines]
        self.assertGreater(sum(1 for line in switched_on if "=" in line and not line.startswith("#")), 8)
        drop_ins = self.folder / "tidemark.service.d"
        drop_ins.mkdir()
        (drop_ins / "local.conf").write_text("\n".join(switched_on) + "\n")
        self.assertEqual((0, ""), self.verify())

    def test_the_exposure_is_at_most_one_and_a_half(self):
        verdict = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", str(self.folder / "tidemark.service"))
        self.assertEqual(0, verdict.returncode, verdict.stdout[-200:] + verdict.stderr)

    def test_callers_keep_their_names(self):
        # In a user namespace everybody is nobody, and the control socket has no roles.
        self.assertEqual([], syscalls.settings(UNIT, "PrivateUsers"))

    def test_the_unit_names_the_files_and_folders_that_are_the_defaults_of_the_programs(self):
        text = UNIT.read_text()
        self.assertIn("ConditionPathExists=/etc/tidemark/tidemark.yaml", text)
        for key in ("StateDirectory", "RuntimeDirectory", "ConfigurationDirectory"):
            self.assertEqual(["tidemark"], syscalls.settings(UNIT, key))
        self.assertIn("ListenStream=/run/tidemark/control.sock", (SOURCES / "tidemark.socket").read_text())

    def test_who_stops_the_daemon_has_more_patience_than_the_daemon_with_what_hangs(self):
        within = re.search(r"seconds stop_within\{(\d+)\}", (SOURCES.parent / "daemon" / "daemon.cpp").read_text())
        told = syscalls.settings(UNIT, "TimeoutStopSec")
        self.assertEqual(1, len(told))
        self.assertRegex(told[0], r"^\d+s$")
        # Twice, since what comes before and after the daemon's own wait takes time on a busy host.
        self.assertGreaterEqual(int(told[0][:-1]), 2 * int(within[1]))

    def test_the_users_and_the_folders_are_made_as_the_units_want_them(self):
        root = self.folder / "root"
        for kind in ("sysusers", "tmpfiles"):
            (root / "etc").mkdir(parents=True, exist_ok=True)
            made = subprocess.run([f"systemd-{kind}", f"--root={root}", *(["--create"] if kind == "tmpfiles" else []),
                                   str(SOURCES / f"tidemark.{kind}")], capture_output=True, text=True, check=False)
            self.assertEqual((0, ""), (made.returncode, made.stdout.replace("\n", "") if kind == "tmpfiles" else ""), made.stderr)
        self.assertIn("tidemark:", (root / "etc/passwd").read_text())
        self.assertIn("tidemark:", (root / "etc/group").read_text())
        for folder in ("etc", "var/lib", "run"):
            self.assertEqual(0o750, (root / folder / "tidemark").stat().st_mode & 0o777, folder)


class Postgres:
    """A server of our own, on a Unix socket and TCP."""

    def __init__(self, folder):
        self.bin = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        self.folder = folder
        self.owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(folder, self.owner)
        self.run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-D", f"{folder}/data")
        from service import free_port
        self.port = free_port()
        self.run("pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "-o",
                 f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={folder} -c fsync=off", "start")

    def run(self, program, *arguments):
        command = [str(self.bin / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self.owner, "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def sql(self, text):
        self.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres",
                 "-c", text)

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")


class SystemCalls(unittest.TestCase):
    """Everything that the daemon does in a life, with every forbidden call deadly."""

    def setUp(self):
        self.service = Service(TIDEMARKD, TIDEMARK)
        self.addCleanup(self.service.close)
        self.filter = [sys.executable, str(HERE / "syscalls.py"), str(UNIT)]

    def test_a_forbidden_call_would_be_noticed(self):
        killed = subprocess.run([*self.filter, "/usr/sbin/chroot", "/"], capture_output=True, check=False)
        self.assertEqual(-31, killed.returncode, "SIGSYS")
        fine = subprocess.run([*self.filter, "/bin/true"], capture_output=True, check=False)
        self.assertEqual(0, fine.returncode)

    def test_the_parser_needs_no_call_that_the_unit_forbids(self):
        version = subprocess.run([PARSER, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
        for text in (b"CREATE TABLE t (id int)", b"SELEC 1", b"SELECT '" + b"x" * 1000000 + b"'"):
            told = subprocess.run([*self.filter, PARSER, version], input=struct.pack("!I", len(text)) + text,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual(0, told.returncode, told.stderr)
            self.assertEqual(len(told.stdout) - 4, struct.unpack("!I", told.stdout[:4])[0])

    def test_a_whole_life_of_the_daemon_needs_no_call_that_the_unit_forbids(self):
        folder = self.service.folder / "postgres"
        self.service.folder.chmod(0o755)
        folder.mkdir()
        postgres = Postgres(folder)
        self.addCleanup(postgres.stop)
        postgres.sql("CREATE TABLE public._migrations (seq int)")
        for name in ("one", "two"):
            postgres.sql(f"CREATE DATABASE {name}")
        at = f"127.0.0.1:{postgres.port}/one"
        secret = self.service.folder / "secret"
        secret.write_text("x\n")
        self.service.configure(
            f"      - {{name: by-address, mode: reconcile_only, database: 'postgresql://postgres@{at}?sslmode=disable', poll: 1s,"
            " password: {command: [/bin/echo, secret]}}\n"
            f"      - {{name: by-name, mode: reconcile_only, database: 'postgresql://postgres@localhost:{postgres.port}/two"
            f"?sslmode=disable', poll: 1s, password: {{file: {secret}}}}}\n"
            f"      - {{name: by-socket, mode: reconcile_only, database: 'host={folder} port={postgres.port} user=postgres"
            " dbname=postgres', poll: 1s}\n"
            "      - {name: no-such-name, mode: reconcile_only, database: 'postgresql://x@no-such-name.invalid/x', poll: 1s}\n"
            f"      - {{name: certificate, mode: reconcile_only, database: 'postgresql://postgres@{at}', poll: 1s}}\n"
            "      - {name: prod}\n")
        group = "nogroup" if os.geteuid() == 0 else ""
        text = self.service.config.read_text()
        self.service.config.write_text(text.replace(".sock}", f".sock, group: {group}}}" if group else ".sock}"))
        # In the asan preset: LeakSanitizer stops the process from outside (ptrace), which is what the unit forbids. The
        # service tests look for leaks.
        self.service.start({"ASAN_OPTIONS": "detect_leaks=0"}, wrapper=self.filter)
        self.service.ready()

        def looked():
            states = {each["name"]: each for each in self.service.status()["environments"]}
            return all(states[name]["reachable"] for name in ("by-address", "by-name", "by-socket")) and all(
                states[name]["last_poll"] for name in ("no-such-name", "certificate"))
        self.service.eventually(looked, "a look at every environment")
        for command in (["matrix"], ["mark", "shop/prod", "V1__users", "--reason", "x"], ["reload"], ["findings"], ["audit"],
                        ["backup", f"{self.service.folder}/copy.db"], ["audit", "verify"], ["ledger", "shop/by-socket"],
                        ["poll", "shop/by-address"]):
            told = self.service.client(*command)
            self.assertEqual(0, told.returncode, f"{command}: {told.stderr}")
        (self.service.folder / "migrations" / "V2__more.sql").write_text("SELECT 2;\n")
        self.service.eventually(lambda: "V2__more" in self.service.client("matrix").stdout, "seeing a new file")
        self.service.get("/metrics")
        self.assertEqual(0, self.service.stop(), self.service.logged())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
