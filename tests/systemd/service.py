"""The real daemon under a service manager that is played by the test: a notification socket that is read, listening
sockets that are passed, a watchdog that can be asked for."""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import sanitizers  # noqa: E402

PATIENCE = 20  # seconds for what the daemon does by itself


class Manager:
    """The manager's end of the notification protocol."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.messages = []

    def next(self, patience=PATIENCE):
        """The next message, as a dictionary; None when there is none in time."""
        readable, _, _ = select.select([self.socket], [], [], patience)
        if not readable:
            return None
        message = dict(line.split("=", 1) for line in self.socket.recv(65536).decode().split("\n"))
        self.messages.append(message)
        return message

    def until(self, fits, what):
        """Reads until a message fits, and returns it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            message = self.next(max(0.01, deadline - time.monotonic()))
            if message is not None and fits(message):
                return message
        raise AssertionError(f"never told {what}; told {self.messages[-20:]}")

    def forget(self):
        """What was told until now."""
        while self.next(0) is not None:
            pass
        told, self.messages = self.messages, []
        return told

    def close(self):
        self.socket.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """A folder with a config, and the daemon on it."""

    def __init__(self, tidemarkd, tidemark):
        self.tidemarkd, self.tidemark = tidemarkd, tidemark
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-service-"))
        (self.folder / "migrations").mkdir()
        (self.folder / "migrations" / "V1__users.sql").write_text("CREATE TABLE users (id int);\n")
        self.socket = self.folder / "control.sock"
        self.config = self.folder / "tidemark.yaml"
        self.port = free_port()
        self.process = None
        self.log = self.folder / "log"
        self.configure()

    def configure(self, environments="      - name: prod\n", more=""):
        self.config.write_text(
            f"ledger: sqlite:{self.folder}/ledger.db\n"
            f"control: {{socket: {self.socket}}}\n"
            f'http: {{listen: "127.0.0.1:{self.port}"}}\n'
            f"{more}"
            "apps:\n  - name: shop\n"
            f"    repo: {{path: {self.folder}/migrations, settle: 200ms}}\n"
            f"    environments:\n{environments}")

    def start(self, environment=None, listening=None, names=None, wrapper=()):
        """`listening` are sockets that become descriptors 3, 4, …, `names` what they are called."""
        variables = {"PATH": os.environ["PATH"], **(environment or {})}
        listening = listening or []

        def become():
            fds = [os.dup(each.fileno()) for each in listening]
            high = [os.dup2(fd, 100 + i, inheritable=True) for i, fd in enumerate(fds)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i, inheritable=True)
            for fd in fds + high:
                if fd >= 3 + len(high):
                    os.close(fd)

        command = [*wrapper, self.tidemarkd, "--config", str(self.config)]
        if listening or names is not None:
            variables["LISTEN_FDS"] = str(len(listening))
            if names is not None:
                variables["LISTEN_FDNAMES"] = names
            # The shell becomes the daemon, so that the process id is right.
            command = ["/bin/sh", "-c", 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"', "sh", *command]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            close_fds=False, preexec_fn=become if listening else None)
        return self.process

    def logged(self):
        return self.log.read_text()

    def client(self, *arguments):
        return subprocess.run([self.tidemark, "--socket", str(self.socket), *arguments], capture_output=True, text=True,
                              timeout=60, check=False)

    def get(self, path, port=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def status(self):
        return json.loads(self.get("/v1/status"))

    def eventually(self, holds, what):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if holds():
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{what} did not happen; the daemon says:\n{self.logged()}")

    def ready(self):
        self.eventually(lambda: "ready" in self.get("/-/ready"), "being ready")

    def ended(self, patience=PATIENCE):
        return self.process.wait(patience)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.ended()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        reported = sanitizers.reported(self.logged()) if self.log.exists() else ""
        shutil.rmtree(self.folder)
        if reported:
            raise AssertionError(f"the daemon reported:\n{reported}")
