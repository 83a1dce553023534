"""What a file is called, what it includes, and what must not stand in it."""

import os
import re

import cpp

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')

LAYERS = {
    "core": ("core/",),
    "adapters": ("core/", "adapters/"),
    "daemon": ("core/", "adapters/", "daemon/"),
    "tests": ("core/", "adapters/", "daemon/", "tests/"),
}

# core decides and does nothing else: of what is not the standard library it may have digests, and of the standard
# library nothing that does I/O, waits, or knows the time.
CORE_MAY = ("openssl/evp.h", "openssl/sha.h")
CORE_MAY_NOT = ("atomic", "barrier", "condition_variable", "ctime", "filesystem", "fstream", "future", "iostream",
                "latch", "mutex", "random", "semaphore", "shared_mutex", "stop_token", "thread")
CLOCK = re.compile(r"\b(?:(?:system|steady|high_resolution|utc)_clock\s*::\s*now|random_device|getenv|gettimeofday|"
                   r"clock_gettime|std\s*::\s*time)\b")

# Types of these stop at adapters: daemon neither includes them nor sees them through a header of ours. Beast costs every
# file that sees it several seconds to compile, so it is in no header at all.
THIRD_PARTY = re.compile(r"^(?:libpq-fe\.h|libpq/|postgres_ext\.h|sqlite3\.h|yaml-cpp/|prometheus/|boost/beast|pg_query\.h|"
                         r"archive\.h|archive_entry\.h|git2|pugixml)")
BEAST = "boost/beast"

LEFTOVER = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b")
GLOB = re.compile(r"\bfile\s*\(\s*GLOB|\baux_source_directory\b", re.IGNORECASE)
MACHINE = re.compile(r"(?<![\w.}$)/-])/(?:home|root|Users)/\w")  # somebody's own folder
NAMES = {"common", "helper", "helpers", "interfaces", "manager", "managers", "misc", "util", "utils"}


def kind_of(path, text):
    name = os.path.basename(path)
    if name.endswith((".h", ".cpp")):
        return "cpp"
    if name == "CMakeLists.txt" or name.endswith(".cmake"):
        return "cmake"
    if name.endswith((".py", ".sh", ".yaml", ".yml", ".service", ".socket")) or text.startswith("#!"):
        return "script"
    return "other"


class Tree:
    """What a rule has to know of the other files."""

    def __init__(self, texts):
        self.texts = texts  # by path
        self.seen = set()  # the headers that core and daemon see, through however many others
        for path in texts:
            if path.startswith(("core/", "daemon/")):
                self.see(path)

    def exists(self, path):
        return path in self.texts

    def see(self, path):
        for _, ours, name in includes(self.texts[path].split("\n")):
            if ours and self.exists(name) and name not in self.seen:
                self.seen.add(name)
                self.see(name)


def check(path, text, tree):
    """Yields (line, rule, message)."""
    kind = kind_of(path, text)
    lines = text.split("\n")
    if kind != "other":
        yield from check_name(path)
        yield from check_lines(lines, text, inside_raw_strings(text) if kind == "cpp" else set())
    for number, line in enumerate(lines, 1):
        if MACHINE.search(line):
            yield number, "machine-path", "a path that only one machine has"
    if kind == "cmake":
        for number, line in enumerate(lines, 1):
            if GLOB.search(line):
                yield number, "glob", "list the sources: a glob does not notice a new file"
    if kind == "cpp":
        yield from check_includes(path, lines, tree)
        yield from check_core(path, lines)


def check_name(path):
    for part in path.split("/"):
        stem = part.split(".")[0]
        for word in re.split(r"[_-]", stem.lower()):
            if word in NAMES:
                yield 1, "file-name", f"'{part}' does not say what is in it: name it by a noun of the domain"


def inside_raw_strings(text):
    """The lines that end inside a string: white space there is part of a value."""
    return {token.line + k for token in cpp.tokens(text) for k in range(token.text.count("\n"))}


def check_lines(lines, text, values):
    for number, line in enumerate(lines, 1):
        if "\t" in line and number not in values:
            yield number, "whitespace", "a tab"
        if line != line.rstrip() and number not in values:
            yield number, "whitespace", "white space at the end of the line"
        if LEFTOVER.search(line):
            yield number, "leftover", "finish it, or open an issue"
    if text and not text.endswith("\n"):
        yield len(lines), "whitespace", "the last line does not end"


def includes(lines):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_includes(path, lines, tree):
    layer = path.split("/")[0]
    found = list(includes(lines))
    for number, ours, name in found:
        if ours:
            yield from check_arrow(number, layer, name)
        elif layer == "core" and not core_may_include(name):
            yield number, "layer", f"core has no business with <{name}>"
        elif THIRD_PARTY.match(name) and (layer == "daemon" or path in tree.seen):
            yield number, "third-party", f"<{name}> is for adapters alone, and daemon sees this file"
        elif name.startswith(BEAST) and path.endswith(".h"):
            yield number, "third-party", f"<{name}> stays in .cpp files"
        elif name == "boost/asio/detached.hpp" and layer != "tests":
            yield number, "detached", "nobody hears of the end of what is spawned detached"
        elif name.startswith("doctest/") and layer != "tests":
            yield number, "layer", "only tests test"
    if path.endswith(".h") and not any(line.strip() == "#pragma once" for line in lines):
        yield 1, "pragma-once", "a header without #pragma once"
    own = path[: -len(".cpp")] + ".h"
    if path.endswith(".cpp") and tree.exists(own) and (not found or found[0][2] != own):
        yield (found[0][0] if found else 1), "own-header", f"include {own} first: that proves it stands alone"


def check_arrow(number, layer, name):
    known = name.startswith(LAYERS["tests"])
    if not known:
        yield number, "include-root", f'"{name}" does not begin at the root of the repository'
    elif layer in LAYERS and not name.startswith(LAYERS[layer]):
        yield number, "layer", f"{layer} does not know {name.split('/')[0]}"


def core_may_include(name):
    standard = "." not in name and "/" not in name
    return name in CORE_MAY or (standard and name not in CORE_MAY_NOT) or name.startswith("cstd")


def check_core(path, lines):
    if not path.startswith("core/"):
        return
    for number, line in enumerate(lines, 1):
        if CLOCK.search(line.split("//")[0]):
            yield number, "core-clock", "time and randomness are arguments in core"
