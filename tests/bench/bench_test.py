#!/usr/bin/env python3
"""The bench runs with small numbers and prints a table that reads: every measure has a figure. Not whether the figures
are good, which a loaded machine cannot tell.

    bench_test.py BUILD [MEASURE …]
"""

import pathlib
import re
import subprocess
import sys

EXPECTED = {"polls": ["unchanged polls/s", "client CPU of a poll, connections kept"],
            "files": ["hash 2,000 files", "scan them again"],
            "status": ["one environment's status"],
            "ledgers": ["ledger of 100, 2,000 rows", "server CPU of the same"],
            "tools": ["a ledger of 2,000 rows of any of", "client and server CPU of the same"],
            "scale": ["start until all of", "scrape of /metrics", "the loop held by it", "memory of an environment",
                      "client CPU of a poll, 20, 60", "a look later than its interval"],
            "applies": ["20 small migrations"]}


def main(build, *names):
    names = names or EXPECTED.keys()
    bench = pathlib.Path(__file__).with_name("bench.py")
    done = subprocess.run([sys.executable, bench, "--build", build, "--quick", "--only", ",".join(names)], capture_output=True, text=True,
                          timeout=800, check=False)
    print(done.stdout, done.stderr)
    if done.returncode == 1 and "no PostgreSQL" in done.stderr:
        return 77
    tables = [[[cell.strip() for cell in line.strip("|").split("|")] for line in block.strip().splitlines()[2:]]
              for block in done.stdout.split("\n\n") if block.strip().startswith("| ")]
    rows = tables[0] if tables else []
    tools = tables[1] if "tools" in names and len(tables) > 1 else []
    bad = [row for row in rows if len(row) != 5 or not re.search(r"\d", row[2]) or row[4] not in ("yes", "**no**", "?")]
    bad += [row for row in tools if len(row) != 7 or not all(re.fullmatch(r"[\d.]+ \+ [\d.]+", cell) for cell in row[2:])]
    missing = [what for name in names for what in EXPECTED[name] if not any(what in row[0] for row in rows)]
    missing += ["the ledgers of the tools"] if "tools" in names and len(tools) <= 15 else []
    print("bad rows:", bad, "missing rows:", missing)
    return 1 if done.returncode or bad or missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
