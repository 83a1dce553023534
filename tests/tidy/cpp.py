"""C++ as far as tidy has to understand it: tokens, what is inside which brackets, and which braces are what."""

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
    | (?P<directive>(?<![^\n])[ \t]*\#(?:\\\n|//[^\n]*|/\*.*?\*/|[^\n])*)
    | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
    | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"|(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
    | (?P<number>\.?\d(?:'?[\w.])*)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<op>::|->|.)
    """,
    re.VERBOSE | re.DOTALL,
)

BRACKETS = {"(": ")", "[": "]", "{": "}"}


@dataclass
class Token:
    kind: str  # name, number, string, op
    text: str
    line: int


@dataclass
class Group:
    """What stands between a pair of brackets."""

    text: str  # the opening bracket
    line: int
    items: list = field(default_factory=list)
    kind: str = "group"


def tokens(source):
    at, line = 0, 1
    while at < len(source):
        # The lookbehind of a directive sees only what match() may see, so positions and not slices are passed.
        match = TOKEN.match(source, at)
        kind = "string" if match.lastgroup in ("raw", "mark") else match.lastgroup
        if kind not in ("space", "comment", "directive"):
            yield Token(kind, match.group(), line)
        line += match.group().count("\n")
        at = match.end()


def tree(source):
    """The tokens of a file with brackets as groups. Brackets that do not match are passed over."""
    top = Group("", 1)
    open_groups = [top]
    for token in tokens(source):
        if token.kind == "op" and token.text in BRACKETS:
            group = Group(token.text, token.line)
            open_groups[-1].items.append(group)
            open_groups.append(group)
        elif token.kind == "op" and token.text in BRACKETS.values():
            if len(open_groups) > 1 and BRACKETS[open_groups[-1].text] == token.text:
                open_groups.pop()
        else:
            open_groups[-1].items.append(token)
    return top.items


def is_group(item, bracket):
    return item.kind == "group" and item.text == bracket


def before_return_type(items):
    """The items before a trailing return type, or all of them when there is none."""
    for i in range(len(items) - 1, 0, -1):
        item = items[i]
        if item.text == "->":
            return items[:i]
        if item.kind != "name" and item.text not in ("::", "<", ">", "*", "&", ","):
            break
    return items


def lambda_introducer(items):
    """The [captures] of the lambda whose body would be a brace that follows `items`; None when it is no lambda."""
    items = before_return_type(items)
    end = len(items)
    while end and items[end - 1].text in ("mutable", "noexcept", "constexpr", "consteval", "static"):
        end -= 1
    if end and is_group(items[end - 1], "("):
        end -= 1
    if end and items[end - 1].text == ">":
        depth = 0
        while end:
            end -= 1
            depth += {">": 1, "<": -1}.get(items[end].text, 0)
            if depth == 0:
                break
    if not end or not is_group(items[end - 1], "["):
        return None
    introducer = items[end - 1]
    if is_attribute(introducer):
        return None
    if end > 1:
        before = items[end - 2]
        expects_operand = ("return", "co_return", "co_await", "co_yield")
        if before.kind == "string" or is_group(before, "(") or is_group(before, "["):
            return None
        if before.kind in ("name", "number") and before.text not in expects_operand:
            return None
    return introducer


def is_attribute(item):
    return is_group(item, "[") and len(item.items) == 1 and is_group(item.items[0], "[")


def opens_block(items):
    """Whether a brace that follows `items` in a statement opens a block (or a class, a namespace), and no value."""
    if not items:
        return True
    last = items[-1]
    if last.kind == "group":
        return last.text in ("(", "{") or is_attribute(last)
    if last.kind == "string" or last.text in ("else", "do", "try", ":", "const", "override", "final", "noexcept"):
        return True
    texts = [item.text for item in items]
    if any(is_group(item, "(") for item in items) and (
            "requires" in texts or last.text in ("&", "mutable") or before_return_type(items) is not items):
        return True
    return "=" not in texts and any(
        word in texts for word in ("namespace", "struct", "class", "union", "enum")) and not is_elaborated(texts)


def is_elaborated(texts):
    """struct Foo name{...}: a variable whose type is written with its keyword, as C does it."""
    return texts[0] == "struct" and len(texts) == 3 and texts[2] != "final"
