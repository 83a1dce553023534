"""Reads YAML documents, separated by lines of NUL, and says of each what the JSON Schema says: one "good" or "bad" a line.

Plain scalars are resolved by YAML 1.2's core schema, as editors do; PyYAML's own rules are YAML 1.1's, in which 0660 is
432 and "on" is true.
"""

import json
import re
import sys

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}


def resolve(tag, pattern, first):
    CoreLoader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), list(first))


resolve("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""])
resolve("bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF")
resolve("int", r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789")
resolve("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", "-+.0123456789")


def integer(loader, node):
    return int(node.value, 0 if re.match("0[ox]", node.value) else 10)


CoreLoader.add_constructor("tag:yaml.org,2002:int", integer)
CoreLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: 0.5)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for document in sys.stdin.read().split("\0\n"):
    print("good" if validator.is_valid(yaml.load(document, Loader=CoreLoader)) else "bad")
