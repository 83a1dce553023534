#!/usr/bin/python3
"""What deploy/ has for Prometheus and Grafana, as far as no daemon has to run: promtool takes the rules and the scrape
snippet, each alert is tried both ways and has its runbook, each command in a runbook is one that the client takes, and
the dashboard is one that can be provisioned.

    alerts_test.py TIDEMARK TIDEMARKD
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import promql  # noqa: E402
import yaml  # noqa: E402

RULE_TESTS = os.path.join(promql.ROOT, "tests/deploy/tidemark.rules.test.yaml")
RUNBOOKS = os.path.join(promql.ROOT, "deploy/runbooks")
RUNBOOK_URL = re.compile(r"file:///usr/share/tidemark/runbooks/(\w+)\.md(?:#(.+))?")
HEADINGS = ["What it means", "How bad", "Look first", "Do", "It ends when", "False alarm, and silence"]
SEVERITIES = {"critical", "warning", "info"}
CANNOT_REACH = 5  # what the client ends with when the arguments were good and there is no daemon

problems = []


def expect(holds, problem):
    if not holds:
        problems.append(problem)


def promtool(*arguments):
    ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    expect(ran.returncode == 0, f"promtool {' '.join(arguments)}:\n{ran.stdout}{ran.stderr}")


def check_with_promtool():
    promtool("check", "rules", promql.RULES)
    promtool("test", "rules", RULE_TESTS)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump({**promql.read_yaml(promql.SCRAPE), "rule_files": [promql.RULES]}, file)
        promtool("check", "config", path)
    jobs = {job["job_name"] for job in promql.read_yaml(promql.SCRAPE)["scrape_configs"]}
    asked = {value for alert in promql.alerts() for _, matchers in promql.selectors(alert["expr"])
             for label, _, value in matchers if label == "job"}
    expect(asked == jobs, f"the rules look for the jobs {asked}, the scrape snippet makes {jobs}")


def outcomes(test, alert):
    """What the test expects of this alert, one list for each moment."""
    for case in test.get("promql_expr_test", []):
        if f'alertname="{alert}"' in case["expr"] and 'alertstate="firing"' in case["expr"]:
            yield case["exp_samples"]
    for case in test.get("alert_rule_test", []):
        if case["alertname"] == alert:
            yield case["exp_alerts"]


def check_cases(alert):
    name = alert["alert"]
    metrics = {metric for metric, _ in promql.selectors(alert["expr"])}
    seen = {"fires": False, "is quiet": False}
    for test in promql.read_yaml(RULE_TESTS)["tests"]:
        for how in seen:
            if not test["name"].startswith(f"{name} {how} "):
                continue
            given = {series["series"].split("{")[0] for series in test["input_series"]}
            expected = list(outcomes(test, name))
            expect(given & metrics, f"'{test['name']}' has no series that the alert looks at")
            expect(expected and bool(expected[-1]) == (how == "fires"), f"'{test['name']}' does not end so")
            seen[how] = True
    for how, tried in seen.items():
        expect(tried, f"no test in {os.path.basename(RULE_TESTS)} whose name begins with '{name} {how}'")


def finding_kinds():
    with open(os.path.join(promql.ROOT, "core/drift/finding.h"), encoding="utf-8") as file:
        body = re.search(r"enum class FindingKind \{(.*?)\};", file.read(), re.DOTALL).group(1)
    return re.findall(r"^\s*(\w+),", body, re.MULTILINE)


def anchors_of(page):
    """As Markdown renderers make them of headings."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}


def anchors_wanted(alert, anchor):
    if "{{" not in anchor:
        return [anchor]
    expect(anchor == "{{ $labels.kind }}", f"{alert['alert']}: the test does not know the anchor {anchor}")
    left_out = re.search(r'kind!~"([^"]*)"', alert["expr"]).group(1).split("|")
    return [kind for kind in finding_kinds() if kind not in left_out]


def check_words(alert):
    name, labels, words = alert["alert"], alert["labels"], alert["annotations"]
    expect(re.fullmatch(r"Tidemark[A-Z]\w+", name), f"{name} is no name for an alert of ours")
    expect(labels.get("severity") in SEVERITIES, f"{name}: severity is one of {SEVERITIES}")
    expect({"summary", "description", "runbook_url", "dashboard"} <= set(words), f"{name}: an annotation is missing")
    expect(words["dashboard"].startswith(f"/d/{promql.dashboard()['uid']}"), f"{name}: another dashboard")
    url = RUNBOOK_URL.fullmatch(words["runbook_url"])
    if not url or url.group(1) != name:
        problems.append(f"{name}: runbook_url is not its own page: {words['runbook_url']}")
        return
    path = os.path.join(RUNBOOKS, f"{name}.md")
    if not os.path.exists(path):
        problems.append(f"{name} has no runbook {path}")
        return
    with open(path, encoding="utf-8") as file:
        page = file.read()
    expect(re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS, f"{name}.md: its headings are not {HEADINGS}")
    expect(page.startswith(f"# {name}\n"), f"{name}.md does not begin with its name")
    for anchor in anchors_wanted(alert, url.group(2)) if url.group(2) else []:
        expect(anchor in anchors_of(page), f"{name}.md has no heading for #{anchor}")


def commands_in(text):
    """Each `tidemark …` or `tidemarkd …`: a line of its own, or between backquotes."""
    inline = re.findall(r"`(tidemarkd? [^`]+)`", text)
    lines = [line for line in text.split("\n") if re.match(r"tidemarkd? ", line) and not line.endswith((".", ",", ":"))]
    return sorted(set(inline + lines))


