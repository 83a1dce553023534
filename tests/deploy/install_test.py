#!/usr/bin/python3
"""`cmake --install` puts everything where it belongs, and nothing else anywhere.

    install_test.py CMAKE BUILD
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv[1:3]
ROOT = pathlib.Path(__file__).resolve().parents[2]

PROGRAMS = {"bin/tidemark", "libexec/tidemark/tidemark-parser", "sbin/tidemarkd"}
FILES = {
    "lib/systemd/system/tidemark.service",
    "lib/systemd/system/tidemark.socket",
    "lib/systemd/system/tidemark-http.socket",
    "lib/sysusers.d/tidemark.conf",
    "lib/tmpfiles.d/tidemark.conf",
    "share/bash-completion/completions/tidemark",
    "share/doc/tidemark/CHANGELOG.md",
    "share/doc/tidemark/STATEMENTS.md",
    "share/doc/tidemark/LICENSE",
    "share/doc/tidemark/README.md",
    "share/doc/tidemark/examples/drop-in.conf",
    "share/doc/tidemark/examples/tidemark.example.yaml",
    "share/fish/vendor_completions.d/tidemark.fish",
    "share/man/man1/tidemark.1",
    "share/man/man5/tidemark.yaml.5",
    "share/man/man8/tidemarkd.8",
    "share/tidemark/tidemark.schema.json",
    "share/zsh/vendor-completions/_tidemark",
}


def deployed():
    """What others put into deploy/ for monitoring is installed as it is."""
    found = set()
    for folder in ("grafana", "prometheus", "runbooks"):
        found |= {f"share/tidemark/{path.relative_to(ROOT / 'deploy')}" for path in (ROOT / "deploy" / folder).rglob("*")
                  if path.is_file()}
    return found


class Install(unittest.TestCase):
    def installed(self, prefix):
        target = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-install-"))
        self.addCleanup(shutil.rmtree, target)
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "DESTDIR": str(target)})
        return target

    def test_every_file_is_at_its_place_and_no_other_is_anywhere(self):
        target = self.installed("/usr")
        found = {str(path.relative_to(target)) for path in target.rglob("*") if not path.is_dir()}
        self.assertEqual({f"usr/{path}" for path in PROGRAMS | FILES | deployed()}, found)
        for path in target.rglob("*"):
            executable = path.is_dir() or str(path.relative_to(target / "usr")) in PROGRAMS
            self.assertEqual(executable, os.access(path, os.X_OK) and path.stat().st_mode & 0o111 == 0o111, path)

    def test_the_unit_names_the_programs_where_they_were_installed(self):
        for prefix in ("/usr", "/opt/tidemark"):
            target = self.installed(prefix)
            unit = (target / prefix[1:] / "lib/systemd/system/tidemark.service").read_text()
            self.assertIn(f"\nExecStart={prefix}/sbin/tidemarkd --config /etc/tidemark/tidemark.yaml\n", unit)
            self.assertIn(f"\nExecReload={prefix}/bin/tidemark reload\n", unit)
            self.assertNotRegex(unit, "@[A-Z]+@")

    def test_what_is_installed_starts(self):
        target = self.installed("/usr")
        for program in PROGRAMS:
            told = subprocess.run([target / "usr" / program, "--version"], capture_output=True, text=True, check=True)
            self.assertTrue(told.stdout.startswith(os.path.basename(program) + " "), told.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
