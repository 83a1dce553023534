// A program in JavaScript, or a journal of Drizzle: a path, a line end, and the content.

#include <algorithm>
#include <string>

#include "adapters/tools/drizzle.h"
#include "adapters/tools/drizzle_journal.h"
#include "adapters/tools/knex.h"
#include "adapters/tools/prisma.h"
#include "adapters/tools/script.h"
#include "adapters/tools/sequelize.h"
#include "adapters/tools/typeorm.h"
#include "adapters/tools/typeorm_classes.h"
#include "core/catalog/catalog.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

void check_code(std::string_view text) {
  const auto code = without_comments(text);
  promise(code.size() <= text.size(), "code is no longer than with its comments");
  promise(without_comments(code) == code, "code without comments has none", code);
}

void check_classes(std::string_view text) {
  const auto classes = typeorm_classes(text);
  for (const auto& name : classes) {
    promise(time_of_typeorm_name(name).size() == 13, "a class has a time", name);
    promise(name.size() > 13, "a class has a name beside its time", name);
    promise(text.find(name) != std::string_view::npos, "a class stands in its file", name);
    promise(std::ranges::count(classes, name) == 1, "a class is told once", name);
  }
}

void check_journal(std::string_view text) {
  if (const auto journal = parse_drizzle_journal(text)) {
    for (const auto& entry : journal->entries) {
      promise(!drizzle_second(entry.when).empty(), "any time has a text");
    }
  }
}

void check_file(const Tool& tool, const std::string& path, std::string_view bytes) {
  const auto entries = tool.entries(path, bytes);
  for (const auto& entry : entries) {
    promise(!entry.key.value.empty() && !entry.id.value.empty(), "an entry has a key and an id");
  }
  if (entries.empty()) {
    return;
  }
  const std::vector<ScannedFile> files{{path, content_of(bytes), entries}};
  const auto read = [&](const ScannedFile&) -> Result<std::string> { return std::string(bytes); };
  if (const auto catalog = tool.arrange(files, read)) {
    promise(catalog->migrations.size() <= entries.size(), "a file makes no more than it holds");
  }
}

}  // namespace

void try_input(std::string_view input) {
  auto bytes = input;
  const std::string path(take_until(bytes, '\n'));
  check_code(bytes);
  check_classes(bytes);
  check_journal(bytes);
  for (const auto* tool : {&prisma(), &drizzle(), &knex(), &sequelize(), &typeorm()}) {
    check_file(*tool, path, bytes);
  }
}

}  // namespace tidemark::fuzz
