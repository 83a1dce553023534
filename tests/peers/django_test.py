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

    def with_a_squash(self):
        """All are applied, and what comes after the squash says so."""
        self.with_all_applied()
        self.write("shop/migrations/0010_squashed_0020_step.py", self.squashed())
        self.write(self.path(30), self.text(30).replace("0020_step", "0010_squashed_0020_step"))
        return [self.path(number) for number in FIRST] + ["shop/migrations/0010_squashed_0020_step.py"]

    def delete_rows(self, *names):
        self.postgres.sql(self.database, "DELETE FROM django_migrations WHERE name IN ("
                          + ", ".join(f"'{name}'" for name in names) + ")")

    def test_one_behind_a_squash_that_is_half_applied_stops_it_and_is_told(self):
        files = self.with_a_squash()
        self.delete_rows("0020_step")
        lines = self.start(files)
        with self.assertRaisesRegex(Refused, "0030_step is applied before its dependency shop.0020_step"):
            self.up()
        self.assertEqual(["out_of_order"], self.watch.findings(), lines)
        self.assertEqual(["out_of_order"], self.line(lines, 30).findings)
        self.assertEqual("out_of_order", self.line(lines, 20).cell["reason"])

    def test_one_behind_a_squash_of_which_nothing_is_applied_stops_it_and_is_told(self):
        files = self.with_a_squash()
        self.write(self.path(30), self.text(30))  # after the original, which the squash hides
        self.delete_rows("0010_step", "0020_step")
        lines = self.start(files)
        with self.assertRaisesRegex(Refused, "is applied before its dependency shop.0010_squashed_0020_step"):
            self.up()
        self.assertEqual(["out_of_order"], self.watch.findings(), lines)
        self.assertEqual(["out_of_order"], self.line(lines, 30).findings)

    def test_the_row_of_a_squash_alone_does_not_make_it_applied(self):
        files = self.with_a_squash()
        self.up()  # it writes the squash down
        self.delete_rows("0010_step", "0020_step")
        gone = [self.remove(10), self.remove(20)]
        lines = self.start([file for file in files if file not in gone])
        self.assertEqual([], self.watch.findings(), lines)
        squash = next(line for line in lines if line.file not in gone and "squashed" in line.file)
        self.assertEqual("pending", squash.state())
        self.agrees(lines)

    def test_a_squash_that_can_never_run_is_told(self):
        files = self.with_a_squash()
        self.delete_rows("0020_step", "0030_step")
        gone = [self.remove(10), self.remove(20)]
        self.write(self.path(30), self.text(30))
        lines = self.start([file for file in files if file not in gone])
        with self.assertRaisesRegex(Refused, "some of the replaced migrations are already applied"):
            self.up()
        self.assertEqual(["out_of_order"], self.watch.findings(), lines)

    def test_apps_have_their_own_labels_and_those_of_other_packages_are_none_of_ours(self):
        self.with_none_applied()
        self.write("settings.py", (self.repo / "settings.py").read_text().replace(
            '["shop"]', '["shop", "django.contrib.contenttypes", "django.contrib.auth", "people", "lib.orders"]')
            + 'AUTH_USER_MODEL = "people.Person"\nDEFAULT_AUTO_FIELD = "django.db.models.AutoField"\n')
        self.write("lib/__init__.py", "")
        self.write("lib/orders/__init__.py", "")
        self.write("lib/orders/apps.py", "from django.apps import AppConfig\n\n\nclass Another(AppConfig):\n"
                   '    name = "lib.orders"\n    label = "other"\n    default = False\n\n\n'
                   "class OrdersConfig(AppConfig):\n"
                   '    name = "lib.orders"\n    label = "lib_orders"\n')
        self.write("lib/orders/migrations/__init__.py", "")
        self.write("lib/orders/migrations/0001_initial.py",
                   "from django.conf import settings\nfrom django.db import migrations\n\n\n"
                   "class Migration(migrations.Migration):\n"
                   "    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]\n"
                   '    run_before = [("shop", "0030_step")]\n    operations = []\n')
        self.write("people/__init__.py", "")
        self.write("people/models.py", "from django.contrib.auth.models import AbstractUser\n\n\n"
                   "class Person(AbstractUser):\n    pass\n")
        self.django("makemigrations", "people", "--skip-checks")
        files = [self.path(number) for number in FIRST] + ["lib/orders/migrations/0001_initial.py",
                                                           "people/migrations/0001_initial.py"]
        lines = self.start(files)
        self.assertEqual([], self.watch.problems())
        self.assertEqual(["pending"] * 5, [line.state() for line in lines])
        order = [line.id for line in lines]
        self.assertLess(order.index("people.0001_initial"), order.index("lib_orders.0001_initial"))
        self.assertLess(order.index("lib_orders.0001_initial"), order.index("shop.0030_step"))
        self.up()
        lines = self.look_after()
        self.is_quiet(lines)
        self.assertEqual(["applied"] * 5, [line.state() for line in lines])

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
