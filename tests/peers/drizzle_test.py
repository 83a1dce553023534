#!/usr/bin/python3
"""Drizzle: the migrator of its library, with a journal as its kit writes it.

    drizzle_test.py BUILD
"""

import json

from javascript import Node
from peer import FIRST, from_npm, main


class Drizzle(Node):
    tool = "drizzle"
    comment = "--"
    suffix = ".sql"
    tells_missing = False
    checksums = True
    late = "skipped"
    archives = True
    undoes = False
    script = """
const {drizzle} = require("drizzle-orm/node-postgres");
const {migrate} = require("drizzle-orm/node-postgres/migrator");
const {Pool} = require("pg");
const pool = new Pool({connectionString: process.env.DATABASE_URL});
migrate(drizzle(pool), {migrationsFolder: process.env.MIGRATIONS})
    .catch((error) => { console.error(error); process.exitCode = 1; }).finally(() => pool.end());
"""

    @classmethod
    def obtain(cls):
        cls.packages = from_npm("drizzle-orm@0.45.4", "pg@8.23.1")

    def make(self):
        self.entries = {}

    @staticmethod
    def time(number):
        return 1767225600000 + 60000 * number

    def path(self, number, slug="step"):
        return f"{number:04}_{slug}.sql"

    def add(self, number):
        super().add(number)
        self.entries[number] = self.path(number)[:-4]
        self.journal()

    def journal(self, folder=None, numbers=None):
        entries = [{"idx": index, "version": "7", "when": self.time(number), "tag": tag, "breakpoints": True}
                   for index, (number, tag) in enumerate(sorted(self.entries.items())) if numbers is None or number in numbers]
        text = json.dumps({"version": "7", "dialect": "postgresql", "entries": entries}, indent=2)
        file = (folder or self.repo) / "meta/_journal.json"
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)

    def rename(self, number):
        old, new = super().rename(number)
        self.entries[number] = new[:-4]
        self.journal()
        return old, new

    def remove(self, number):
        gone = super().remove(number)
        del self.entries[number]
        self.journal()
        return gone

    def text(self, number):
        return f"CREATE TABLE t{number} (id integer);\n--> statement-breakpoint\nCREATE TABLE u{number} (id integer);\n"

    def up(self, count=None):
        some = None
        if count:  # it has no target
            some = self.project / "some"
            self.journal(some, FIRST[:count])
            for number in FIRST[:count]:
                (some / self.path(number)).write_bytes((self.repo / self.path(number)).read_bytes())
        self.node(folder=some)

    def said(self):
        """It has no word for that: what its migrator compares, its newest row with the journal."""
        if not self.postgres.sql(self.database, "SELECT to_regclass('drizzle.__drizzle_migrations')").strip():
            return {tag: "pending" for tag in self.entries.values()}
        rows = [int(row) for row in self.postgres.sql(
            self.database, "SELECT created_at FROM drizzle.__drizzle_migrations").split()]
        states = {tag: "applied" if self.time(number) in rows else "pending" if self.time(number) > max(rows) else "skipped"
                  for number, tag in self.entries.items()}
        return states


if __name__ == "__main__":
    main(Drizzle)
