"""PromQL and the files that hold it, as far as our tests have to understand them."""

import json
import os
import re

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = os.path.join(ROOT, "deploy/prometheus/tidemark.rules.yaml")
SCRAPE = os.path.join(ROOT, "deploy/prometheus/scrape.yaml")
DASHBOARD = os.path.join(ROOT, "deploy/grafana/tidemark.json")

SELECTOR = re.compile(r"\b((?:tidemark|process)_[a-z_]+|up)\b(\{[^}]*\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
LABELS_NAMED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


def read_yaml(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def alerts():
    return [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]


def dashboard():
    with open(DASHBOARD, encoding="utf-8") as file:
        return json.load(file)


def substituted(expression):
    """As Grafana sends it when everything is selected."""
    for name, value in {"$app": ".*", "$environment": ".*", "$__rate_interval": "1m", "$__range": "1h"}.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, f"a variable that the test does not know: {expression}"
    return expression


def queries():
    """(title, expression) of everything that the dashboard asks."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], substituted(target["expr"])


def selectors(expression):
    """(metric, [(label, operator, value)]) of each selector; label lists behind `by` and the like are none."""
    bare = LABELS_NAMED.sub(" ", expression)
    for metric, matchers in SELECTOR.findall(bare):
        yield metric, MATCHER.findall(matchers)


def labels_named(expression):
    for names in LABELS_NAMED.findall(expression):
        yield from (name.strip() for name in names.split(",") if name.strip())
