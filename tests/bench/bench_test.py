#!/usr/bin/env python3
"""The bench runs with small numbers and prints a table that reads: every measure has a figure. Not whether the figures
are good, which a loaded machine cannot tell.

    bench_test.py BUILD
"""

import pathlib
import re
import subprocess
import sys

EXPECTED = ["unchanged polls/s", "client CPU of a poll, connections kept", "hash 2,000 files", "scan them again",
            "one environment's status", "ledger of 100, 2,000 rows", "server CPU of the same",
            "a ledger of 2,000 rows of any of", "client and server CPU of the same", "start until all of",
            "scrape of /metrics", "the loop held by it", "memory of an environment", "client CPU of a poll, 20, 60",
            "a look later than its interval"]


def main(build):
    bench = pathlib.Path(__file__).with_name("bench.py")
    done = subprocess.run([sys.executable, bench, "--build", build, "--quick"], capture_output=True, text=True,
                          timeout=800, check=False)
    print(done.stdout, done.stderr)
    if done.returncode == 1 and "no PostgreSQL" in done.stderr:
        return 77
    tables = [[[cell.strip() for cell in line.strip("|").split("|")] for line in block.strip().splitlines()[2:]]
              for block in done.stdout.split("\n\n") if block.strip().startswith("| ")]
    rows, tools = tables if len(tables) == 2 else ([], [])
    bad = [row for row in rows if len(row) != 5 or not re.search(r"\d", row[2]) or row[4] not in ("yes", "**no**", "?")]
    bad += [row for row in tools if len(row) != 7 or not all(re.fullmatch(r"[\d.]+ \+ [\d.]+", cell) for cell in row[2:])]
    missing = [what for what in EXPECTED if not any(what in row[0] for row in rows)]
    missing += [] if len(tools) > 15 else ["the ledgers of the tools"]
    print("bad rows:", bad, "missing rows:", missing)
    return 1 if done.returncode or bad or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
