#!/usr/bin/python3
"""tidemarkd and the service manager: what it tells, what it is handed, what becomes of it when it hangs.

    service_test.py TIDEMARKD TIDEMARK
"""

import contextlib
import ctypes
import hashlib
import os
import signal
import socket
import struct
import sys
import time
import unittest

sys.dont_write_bytecode = True

from service import PATIENCE, Manager, Service  # noqa: E402

PROGRAMS = sys.argv[1:3]


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.service = Service(*PROGRAMS)
        self.addCleanup(self.service.close)
        self.manager = Manager(f"@tidemark-service-test-{os.getpid()}")
        self.addCleanup(self.manager.close)

    def start(self, **more):
        environment = {"NOTIFY_SOCKET": self.manager.name, **more.pop("environment", {})}
        return self.service.start(environment=environment, **more)

    def listening(self, family, address):
        made = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(made.close)
        made.bind(address)
        made.listen()
        return made

    def until_ready(self):
        return self.manager.until(lambda message: message.get("READY") == "1", "READY=1")


class Telling(ServiceTest):
    def test_ready_is_told_when_clients_are_answered_and_not_when_databases_are(self):
        self.service.configure("      - name: dev\n        database: postgresql://nobody@127.0.0.1:1/none?sslmode=disable\n"
                               "      - name: prod\n")
        self.start()
        message = self.until_ready()
        self.assertIn("watching 2 environments of 1 app", message["STATUS"])
        for before in self.manager.messages[:-1]:
            self.assertEqual({"STATUS": "starting"}, before)
        self.assertEqual(0, self.service.client("status").returncode)
        self.service.get("/metrics")

    def test_the_status_tells_what_an_operator_wants_to_know_and_changes_with_it(self):
        self.service.configure("      - name: dev\n        database: postgresql://nobody@127.0.0.1:1/none?sslmode=disable\n"
                               "        poll: 1s\n      - name: prod\n")
        self.start()
        self.until_ready()
        self.manager.until(lambda message: "1 unreachable" in message.get("STATUS", ""), "that dev cannot be reached")
        self.service.eventually(lambda: "V1__users" in self.service.client("matrix", "shop").stdout, "the directory")
        marked = self.service.client("mark", "shop/prod", "V1__users", "--reason", "by hand")
        self.assertEqual(0, marked.returncode, marked.stderr)
        (self.service.folder / "migrations" / "V1__users.sql").write_text("CREATE TABLE users (id bigint);\n")
        message = self.manager.until(lambda message: "1 finding" in message.get("STATUS", ""), "the finding")
        self.assertEqual("watching 2 environments of 1 app, 1 unreachable, 1 finding", message["STATUS"])

    def test_a_steady_state_is_told_once(self):
        self.start()
        self.until_ready()
        self.manager.until(lambda message: message["STATUS"] == "watching 1 environment of 1 app", "a steady state")
        self.assertIsNone(self.manager.next(2.5), "news about nothing")

    def test_stopping_is_told_and_is_the_last_that_is_told(self):
        self.start()
        self.until_ready()
        self.assertEqual(0, self.service.stop())
        told = self.manager.forget()
        self.assertEqual({"STOPPING": "1", "STATUS": "stopping"}, told[-1])

    def test_a_bad_config_is_told_with_its_place_and_ends_with_2(self):
        self.service.config.write_text("ledger: 5\n")
        self.start()
        self.assertEqual(2, self.service.ended())
        message = self.manager.next(1)
        self.assertRegex(message["STATUS"], r"^cannot start: .*tidemark\.yaml:1:\d+: ")
        self.assertNotIn("READY", message)

    def test_a_ledger_in_use_is_told_and_ends_with_1(self):
        self.start()
        self.until_ready()
        second = Service(*PROGRAMS)
        self.addCleanup(second.close)
        second.config.write_text(self.service.config.read_text().replace("control.sock", "other.sock"))
        self.manager.forget()
        second.start(environment={"NOTIFY_SOCKET": self.manager.name})
        self.assertEqual(1, second.ended())
        message = self.manager.until(lambda message: "cannot start" in message.get("STATUS", ""), "why")
        self.assertIn("in use by another tidemarkd", message["STATUS"])

    def test_programs_that_print_passwords_do_not_hear_of_the_manager(self):
        seen = self.service.folder / "seen"
        spy = self.service.folder / "spy"
        spy.write_text(f"#!/bin/sh\nenv >{seen}.part && mv {seen}.part {seen}\necho secret\n")
        spy.chmod(0o755)
        self.service.configure("      - name: dev\n        database: postgresql://nobody@127.0.0.1:1/none?sslmode=disable\n"
                               f"        password: {{command: [{spy}]}}\n")
        passed = self.listening(socket.AF_INET, ("127.0.0.1", 0))
        self.service.port = passed.getsockname()[1]
        self.start(listening=[passed], names="http", environment={"WATCHDOG_USEC": "30000000"})
        self.service.eventually(seen.exists, "asking for the password")
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"):
            self.assertNotIn(name, seen.read_text())


