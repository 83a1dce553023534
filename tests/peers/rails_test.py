#!/usr/bin/python3
"""Rails: Active Record's own MigrationContext.

    rails_test.py BUILD
"""

import json
import subprocess

from peer import PATIENCE, Refused, Steps, Unavailable, main, needs, run, wait_until

RUNNER = """
require "json"
require "active_record"
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.establish_connection(ENV.fetch("DATABASE_URL"))
context = ActiveRecord::MigrationContext.new(ENV.fetch("MIGRATIONS"), ActiveRecord::SchemaMigration)
case ARGV.shift
when "up" then context.up(ARGV.empty? ? nil : context.migrations.map(&:version)[ARGV.shift.to_i - 1])
when "down" then context.rollback(1)
when "status"
  # Rails itself only says that there is no table yet.
  none = context.migrations.map { |migration| ["down", migration.version.to_s, migration.name] }
  puts JSON.generate(ActiveRecord::SchemaMigration.table_exists? ? context.migrations_status : none)
end
"""


class Rails(Steps):
    tool = "rails"
    comment = "#"
    suffix = ".rb"
    folder = "db/migrate"
    archives = True

    @classmethod
    def obtain(cls):
        needs("ruby")
        if subprocess.run(["ruby", "-e", 'require "pg"; require "active_record"'], capture_output=True,
                          check=False).returncode != 0:
            raise Unavailable("ruby-activerecord or ruby-pg is not installed")

    def text(self, number):
        return (f"class Step{number} < ActiveRecord::Migration[6.1]\n"
                f"  def change\n    create_table :t{number}\n  end\nend\n")

    def active_record(self, *arguments):
        return run("ruby", "-e", RUNNER, *arguments, env={"DATABASE_URL": self.url(), "MIGRATIONS": str(self.repo)})

    def up(self, count=None):
        self.active_record("up", *([count] if count else []))

    def down(self):
        self.active_record("down")

    def said(self):
        states = {}
        for status, version, name in json.loads(self.active_record("status")):
            missing = "NO FILE" in name
            states[version] = "missing" if missing else {"up": "applied", "down": "pending"}[status]
        return states

    def name(self, line):
        return line.version

    def test_a_name_that_it_refuses_is_told(self):
        self.with_all_applied()
        self.begin()
        self.write("20260102000000_AddPhone.rb", self.text(50))
        wait_until(PATIENCE, "that it tells the problem", self.watch.problems)
        with self.assertRaisesRegex(Refused, "IllegalMigrationNameError"):
            self.said()
        self.assertEqual([], self.watch.findings())


if __name__ == "__main__":
    main(Rails)
