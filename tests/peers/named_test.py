#!/usr/bin/python3
"""Tools whose ledgers tidemark knows by name alone: each makes its own, in a database of its own, and tidemark says whose
it is, and that it does not read it.

    named_test.py BUILD
"""

import concurrent.futures
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

from peer import PATIENCE, Daemon, Unavailable, from_npm, needs, run
from servers import Postgres, wait_until


class Named:
    """One tool. `tool` is what tidemark calls it."""
    tool = ""
    table = ""  # its ledger
    packages = ()  # of npm
    script = ""  # for Node; with its packages, `url`, `folder` and `options`
    options = {}
    files = {}  # in its folder

    @classmethod
    def obtain(cls):
        cls.home = from_npm(*cls.packages)

    @classmethod
    def database(cls):
        return cls.__name__.lower()

    @classmethod
    def migrate(cls, folder, url):
        run("node", "--input-type=commonjs", "-e",
            "const url = process.env.DATABASE_URL, folder = process.cwd();\n"
            "const options = JSON.parse(process.env.OPTIONS);\n"
            "const fail = (error) => { console.error(error); process.exit(1); };\n" + cls.script,
            cwd=folder, env={"NODE_PATH": str(cls.home / "node_modules"), "DATABASE_URL": url, "OPTIONS": json.dumps(cls.options)})


class NodePgMigrate(Named):
    tool = "node-pg-migrate"
    table = "public.pgmigrations"
    packages = ("node-pg-migrate@9.0.0", "pg@8.23.1")
    files = {"migrations/1700000000000_users.sql": "-- Up Migration\nCREATE TABLE users ();\n"}
    options = ()

    @classmethod
    def migrate(cls, folder, url):
        run(cls.home / "node_modules/.bin/node-pg-migrate", "up", *cls.options, cwd=folder, env={"DATABASE_URL": url})


class NodePgMigrateElsewhere(NodePgMigrate):
    tool = "node-pg-migrate or db-migrate"
    table = "ops.shop_migrations"
    options = ("--migrations-schema", "ops", "--create-migrations-schema", "--migrations-table", "shop_migrations")


class DbMigrate(Named):
    tool = "db-migrate"
    table = "public.migrations"
    packages = ("db-migrate@0.11.14", "db-migrate-pg@1.5.2")
    files = {"migrations/20260101000000-users.js":
             'exports.up = (db) => db.createTable("users", {id: "int"});\nexports._meta = {version: 1};\n'}
    script = """
const migrate = require("db-migrate").getInstance(true, {config: {dev: url}, cwd: folder, throwUncatched: true});
migrate.silence(true);
migrate.up().catch(fail);
"""


class GraphileMigrate(Named):
    tool = "graphile-migrate"
    table = "graphile_migrate.migrations"
    packages = ("graphile-migrate@1.4.1",)
    files = {"migrations/committed/000001-one.sql":
             "--! Previous: -\n--! Hash: sha1:f66e1c206dd5c5d03104684260833f891a480d1f\n\ncreate table ga(id int);\n"}
    script = """
const settings = {connectionString: url, migrationsFolder: folder + "/migrations", logger: undefined};
require("graphile-migrate").migrate(settings).catch(fail);
"""


class Postgrator(Named):
    tool = "Postgrator"
    table = "public.schemaversion"
    packages = ("postgrator@8.0.0", "pg@8.23.1")
    files = {"001.do.users.sql": "CREATE TABLE users ();\n"}
    script = """
(async () => {
  const {default: Postgrator} = await import(require.resolve("postgrator"));
  const client = new (require("pg").Client)(url);
  await client.connect();
  await client.query("CREATE SCHEMA ops");
  const database = (await client.query("SELECT current_database() AS it")).rows[0].it;
  const postgrator = new Postgrator({migrationPattern: folder + "/*.sql", driver: "pg", database,
                                     execQuery: (query) => client.query(query), ...options});
  await postgrator.migrate();
  await client.end();
})().catch(fail);
"""


class PostgratorElsewhere(Postgrator):
    table = "ops.shop_versions"
    options = {"schemaTable": "ops.shop_versions"}


class MikroOrm(Named):
    tool = "MikroORM"
    table = "public.mikro_orm_migrations"
    packages = ("@mikro-orm/core@6.6.9", "@mikro-orm/postgresql@6.6.9", "@mikro-orm/migrations@6.6.9")
    files = {"Migration20260101000000.js":
             'const {Migration} = require("@mikro-orm/migrations");\n'
             "exports.Migration20260101000000 = class extends Migration {\n"
             '  async up() { this.addSql("CREATE TABLE users ()"); }\n};\n'}
    script = """
(async () => {
  const {MikroORM} = require("@mikro-orm/postgresql");
  const orm = await MikroORM.init({clientUrl: url, entities: [], discovery: {warnWhenNoEntities: false},
                                   extensions: [require("@mikro-orm/migrations").Migrator],
                                   migrations: {path: folder, glob: "*.js", snapshot: false, ...options}});
  await orm.migrator.up();
  await orm.close();
})().catch(fail);
"""


class MikroOrmElsewhere(MikroOrm):
    table = "public.shop_migrations"
    options = {"tableName": "shop_migrations"}


