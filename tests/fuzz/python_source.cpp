// Python files between NUL bytes, each a path, a line end, and its content: what is read of each,
// and what Django's and Alembic's layouts make of all of them together.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "adapters/tools/alembic.h"
#include "adapters/tools/django.h"
#include "adapters/tools/python_source.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

struct Measure {
  std::size_t values = 0;
  std::size_t bytes = 0;
  std::size_t depth = 0;
};

void measure(const PythonValue& value, std::size_t depth, Measure& all) {
  ++all.values;
  all.bytes += value.text.size();
  all.depth = std::max(all.depth, depth);
  const bool has_items =
      value.kind == PythonValue::Kind::list || value.kind == PythonValue::Kind::call;
  promise(has_items || value.items.empty(), "only lists and calls have items");
  for (const auto& item : value.items) {
    measure(item, depth + 1, all);
  }
}

const std::vector<std::string_view> names{
    "x", "revision", "down_revision", "dependencies", "replaces", "label"};

void check_source(std::string_view bytes) {
  const auto source = read_python(bytes, names);
  promise(source.docstring.size() <= bytes.size(), "a docstring is a part of the file");
  const auto check = [&](const PythonScope& scope) {
    for (const auto name : names) {
      if (const auto* value = scope.find(name)) {
        Measure all;
        measure(*value, 0, all);
        promise(all.values <= bytes.size() && all.bytes <= bytes.size(),
                "what is read is no more than what is there",
                name);
        promise(all.depth <= 17, "what is read is not deep", name);
      }
    }
  };
  check(source.module);
  for (const auto& one : source.classes) {
    check(one.scope);
  }
  // What is put in front as a comment, and behind it as another statement, changes nothing else.
  const auto again = read_python("# " + std::string("x = 1\n") + std::string(bytes), names);
  for (const auto name : names) {
    const auto* before = source.module.find(name);
    const auto* after = again.module.find(name);
    const bool marked = bytes.starts_with("\xEF\xBB\xBF");  // it is in the middle then
    promise(marked || (before == nullptr) == (after == nullptr), "a comment changes nothing", name);
    promise(marked || before == nullptr || *before == *after, "a comment changes nothing", name);
  }
}

void check_catalog(const Tool& tool, std::vector<ScannedFile> files) {
  const auto catalog = tool.arrange(files, {});
  promise(catalog.has_value(), "files are arranged whatever they say");
  std::ranges::reverse(files);
  const auto other = tool.arrange(files, {});
  promise(other.has_value() && *other == *catalog,
          "a catalog does not depend on the order in which files were read");
  std::set<Key> keys;
  for (const auto& migration : catalog->migrations) {
    promise(keys.insert(migration.key).second, "every key is there once", migration.key.value);
    promise(!migration.id.value.empty(), "a migration has an id", migration.file);
    const auto& after = migration.after;
    promise(std::set(after.begin(), after.end()).size() == after.size(),
            "what comes before is named once",
            migration.file);
  }
}

}  // namespace

void try_input(std::string_view input) {
  constexpr std::size_t files_max = 12;
  std::vector<ScannedFile> of_django;
  std::vector<ScannedFile> of_alembic;
  std::set<std::string> paths;
  for (auto part : parts_of(input, '\0')) {
    const std::string path(take_until(part, '\n'));
    if (paths.size() == files_max || !paths.insert(path).second) {
      continue;  // a directory has a name once
    }
    check_source(part);
    of_django.push_back({path, {}, django().entries(path, part)});
    of_alembic.push_back({path, {}, alembic().entries(path, part)});
  }
  check_catalog(django(), std::move(of_django));
  check_catalog(alembic(), std::move(of_alembic));
}

}  // namespace tidemark::fuzz
