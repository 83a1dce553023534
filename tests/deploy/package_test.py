#!/usr/bin/python3
"""The Debian package: built from the build at hand, then installed, started, upgraded, removed and purged in a root of its
own, so that this machine does not notice.

    package_test.py CPACK BUILD
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

CPACK, BUILD = sys.argv[1:3]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **more):
    told = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if told.returncode != 0:
        raise AssertionError(f"{command} ended with {told.returncode}:\n{told.stdout}\n{told.stderr}")
    return told.stdout + told.stderr


def package(folder, version):
    """Builds it; a later version stands for what a later build would be."""
    folder.mkdir()
    run(CPACK, "--config", f"{BUILD}/CPackConfig.cmake", "-G", "DEB", "-R", version, "-B", folder)
    (found,) = folder.glob("*.deb")
    return found


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.folder.chmod(0o755)
        version = re.search(r"project\(tidemark VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        cls.now = package(cls.folder / "now", version)
        cls.later = package(cls.folder / "later", version + ".1")

    def setUp(self):
        self.root = self.folder / "root"
        (self.root / "var/lib/dpkg/info").mkdir(parents=True)
        (self.root / "var/lib/dpkg/updates").mkdir()
        (self.root / "var/lib/dpkg/status").touch()
        (self.root / "etc").mkdir()
        self.addCleanup(shutil.rmtree, self.root)
        self.daemon = None
        self.addCleanup(self.kill)

    def kill(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()

    def dpkg(self, *arguments):
        return run("dpkg", f"--root={self.root}", "--force-script-chrootless", "--force-depends", "--no-triggers",
                   f"--log={self.folder}/dpkg.log", *arguments)

    def files(self):
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")
                if not path.is_dir() and "var/lib/dpkg" not in str(path)}

    # A service manager would start it so, were there one: the unit's command, user, umask and folders.

    def start(self):
        unit = self.root / "usr/lib/systemd/system/tidemark.service"
        settings = dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"\w+=", line))
        user = settings["User"]
        entry = next(line.split(":") for line in (self.root / "etc/passwd").read_text().splitlines()
                     if line.startswith(user + ":"))
        command = [f"{self.root}{word}" if word.startswith("/") else word for word in settings["ExecStart"].split()]
        limits = ["setpriv", f"--reuid={entry[2]}", f"--regid={entry[3]}", "--clear-groups", "--no-new-privs",
                  "--inh-caps=-all", "--bounding-set=-all"]
        self.uid, self.gid = int(entry[2]), int(entry[3])
        with open(self.folder / "log", "wb") as log:
            self.daemon = subprocess.Popen([*limits, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           umask=int(settings["UMask"], 8), cwd="/")
        deadline = time.monotonic() + 20
        while "V1__users" not in self.marked():
            self.assertIsNone(self.daemon.poll(), (self.folder / "log").read_text())
            self.assertLess(time.monotonic(), deadline, (self.folder / "log").read_text())
            time.sleep(0.05)

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.assertEqual(0, self.daemon.wait(20))

    def client(self, *arguments):
        return subprocess.run([self.root / "usr/bin/tidemark", "--socket", self.root / "run/tidemark/control.sock", *arguments],
                              capture_output=True, text=True, check=False)

    def configure(self):
        migrations = self.root / "srv/migrations"
        migrations.mkdir(parents=True)
        (migrations / "V1__users.sql").write_text("CREATE TABLE users (id int);\n")
        config = self.root / "etc/tidemark/tidemark.yaml"
        config.write_text(f"ledger: sqlite:{self.root}/var/lib/tidemark/ledger.db\n"
                          f"control: {{socket: {self.root}/run/tidemark/control.sock}}\nhttp: {{listen: []}}\n"
                          f"apps:\n  - name: shop\n    repo: {{path: {migrations}, settle: 200ms}}\n    environments: [{{name: prod}}]\n"
                          "access: [{user: root, role: admin}]\n")
        config.chmod(0o640)
        os.chown(config, 0, (self.root / "etc/tidemark").stat().st_gid)
        return config

    def marked(self):
        return self.client("matrix", "shop").stdout

    def test_it_installs_starts_upgrades_and_is_removed_and_purged_with_the_ledger_kept(self):
        told = self.dpkg("--install", self.now)
        self.assertIn("README.Debian says how to begin", told)
        self.assertEqual((0, 0o750), (lambda s: (s.st_uid, s.st_mode & 0o7777))((self.root / "etc/tidemark").stat()))
        self.assertEqual(0o750, (self.root / "var/lib/tidemark").stat().st_mode & 0o7777)
        wants = self.root / "etc/systemd/system/multi-user.target.wants/tidemark.service"
        self.assertTrue(wants.is_symlink(), "not enabled")
        self.assertFalse((self.root / "etc/systemd/system/sockets.target.wants").exists(), "sockets are not for everybody")

        config = self.configure()
        self.start()
        self.assertEqual(self.uid, (self.root / "var/lib/tidemark/ledger.db").stat().st_uid)
        marked = self.client("mark", "shop/prod", "V1__users", "--reason", "by hand")
        self.assertEqual(0, marked.returncode, marked.stderr)
        self.assertRegex(self.marked(), r"V1__users +applied")

        before = config.read_bytes()
        self.dpkg("--install", self.later)
        self.assertRegex(self.marked(), r"V1__users +applied")  # the old one runs until it is restarted
        self.stop()
        self.assertEqual(before, config.read_bytes())
        self.start()
        self.assertRegex(self.marked(), r"V1__users +applied")
        self.assertEqual(0, self.client("reload").returncode)
        self.stop()

        ledger = (self.root / "var/lib/tidemark/ledger.db").read_bytes()
        self.dpkg("--remove", "tidemark")
        self.assertTrue(config.exists())
        told = self.dpkg("--purge", "tidemark")
        self.assertIn("/var/lib/tidemark is kept", told)
        self.assertEqual(ledger, (self.root / "var/lib/tidemark/ledger.db").read_bytes())
        left = {path for path in self.files() if not path.startswith(("var/lib/tidemark/", "etc/tidemark/", "srv/"))}
        self.assertEqual({"etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"}, left - {"etc/.pwd.lock"})
        self.dpkg("--install", self.now)  # and who changes their mind goes on where they were
        self.start()
        self.assertRegex(self.marked(), r"V1__users +applied")
        self.stop()

    def test_what_was_never_used_leaves_nothing_when_it_is_purged(self):
        self.dpkg("--install", self.now)
        self.dpkg("--purge", "tidemark")
        for folder in ("etc/tidemark", "var/lib/tidemark"):
            self.assertFalse((self.root / folder).exists(), folder)

    def test_an_administrator_who_disabled_it_is_heard_by_upgrades(self):
        self.dpkg("--install", self.now)
        link = self.root / "etc/systemd/system/multi-user.target.wants/tidemark.service"
        link.unlink()
        self.dpkg("--install", self.later)
        self.assertFalse(link.is_symlink())

    # What is done to a service manager that runs. Here none does: systemctl writes down what it is asked for, whatever else
    # would change this machine does nothing, and a policy of this machine not to start anything does not count.
    # deb-systemd-invoke is the real one.

    def asked_of_systemd(self, *calls):
        scripts, tools, log = self.folder / "scripts", self.folder / "tools", self.folder / "asked"
        if not scripts.exists():
            run("dpkg-deb", "--control", self.now, scripts)
            tools.mkdir()
            for name in ("systemctl", "systemd-sysusers", "systemd-tmpfiles", "deb-systemd-helper"):
                does = f'echo "$*" >>{log}; case "$*" in *is-enabled*) echo enabled ;; esac' if name == "systemctl" else ":"
                (tools / name).write_text(f"#!/bin/sh\n{does}\n")
                (tools / name).chmod(0o755)
        log.write_text("")
        run("unshare", "--mount", "sh", "-ec",
            "mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/system; policy=/usr/sbin/policy-rc.d; "
            "[ ! -e $policy ] || mount --bind /dev/null $policy; "
            + "; ".join(f"{scripts}/{call}" for call in calls) + "; [ ! -e /run/tidemark.installed ]",
            env={"PATH": f"{tools}:{os.environ['PATH']}"})
        return [line for line in log.read_text().splitlines() if "is-" not in line]

    def test_a_running_systemd_is_told(self):
        if subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True,
                          check=False).returncode != 0:
            self.skipTest("this machine lets nobody mount anything")
        reload = "--system daemon-reload"
        started = [reload, "--quiet --system start tidemark.service"]
        self.assertEqual(started, self.asked_of_systemd("preinst install", "postinst configure"))
        self.assertEqual([reload, "try-restart tidemark.service"],
                         self.asked_of_systemd("preinst upgrade 0.0.1", "postinst configure 0.0.1"))
        self.assertEqual([], self.asked_of_systemd("prerm upgrade 99"))
        self.assertEqual(["stop tidemark.socket tidemark-http.socket tidemark.service", reload],
                         self.asked_of_systemd("prerm remove", "postrm remove"))
        self.assertEqual(["stop tidemark.socket tidemark-http.socket tidemark.service", *started],
                         self.asked_of_systemd("prerm remove", "postinst abort-remove"))
        # Removed, and installed over the config that it left.
        self.assertEqual(started, self.asked_of_systemd("preinst install 0.0.1 0.0.2", "postinst configure 0.0.1"))
        # An installation that fails, and one over it.
        self.assertEqual(started, self.asked_of_systemd("preinst install", "postrm abort-install", "preinst install",
                                                        "postinst configure"))

    def test_debian_has_everything_that_it_depends_on(self):
        run("apt-get", "install", "--simulate", "--no-install-recommends", self.now,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        depends = run("dpkg-deb", "-f", self.now, "Depends")
        for library in ("libgit2-1.5", "libpq5", "libsqlite3-0", "libyaml-cpp0.7", "libpugixml1v5", "libssl3"):
            self.assertRegex(depends, rf"\b{re.escape(library)}\b")

    def test_lintian_has_nothing_to_say(self):
        told = subprocess.run(["lintian", "--fail-on", "error,warning", "--allow-root", self.now], capture_output=True,
                              text=True, check=False)
        self.assertEqual((0, ""), (told.returncode, told.stdout))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
