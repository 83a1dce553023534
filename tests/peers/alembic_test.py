#!/usr/bin/python3
"""Alembic: its upgrade and downgrade, and what its library makes of its versions and of the heads in the database.

    alembic_test.py BUILD
"""

import json
import subprocess

from peer import FIRST, LATE, NEXT, Steps, Unavailable, main, needs, run

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
applied = {script.revision for head in heads for script in scripts.iterate_revisions(head, "base")}
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
