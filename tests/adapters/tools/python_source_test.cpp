#include "adapters/tools/python_source.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tidemark;

namespace {

// A value as Python would write it: 'text', [list], name, call(…), None, ? for what is unknown.
std::string written(const PythonValue& value) {
  std::string text;
  const auto items = [&] {
    for (const auto& item : value.items) {
      text += (&item == &value.items.front() ? "" : ", ") + written(item);
    }
  };
  switch (value.kind) {
    case PythonValue::Kind::none:
      return "None";
    case PythonValue::Kind::text:
      return "'" + value.text + "'";
    case PythonValue::Kind::name:
      return value.text;
    case PythonValue::Kind::unknown:
      return "?";
    case PythonValue::Kind::list:
      text = "[";
      items();
      return text + "]";
    case PythonValue::Kind::call:
      text = value.text + "(";
      items();
      return text + ")";
  }
  return text;
}

std::string module(std::string_view bytes, std::string_view name = "x") {
  const auto source = read_python(bytes, {name});
  const auto* value = source.module.find(name);
  return value == nullptr ? "(nothing)" : written(*value);
}

std::string in_class(std::string_view bytes, std::string_view name = "x") {
  const auto source = read_python(bytes, {name});
  if (source.classes.empty()) {
    return "(no class)";
  }
  const auto* value = source.classes.front().scope.find(name);
  return source.classes.front().name + ": " + (value == nullptr ? "(nothing)" : written(*value));
}

}  // namespace

TEST_CASE("Python: strings in either quotes, raw, side by side and over lines are what they are") {
  CHECK(module("x = 'a'") == "'a'");
  CHECK(module("x = \"a'b\"\n") == "'a'b'");
  CHECK(module("x = 'a' \"b\"") == "'ab'");
  CHECK(module("x = ('a'\n     'b')") == "'ab'");
  CHECK(module("x = 'a' \\\n    'b'") == "'ab'");
  CHECK(module("x = '''a\nb'''") == "'a\nb'");
  CHECK(module("x = \"\"\"a\"b\"\"\"") == "'a\"b'");
  CHECK(module("x = ''") == "''");
  CHECK(module("x = r'a\\b'") == "'a\\b'");
  CHECK(module("x = u'a'") == "'a'");
  CHECK(module("x = 'it\\'s \\\\ \\n'") == "'it's \\ \n'");
  CHECK(module("x = 'a\\\nb'") == "'ab'");
}

TEST_CASE("Python: what has to be computed is unknown, never half read") {
  for (const auto* bytes : {"x = f'a'",
                            "x = b'a'",
                            "x = 'a\\x41'",
                            "x = 'a' + 'b'",
                            "x = 'a' if y else 'b'",
                            "x = 'a'.upper()",
                            "x = 'a' % 3",
                            "x = 17",
                            "x = ['a'] + y",
                            "x = {'a': 'b'}",
                            "x = {}",
                            "x = ['a'][0]",
                            "x = y[0]",
                            "x = ['a'",
                            "x = ('a', 'b']",
                            "x = 'a",
                            "x = '''a",
                            "x = lambda: 1",
                            "x = -y",
                            "x = [i for i in y][0]",
                            "x = y = 'a'"}) {
    CAPTURE(bytes);
    CHECK(module(bytes) == "?");
  }
  CHECK(module("x = ['a', f'b', c + d]") == "['a', ?, ?]");
  CHECK(module("x = [i for i in y]") == "[?]");
}

TEST_CASE("Python: lists, tuples and sets are lists, one value in parentheses is itself") {
  CHECK(module("x = ['a', 'b']") == "['a', 'b']");
  CHECK(module("x = ('a', 'b',)") == "['a', 'b']");
  CHECK(module("x = {'a'}") == "['a']");
  CHECK(module("x = ('a')") == "'a'");
  CHECK(module("x = ('a',)") == "['a']");
  CHECK(module("x = ['a']") == "['a']");
  CHECK(module("x = ()") == "[]");
  CHECK(module("x = []") == "[]");
  CHECK(module("x = 'a', 'b'") == "['a', 'b']");
  CHECK(module("x = 'a',") == "['a']");
  CHECK(module("x = [\n  ('a', 'b'),  # ), a comment\n\n  ('c', 'd'),\n]\n") ==
        "[['a', 'b'], ['c', 'd']]");
}

TEST_CASE("Python: names and calls are told by their words") {
  CHECK(module("x = None") == "None");
  CHECK(module("x = True") == "True");
  CHECK(module("x = settings.AUTH_USER_MODEL") == "settings.AUTH_USER_MODEL");
  CHECK(module("x = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]") ==
        "[migrations.swappable_dependency(settings.AUTH_USER_MODEL)]");
  CHECK(module("x = f('a', b='c')") == "f('a', ?)");
  CHECK(module("x = f()()") == "?");
}

