#!/usr/bin/python3
"""TypeORM: what its command line calls, with migrations in JavaScript.

    typeorm_test.py BUILD
"""

import re

from javascript import Node
from peer import FIRST, from_npm, main


class Typeorm(Node):
    tool = "typeorm"
    archives = True
    renames = "same"  # the class counts
    tells_missing = False
    script = """
const {DataSource} = require("typeorm");
const [command, count] = process.argv.slice(1);
const some = count ? `{${count}}` : "*.js";
const source = new DataSource({type: "postgres", url: process.env.DATABASE_URL, logging: false,
                               migrations: [`${process.env.MIGRATIONS}/${some}`]});
const commands = {
  run: () => source.runMigrations(),
  revert: () => source.undoLastMigration(),
  show: async () => {
    source.setOptions({logger: {logSchemaBuild: (line) => console.log(line), log() {}, logMigration() {}, logQuery() {},
                                logQueryError() {}, logQuerySlow() {}}});
    await source.showMigrations();
  },
};
source.initialize().then(() => commands[command]()).catch((error) => { console.error(error); process.exitCode = 1; })
    .finally(() => source.isInitialized && source.destroy());
"""

    @classmethod
    def obtain(cls):
        cls.packages = from_npm("typeorm@1.1.1", "pg@8.23.1")

    @staticmethod
    def time(number):
        return 1767225600000 + 60000 * number

    def path(self, number, slug="step"):
        return f"{self.time(number)}-{slug.capitalize()}{number}.js"

    def text(self, number):
        name = f"Step{number}{self.time(number)}"
        return (f'class {name} {{\n  name = "{name}";\n\n'
                f'  async up(queryRunner) {{\n    await queryRunner.query("CREATE TABLE t{number} (id integer)");\n  }}\n\n'
                f'  async down(queryRunner) {{\n    await queryRunner.query("DROP TABLE t{number}");\n  }}\n}}\n\n'
                f"module.exports = {{{name}}};\n")

    def up(self, count=None):
        self.node("run", *([",".join(self.path(number) for number in FIRST[:count])] if count else []))

    def down(self):
        self.node("revert")

    def said(self):
        told = re.findall(r"^\[(.)\] (?:\d+ )?(\w+)$", self.node("show"), re.M)
        return {name: "applied" if box == "X" else "pending" for box, name in told}

    def name(self, line):
        return line.id


if __name__ == "__main__":
    main(Typeorm)
