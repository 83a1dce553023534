#!/usr/bin/python3
"""dbmate, from npm.

    dbmate_test.py BUILD
"""

import re
import shutil

from peer import FIRST, Steps, from_npm, main, run


class Dbmate(Steps):
    tool = "dbmate"
    tells_missing = False

    @classmethod
    def obtain(cls):
        (cls.program,) = from_npm("dbmate@2.36.0").glob("node_modules/@dbmate/*/bin/dbmate")

    def text(self, number):
        return (f"-- migrate:up\nCREATE TABLE t{number} (id integer);\n\n"
                f"-- migrate:down\nDROP TABLE t{number};\n")

    def dbmate(self, *arguments, folder=None):
        return run(self.program, "--url", self.url("postgres") + "?sslmode=disable", "--no-dump-schema",
                   "--migrations-dir", folder or self.repo, *arguments, cwd=self.project)

    def up(self, count=None):
        if count is None:
            self.dbmate("migrate")
            return
        some = self.project / "some"  # it has no target
        some.mkdir()
        for number in FIRST[:count]:
            shutil.copy(self.repo / self.path(number), some)
        self.dbmate("migrate", folder=some)

    def down(self):
        self.dbmate("rollback")

    def said(self):
        told = re.findall(r"^\[(.)\] (\d+)", self.dbmate("status"), re.M)
        return {version: "applied" if box == "X" else "pending" for box, version in told}

    def name(self, line):
        return line.version


if __name__ == "__main__":
    main(Dbmate)
