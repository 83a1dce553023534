#!/usr/bin/python3
"""Sqitch.

    sqitch_test.py BUILD
"""

import re
import subprocess

from peer import FIRST, LATE, NEXT, PATIENCE, Refused, Steps, Unavailable, main, needs, run, wait_until


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

    def is_lost(self, lines):
        """However many changes have another id by now: it is told once."""
        with self.assertRaises(Refused):
            self.said()
        with self.assertRaises(Refused):
            self.up()
        self.assertEqual(["removed" if LATE not in self.numbers else "checksum"], self.watch.findings(), lines)
        self.assertEqual(["applied" if number < LATE else "changed"
                          for number in self.numbers if number != LATE] if LATE in self.numbers else ["applied"] * 2,
                         [self.line(lines, number).state() for number in self.numbers if number != LATE])

    def test_an_early_line_of_the_plan_that_was_changed_is_told_once(self):
        self.with_all_applied()
        self.begin()
        plan = self.repo / "sqitch.plan"
        plan.write_text(plan.read_text().replace("step_10 2026", "step_10 2027"))
        wait_until(PATIENCE, "that it sees the plan", lambda: self.watch.findings())
        lines = self.look_after()
        self.assertEqual(["changed", "applied", "applied"], self.states(lines, *FIRST))
        self.assertEqual(["checksum"], self.watch.findings())
        with self.assertRaises(Refused):
            self.up()

    def test_what_was_reverted_and_deployed_with_another_line_is_applied(self):
        self.with_all_applied()
        self.begin()
        self.down()
        self.look_after()
        plan = self.repo / "sqitch.plan"
        plan.write_text(plan.read_text().replace("step_30 2026", "step_30 2027"))
        self.up()
        wait_until(PATIENCE, "that it sees the plan", lambda: not self.watch.findings())
        lines = self.look_after()
        self.assertEqual(["applied"] * 3, self.states(lines, *FIRST))
        self.is_quiet(lines)

    def test_its_conf_says_where_its_files_are(self):
        self.with_none_applied()
        (self.project / "sqitch.conf").write_text(
            '[core]\n\tengine = pg\n\ttop_dir = db\n[engine "pg"]\n\tdeploy_dir = db/up # and not db/deploy\n'
            '\tplan_file = "db/shop.plan"\n')
        for old, new in (("sqitch.plan", "db/shop.plan"), ("deploy", "db/up"), ("revert", "db/revert")):
            (self.project / new).parent.mkdir(exist_ok=True)
            (self.project / old).rename(self.project / new)
        self.up()
        files = [f"db/up/step_{number}.sql" for number in FIRST]
        lines = self.start(files)
        self.assertEqual([], self.watch.problems())
        self.assertEqual(files, [line.file for line in lines])
        self.assertEqual(["verified"] * 3, [line.cell["content"] for line in lines])
        self.assertEqual([True] * 3, [bool(line.rollback) for line in lines])
        self.assertEqual([], self.watch.findings())

    def is_all_deployed(self, *files):
        """From a first look on, in which it knows nothing but what it reads."""
        lines = self.start(files)
        self.assertEqual([], self.watch.problems())
        self.assertEqual([("applied", "verified")] * len(lines),
                         [(line.cell["state"], line.cell["content"]) for line in lines], lines)
        self.is_quiet(lines)
        return lines

    def test_a_plan_that_was_written_by_hand_has_the_ids_that_it_computes(self):
        self.with_none_applied()
        rest = "2026-01-01T00:00:00Z Ann <ann@example.com>"
        self.write("sqitch.plan", "%syntax-version=1.0.0\n%project=shop # ours\n%uri=HTTPS://Example.COM:443 # too\n\n"
                   f"step_10 {rest} # 0\nstep_20 [shop:step_10] {rest} # \u3000step\u00a0\n@v1 {rest} # one\n"
                   f"+step_10 [step_10@v1 !other:step_40] {rest} # again\\nand again\n-step_30 [@v1] {rest}\n")
        self.write("deploy/step_10@v1.sql", self.text(10))
        self.write("deploy/step_10.sql", "CREATE TABLE t11 (id integer);\n")
        self.up()
        lines = self.is_all_deployed("deploy/step_10@v1.sql", "deploy/step_10.sql")
        self.assertEqual(["step_10@v1", "step_20", "step_10", "step_30"], [line.id for line in lines])

    def test_another_registry_keeps_several_projects_and_a_conf_the_plans_of_other_databases(self):
        self.with_none_applied()
        lite = self.repo / "lite"
        lite.mkdir()
        (lite / "sqitch.plan").write_text((self.repo / "sqitch.plan").read_text().replace("2026", "2025"))
        (self.project / "sqitch.conf").write_text(
            '[core]\n\tengine = pg\n[engine "pg"]\n\tregistry = ops\n[engine "sqlite"]\n\ttop_dir = lite\n')
        self.up()
        shop, self.project = self.project, self.stage / f"{self.database}-other"
        for folder in ("deploy", "revert"):
            (self.project / folder).mkdir(parents=True)
            (self.project / f"{folder}/other.sql").write_text("SELECT 1;\n")
        (self.project / "sqitch.conf").write_text((shop / "sqitch.conf").read_text())
        (self.project / "sqitch.plan").write_text(
            "%project=other\n\nother [shop:step_10] 2026-01-01T00:00:00Z Ann <ann@example.com> # other\n")
        self.up()
        self.project = shop
        self.is_all_deployed(*(self.path(number) for number in FIRST))
        self.assertEqual("ops.changes", self.watch.status()["table"])

    def test_a_change_that_failed_is_told_until_it_is_deployed(self):
        self.with_all_applied()
        self.begin()
        self.add(NEXT)
        self.write(self.path(NEXT), "SELECT 1 / 0;\n")
        with self.assertRaises(Refused):
            self.up()
        self.look_after(self.path(NEXT))
        self.assertEqual(["dirty"], self.watch.findings())
        self.write(self.path(NEXT), self.text(NEXT))
        self.up()
        self.is_quiet(self.look_after(self.path(NEXT)))

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
