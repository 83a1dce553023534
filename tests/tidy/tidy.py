#!/usr/bin/python3
"""Looks through the tree for what a machine can find and a reviewer should not have to: includes against the arrow
core <- adapters <- daemon, coroutine code that some compilers break, tasks that nobody hears of, and loose ends.

    tidy.py ROOT        prints path:line: rule: message for each, and exits 1 if there is any
"""

import os
import sys

sys.dont_write_bytecode = True

import coroutines  # noqa: E402
import files  # noqa: E402

SKIPPED_FOLDERS = {".git", ".cache", "build", "node_modules", "__pycache__"}
SNIPPETS = ("tests/tidy/bad", "tests/tidy/good")
SIZE_MAX = 1 << 20


def paths_below(root):
    for folder, folders, names in os.walk(root):
        here = os.path.relpath(folder, root)
        folders[:] = sorted(
            name for name in folders
            if name not in SKIPPED_FOLDERS and os.path.normpath(f"{here}/{name}") not in SNIPPETS)
        for name in sorted(set(names) - {".git"}):  # a file in a work tree beside the first
            yield os.path.normpath(f"{here}/{name}")


def text_of(path):
    """The file's text; empty for what is no text and for what only points elsewhere."""
    if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > SIZE_MAX:
        return ""
    with open(path, encoding="utf-8", newline="") as file:
        try:
            return file.read()
        except UnicodeDecodeError:
            return ""


def check(path, tree):
    text = tree.texts[path]
    found = list(files.check(path, text, tree))
    if files.kind_of(path, text) == "cpp":
        found += coroutines.check(path, text)
    return sorted(set(found))


def main(root):
    tree = files.Tree({path: text_of(os.path.join(root, path)) for path in paths_below(root)})
    findings = 0
    for path in tree.texts:
        for line, rule, message in check(path, tree):
            findings += 1
            print(f"{path}:{line}: {rule}: {message}")
    print(f"tidy: {len(tree.texts)} files, {findings} findings")
    return 1 if findings or not tree.texts else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
