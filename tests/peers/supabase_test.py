#!/usr/bin/python3
"""The Supabase CLI, from npm, on a database that is no Supabase.

    supabase_test.py BUILD
"""

import json
import shutil

from peer import FIRST, Steps, from_npm, main, run, stamp


class Supabase(Steps):
    tool = "supabase"
    folder = "supabase/migrations"
    checksums = True
    layout_shows = False
    late = "refused"

    @classmethod
    def obtain(cls):
        cls.program = from_npm("supabase@3.1.0") / "node_modules/supabase/dist/supabase.js"

    def make(self):
        (self.repo.parent / "config.toml").write_text('project_id = "shop"\n')

    def edited(self, text):
        return text.replace("integer", "bigint")

    def supabase(self, *arguments, project=None):
        return run("node", self.program, *arguments, "--output-format", "json", "--remote",
                   self.url().replace("@", ":none@") + "?sslmode=disable", cwd=project or self.project,
                   env={"SUPABASE_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "HOME": str(self.stage)})

    def up(self, count=None):
        some = None
        if count is not None:  # it has no target
            some = self.project / "some"
            (some / "supabase/migrations").mkdir(parents=True)
            shutil.copy(self.repo.parent / "config.toml", some / "supabase")
            for number in FIRST[:count]:
                shutil.copy(self.repo / self.path(number), some / "supabase/migrations")
        self.supabase("migration", "up", "--yes", project=some)

    def down(self):
        self.supabase("migration", "repair", "--yes", "--status", "reverted", stamp(30))
        self.postgres.sql(self.database, "DROP TABLE t30")  # it has no word for that

    def test_what_it_trims_from_statements_is_no_drift(self):
        self.with_none_applied()
        self.write(self.path(20), "\ufeffCREATE TABLE t20 (a text DEFAULT ';\t;');\u00a0\n;\n/* ; */ SELECT 1;\u3000\r\n-- end;\f\n")
        self.up()
        lines = self.start([self.path(number) for number in FIRST])
        self.assertEqual(["verified"] * 3, [line.cell["content"] for line in lines], lines)
        self.is_quiet(lines)

    def said(self):
        states = {}
        for entry in json.loads(self.supabase("migration", "list"))["migrations"]:
            state = "applied" if entry["local"] and entry["remote"] else "pending" if entry["local"] else "missing"
            states[entry["local"] or entry["remote"]] = state
        return states

    def name(self, line):
        return line.version


if __name__ == "__main__":
    main(Supabase)