TEST_CASE("Python: annotations are passed over, and the last assignment counts") {
  CHECK(module("x: str = 'a'") == "'a'");
  CHECK(module("x: Union[str, Sequence[str], None] = 'a'") == "'a'");
  CHECK(module("x: str") == "(nothing)");
  CHECK(module("x = 'a'\nx = 'b'\n") == "'b'");
  CHECK(module("x = 'a'; x = 'b'") == "'b'");
  CHECK(module("x = 'a'\nx += 'b'\n") == "?");
  CHECK(module("x = []\nx.append('b')\n") == "?");
  CHECK(module("x == 'a'") == "(nothing)");
  CHECK(module("y = 'a'") == "(nothing)");
  CHECK(module("xx = 'a'") == "(nothing)");
  CHECK(module("x='a'") == "'a'");
}

TEST_CASE("Python: only what stands at the very left is the module's") {
  CHECK(module("def f():\n    x = 'a'\n") == "(nothing)");
  CHECK(module("class A:\n    x = 'a'\n") == "(nothing)");
  CHECK(module("if y:\n    x = 'a'\n") == "(nothing)");
  CHECK(module("'''\nx = 'a'\n'''\n") == "(nothing)");
  CHECK(module("y = '''\nx = 'a'\n'''\nx = 'b'\n") == "'b'");
  CHECK(module("# x = 'a'\n") == "(nothing)");
  CHECK(module("f(\nx = 'a'\n)\n") == "(nothing)");
  CHECK(module("y = 1 + \\\nx == 'a'\n") == "(nothing)");
  CHECK(module("\n\n  \n# c\nx = 'a'") == "'a'");
}

TEST_CASE("Python: a class has what stands at the left of its body") {
  CHECK(in_class("class M(migrations.Migration):\n    x = 'a'\n") == "M: 'a'");
  CHECK(in_class("class M:\n\n    '''Words.'''\n\n    x = 'a'\n\n    y = 1\n") == "M: 'a'");
  CHECK(in_class("class M:\n\tx = 'a'\n") == "M: 'a'");
  CHECK(in_class("class M:\n    y = [\n  'b'\n]\n    x = 'a'\n") == "M: 'a'");
  CHECK(in_class("class M:\n    def f(self):\n        x = 'b'\n    x = 'a'\n") == "M: 'a'");
  CHECK(in_class("class M:\n    def f(self):\n        x = 'b'\n") == "M: (nothing)");
  CHECK(in_class("class M:\n    y = 1\nx = 'a'\n") == "M: (nothing)");
  CHECK(in_class("class M:\n    class N:\n        x = 'a'\n") == "M: (nothing)");
  CHECK(in_class("class M:\n    y = 1\ndef f():\n    x = 'a'\n") == "M: (nothing)");
  CHECK(in_class("class M:\r\n    x = [\r\n        'a',\r\n    ]\r\n") == "M: ['a']");
}

TEST_CASE("Python: the docstring is the string in front") {
  CHECK(read_python("\"\"\"Add tax\n\nRevises: a\n\"\"\"\nx = 1", {}).docstring ==
        "Add tax\n\nRevises: a\n");
  CHECK(read_python("# -*- coding: utf-8 -*-\n'''Add tax'''", {}).docstring == "Add tax");
  CHECK(read_python("x = 'a'", {}).docstring.empty());
  CHECK(read_python("\xEF\xBB\xBF'''Add tax'''\n", {}).docstring == "Add tax");
}

TEST_CASE("Python: line ends of every kind end a line") {
  CHECK(module("y = 1\r\nx = 'a'\r\n") == "'a'");
  CHECK(module("y = 1\rx = 'a'\r") == "'a'");
  CHECK(module("y = '\r\nx = 'a'") == "'a'");
}

TEST_CASE("Python: brackets without end neither recurse nor take long") {
  const std::string deep(1'000'000, '[');
  CHECK(module("x = " + deep) == "?");
  CHECK(module("x = " + deep + std::string(deep.size(), ']')).find('?') != std::string::npos);
  std::string calls = "x = ";
  std::string wide = "x = [";
  for (int i = 0; i < 300'000; ++i) {
    calls += "f(";
    wide += "1,";
  }
  CHECK(module(calls).find('?') != std::string::npos);
  CHECK(module(wide + "]") == "?");
  CHECK(module("x = ['a', " + std::string(40, '(') + "'b'" + std::string(40, ')') + ", 'c']")
            .ends_with("'c']"));
}

TEST_CASE("Python: what was written as a literal is read as it was") {
  CHECK(rc::check([] {
    const auto letters = rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("abcdef0123456789_.- \xC3\xA4")));
    const auto values = *rc::gen::container<std::vector<std::string>>(letters);
    const std::string quote = *rc::gen::elementOf(std::vector<std::string>{"'", "\"", "'''"});
    std::string list = "x: list[str] = [\n";
    std::string expected = "[";
    for (const auto& value : values) {
      list += "    " + quote + value + quote + ",  # " + value + "\n";
      expected += (&value == &values.front() ? "'" : ", '") + value + "'";
    }
    RC_ASSERT(module(list + "]\n") == expected + "]");
  }));
}
