#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// What a Python file assigns at the top of it and of its classes, as far as that can be told
// without running it: literals, and calls and names by their words. Reads any bytes, in one pass
// over them.

struct PythonValue {
  enum class Kind {
    none,     // None
    text,     // a string without prefix, or a raw one
    list,     // in parentheses or brackets, or a set in braces
    name,     // settings.AUTH_USER_MODEL, True
    call,     // migrations.swappable_dependency(…): its arguments are the items
    unknown,  // anything that has to be computed
  };
  Kind kind = Kind::unknown;
  std::string text{};  // of a string, a name, what is called
  std::vector<PythonValue> items{};
  friend bool operator==(const PythonValue&, const PythonValue&) = default;
};

// The last one of a name counts, as in Python.
class PythonScope {
 public:
  void assign(std::string_view name, PythonValue value);
  // Null when nothing is assigned to it.
  const PythonValue* find(std::string_view name) const;

 private:
  struct Assignment {
    std::string name;
    PythonValue value;
  };
  std::vector<Assignment> assignments_;
};

struct PythonClass {
  std::string name;
  PythonScope scope;
};

struct PythonSource {
  std::string docstring;
  PythonScope module;
  std::vector<PythonClass> classes;
};

// Only what is assigned to `names` is kept.
PythonSource read_python(std::string_view bytes, const std::vector<std::string_view>& names);

// A string that can be a name in a ledger: not empty, of one line, and no longer than columns are.
bool is_name(const PythonValue& value);

// A package that was installed beside the project's own code.
bool is_installed_package(std::string_view path);

}  // namespace tidemark
