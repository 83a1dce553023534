#!/usr/bin/python3
"""Prisma Migrate, from npm: its schema engine as WebAssembly, because the native one does not come by npm.

    prisma_test.py BUILD
"""

import re
import shutil

from peer import FIRST, NEXT, Refused, Steps, from_npm, main, run, stamp

# The engine asks for a column of the type name, which the adapter of this version does not know: it is text to it. A timer
# of ten seconds, which nobody waits for, would keep Prisma from ending.
CONFIG = """
import pg from "PACKAGES/node_modules/pg/lib/index.js";
import {PrismaPg} from "PACKAGES/node_modules/@prisma/adapter-pg/dist/index.mjs";

const addFields = pg.Result.prototype.addFields;
pg.Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === 19) field.dataTypeID = 25;
  return addFields.call(this, fields);
};
const setTimeout = globalThis.setTimeout;
globalThis.setTimeout = (...words) => {
  const timer = setTimeout(...words);
  return words[1] >= 10000 ? timer.unref() : timer;
};
export default {
  experimental: {adapter: true},
  engine: "js",
  schema: "schema.prisma",
  adapter: async () => new PrismaPg({connectionString: "URL", idleTimeoutMillis: 1}),
};
"""


class Prisma(Steps):
    tool = "prisma"
    checksums = archives = True
    renames = "other"
    tells_missing = False
    undoes = False

    @classmethod
    def obtain(cls):
        cls.packages = from_npm("prisma@6.19.3", "@prisma/adapter-pg@6.19.3", "pg@8.23.1")

    def make(self, project=None):
        project = project or self.project
        (project / "prisma.config.mjs").write_text(
            CONFIG.replace("PACKAGES", str(self.packages)).replace("URL", self.url()))
        (project / "schema.prisma").write_text(f'datasource db {{\n  provider = "postgresql"\n  url = "{self.url()}"\n}}\n')
        (project / "migrations").mkdir(exist_ok=True)
        (project / "migrations/migration_lock.toml").write_text('provider = "postgresql"\n')

    def path(self, number, slug="step"):
        return f"{stamp(number)}_{slug}/migration.sql"

    def rename(self, number):
        old, new = super().rename(number)
        (self.repo / old).parent.rmdir()
        return old, new

    def remove(self, number):
        gone = super().remove(number)
        (self.repo / gone).parent.rmdir()
        return gone

    def prisma(self, *arguments, project=None):
        nothing = self.stage / "no-engine"
        nothing.touch(0o755)
        return run("node", self.packages / "node_modules/prisma/build/index.js", "migrate", *arguments,
                   cwd=project or self.project,
                   env={"CHECKPOINT_DISABLE": "1", "PRISMA_HIDE_UPDATE_MESSAGE": "1", "NO_COLOR": "1",
                        "PRISMA_QUERY_ENGINE_LIBRARY": str(nothing), "PRISMA_SCHEMA_ENGINE_BINARY": str(nothing)})

    def up(self, count=None):
        some = None
        if count is not None:  # it has no target
            some = self.project / "some"
            some.mkdir()
            self.make(some)
            for number in FIRST[:count]:
                shutil.copytree((self.repo / self.path(number)).parent, some / "migrations" / f"{stamp(number)}_step")
        self.prisma("deploy", project=some)

    def test_one_that_failed_is_told_until_it_is_resolved(self):
        self.with_all_applied()
        self.begin()
        self.write(self.path(NEXT), "SELECT 1 / 0;\n")
        self.look_after(self.path(NEXT))
        with self.assertRaises(Refused):
            self.up()
        lines = self.look_after()
        self.assertEqual(["dirty"], self.line(lines, NEXT).findings)
        self.prisma("resolve", "--rolled-back", f"{stamp(NEXT)}_step")
        lines = self.look_after()
        self.is_quiet(lines)
        # Its status calls that up to date, and its deploy runs it all the same.
        self.assertEqual("pending", self.line(lines, NEXT).state())
        self.write(self.path(NEXT), self.text(NEXT))
        self.look_after(self.path(NEXT))
        self.up()
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)
        self.assertEqual("verified", self.line(lines, NEXT).cell["content"])

    def test_one_that_is_only_said_to_be_applied_is_applied(self):
        self.with_all_applied()
        self.begin()
        self.add(NEXT)
        self.look_after(self.path(NEXT))
        self.prisma("resolve", "--applied", f"{stamp(NEXT)}_step")
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)

    def said(self):
        try:
            told = self.prisma("status")
        except Refused as status:  # what it ends with when something is pending
            told = str(status)
        names = sorted(path.name for path in self.repo.iterdir() if path.is_dir())

        def listed(after):
            found = re.search(after + r":?\n((?:\d{14}_\w+\n)+)", told)
            return found[1].split() if found else []

        pending = listed("ha(?:ve|s) not yet been applied")
        missing = listed("not found locally in [^\n]*")
        if not pending and not missing and "up to date" not in told:
            raise Refused(told)
        return {**{name: "pending" if name in pending else "applied" for name in names},
                **{name: "missing" for name in missing}}


if __name__ == "__main__":
    main(Prisma)