def check_command(place, line, tidemark, tidemarkd):
    # In what promises a look, an alert says the labels.
    line = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"\1", line).replace("…", "why")
    words = shlex.split(line)
    if words[0] == "tidemarkd":
        options = {word for word in words if word.startswith("-")}
        known = subprocess.run([tidemarkd, "--help"], capture_output=True, text=True, check=True).stdout
        expect(all(re.search(rf"(?<!\S){option}\b", known) for option in options), f"{place}: no such option: {line}")
        return
    with tempfile.TemporaryDirectory() as folder:
        socket = os.path.join(folder, "nobody.sock")
        ran = subprocess.run([tidemark, "--socket", socket, *words[1:]], stdin=subprocess.DEVNULL, cwd=folder,
                             capture_output=True, text=True, check=False)
    unattended = "--yes" in ran.stderr and "terminal" in ran.stderr  # a good command that a person is asked about
    expect(ran.returncode == CANNOT_REACH or unattended, f"{place}: the client does not take '{line}': {ran.stderr}")


def check_commands(tidemark, tidemarkd):
    count = 0
    for name in sorted(os.listdir(RUNBOOKS)):
        with open(os.path.join(RUNBOOKS, name), encoding="utf-8") as file:
            for line in commands_in(file.read()):
                check_command(name, line, tidemark, tidemarkd)
                count += 1
    for alert in promql.alerts():
        for line in re.findall(r"See: (tidemark .+?)\s*$", alert["annotations"]["description"]):
            check_command(alert["alert"], line, tidemark, tidemarkd)
            count += 1
    expect(count > 40, f"only {count} commands were found in the runbooks")


def check_reasons():
    """Whoever is woken finds the reason that `plan` shows on the page."""
    with open(os.path.join(promql.ROOT, "core/apply/verdict.cpp"), encoding="utf-8") as file:
        found = re.findall(r'Kind::unknown,\s*((?:"[^"]*"\s*)+)', file.read())
    reasons = ["".join(re.findall(r'"([^"]*)"', literals)) for literals in found]
    with open(os.path.join(RUNBOOKS, "TidemarkOutcomeUnknown.md"), encoding="utf-8") as file:
        named = [words for line in file if line.startswith("| ") for words in re.findall(r"`([^`]+)`", line.split(" | ")[0])]
    expect(len(reasons) > 5, f"only {len(reasons)} reasons were found in verdict.cpp")
    for reason in reasons:
        expect(any(words in reason for words in named), f"TidemarkOutcomeUnknown.md does not know the reason '{reason}'")


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"] and
            one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def check_dashboard():
    board = promql.dashboard()
    expect(board["uid"] == "tidemark" and board["id"] is None, "the dashboard's uid is what links name, its id is Grafana's")
    expect("__inputs" not in board, "__inputs are for sharing by hand: provisioning does not fill them")
    panels = board["panels"]
    expect([panel["id"] for panel in panels] == list(range(1, len(panels) + 1)), "panel ids count from 1, in reading order")
    places = [panel["gridPos"] for panel in panels]
    expect(places == sorted(places, key=lambda place: (place["y"], place["x"])), "panels stand in reading order")
    for i, place in enumerate(places):
        expect(place["x"] + place["w"] <= 24 and not any(overlap(place, other) for other in places[:i]),
               f"{panels[i]['title']} lies on another panel or beside the page")
    sources = {variable["name"] for variable in board["templating"]["list"] if variable["type"] == "datasource"}
    for panel in panels:
        if panel["type"] == "row":
            continue
        title, defaults = panel["title"], panel["fieldConfig"]["defaults"]
        expect(panel.get("description"), f"{title}: no description")
        expect(defaults.get("unit") and defaults.get("noValue"), f"{title}: no unit, or no word for no data")
        for part in [panel, *panel["targets"]]:
            uid = part["datasource"]["uid"]
            expect(uid.strip("${}") in sources and uid.startswith("${"), f"{title}: a data source of one Grafana: {uid}")
    for path in ("dashboards/tidemark.yaml", "datasources/prometheus.yaml"):
        document = promql.read_yaml(os.path.join(promql.ROOT, "deploy/grafana/provisioning", path))
        expect(document["apiVersion"] == 1, f"{path}: apiVersion 1")
        for provider in document.get("providers", []):
            expect(provider["options"]["path"] == "/usr/share/tidemark/grafana", f"{path}: not where the package puts it")


def main(tidemark, tidemarkd):
    if not shutil.which("promtool"):
        print("SKIPPED: promtool is missing: deploy/install-packages.sh test")
        return 77
    check_with_promtool()
    alerts = promql.alerts()
    for alert in alerts:
        check_cases(alert)
        check_words(alert)
    pages = {name.removesuffix(".md") for name in os.listdir(RUNBOOKS)}
    expect(pages == {alert["alert"] for alert in alerts}, "a runbook page without an alert, or the other way round")
    with open(os.path.join(promql.ROOT, "deploy/prometheus/README.md"), encoding="utf-8") as file:
        for name in re.findall(r"\bTidemark[A-Z]\w+", file.read()):
            expect(name in pages, f"deploy/prometheus/README.md names {name}, which is no alert")
    check_commands(tidemark, tidemarkd)
    check_reasons()
    check_dashboard()
    for problem in problems:
        print(problem)
    print(f"alerts: {len(alerts)} alerts, {len(promql.dashboard()['panels'])} panels, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
