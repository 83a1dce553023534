#!/usr/bin/python3
"""The man pages say what the programs and the config's schema say, all of it and nothing else, and are well-formed.

    man_test.py TIDEMARKD TIDEMARK
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

TIDEMARKD, TIDEMARK = sys.argv[1:3]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = {name: ROOT / "man" / name for name in ("tidemark.1", "tidemarkd.8", "tidemark.yaml.5")}
EVERYWHERE = {"-h", "--help", "--json", "--socket", "--no-color"}


def told(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)


def options_in(text):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))


def help_of(command=""):
    return told(TIDEMARK, *command.split(), "--help").stdout


def commands():
    """From the root's help: "audit verify" too."""
    headings = re.split(r"^Options", help_of(), maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", headings, re.MULTILINE))


def usage(command):
    """How a command is called: options and words; and the options that its help explains."""
    text = re.search(r"^Usage: tidemark (.*)$", help_of(command), re.MULTILINE).group(1)[len(command):]
    words = set(re.findall(r"[A-Z]+|[a-z_]+", re.sub(r"--?[a-z-]+", "", text)))
    explained = options_in(re.sub(r"^Usage.*", "", help_of(command).split("Examples:")[0], flags=re.MULTILINE))
    return options_in(text), words, explained - EVERYWHERE


def flags(line):
    """`.It Fl Fl at Ar TIME` has --at."""
    return set("--" + name for name in re.findall(r"Fl Fl ([a-z-]+)", line)) | set(
        "-" + name for name in re.findall(r"(?<!Fl )Fl ([a-z])\b", line))


class Entry:
    def __init__(self, head):
        self.head, self.body = head, []


def entries(page):
    """The commands of tidemark(1), each with the lines that describe it."""
    found, current = {}, None
    for line in page.read_text().splitlines():
        match = re.match(r"\.It Ic ([a-z]+)((?: Cm [a-z]+)?)(.*)", line)
        if match:
            words = match.group(2).replace(" Cm", "") if match.group(1) == "audit" else ""
            current = Entry(match.group(3) if words else match.group(2) + match.group(3))
            found[match.group(1) + words] = current
        elif line.startswith(".Sh"):
            current = None
        elif current:
            current.body.append(line)
    return found


class Client(unittest.TestCase):
    def test_every_command_is_there_and_no_other(self):
        self.assertGreater(len(commands()), 15)
        self.assertEqual(commands(), set(entries(PAGES["tidemark.1"])))

    def test_every_command_has_its_options_and_its_arguments_and_no_others(self):
        for command, entry in entries(PAGES["tidemark.1"]).items():
            with self.subTest(command):
                options, words, explained = usage(command)
                self.assertEqual(options, flags(entry.head), "in the synopsis")
                described = set().union(*(flags(line) for line in entry.body if line.startswith(".It")), set())
                self.assertEqual(explained, described, "in the list")
                self.assertEqual(words, set(re.findall(r"[A-Z]+|[a-z_]+", re.sub(
                    r"\b(?:Fl Fl [a-z-]+|Fl [a-z]|Oo|Oc|Po|Pc|Op|Ar|Cm|Ns)\b", "", entry.head))))

    def test_the_options_of_all_commands_are_there(self):
        general = PAGES["tidemark.1"].read_text().split(".Sh COMMANDS")[0]
        listed = set().union(*(flags(line) for line in general.splitlines() if line.startswith(".It")))
        wanted = re.search(r"^Options.*?\n\n", help_of(), re.MULTILINE | re.DOTALL).group(0)
        self.assertEqual(options_in(wanted), listed)

    def test_every_example_is_one_that_the_help_gives(self):
        text = PAGES["tidemark.1"].read_text().replace("\\(aq", "'").replace("\\(dq", '"').replace("\\e", "\\")
        given = {line.strip() for command in commands() for line in help_of(command).split("Examples:\n")[1].splitlines()}
        shown = {line for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.MULTILINE | re.DOTALL)
                 for line in block.splitlines()}
        self.assertEqual({line.replace("…", "...") for line in given if line}, shown)

    def test_every_exit_code_is_there_and_no_other(self):
        codes = re.search(r"^Exit codes: (.*)", help_of(), re.MULTILINE | re.DOTALL).group(1)
        wanted = set(re.findall(r"(?:^|, |,\n)(\d+) ", codes))
        status = PAGES["tidemark.1"].read_text().split(".Sh EXIT STATUS")[1]
        self.assertEqual(wanted, set(re.findall(r"^\.It (\d+)$", status, re.MULTILINE)))

    def test_every_variable_that_the_help_names_is_there(self):
        named = set(re.findall(r"\b[A-Z]+_[A-Z]+\b", help_of()))
        self.assertEqual(named, set(re.findall(r"^\.It Ev (\w+)$", PAGES["tidemark.1"].read_text(), re.MULTILINE)))


