"""What the bench starts: a PostgreSQL and a tidemarkd in a folder that goes with them. Everything is ended by its pid."""

import http.client
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
import zlib

TICK = os.sysconf("SC_CLK_TCK")
MIGRATIONS = 10


class Trouble(Exception):
    pass


def say(text):
    print(f"bench: {text}", flush=True)


def wait_until(seconds, what, happened):
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise Trouble(f"{what} did not happen within {seconds} s")
        time.sleep(0.05)


def stat_fields(pid):
    """Of /proc/PID/stat, from the state on: [1] is the parent, [11] to [14] CPU times, own and of children that ended."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2:].split()


def cpu_of(pid):
    """Of its threads that live, to the nanosecond: a tick of /proc/PID/stat is as much as a hundred polls."""
    total = 0
    try:
        for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(thread.read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total / 1e9


def cpu_of_family(pid):
    """Of a process, its children, and those of them that ended."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ended = sum(map(int, stat_fields(pid)[13:15])) / TICK
    return ended + sum(cpu_of(one) for one in [pid, *children])


def rss_of(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])  # KiB


def run(command, **options):
    """Runs to its end; what it printed and the CPU time of it and its children."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               **options)
    try:
        printed = process.stdout.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        process.kill()
        raise
    if process.returncode != 0:
        raise Trouble(f"{command[0]} ended with {process.returncode}: {printed[-400:]}")
    return printed, usage.ru_utime + usage.ru_stime


class Postgres:
    def __init__(self, folder, connections):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not found:
            raise Trouble("no PostgreSQL under /usr/lib/postgresql")
        self.bin = found[-1]
        self.folder = folder / "pg"
        self.folder.mkdir()
        self.port = free_port()
        self.user = {}
        if os.geteuid() == 0:
            self.user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.folder.chmod(0o755)
        data = self.folder / "data"
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", data)
        settings = {"listen_addresses": "'127.0.0.1'", "port": self.port,  # Java has no Unix sockets
                    "unix_socket_directories": f"'{self.folder}'", "fsync": "off",
                    "max_connections": connections, "shared_buffers": "256MB", "log_destination": "csvlog",
                    "logging_collector": "on", "log_directory": f"'{self.folder}/log'", "log_filename": "'all.log'",
                    "log_rotation_age": 0, "log_rotation_size": 0, "autovacuum": "off"}
        with open(data / "postgresql.conf", "a") as file:
            file.writelines(f"{key} = {value}\n" for key, value in settings.items())
        self.process = subprocess.Popen([self.bin / "postgres", "-D", data], cwd=self.folder, **self.user,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_until(30, "PostgreSQL's start", self._answers)
        self.sql("postgres", "CREATE ROLE watcher LOGIN")  # may read what it is granted, as the README advises

    def _run(self, program, *arguments):
        return run([self.bin / program, *map(str, arguments)], cwd=self.folder, **self.user)

    def _answers(self):
        command = [self.bin / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def psql(self, database, role="postgres"):
        return [self.bin / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port), "-U", role,
                "-d", database]

    def sql(self, database, text):
        done = subprocess.run(self.psql(database), input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"psql: {done.stderr[:400]}")
        return done.stdout

    def url(self, database, role="postgres"):
        return f"postgresql://{role}@/{database}?host={self.folder}&port={self.port}"

    def cpu(self):
        return cpu_of_family(self.pid)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()


class PgBouncer:
    """In front of a server, in transaction mode: a connection to it costs next to nothing, as thousands of them should."""

    def __init__(self, postgres, connections):
        if shutil.which("pgbouncer") is None and not os.access("/usr/sbin/pgbouncer", os.X_OK):
            raise Trouble("no PgBouncer")
        self.folder = postgres.folder
        settings = {"listen_addr": "", "listen_port": 6432, "unix_socket_dir": self.folder, "auth_type": "trust",
                    "auth_file": self.folder / "users", "pool_mode": "transaction", "max_client_conn": connections,
                    "default_pool_size": 2 * os.cpu_count(), "logfile": self.folder / "pgbouncer.log",
                    "log_connections": 0, "log_disconnections": 0}
        (self.folder / "users").write_text('"watcher" ""\n')
        config = self.folder / "pgbouncer.ini"
        config.write_text(f"[databases]\n* = host={self.folder} port={postgres.port}\n[pgbouncer]\n" +
                          "".join(f"{key} = {value}\n" for key, value in settings.items()))
        self.process = subprocess.Popen(["/usr/sbin/pgbouncer", "-q", config], cwd=self.folder, **postgres.user,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(10, "PgBouncer's start", (self.folder / ".s.PGSQL.6432").exists)

    def url(self, database, role):
        return f"postgresql://{role}@/{database}?host={self.folder}&port=6432"

    def stop(self):
        self.process.kill()  # it keeps nothing
        self.process.wait(30)


def content_of(number):
    return f"CREATE TABLE t{number} (id bigint PRIMARY KEY);\n"


def write_migrations(folder, count=MIGRATIONS):
    folder.mkdir()
    for number in range(1, count + 1):
        (folder / f"V{number}__step_{number}.sql").write_text(content_of(number))


def checksum_of(number):
    """Flyway's: of the lines without their ends, signed."""
    crc = zlib.crc32(content_of(number).replace("\n", "").encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def make_schemas(postgres, database, count, rows=MIGRATIONS):
    """Schemas e0, e1, … with a Flyway ledger each."""
    postgres.sql("postgres", f"CREATE DATABASE {database}")
    values = ", ".join(f"({n}, '{n}', 'step {n}', 'SQL', 'V{n}__step_{n}.sql', {checksum_of(n)}, 'flyway', now(), 5, true)"
                       for n in range(1, rows + 1))
    for begin in range(0, count, 250):
        postgres.sql(database, "\n".join(f"""
            CREATE SCHEMA e{n};
            CREATE TABLE e{n}.flyway_schema_history (
              installed_rank integer NOT NULL PRIMARY KEY, version character varying(50),
              description character varying(200) NOT NULL, type character varying(20) NOT NULL,
              script character varying(1000) NOT NULL, checksum integer, installed_by character varying(100) NOT NULL,
              installed_on timestamp without time zone NOT NULL DEFAULT now(), execution_time integer NOT NULL,
              success boolean NOT NULL);
            INSERT INTO e{n}.flyway_schema_history VALUES {values};
            GRANT USAGE ON SCHEMA e{n} TO watcher;
            GRANT SELECT ON e{n}.flyway_schema_history TO watcher;""" for n in range(begin, min(begin + 250, count))))
    postgres.sql(database, "VACUUM ANALYZE")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


class Daemon:
    """A tidemarkd in a folder of its own, which is there and gone afterwards; `apps` is that part of its config."""

    def __init__(self, build, home, environments, defaults, apps):
        self.build, self.home, self.environments = build, home, environments
        self.port = free_port()
        self.socket = home / "control.sock"
        self.config = home / "tidemark.yaml"
        self.config.write_text(f"""ledger: sqlite:{home}/ledger.db
control: {{socket: {self.socket}}}
http: {{listen: "127.0.0.1:{self.port}"}}
log: {{level: warn}}
limits: {{connections_per_server: 10000, connects_per_second: 10000}}
defaults: {{{defaults}}}
apps:
{apps}
""")
        self.log = open(home / "log", "wb")
        self.began = time.monotonic()
        self.process = subprocess.Popen([build / "daemon/tidemarkd", "--config", self.config], stderr=self.log,
                                        stdout=self.log, stdin=subprocess.DEVNULL)
        self.pid = self.process.pid

    def _get(self, connection, target):
        connection.request("GET", target)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            return self._get(connection, "/metrics")[1]
        finally:
            connection.close()

    def polls(self):
        return sum_of(self.metrics(), "tidemark_polls_total")

    def looked_at(self):
        """When each environment that was ever seen was last seen."""
        return [float(value) for value in re.findall(
            r"^tidemark_last_successful_poll_timestamp_seconds\{[^}]*\} (\S+)$", self.metrics(), re.M) if float(value) > 0]

    def wait_until_all_seen(self, seconds):
        def seen():
            if self.process.poll() is not None:
                raise Trouble("tidemarkd has ended: " + (self.home / "log").read_text()[-600:])
            try:
                return len(self.looked_at()) >= self.environments
            except OSError:
                return False
        wait_until(seconds, f"a first look at {self.environments} environments", seen)
        return time.monotonic() - self.began

    def control(self):
        return Unix(self.socket)

    def cpu(self):
        return cpu_of(self.pid)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home)


