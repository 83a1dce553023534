#!/usr/bin/python3
"""Sequelize's command line.

    sequelize_test.py BUILD
"""

import re

from peer import FIRST, Steps, from_npm, main, run


class Sequelize(Steps):
    tool = "sequelize"
    comment = "//"
    suffix = ".js"
    renames = "other"

    @classmethod
    def obtain(cls):
        cls.packages = from_npm("sequelize-cli@6.6.5", "sequelize@6.37.8", "pg@8.23.1")

    def path(self, number, slug="step"):
        return super().path(number, slug).replace("_", "-")

    def text(self, number):
        return ("'use strict';\n\nmodule.exports = {\n  async up(queryInterface, Sequelize) {\n"
                f"    await queryInterface.createTable('t{number}', {{id: Sequelize.INTEGER}});\n  }},\n\n"
                f"  async down(queryInterface, Sequelize) {{\n    await queryInterface.dropTable('t{number}');\n  }},\n}};\n")

    def sequelize(self, command, *more):
        return run("node", self.packages / "node_modules/sequelize-cli/lib/sequelize", command, "--url",
                   self.url("postgres"), "--migrations-path", self.repo, *more, cwd=self.project,
                   env={"NODE_PATH": str(self.packages / "node_modules")})

    def up(self, count=None):
        self.sequelize("db:migrate", *(["--to", self.path(FIRST[count - 1])] if count else []))

    def down(self):
        self.sequelize("db:migrate:undo")

    def said(self):
        told = re.findall(r"^(up|down) (\S+)", self.sequelize("db:migrate:status"), re.M)
        files = {path.name for path in self.repo.iterdir()}  # which do not matter to what it calls up
        return {name: "pending" if state == "down" else "applied" if name in files else "missing" for state, name in told}


if __name__ == "__main__":
    main(Sequelize)