class Daemon(unittest.TestCase):
    def test_every_option_is_there_and_no_other(self):
        wanted = options_in(told(TIDEMARKD, "--help").stdout.split("Options:")[1])
        listed = set().union(*(flags(line) for line in PAGES["tidemarkd.8"].read_text().splitlines() if line.startswith(".It")))
        self.assertEqual(wanted, listed)

    def test_every_variable_that_the_daemon_reads_is_there_and_no_other(self):
        read = set()
        for folder in ("adapters", "daemon"):
            for path in (ROOT / folder).rglob("*.cpp"):
                if "client" not in path.parts and path.name != "tidemark.cpp":
                    read |= set(re.findall(r'(?:getenv|take|take_variable)\("([A-Z_]+)"\)', path.read_text()))
        listed = " ".join(re.findall(r"^\.It Ev (.*)$", PAGES["tidemarkd.8"].read_text(), re.MULTILINE))
        self.assertEqual(read, set(listed.replace(",", "").split()))

    def test_every_folder_of_the_unit_is_there(self):
        page = PAGES["tidemarkd.8"].read_text()
        for path in ("/etc/tidemark/tidemark.yaml", "/var/lib/tidemark/ledger.db", "/run/tidemark/control.sock"):
            self.assertIn(f".It Pa {path}\n", page)


def sections_of_schema():
    """{section: {key: (default or None, required)}}, a section being named by the key that leads to it."""
    schema = json.loads((ROOT / "config/tidemark.schema.json").read_text())
    sections = {}

    def resolve(value):
        merged = dict(value)
        while "$ref" in merged:
            target = schema["$defs"][merged.pop("$ref").rsplit("/", 1)[1]]
            merged = {**target, **merged}
        return merged

    def visit(name, value):
        value = resolve(value)
        for each in [value, *value.get("anyOf", []), value.get("items", {})]:
            each = resolve(each)
            properties = each.get("properties")
            if properties and name not in sections:
                sections[name] = {key: (resolve(property_).get("default"), key in each.get("required", []))
                                  for key, property_ in properties.items()}
                for key, property_ in properties.items():
                    visit(key, property_)

    visit("Top level", schema)
    return sections


def sections_of_page():
    sections, keys, key = {}, None, None
    for line in PAGES["tidemark.yaml.5"].read_text().splitlines():
        if line.startswith(".Ss "):
            keys = sections.setdefault(line[4:], {})
        elif line.startswith(".Sh"):
            keys = None
        elif keys is not None and line.startswith(".It Cm "):
            key = line[7:]
            keys[key] = ""
        elif keys is not None and key in keys:
            keys[key] += line + "\n"
    return sections


class Config(unittest.TestCase):
    def test_every_key_of_the_schema_is_there_and_no_other(self):
        schema, page = sections_of_schema(), sections_of_page()
        self.assertGreater(sum(len(keys) for keys in schema.values()), 40)
        self.assertEqual({name: set(keys) for name, keys in schema.items()}, {name: set(keys) for name, keys in page.items()})

    def test_every_key_says_its_default_and_whether_it_is_required(self):
        page = sections_of_page()
        for section, keys in sections_of_schema().items():
            for key, (default, required) in keys.items():
                with self.subTest(f"{section}: {key}"):
                    said = re.findall(r"^Default:\n\.Li (.*)$", page[section][key], re.MULTILINE)
                    default = json.dumps(default) if isinstance(default, bool) else default
                    self.assertEqual([] if default is None else [str(default)], said)
                    self.assertEqual(required, "\nRequired.\n" in "\n" + page[section][key])

    def test_the_example_is_a_good_config(self):
        text = re.search(r"^\.Sh EXAMPLES\n\.Bd -literal\n(.*?)^\.Ed", PAGES["tidemark.yaml.5"].read_text(),
                         re.MULTILINE | re.DOTALL).group(1)
        text = re.sub(r"^ *password: .*\n", "", text, flags=re.MULTILINE)  # secrets that are not there
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            verdict = told(TIDEMARKD, "--check-config", "--config", file.name)
        self.assertEqual("config is good: 1 app, 3 environments\n", verdict.stdout, verdict.stderr)


class Form(unittest.TestCase):
    def test_mandoc_has_nothing_to_say(self):
        for name, page in PAGES.items():
            self.assertEqual("", told("mandoc", "-T", "lint", "-W", "warning", page).stdout, name)

    def test_man_has_nothing_to_say(self):
        for name, page in PAGES.items():
            verdict = told("man", "--warnings", "-E", "UTF-8", "-l", page,
                           env={**os.environ, "MANROFFSEQ": "", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
            self.assertEqual("", verdict.stderr, name)
            self.assertGreater(len(verdict.stdout), 1000, name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
