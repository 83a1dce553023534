#!/usr/bin/python3
"""Knex: its migrate API, which is all that its command line calls.

    knex_test.py BUILD
"""

import json

from javascript import Node
from peer import from_npm, main


class Knex(Node):
    tool = "knex"
    renames = "other"
    script = """
const knex = require("knex")({client: "pg", connection: process.env.DATABASE_URL,
                              migrations: {directory: process.env.MIGRATIONS}});
const [command, count] = process.argv.slice(1);
const run = {
  latest: () => knex.migrate.latest(),
  up: async () => { for (let i = 0; i < Number(count); i++) await knex.migrate.up(); },
  down: () => knex.migrate.down(),
  list: async () => {
    const [completed, pending] = await knex.migrate.list();
    console.log(JSON.stringify([completed.map((it) => it.name), pending.map((it) => it.file)]));
  },
};
run[command]().catch((error) => { console.error(error); process.exitCode = 1; }).finally(() => knex.destroy());
"""

    @classmethod
    def obtain(cls):
        cls.packages = from_npm("knex@3.3.0", "pg@8.23.1")

    def text(self, number):
        return (f'exports.up = (knex) => knex.schema.createTable("t{number}", (table) => table.integer("id"));\n'
                f'exports.down = (knex) => knex.schema.dropTable("t{number}");\n')

    def up(self, count=None):
        self.node(*(["up", str(count)] if count else ["latest"]))

    def down(self):
        self.node("down")

    def said(self):
        completed, pending = json.loads(self.node("list"))
        files = {path.name for path in self.repo.iterdir()}
        return {**{name: "applied" if name in files else "missing" for name in completed},
                **{name: "pending" for name in pending}}


if __name__ == "__main__":
    main(Knex)
