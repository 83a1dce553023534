#!/usr/bin/python3
"""Django: its migrate and showmigrations.

    django_test.py BUILD
"""

import re
import subprocess

from peer import FIRST, LATE, NEXT, Refused, Steps, Unavailable, Watch, main, run

SETTINGS = """SECRET_KEY = "none"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": 5432, "USER": "postgres",
                         "NAME": "NAMED"}}
"""


class Django(Steps):
    tool = "django"
    comment = "#"
    suffix = ".py"
    archives = True
    folder = ""
    renames = "other"
    tells_missing = False

    @classmethod
    def obtain(cls):
        if subprocess.run(["/usr/bin/python3", "-c", "import django, psycopg2"], capture_output=True,
                          check=False).returncode != 0:
            raise Unavailable("python3-django or python3-psycopg2 is not installed")

    def make(self):
        self.write("settings.py", SETTINGS.replace("5432", str(self.postgres.port)).replace("NAMED", self.database))
        self.write("shop/__init__.py", "")
        self.write("shop/migrations/__init__.py", "")

    def path(self, number, slug="step"):
        return f"shop/migrations/{number:04}_{slug}.py"

    def text(self, number):
        before = {20: 10, 30: 20, LATE: 20, NEXT: 30}.get(number)
        depends = f'("shop", "{before:04}_step")' if before else ""
        return ("from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
                f"    dependencies = [{depends}]\n"
                f'    operations = [migrations.RunSQL("CREATE TABLE t{number} (id int)", "DROP TABLE t{number}")]\n')

    def make_way(self):
        self.write("shop/migrations/0050_merge.py", self.text(50).replace(
            "dependencies = []", f'dependencies = [("shop", "{LATE:04}_step"), ("shop", "0030_step")]'))
        return ["shop/migrations/0050_merge.py"]

    def django(self, *arguments):
        return run("/usr/bin/python3", "-B", "-m", "django", *arguments, cwd=self.project,
                   env={"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self.project)})

    def up(self, count=None):
        self.django("migrate", "--skip-checks", *(["shop", f"{FIRST[count - 1]:04}"] if count else []))

    def down(self):
        self.django("migrate", "--skip-checks", "shop", "0020")

    def squashed(self):
        return self.text(10).replace("    dependencies", '    replaces = [("shop", "0010_step"), ("shop", "0020_step")]\n'
                                     "    dependencies")

    def test_a_squashed_one_counts_as_applied_and_what_it_replaces_may_go(self):
        self.with_all_applied()
        self.begin()
        squash = "shop/migrations/0010_squashed_0020_step.py"
        self.write(squash, self.squashed())
        lines = self.look_after(squash)
        self.assertEqual("applied", next(line.state() for line in lines if line.file == squash), lines)
        self.is_quiet(lines)
        self.up()  # it writes that down, and runs nothing
        lines = self.look_after()
        self.is_quiet(lines)
        gone = [self.remove(10), self.remove(20)]
        lines = self.look_after(*gone)
        self.is_quiet(lines)
        self.agrees(lines)

    def test_a_squashed_one_is_all_that_is_pending_on_an_empty_database(self):
        self.with_none_applied()
        squash = "shop/migrations/0010_squashed_0020_step.py"
        self.write(squash, self.squashed())
        lines = {line.file: line.cell for line in self.start([squash, self.path(10)])}
        self.assertEqual("pending", lines[squash]["state"])
        self.assertEqual("replaced", lines[self.path(10)]["reason"])
        self.up()
        self.is_quiet([line for line in self.look_after() if line.file in (squash, self.path(30))])
        self.assertEqual([], [line for line in self.look_after() if line.cell["state"] == "pending"])

    def test_one_that_was_applied_before_what_it_depends_on_stops_it_and_is_told(self):
        self.with_all_applied()
        self.postgres.sql(self.database, "DELETE FROM django_migrations WHERE name = '0010_step'")
        lines = self.begin()
        with self.assertRaisesRegex(Refused, "InconsistentMigrationHistory"):
            self.up()
        self.assertEqual(["out_of_order"], self.watch.findings(), lines)
        self.assertEqual(["out_of_order"], self.line(lines, 20).findings)
        self.assertEqual("out_of_order", self.line(lines, 10).cell["reason"])

    def test_the_folder_of_one_app_is_enough(self):
        self.with_all_applied()
        for folder in ("shop", "shop/migrations"):
            watch = Watch(self.stage / f"tidemark-{self.database}-{len(folder)}", self.repo / folder,
                          self.postgres.url(self.database, "watcher"))
            self.addCleanup(watch.stop)
            lines = watch.look([self.path(number) for number in FIRST])
            self.assertEqual([], watch.problems() + watch.findings())
            self.assertEqual(["applied"] * 3, self.states(lines, *FIRST))

    def said(self):
        """Not of rows without a file: it does not mention them."""
        told = re.findall(r"^ \[(.)\] (\S+)", self.django("showmigrations", "shop"), re.M)
        return {f"shop.{name}": "applied" if box == "X" else "pending" for box, name in told}


if __name__ == "__main__":
    main(Django)
