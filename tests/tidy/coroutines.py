"""Coroutine code that some compilers turn into double frees and skipped branches without a word, or that outlives what
it refers to. The safe form is the same everywhere: one co_await in a statement, and its operands are names."""

import cpp

CONTROL = ("if", "while", "switch", "for")
COROUTINE = ("co_await", "co_return", "co_yield")
CHECKS = ("CHECK", "CHECK_FALSE", "CHECK_EQ", "REQUIRE", "REQUIRE_FALSE", "RC_ASSERT", "assert")
# Braces after these make a number with a unit: nothing that could be freed twice.
DURATIONS = ("nanoseconds", "microseconds", "milliseconds", "seconds", "minutes", "hours", "days")


def check(path, source):
    """Yields (line, rule, message)."""
    yield from check_block(cpp.tree(source), path.startswith("tests/"))


def check_block(items, in_tests):
    for keyword, statement in statements(items):
        if keyword in CONTROL:
            parts = split(statement, ";")
            if keyword != "for" or len(parts) == 3:
                condition = parts[1] if keyword == "for" else parts[-1]
                yield from check_condition(keyword, condition)
            for part in parts:
                yield from check_statement(part, in_tests)
        elif keyword == "block":
            yield from check_block(statement, in_tests)
        else:
            yield from check_statement(statement, in_tests)


def statements(items):
    """Yields (keyword, items): the head of a control statement under its keyword, what is inside a block as "block",
    and everything else as ""."""
    statement = []
    for item in items:
        head = [one.text for one in statement if one.text != "constexpr"]
        if item.text == ";":
            yield "", statement
            statement = []
        elif cpp.is_group(item, "(") and len(head) == 1 and head[0] in CONTROL:
            yield head[0], item.items
            statement = []
        elif item.text in ("else", "do", "try") and not statement:
            continue
        elif cpp.is_group(item, "{") and not cpp.lambda_introducer(statement) and cpp.opens_block(statement):
            yield "", statement
            yield "block", item.items
            statement = []
        else:
            statement.append(item)
    yield "", statement


def split(items, separator):
    parts = [[]]
    for item in items:
        if item.text == separator:
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


class Seen:
    """What stands in one statement, without the bodies of its lambdas."""

    def __init__(self, items):
        self.awaits = []
        self.ternaries = []
        self.braces = []
        self.lambdas = []  # (captures, body)
        self.names = set()
        self.look(items)

    def look(self, items):
        for i, item in enumerate(items):
            if cpp.is_group(item, "{"):
                captures = cpp.lambda_introducer(items[:i])
                if captures:
                    self.lambdas.append((captures, item))
                    continue
                if not (i and items[i - 1].text in DURATIONS):
                    self.braces.append(item)
            if item.kind == "group":
                self.look(item.items)
            elif item.kind == "name":
                self.names.add(item.text)
            if item.text == "co_await":
                self.awaits.append(item)
            elif item.text == "?":
                self.ternaries.append(item)


def check_condition(keyword, items):
    for found in Seen(items).awaits[:1]:
        yield found.line, "co-await-condition", f"co_await in the condition of {keyword}: bind it to a local first"


def check_statement(items, in_tests):
    seen = Seen(items)
    if seen.awaits:
        yield from check_await(seen)
    if not in_tests and "detached" in seen.names and seen.names.intersection(("asio", "co_spawn")):
        yield (first(items, "detached").line, "detached",
               "nobody hears of the end of what is spawned detached: let the supervisor start it, with a name")
    for captures, body in seen.lambdas:
        if captures.items and not in_tests and is_coroutine(body):
            yield (captures.line, "coroutine-captures",
                   "a coroutine's captures live in the closure and not in its frame: pass them as parameters")
        yield from check_block(body.items, in_tests)


def check_await(seen):
    if len(seen.awaits) > 1:
        yield seen.awaits[1].line, "two-co-awaits", "two co_await in one statement: one statement each"
    for found in seen.ternaries[:1]:
        yield found.line, "co-await-ternary", "?: in a statement with co_await: use if and else"
    for found in seen.braces[:1]:
        yield found.line, "co-await-braces", "a braced value in a statement with co_await: name it, then std::move it"
    for found in seen.awaits[:1]:
        if seen.names.intersection(CHECKS):
            yield found.line, "co-await-check", "co_await inside a check: await first, check after"
    for captures, _ in seen.lambdas:
        if captures_by_value(captures):
            yield (captures.line, "co-await-lambda",
                   "a temporary lambda that captures by value in a statement with co_await: name it, then std::move it")


def captures_by_value(captures):
    return any(part and part[0].text != "&" for part in split(captures.items, ","))


def is_coroutine(body):
    return bool(Seen(body.items).names.intersection(COROUTINE))


def first(items, text):
    for item in items:
        found = first(item.items, text) if item.kind == "group" else item if item.text == text else None
        if found:
            return found
    return None