class Kysely(Named):
    tool = "Kysely"
    table = "public.kysely_migration"
    packages = ("kysely@0.28.19", "pg@8.23.1")
    script = """
(async () => {
  const {Kysely, PostgresDialect, Migrator, sql} = require("kysely");
  const db = new Kysely({dialect: new PostgresDialect({pool: new (require("pg").Pool)({connectionString: url})})});
  const all = {"2026-01-01-users": {up: (db) => sql`CREATE TABLE users ()`.execute(db)}};
  const migrator = new Migrator({db, provider: {getMigrations: async () => all},
                                 ...options});
  const {error} = await migrator.migrateToLatest();
  await db.destroy();
  if (error) throw error;
})().catch(fail);
"""



class KyselyElsewhere(Kysely):
    table = "ops.shop_migrations"
    options = {"migrationTableSchema": "ops", "migrationTableName": "shop_migrations"}


class PostgresMigrations(Named):
    tool = "postgres-migrations"
    table = "public.migrations"
    packages = ("postgres-migrations@5.3.0", "pg@8.23.1")
    files = {"1_users.sql": "CREATE TABLE users ();\n"}
    script = """
(async () => {
  const client = new (require("pg").Client)(url);
  await client.connect();
  await require("postgres-migrations").migrate({client}, folder);
  await client.end();
})().catch(fail);
"""


class SqlMigrate(Named):
    tool = "sql-migrate"
    table = "public.gorp_migrations"
    files = {"migrations/1_users.sql": "-- +migrate Up\nCREATE TABLE users ();\n"}

    @classmethod
    def obtain(cls):
        needs("sql-migrate")

    @classmethod
    def migrate(cls, folder, url):
        (folder / "dbconfig.yml").write_text(
            f"development: {{dialect: postgres, datasource: '{url}?sslmode=disable', dir: migrations}}\n")
        run("sql-migrate", "up", cwd=folder)


ALL = (NodePgMigrate, NodePgMigrateElsewhere, DbMigrate, GraphileMigrate, Postgrator, PostgratorElsewhere, MikroOrm,
       MikroOrmElsewhere, Kysely, KyselyElsewhere, PostgresMigrations, SqlMigrate)


class Watch(Daemon):
    """Watches all these databases, for an app of one file."""

    def __init__(self, home, databases):
        repo = home.with_name(home.name + "-repo")
        repo.mkdir()
        (repo / "1_users.sql").write_text("CREATE TABLE users ();\n")
        super().__init__(home, repo, databases)

    def look(self, databases):
        """What a ledger is to an app is told once the app's files are known."""
        def knows_the_files():
            told = self.client("matrix", "shop")
            return told.returncode == 0 and json.loads(told.stdout)["migrations"]

        wait_until(PATIENCE, "that tidemarkd reads the directory", knows_the_files)
        for name in databases:
            self.asked("poll", f"shop/{name}")


class NamedTest(unittest.TestCase):
    peers = ()

    @classmethod
    def setUpClass(cls):
        cls.stage = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-named-"))
        cls.addClassCleanup(shutil.rmtree, cls.stage, ignore_errors=True)
        cls.stage.chmod(0o755)
        cls.postgres = Postgres(cls.stage, 50)
        cls.addClassCleanup(cls.postgres.stop)
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
            for done in [pool.submit(cls.apply, peer) for peer in cls.peers]:
                done.result()
        databases = {peer.database(): cls.postgres.url(peer.database(), "watcher") for peer in cls.peers}
        cls.watch = Watch(cls.stage / "tidemark", databases)
        cls.addClassCleanup(cls.watch.stop)
        cls.watch.look(databases)

    @classmethod
    def apply(cls, peer):
        database = peer.database()
        cls.postgres.sql("postgres", f"CREATE DATABASE {database}")
        cls.postgres.sql(database, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO watcher; "
                                   "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO watcher")
        folder = cls.stage / database
        folder.mkdir()
        for name, text in peer.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        peer.migrate(folder, f"postgresql://postgres@127.0.0.1:{cls.postgres.port}/{database}")

    def test_the_tool_has_made_its_ledger_and_applied_what_it_was_given(self):
        for peer in self.peers:
            with self.subTest(peer.__name__):
                count = self.postgres.sql(peer.database(), f"SELECT count(*) FROM {peer.table}")
                self.assertGreaterEqual(int(count), 1)

    def test_its_ledger_is_named_and_never_passes_for_none(self):
        for peer in self.peers:
            with self.subTest(peer.__name__):
                status = self.watch.asked("status", f"shop/{peer.database()}")["environments"][0]
                self.assertIn(f"{peer.table} is a ledger of {peer.tool}: not read yet", status["problem"])
                self.assertEqual([0, 0, 1], [status["counts"][state] for state in ("applied", "pending", "unknown")])
                self.assertEqual("ok", status["last_poll"]["outcome"])

    def test_its_ledger_is_the_only_table_that_looks_like_one(self):
        for peer in self.peers:
            with self.subTest(peer.__name__):
                shape = self.watch.asked("ledger", f"shop/{peer.database()}", "--shape")["shape"]
                self.assertIsNone(shape["recognised"])
                self.assertEqual([{"table": peer.table, "why": f"is a ledger of {peer.tool}: not read yet"}],
                                 shape["rejected"])


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not list(pathlib.Path("/usr/lib/postgresql").glob("*/bin")):
        print("named_test.py: skipped: no PostgreSQL under /usr/lib/postgresql", file=sys.stderr)
        sys.exit(77)
    NamedTest.peers = []
    for peer in ALL:
        try:
            peer.obtain()
            NamedTest.peers.append(peer)
        except Unavailable as why:
            print(f"named_test.py: skipped {peer.__name__}: {why}", file=sys.stderr)
    if not NamedTest.peers:
        sys.exit(77)
    result = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(NamedTest))
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
