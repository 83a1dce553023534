#!/usr/bin/python3
"""Tidy is only worth something while each of its rules fires: every file in bad/ says on which lines it must, and no
file in good/ gives a finding.

In a snippet, `path: P` says where in the tree it pretends to be, `with: P INCLUDES` that the tree also has a file P
with that include in it (INCLUDES may be left out), and `expect: RULE` that its line gives a finding of that rule.
"""

import os
import re
import sys

sys.dont_write_bytecode = True

import files  # noqa: E402
import tidy  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DIRECTIVE = re.compile(r"(?://|#) (path|with|expect): (\S+)(?: (\w\S*))?")


def problems_of(folder, name):
    with open(os.path.join(HERE, folder, name), encoding="utf-8", newline="") as file:
        text = file.read()
    path, texts, expected = "", {}, []
    for number, line in enumerate(text.split("\n"), 1):
        for what, value, more in DIRECTIVE.findall(line):
            if what == "path":
                path = value
            elif what == "with":
                texts[value] = f'#include "{more}"\n' if more else ""
            else:
                expected.append((number, value))
    texts[path] = text
    found = [(line, rule) for line, rule, _ in tidy.check(path, files.Tree(texts))]
    for line, rule in sorted(set(expected) - set(found)):
        yield f"{folder}/{name}:{line}: {rule} did not fire"
    for line, rule in sorted(set(found) - set(expected)):
        yield f"{folder}/{name}:{line}: {rule} fired and should not have"
    if not path or bool(expected) != (folder == "bad"):
        yield f"{folder}/{name}: pretends to be nowhere, or expects what does not belong into {folder}/"


def rules():
    """Every rule that the sources of tidy can yield."""
    found = set()
    for name in ("coroutines.py", "files.py"):
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            found.update(re.findall(r'(?:yield |yield \()[^"\n]*, "([a-z-]+)",', file.read()))
    return found


def main():
    problems, fired, count = [], set(), 0
    for folder in ("bad", "good"):
        for name in sorted(os.listdir(os.path.join(HERE, folder))):
            count += 1
            problems += problems_of(folder, name)
            with open(os.path.join(HERE, folder, name), encoding="utf-8") as file:
                fired.update(value for what, value, _ in DIRECTIVE.findall(file.read()) if what == "expect")
    problems += [f"no snippet in bad/ for {rule}" for rule in sorted(rules() - fired)]
    print("\n".join(problems + [f"tidy_test: {count} snippets, {len(rules())} rules, {len(problems)} problems"]))
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
