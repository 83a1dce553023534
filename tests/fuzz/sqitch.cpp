// A plan of Sqitch.

#include <map>
#include <set>
#include <string>

#include "adapters/tools/sqitch.h"
#include "adapters/tools/sqitch_plan.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

void check_plan(std::string_view bytes, const SqitchPlan& plan) {
  std::set<std::string> ids;
  std::size_t end = 0;
  for (const auto& change : plan.changes) {
    promise(!change.name.empty(), "a change has a name");
    promise(change.id.size() == 40 && ids.insert(change.id).second,
            "a change has an id of its own",
            change.name);
    promise(change.line.offset >= end && change.line.offset <= bytes.size() &&
                change.line.size <= bytes.size() - change.line.offset,
            "a change is a line of its plan");
    end = change.line.offset + change.line.size;
    promise(bytes.substr(change.line.offset, change.line.size).find('\n') == std::string_view::npos,
            "a change is one line");
    for (const auto& tag : change.tags) {
      promise(tag.starts_with('@'), "a tag has its mark", tag);
    }
  }
}

}  // namespace

void try_input(std::string_view input) {
  const auto plan = parse_sqitch_plan(input);
  check_plan(input, plan);
  std::map<std::string, std::string> files{{"sqitch.plan", std::string(input)}};
  for (const auto& change : plan.changes) {
    files.emplace("deploy/" + change.name + ".sql", change.note);
  }
  std::vector<ScannedFile> scanned;
  for (const auto& [path, bytes] : files) {
    if (auto entries = sqitch().entries(path, bytes); !entries.empty()) {
      scanned.push_back({path, content_of(bytes), std::move(entries)});
    }
  }
  const auto catalog = sqitch().arrange(
      scanned, [&](const ScannedFile& file) { return Result<std::string>(files.at(file.path)); });
  if (!is_sqitch_plan(input)) {
    promise(catalog.has_value() == scanned.empty(), "scripts without a plan have no catalog");
    return;
  }
  promise(catalog.has_value(), "a plan that can be read has a catalog");
  promise(catalog->migrations.size() == plan.changes.size(), "every change is a migration");
  for (const auto& migration : catalog->migrations) {
    const auto file = files.find(migration.file);
    promise(file != files.end(), "a migration lies in a file that is there", migration.file);
    const auto bytes = migration.piece
                           ? file->second.substr(migration.piece->offset, migration.piece->size)
                           : file->second;
    promise(sha256(bytes) == migration.content.raw, "the content is that of the migration");
  }
}

}  // namespace tidemark::fuzz