def md5_answer_to(listener):
    """What the next client answers when it is asked for an MD5 sum of its password."""
    client, _ = listener.accept()
    with client:
        client.recv(4096)
        client.sendall(b"R" + struct.pack("!ii", 12, 5) + b"salt")
        return client.recv(4096)[5:].rstrip(b"\0").decode()


class Credentials(ServiceTest):
    def setUp(self):
        super().setUp()
        self.database = self.listening(socket.AF_INET, ("127.0.0.1", 0))
        port = self.database.getsockname()[1]
        self.service.configure(
            "      - name: dev\n        poll: 1s\n        password: {credential: shop-dev}\n"
            f"        database: postgresql://reader@127.0.0.1:{port}/shop?sslmode=disable\n")
        self.credentials = self.service.folder / "credentials"
        self.credentials.mkdir()

    def test_a_credential_of_the_unit_is_the_password(self):
        (self.credentials / "shop-dev").write_text("geheim\n")
        self.start(environment={"CREDENTIALS_DIRECTORY": str(self.credentials)})
        self.until_ready()
        self.database.settimeout(PATIENCE)
        inner = hashlib.md5(b"geheim" + b"reader").hexdigest()
        self.assertEqual("md5" + hashlib.md5(inner.encode() + b"salt").hexdigest(), md5_answer_to(self.database))

    def test_a_credential_that_the_unit_has_not_is_told_at_the_start(self):
        self.start(environment={"CREDENTIALS_DIRECTORY": str(self.credentials)})
        self.assertEqual(2, self.service.ended())
        self.assertIn("a secret that cannot be read", self.manager.next(1)["STATUS"])
        self.assertIn("shop-dev", self.service.log.read_text())


class Reloading(ServiceTest):
    def reload(self, how):
        self.manager.forget()
        how()
        begun = self.manager.until(lambda message: message.get("RELOADING") == "1", "RELOADING=1")
        self.assertLessEqual(int(begun["MONOTONIC_USEC"]), time.monotonic_ns() // 1000)
        return self.until_ready()

    def signal(self):
        self.service.process.send_signal(signal.SIGHUP)

    def test_a_reload_is_told_from_its_begin_to_its_end(self):
        self.start()
        self.until_ready()
        self.service.configure("      - name: staging\n      - name: prod\n")
        self.assertIn("watching 2 environments", self.reload(self.signal)["STATUS"])

    def test_a_reload_that_fails_ends_too_and_the_status_says_why(self):
        self.start()
        self.until_ready()
        good = self.service.config.read_text()
        self.service.config.write_text(good + "surprise: 1\n")
        failed = self.reload(self.signal)
        self.assertRegex(failed["STATUS"], r"; the last reload changed nothing: .*tidemark\.yaml:\d+:\d+: .*surprise")
        self.service.config.write_text(good)
        self.assertNotIn("reload", self.reload(self.signal)["STATUS"])

    def test_the_command_of_the_unit_waits_for_the_end_and_fails_when_the_config_is_bad(self):
        self.start()
        self.until_ready()
        good = self.service.config.read_text()
        self.assertEqual(0, self.service.client("reload").returncode)
        self.service.config.write_text(good + "surprise: 1\n")
        failed = self.service.client("reload")
        self.assertNotEqual(0, failed.returncode)
        self.assertIn("surprise", failed.stdout + failed.stderr)

    def test_access_rules_that_do_not_name_the_daemons_user_do_not_break_the_reload(self):
        self.service.configure(more="access:\n  - {user: somebody-else, role: viewer}\n")
        self.start()
        self.until_ready()
        self.assertEqual(4, self.service.client("audit").returncode)
        self.assertEqual(0, self.service.client("reload").returncode)


class Watchdog(ServiceTest):
    EVERY = 0.9  # seconds

    def start_with_watchdog(self):
        self.start(environment={"WATCHDOG_USEC": str(int(self.EVERY * 1e6))})
        self.until_ready()

    def test_without_a_watchdog_nobody_is_told_that_we_live(self):
        self.start()
        self.until_ready()
        time.sleep(2)
        self.assertFalse([message for message in self.manager.forget() if "WATCHDOG" in message])

    def test_the_daemon_lives_under_a_manager_that_ends_what_is_silent(self):
        self.start_with_watchdog()
        pings = 0
        while pings < 8:
            message = self.manager.next(self.EVERY)
            self.assertIsNotNone(message, "silent for longer than the watchdog allows")
            pings += "WATCHDOG" in message

    def test_a_held_daemon_is_silent_so_that_the_manager_ends_it(self):
        self.start_with_watchdog()
        self.service.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.service.process.pid, os.WUNTRACED)  # it has stopped
        self.manager.forget()
        self.assertIsNone(self.manager.next(2 * self.EVERY), "told although nothing can work")

    def test_a_held_loop_is_silent_although_other_threads_work(self):
        self.start_with_watchdog()
        # The first thread is the loop: only it stops.
        with self.first_thread_held():
            self.manager.forget()
            self.assertIsNone(self.manager.next(2 * self.EVERY), "told by a thread that does not do the work")

    @contextlib.contextmanager
    def first_thread_held(self):
        """Stops one thread by tracing it: a signal would stop all of them."""
        libc = ctypes.CDLL(None, use_errno=True)
        seize, interrupt, detach = 0x4206, 0x4207, 17
        pid = self.service.process.pid
        self.assertGreater(len(os.listdir(f"/proc/{pid}/task")), 3)

        def trace(request):
            self.assertEqual(0, libc.ptrace(request, pid, None, None), os.strerror(ctypes.get_errno()))

        trace(seize)
        trace(interrupt)
        os.waitpid(pid, 0)  # it has stopped
        try:
            yield
        finally:
            trace(detach)  # or the end of the test would take the stop for the daemon's end


