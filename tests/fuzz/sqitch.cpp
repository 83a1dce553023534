// A plan of Sqitch, and behind a NUL byte a sqitch.conf.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "adapters/tools/sqitch.h"
#include "adapters/tools/sqitch_conf.h"
#include "adapters/tools/sqitch_plan.h"
#include "core/catalog/catalog.h"
#include "core/text/printable.h"
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

bool is_below(std::string_view path) {
  return !path.starts_with('/') && ("/" + std::string(path)).find("/../") == std::string::npos;
}

void check_conf(std::string_view bytes) {
  const auto conf = parse_sqitch_conf("db/", bytes);
  std::set<std::string> plans;
  for (const auto& place : conf.places) {
    promise(plans.insert(place.plan).second, "a plan has one place", place.plan);
    promise(is_below(place.plan), "a plan is below the root", place.plan);
    for (const auto& folder :
         {place.deploy, place.revert, place.reworked_deploy, place.reworked_revert}) {
      promise(is_below(folder), "scripts are below the root", folder);
      promise(folder.empty() || folder.ends_with('/'), "a folder ends in a slash", folder);
    }
  }
  for (const auto& problem : conf.problems) {
    promise(!problem.empty() && valid_utf8(problem) == problem, "a problem is text", problem);
  }
}

using Files = std::map<std::string, std::string>;

std::vector<ScannedFile> scanned(const Files& files) {
  std::vector<ScannedFile> found;
  for (const auto& [path, bytes] : files) {
    if (auto entries = sqitch().entries(path, bytes); !entries.empty()) {
      found.push_back({path, content_of(bytes), std::move(entries)});
    }
  }
  return found;
}

// nullopt when there is none to be had of these files.
std::optional<Catalog> arranged(const Files& files) {
  auto found = scanned(files);
  const auto read = [&](const ScannedFile& file) {
    return Result<std::string>(files.at(file.path));
  };
  const auto catalog = sqitch().arrange(found, read);
  std::ranges::reverse(found);
  const auto other = sqitch().arrange(found, read);
  promise(catalog.has_value() == other.has_value() && (!catalog || *catalog == *other),
          "a catalog does not depend on the order in which files were read");
  if (!catalog) {
    return std::nullopt;
  }
  for (const auto& migration : catalog->migrations) {
    const auto file = files.find(migration.file);
    promise(file != files.end(), "a migration lies in a file that is there", migration.file);
    const auto bytes = migration.piece
                           ? file->second.substr(migration.piece->offset, migration.piece->size)
                           : file->second;
    promise(sha256(bytes) == migration.content.raw, "the content is that of the migration");
  }
  return *catalog;
}

}  // namespace

void try_input(std::string_view input) {
  auto conf = input;
  const auto bytes = take_until(conf, '\0');
  check_conf(conf);
  const auto plan = parse_sqitch_plan(bytes);
  check_plan(bytes, plan);
  Files files{{"sqitch.plan", std::string(bytes)}};
  for (const auto& change : plan.changes) {
    files.emplace("deploy/" + change.name + ".sql", change.note);
  }
  const auto usual = arranged(files);
  if (is_sqitch_plan(bytes)) {
    promise(usual.has_value(), "a plan that can be read has a catalog");
    promise(usual->migrations.size() == plan.changes.size(), "every change is a migration");
  } else {
    promise(usual.has_value() == scanned(files).empty(), "scripts without a plan have no catalog");
  }
  // The same files where a conf says of them what it wants.
  files["sqitch.conf"] = conf;
  static_cast<void>(arranged(files));
}

}  // namespace tidemark::fuzz
