#!/usr/bin/python3
"""Liquibase, from npm, with formatted SQL that a changelog includes. Its commands run one after the other in one Java, whose
start is most of what each of them takes. An older one, whose checksums are others, begins what it goes on with.

    liquibase_test.py BUILD
"""

import re
import subprocess

from peer import Refused, Steps, Unavailable, from_npm, main, needs, run

RUNNER = """
import java.io.*;
import java.nio.charset.StandardCharsets;
import liquibase.integration.commandline.LiquibaseCommandLine;

class Runner {
  public static void main(String[] none) throws Exception {
    PrintStream answers = System.out;
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = commands.readLine()) != null; ) {
      ByteArrayOutputStream told = new ByteArrayOutputStream();
      PrintStream to = new PrintStream(told, true, "UTF-8");
      System.setOut(to);
      System.setErr(to);
      int status = new LiquibaseCommandLine().execute(line.split("\\t"));
      to.flush();
      answers.println(status + "\\t" + told.toString("UTF-8").replace("\\\\", "/").replace("\\n", "\\\\n"));
      answers.flush();
    }
  }
}
"""


class Liquibase(Steps):
    tool = "liquibase"
    folder = "db"
    checksums = tells_edits = True
    renames = "other"

    @classmethod
    def obtain(cls):
        needs("java")
        cls.home = from_npm("liquibase@4.28.1") / "node_modules/liquibase/dist/liquibase"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = cls.stage / "Runner.java"
        source.write_text(RUNNER)
        cls.java = subprocess.Popen(["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                                     f"{cls.home}/internal/lib/*:{cls.home}/lib/*", source], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=cls.stage)
        cls.addClassCleanup(cls.end)

    @classmethod
    def end(cls):
        cls.java.stdin.close()
        cls.java.wait(20)
        cls.java.stdout.close()

    def make(self):
        self.write("changelog.xml", """<?xml version="1.0" encoding="UTF-8"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
                      http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-4.3.xsd">
  <includeAll path="changes" relativeToChangelogFile="true"/>
</databaseChangeLog>
""")

    def path(self, number, slug="step"):
        return f"changes/{number:03}_{slug}.sql"

    def text(self, number):
        return (f"--liquibase formatted sql\n\n--changeset ann:{number}\nCREATE TABLE t{number} (id integer);\n"
                f"--rollback DROP TABLE t{number};\n")

    def edited(self, text):
        return text.replace("integer", "bigint")

    def liquibase(self, *arguments):
        words = [f"--search-path={self.repo}", "--show-banner=false", "--changelog-file=changelog.xml",
                 "--username=postgres", f"--url=jdbc:postgresql://127.0.0.1:{self.postgres.port}/{self.database}", *arguments]
        self.java.stdin.write("\t".join(words) + "\n")
        self.java.stdin.flush()
        status, told = self.java.stdout.readline().rstrip("\n").split("\t", 1)
        told = told.replace("\\n", "\n")
        if status != "0":
            raise Refused(f"{arguments} ended with {status}:\n{told}")
        return told

    def up(self, count=None):
        self.liquibase(*(["update-count", f"--count={count}"] if count else ["update"]))

    def down(self):
        self.liquibase("rollback-count", "--count=1")

    def up_by_an_older_one(self):
        try:
            old = from_npm("liquibase@4.4.0") / "node_modules/liquibase/dist"
        except Unavailable as why:
            self.skipTest(str(why))
        jars = [old / "liquibase/liquibase.jar", old / "liquibase/lib/*", old / "drivers/postgresql-42.2.8.jar", self.repo]
        run("java", "-XX:TieredStopAtLevel=1", "-cp", ":".join(map(str, jars)),
            "liquibase.integration.commandline.LiquibaseCommandLine", "update", "--changelog-file=changelog.xml",
            "--username=postgres", "--password=none",
            f"--url=jdbc:postgresql://127.0.0.1:{self.postgres.port}/{self.database}", cwd=self.repo)

    def stored(self):
        return self.postgres.sql(self.database, "SELECT string_agg(DISTINCT left(md5sum, 2), '') FROM databasechangelog").strip()

    def test_what_an_older_one_ran_is_the_same_before_and_after_an_upgrade(self):
        self.with_none_applied()
        self.up_by_an_older_one()
        self.assertEqual("8:", self.stored())
        lines = self.begin()
        self.is_quiet(lines)
        self.assertEqual(["applied verified"] * 3, [f"{line.cell['state']} {line.cell['content']}" for line in lines])
        self.up()
        self.assertEqual("9:", self.stored())
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)
        self.assertEqual(["applied verified"] * 3, [f"{line.cell['state']} {line.cell['content']}" for line in lines])

    def test_ids_that_are_numbers_are_those_that_it_stores(self):
        self.with_all_applied()
        ids = "changes/100_ids.yaml"
        words = ("1.10", "007", "1_000", "yes", "0x1F", "1e3", ".5", "20200101.1", "'1.10'", "&same 2.50", "*same")
        self.write(ids, "databaseChangeLog:\n" + "".join(
            f"- changeSet: {{id: {word}, author: ann{n}, changes: [{{sql: {{sql: SELECT {n}}}}}]}}\n"
            for n, word in enumerate(words)))
        lines = self.start([ids])
        self.agrees(lines)
        self.up()
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)
        self.assertEqual({"applied verified"}, {f"{line.cell['state']} {line.cell['content']}" for line in lines})

    def test_lines_that_only_look_like_directives_are_its_sql(self):
        self.with_none_applied()
        odd = "changes/100_odd.sql"
        sets = ["--rollback\tSELECT 0;", "/* liquibase rollback SELECT 0; */", "--ignoreLines: 1", "-- ignoreLines:1 more",
                " --ignoreLines:1", "--ignoreLines:start\nbad\n-- ignoreLines:end", "--comment\tseven", "--validCheckSum"]
        self.write(odd, "--liquibase formatted sql\n" + "".join(
            f"--changeset ann:{n} rollbackEndDelimiter:GO\nSELECT {n};\n{lines}\nSELECT {n};\n" for n, lines in enumerate(sets)))
        self.up()
        lines = self.start([odd])
        self.is_quiet(lines)
        self.agrees(lines)
        self.assertEqual({"verified"}, {line.cell["content"] for line in lines})

    def test_checksums_that_were_cleared_accept_any_file(self):
        self.with_all_applied()
        self.begin()
        self.liquibase("clear-checksums")
        lines = self.look_after()
        self.is_quiet(lines)
        self.agrees(lines)

    def test_what_is_to_run_first_or_last_does(self):
        self.with_none_applied()
        order = "changes/100_order.xml"
        attributes = {"one": 'runOrder="last"', "two": "", "three": 'runOrder="first"', "four": 'ignore="true"',
                      "five": 'dbms="oracle"'}
        sets = "".join(f'<changeSet id="{name}" author="ann" {more}><sql>SELECT 1</sql></changeSet>'
                       for name, more in attributes.items())
        self.write(order, (self.repo / "changelog.xml").read_text().replace(
            '<includeAll path="changes" relativeToChangelogFile="true"/>', sets))
        lines = self.start([order])
        pending = re.findall(r"^\s+(changes/\S+::\S+::\w+)", self.liquibase("status", "--verbose"), re.M)
        self.assertEqual(pending, [line.id for line in lines if line.cell["state"] == "pending"])
        self.assertIn("::three::", pending[0])
        self.assertIn("::one::", pending[-1])
        self.up()
        self.assertEqual({"applied"}, {line.cell["state"] for line in self.look_after() if line.id in pending})

    def said(self):
        changesets = r"^\s+(changes/\S+::\S+::\w+)"
        rows = re.findall(r"^\|[^|]*\|[^|]*\| (changes/\S+) +\| (\w+) +\| (\S+) +\|", self.liquibase("history"), re.M)
        states = {f"{path}::{name}::{author}": "applied" for path, author, name in rows}
        try:
            told = self.liquibase("status", "--verbose")
        except Refused as refused:
            told = str(refused)
            changed = re.findall(changesets + " was: ", told, re.M)
            if not changed:
                raise
            return {**states, **{name: "changed" for name in changed}}
        states.update({name: "pending" for name in re.findall(changesets, told, re.M)})
        told = self.liquibase("unexpected-changesets", "--verbose")
        states.update({name: "missing" for name in re.findall(changesets, told, re.M)})
        return states


if __name__ == "__main__":
    main(Liquibase)
