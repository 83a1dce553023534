#!/usr/bin/python3
"""Sqitch.

    sqitch_test.py BUILD
"""

import re
import subprocess

from peer import FIRST, Refused, Steps, Unavailable, main, needs, run


class Sqitch(Steps):
    tool = "sqitch"
    folder = ""
    checksums = chained = True
    renames = "other"

    @classmethod
    def obtain(cls):
        needs("sqitch", "psql")
        if subprocess.run(["perl", "-MDBD::Pg", "-e", "1"], capture_output=True, check=False).returncode != 0:
            raise Unavailable("libdbd-pg-perl is not installed")

    def make(self):
        self.numbers = []
        (self.project / "sqitch.conf").write_text("[core]\n\tengine = pg\n")

    def path(self, number, slug="step"):
        return f"deploy/{slug}_{number}.sql"

    def add(self, number):
        super().add(number)
        self.write(f"revert/step_{number}.sql", f"DROP TABLE t{number};\n")
        self.numbers = sorted([*self.numbers, number])
        self.plan()

    def plan(self, other=None):
        """As `sqitch add` writes it, but for the times, which are the same in every copy of the project."""
        lines = [f"{'other' if number == other else 'step'}_{number} 2026-01-01T00:00:{number}Z Ann <ann@example.com> # step\n"
                 for number in self.numbers]
        self.write("sqitch.plan", "%syntax-version=1.0.0\n%project=shop\n\n" + "".join(lines))

    def rename(self, number):
        old, new = super().rename(number)
        self.plan(number)
        return old, new

    def remove(self, number):
        gone = super().remove(number)
        (self.repo / f"revert/step_{number}.sql").unlink()
        self.numbers.remove(number)
        self.plan()
        return gone

    def sqitch(self, *arguments):
        return run("sqitch", *arguments, f"db:pg://postgres@127.0.0.1:{self.postgres.port}/{self.database}",
                   cwd=self.project, env={"SQITCH_USER_CONFIG": "/dev/null", "SQITCH_FULLNAME": "Bo",
                                          "SQITCH_EMAIL": "bo@example.com", "LC_ALL": "C"})

    def up(self, count=None):
        self.sqitch("deploy", *(["--to", f"step_{FIRST[count - 1]}"] if count else []))

    def down(self):
        self.sqitch("revert", "-y", "--to", "@HEAD^")

    def test_its_check_finds_the_edit_that_we_find(self):
        self.with_all_applied()
        self.begin()
        self.edit(20)
        lines = self.look_after(self.path(20))
        self.assertEqual("changed", self.line(lines, 20).state())
        with self.assertRaisesRegex(Refused, r"step_20"):
            self.sqitch("check")

    def said(self):
        try:
            told = self.sqitch("status", "--show-changes")
        except Refused as refused:
            told = str(refused)
            if "No changes deployed" not in told:
                raise
            return {f"step_{number}": "pending" for number in self.numbers}
        deployed = re.findall(r"^#   (\w+_\d+) ", told, re.M)
        undeployed = re.findall(r"^  \* (\w+)", told, re.M)
        return {**{name: "applied" for name in deployed}, **{name: "pending" for name in undeployed}}


if __name__ == "__main__":
    main(Sqitch)