class Activation(ServiceTest):
    def control(self):
        return self.listening(socket.AF_UNIX, str(self.service.socket))

    def http(self):
        made = self.listening(socket.AF_INET, ("127.0.0.1", 0))
        return made, made.getsockname()[1]

    def test_both_listeners_can_be_passed_and_the_configured_ones_are_not_made(self):
        configured = self.service.port
        control = self.control()
        http, port = self.http()
        inode = os.stat(self.service.socket).st_ino
        self.start(listening=[http, control], names="http:control")
        self.until_ready()
        self.assertEqual(0, self.service.client("status").returncode)
        self.assertIn("tidemark_build_info", self.service.get("/metrics", port))
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", configured)).close()
        self.assertEqual(inode, os.stat(self.service.socket).st_ino)

    def test_a_passed_socket_outlives_the_daemon_and_clients_wait_for_the_next_one(self):
        control = self.control()
        self.start(listening=[control], names="control")
        self.until_ready()
        self.assertEqual(0, self.service.stop())
        self.assertTrue(self.service.socket.exists(), "removed what is not ours")
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.settimeout(20)
            waiting.connect(str(self.service.socket))
            waiting.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.start(listening=[control], names="control")
            self.assertTrue(waiting.recv(4096).startswith(b"HTTP/1.1 200"))

    def test_one_listener_can_be_passed_and_the_other_is_made_as_configured(self):
        http, port = self.http()
        self.start(listening=[http], names="http")
        self.until_ready()
        self.assertEqual(0, self.service.client("status").returncode)
        self.service.get("/metrics", port)

    def test_over_a_passed_tcp_socket_nothing_can_be_changed_either(self):
        http, port = self.http()
        self.start(listening=[http], names="http")
        self.until_ready()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 405"))

    def refused(self, why, **passed):
        self.start(**passed)
        self.assertEqual(1, self.service.ended())
        self.assertIn(why, self.service.logged())
        self.manager.until(lambda message: why in message.get("STATUS", ""), "why")

    def test_a_unix_socket_is_no_http_listener(self):
        self.refused("socket activation: the socket named http: descriptor 3 is not a TCP stream socket that listens",
                     listening=[self.listening(socket.AF_UNIX, str(self.service.folder / "other.sock"))], names="http")

    def test_a_tcp_socket_is_no_control_socket(self):
        self.refused("socket activation: the socket named control: descriptor 3 is not a Unix stream socket that listens",
                     listening=[self.http()[0]], names="control")

    def test_a_socket_that_does_not_listen_is_refused(self):
        idle = socket.socket(socket.AF_UNIX)
        self.addCleanup(idle.close)
        self.refused("the socket named control: descriptor 3 is not a Unix stream socket that listens", listening=[idle],
                     names="control")

    def test_names_that_nobody_knows_or_that_are_too_few_are_refused(self):
        why = "FileDescriptorName= in the socket unit"
        self.refused(why, listening=[self.control()], names="tidemark.socket")
        self.refused(why, listening=[self.http()[0], self.http()[0]], names="http")

    def test_what_is_meant_for_another_process_is_ignored(self):
        self.start(environment={"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "control"})
        self.until_ready()
        self.assertEqual(0, self.service.client("status").returncode)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
