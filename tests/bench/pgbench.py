"""A poll as pgbench runs it: the very statements that the daemon sent, taken from the server's log."""

import csv
import re

from servers import Tidemark, Trouble, make_schemas, run, wait_until


def of_log(path):
    """(sql, parameters) of each statement, in order."""
    with open(path, newline="") as file:
        for entry in csv.reader(file):
            found = re.match(r"execute <unnamed>: (.*)", entry[13], re.S) if len(entry) > 14 else None
            if found:
                values = dict(re.findall(r"\$(\d+) = ('(?:[^']|'')*'|NULL)", entry[14]))
                yield found[1].strip(), values


def last_poll(statements):
    ends = [index for index, (sql, _) in enumerate(statements) if sql == "COMMIT"]
    if len(ends) < 6:
        raise Trouble("the server's log does not show six polls")
    end = ends[-2]  # one that was written whole
    begin = max(index for index in range(end) if statements[index][0].startswith("BEGIN"))
    return statements[begin:end + 1]


def capture(build, folder, postgres):
    """The statements of one unchanged poll of schema e0, in the order in which they are sent."""
    make_schemas(postgres, "capture", 1)
    postgres.sql("postgres", "ALTER DATABASE capture SET log_statement = 'all'")
    log = postgres.folder / "log/all.csv"
    daemon = Tidemark(build, folder / "capture", postgres, "capture", 1, "200ms")
    try:
        daemon.wait_until_all_seen(30)
        wait_until(30, "a dozen polls", lambda: daemon.polls() > 12)
    finally:
        daemon.stop()
    return last_poll(list(of_log(log)))


def script_of(statements):
    """As a pgbench script, and its variables."""
    lines, variables = ["\\startpipeline"], {}
    for number, (sql, values) in enumerate(statements):
        def named(found, number=number, values=values):
            value = values[found[1]]
            if value == "NULL":
                return "NULL"
            variables[f"s{number}p{found[1]}"] = value[1:-1].replace("''", "'")
            return f":s{number}p{found[1]}"
        lines.append(re.sub(r"\$(\d+)", named, sql) + ";")
    return "\n".join(lines + ["\\endpipeline"]) + "\n", variables


def pgbench(postgres, folder, database, statements, clients, seconds, rate, reconnect=False):
    """Transactions per second, and the CPU time of the client for each."""
    text, variables = script_of(statements)
    script = folder / "poll.sql"
    script.write_text(text)
    command = [postgres.bin / "pgbench", "-n", "-M", "extended", "-c", str(clients), "-j", "1", "-R", str(rate),
               "-f", script, "-h", postgres.folder, "-p", str(postgres.port), "-U", "watcher"]
    # The clock of -T starts before the connections are made, which can take all of it.
    command += ["-C", "-T", str(seconds)] if reconnect else ["-t", str(rate * seconds // clients)]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    printed, cpu = run([*map(str, command), database])
    done = re.search(r"number of transactions actually processed: (\d+)", printed)
    tps = re.search(r"^tps = ([\d.]+)", printed, re.M)
    if not done or not tps or int(done[1]) == 0:
        raise Trouble(f"pgbench did nothing: {printed[-600:]}")
    return float(tps[1]), cpu / int(done[1]) * 1e6
