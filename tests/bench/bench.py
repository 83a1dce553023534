#!/usr/bin/env python3
"""What tidemark costs: starts real servers and a real daemon, measures, and prints one Markdown table.

    bench.py --build DIR [--quick] [--check] [--only polls,files,status,ledgers,tools,scale,applies]

--quick takes small numbers: its ratios mean nothing. --check fails (exit 1) when a ratio is not reached.
"""

import argparse
import os
import pathlib
import platform
import re
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import measures  # noqa: E402
from servers import Postgres, Trouble  # noqa: E402


class Bench:
    def __init__(self, build, folder, quick):
        self.build, self.folder, self.quick = build, folder, quick
        self.postgres = None
        self.tables = []  # beside the one of all measures

    def few(self, usual, quick):
        return quick if self.quick else usual


def machine(postgres):
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]
    system = re.search(r'^PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text(), re.M)[1]
    version = postgres.sql("postgres", "SHOW server_version").split()[0]
    return (f"{os.cpu_count()} cores ({platform.machine()}), {round(int(memory) / 2**20)} GiB, {system}, PostgreSQL {version} "
            "on the same machine over its Unix socket")


def table(rows):
    verdicts = {True: "yes", False: "**no**", None: "?"}
    lines = ["| what | against | measured | reach | reached |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {row.what} | {row.against} | {row.measured} | {row.wanted} | {verdicts[row.reached]} |" for row in rows]
    return "\n".join(lines)


def connections_of(quick):
    return 100 if quick else 500


def measured(bench, names):
    rows = []
    for name in names:
        try:
            for row in measures.ALL[name](bench):
                measures.say(f"{row.what}: {row.measured}")
                rows.append(row)
        except Trouble as trouble:
            measures.say(f"FAILED {name}: {trouble}")
            why = " ".join(str(trouble).split())[:120]
            rows.append(measures.Row(name, "", f"failed: {why}", "", False))
    return rows


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default=",".join(measures.ALL))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-bench-"))
    folder.chmod(0o755)
    bench = Bench(arguments.build.resolve(), folder, arguments.quick)
    began = time.monotonic()
    try:
        bench.postgres = Postgres(folder, connections_of(arguments.quick))
        where = machine(bench.postgres)
        rows = measured(bench, arguments.only.split(","))
    finally:
        if bench.postgres is not None:
            bench.postgres.stop()
        shutil.rmtree(folder)
    print("".join(f"\n{text}\n" for text in [table(rows), *bench.tables]) + f"\n{where}; {time.monotonic() - began:.0f} s.")
    if any("failed:" in row.measured for row in rows):
        return 1
    return 1 if arguments.check and any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
