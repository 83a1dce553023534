#!/usr/bin/env python3
"""Holds what the daemon answered against its OpenAPI document, and the document against the routes in the source.

usage: validate.py openapi.json answers.ndjson control.cpp

A line of answers.ndjson: {"path": "/v1/status", "method": "GET", "transport": "socket", "sent": "", "status": 200,
"type": "application/json", "body": "…"}, where `path` is the document's template. Prints what does not agree.
"""

import json
import re
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

problems = []
ROLES = ["none", "viewer", "operator", "admin"]


def resolve(document, node):
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def schema_errors(document, schema, value):
    whole = {**schema, "components": document["components"]}
    validator = jsonschema.Draft202012Validator(whole)
    for error in sorted(validator.iter_errors(value), key=lambda e: list(e.absolute_path)):
        where = "/".join(str(part) for part in error.absolute_path)
        yield f"at '{where}': {error.message[:300]}"


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from walk(child)


def check_document(document):
    for node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            try:
                resolve(document, node)
            except (KeyError, TypeError):
                problems.append(f"{node['$ref']} leads nowhere")
    used = set(re.findall(r'#/components/(\w+/[^"]+)"', json.dumps(document)))
    for kind, members in document["components"].items():
        for name in members:
            if f"{kind}/{name}" not in used:
                problems.append(f"components/{kind}/{name} is never used")
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for node in walk(schema):
            if isinstance(node, dict) and "properties" in node and "required" in node and "additionalProperties" not in node:
                problems.append(f"{name}: a schema that would not notice undocumented members")


def check_parameters(document):
    for path, item in document["paths"].items():
        declared = {resolve(document, p)["name"] for p in item.get("parameters", []) + item.get("get", {}).get("parameters", [])
                    if resolve(document, p)["in"] == "path"}
        if declared != set(re.findall(r"{(\w+)}", path)):
            problems.append(f"{path}: its parameters are declared as {sorted(declared)}")


# {"poll", "POST", {"v1", …, "poll"}, operator_, Tcp::never, …}
ROUTE = re.compile(r'\{"([\w.]+)",\s*"([A-Z]+)",\s*\{((?:"[^"]*",?\s*)+)\},\s*(\w+),\s*Tcp::(\w+),')


def check_routes(document, source):
    routes = {}
    for name, method, parts, role, tcp in ROUTE.findall(source):
        path = "/" + "/".join(re.findall(r'"([^"]*)"', parts))
        routes[path, method.lower()] = (name, role.rstrip("_"), tcp)
    if len(routes) != source.count("Tcp::", source.index("Control::routes()"), source.index("return all;")):
        problems.append("the table of routes looks different from what this script understands")
    operations = {(path, method): operation for path, item in document["paths"].items()
                  for method, operation in item.items() if method != "parameters"}
    for path, method in routes.keys() - operations.keys():
        problems.append(f"{method} {path} is served and not documented")
    for path, method in operations.keys() - routes.keys():
        problems.append(f"{method} {path} is documented and not served")
    for key in routes.keys() & operations.keys():
        name, role, tcp = routes[key]
        operation = operations[key]
        # Routes that look themselves, where they know what is asked for, ask for no role in the table.
        role_told = operation["x-role"]
        if (name, tcp) != (operation["operationId"], operation["x-tcp"]) or (role not in ("none", role_told)):
            problems.append(f"{key[1]} {key[0]}: operationId, x-role or x-tcp is not as in the source: {routes[key]}")


def check_events(document, schema, text, where):
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" not in fields:
            continue
        event = json.loads(fields["data"])
        if (event.get("type"), event.get("id")) != (fields.get("event"), fields.get("id")):
            problems.append(f"{where}: the event's lines do not agree: {block[:200]}")
        problems.extend(f"{where}: {error}: {block[:200]}" for error in schema_errors(document, schema, event))


def check_answer(document, answer):
    method = answer["method"].lower()
    where = f"{answer['method']} {answer['path']} ({answer['transport']}): {answer['status']}"
    operation = document["paths"].get(answer["path"], {}).get("get" if method == "head" else method)
    if operation is None:
        problems.append(f"{where}: no such operation in the document")
        return
    if answer["status"] == 200 and "requestBody" in operation and answer["sent"]:
        sent = operation["requestBody"]["content"]["application/json"]["schema"]
        problems.extend(f"{where}: was taken, but is not documented so: {e}"
                        for e in schema_errors(document, sent, json.loads(answer["sent"])))
    response = resolve(document, operation["responses"].get(str(answer["status"]), {}))
    if not response:
        problems.append(f"{where}: this status is not documented: {answer['body'][:200]}")
        return
    media = response["content"].get(answer["type"])
    if media is None:
        problems.append(f"{where}: content type {answer['type']} is not documented")
        return
    if method == "head":
        return
    if answer["type"] == "text/event-stream":
        check_events(document, media["x-data"], answer["body"], where)
    elif answer["type"] == "application/x-ndjson":
        lines = [json.loads(line) for line in answer["body"].splitlines()]
        problems.extend(f"{where}: {e}: {line}" for line in lines for e in schema_errors(document, media["x-data"], line))
        if not lines or lines[-1]["type"] != "finished":
            problems.append(f"{where}: the stream does not end with its end")
    elif answer["type"].endswith("json"):
        problems.extend(f"{where}: {e}" for e in schema_errors(document, media["schema"], json.loads(answer["body"])))
        if answer["status"] >= 400 and json.loads(answer["body"])["status"] != answer["status"]:
            problems.append(f"{where}: the problem says another status")


def main():
    with open(sys.argv[1]) as file:
        document = json.load(file)
    with open(sys.argv[2]) as file:
        answers = [json.loads(line) for line in file]
    with open(sys.argv[3]) as file:
        source = file.read()
    check_document(document)
    check_parameters(document)
    check_routes(document, source)
    for answer in answers:
        check_answer(document, answer)
    answered = {(a["path"], a["method"].lower()) for a in answers if a["status"] == 200}
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            if (path, method) not in answered:
                problems.append(f"{method} {path}: no successful answer was looked at")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
