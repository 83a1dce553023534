#!/usr/bin/python3
"""Alembic: its upgrade and downgrade, and what its library makes of its versions and of the heads in the database.

    alembic_test.py BUILD
"""

import json
import subprocess

from peer import FIRST, LATE, NEXT, Refused, Steps, Unavailable, main, needs, run

ENVIRONMENT = """from alembic import context
from sqlalchemy import create_engine

with create_engine("URL").connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

# What `alembic history --indicate-current` draws, as JSON.
STATUS = """
import json, sys
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

scripts = ScriptDirectory(sys.argv[1])
with create_engine(sys.argv[2]).connect() as connection:
    heads = MigrationContext.configure(connection).get_current_heads()
revisions = scripts.revision_map
applied = {script.revision for script in revisions._get_ancestor_nodes(revisions.get_revisions(heads))}
print(json.dumps({script.revision: "applied" if script.revision in applied else "pending"
                  for script in scripts.walk_revisions()}))
"""


class Alembic(Steps):
    tool = "alembic"
    comment = "#"
    suffix = ".py"
    archives = True

    @classmethod
    def obtain(cls):
        needs("alembic")
        if subprocess.run(["/usr/bin/python3", "-c", "import alembic, psycopg2"], capture_output=True,
                          check=False).returncode != 0:
            raise Unavailable("python3-psycopg2 is not installed")

    def make(self):
        (self.project / "alembic.ini").write_text(f"[alembic]\nscript_location = {self.repo}\n")
        self.write("env.py", ENVIRONMENT.replace("URL", self.url()))

    @staticmethod
    def revision(number):
        return f"{0xabc0de000000 + 7919 * (100 - number):012x}"  # their order says nothing

    def path(self, number, slug="step"):
        return f"versions/{self.revision(number)}_{slug}_{number}.py"

    def text(self, number):
        before = {20: 10, 30: 20, LATE: 20, NEXT: 30}.get(number)
        down = repr(self.revision(before)) if before else None
        return (f'"""Step {number}."""\nfrom alembic import op\n\nrevision = {self.revision(number)!r}\n'
                f"down_revision = {down}\n\n\ndef upgrade():\n    op.execute('CREATE TABLE t{number} (id int)')\n\n\n"
                f"def downgrade():\n    op.execute('DROP TABLE t{number}')\n")

    def branch(self, number, down, **more):
        """A revision of its own kind: `down` and the others are Python."""
        text = self.text(number).replace("down_revision = None", f"down_revision = {down}")
        self.write(self.path(number), text + "".join(f"\n{name} = {value}" for name, value in more.items()) + "\n")
        return self.path(number)

    def test_a_branch_of_its_own_and_what_it_depends_on(self):
        self.with_none_applied()
        reports = self.branch(50, None, branch_labels="('reports',)", depends_on=f"{self.revision(20)!r}")
        lines = self.start([self.path(number) for number in (*FIRST, 50)])
        self.assertEqual([], self.watch.problems())
        self.alembic("upgrade", "reports@head")
        lines = self.look_after()
        self.is_quiet(lines)
        self.assertEqual(["applied", "applied", "pending", "applied"], self.states(lines, *FIRST, 50))
        self.agrees(lines)
        self.up()
        lines = self.look_after()
        self.is_quiet(lines)
        self.assertEqual(["applied"] * 4, self.states(lines, *FIRST, 50))
        self.agrees(lines)
        self.alembic("downgrade", "reports@base")
        lines = self.look_after()
        self.assertEqual(["vanished"], self.line(lines, 50).findings)
        self.agrees(lines)
        self.assertEqual(reports, self.line(lines, 50).file)

    def test_two_heads_and_their_merge(self):
        self.with_all_applied()
        self.begin()
        left, right = self.branch(50, repr(self.revision(30))), self.branch(60, repr(self.revision(20)))
        lines = self.look_after(left, right)
        self.assertEqual(1, len(self.watch.problems()))
        with self.assertRaises(Refused):
            self.alembic("upgrade", "head")
        self.agrees(lines)
        self.up()
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)
        merge = self.branch(70, f"(\n    {self.revision(60)!r},  # both\n    {self.revision(50)!r},\n)")
        lines = self.look_after(merge)
        self.assertEqual([], self.watch.problems())
        self.assertEqual(["applied", "applied", "pending"], self.states(lines, 50, 60, 70))
        self.agrees(lines)
        self.up()
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)
        self.alembic("downgrade", self.revision(50))
        lines = self.look_after()
        self.assertEqual(["vanished"], self.line(lines, 70).findings)
        self.agrees(lines)

    def test_a_name_that_is_not_whole_is_refused_and_told(self):
        self.with_all_applied()
        self.begin()
        self.look_after(self.branch(50, repr(self.revision(30)[:10])))
        self.assertEqual(1, len(self.watch.problems()), self.watch.problems())
        with self.assertRaises(Refused):
            self.said()

    def test_of_two_rows_one_that_has_no_file_makes_the_rest_unknown(self):
        self.with_all_applied()
        self.branch(50, repr(self.revision(20)), branch_labels="('other',)")
        self.up()
        gone = self.remove(30)
        self.branch(60, repr(self.revision(50)))
        lines = self.start([self.path(number) for number in (10, 20, 50, 60)])
        self.assertEqual(["foreign"], self.watch.findings(), lines)
        self.assertEqual(["applied"] * 3 + ["unknown"], self.states(lines, 10, 20, 50, 60))
        self.assertNotIn(gone, [line.file for line in lines])
        with self.assertRaises(Refused):
            self.said()

    def alembic(self, *arguments):
        return run("alembic", *arguments, cwd=self.project, env={"PYTHONDONTWRITEBYTECODE": "1"})

    def up(self, count=None):
        self.alembic("upgrade", self.revision(FIRST[count - 1]) if count else "heads")

    def down(self):
        self.alembic("downgrade", "-1")

    def said(self):
        return json.loads(run("/usr/bin/python3", "-B", "-c", STATUS, self.repo, self.url()))

    def name(self, line):
        return line.id


if __name__ == "__main__":
    main(Alembic)