class Tidemark(Daemon):
    """Watches schemas e0 … of a database, in apps of a hundred environments each."""

    def __init__(self, build, home, postgres, database, environments, poll, connection="keep", mode="reconcile_only"):
        home.mkdir()
        migrations = home / "migrations"
        write_migrations(migrations)
        lines = []
        for first in range(0, environments, 100):
            lines += [f"  - name: app{first // 100}", f"    repo: {{path: {migrations}, layout: flyway}}",
                      "    environments:"]
            for number in range(first, min(first + 100, environments)):
                lines += [f"      - name: e{number}", f"        mode: {mode}", "        after: []",
                          f"        database: {postgres.url(database, 'watcher')}", f"        schema: e{number}"]
        defaults = f"poll: {poll}" + ("" if connection == "keep" else f", connection: {connection}")
        super().__init__(build, home, environments, defaults, "\n".join(lines))


def sum_of(metrics, name, having=""):
    return sum(float(value) for labels, value in re.findall(rf"^{name}(\{{[^}}]*\}})? (\S+)$", metrics, re.M)
               if having in labels)


def accepts(build, folder, text):
    """Whether this build of the daemon knows what a config says."""
    file = folder / "accepted.yaml"
    file.write_text(text)
    done = subprocess.run([build / "daemon/tidemarkd", "--config", file, "--check-config"], capture_output=True, check=False)
    return done.returncode == 0
