#include "adapters/tools/unread_layout.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"

namespace tidemark {

namespace {

// In a name `#` is a digit, and `*` anything.
struct Pattern {
  std::string_view tool;
  std::string_view name;
  std::string_view folder = "*";  // that it lies in
  std::string_view beside{};      // a file that lies in the directory, too
};

constexpr std::array patterns{
    Pattern{"Laravel", "####_##_##_######_*.php"},
    Pattern{"Doctrine Migrations", "Version##############.php"},
    Pattern{"EF Core", "##############_*.Designer.cs"},
    Pattern{"MikroORM", "Migration##############*.ts"},
    Pattern{"MikroORM", "Migration##############*.js"},
    Pattern{"node-pg-migrate", "#############_*.js"},
    Pattern{"node-pg-migrate", "#############_*.ts"},
    Pattern{"node-pg-migrate", "#############_*.cjs"},
    Pattern{"node-pg-migrate", "#############_*.mjs"},
    Pattern{"node-pg-migrate", "#################_*.js"},
    Pattern{"node-pg-migrate", "#################_*.ts"},
    Pattern{"graphile-migrate", "######*.sql", "committed"},
    Pattern{"Hasura CLI", "up.sql", "#############_*"},
    Pattern{"Prisma Next", "ops.json", "*", "migration.json"},
    Pattern{"refinery", "V*__*.rs"},
    Pattern{"refinery", "U*__*.rs"},
};

struct Mark {
  std::string_view tool;
  std::string_view suffix;
  std::string_view begins;  // a line near the beginning
};

constexpr std::array marks{
    Mark{"tern", ".sql", "---- create above / drop below ----"},
    Mark{"sql-migrate", ".sql", "-- +migrate Up"},
    Mark{"graphile-migrate", ".sql", "--! Previous:"},
    Mark{"Sequel", ".rb", "Sequel.migration"},
};

bool matches(std::string_view text, std::string_view pattern) {
  while (!pattern.empty() && pattern.front() != '*') {
    if (text.empty()) {
      return false;
    }
    const bool fits = pattern.front() == '#' ? text.front() >= '0' && text.front() <= '9'
                                             : text.front() == pattern.front();
    if (!fits) {
      return false;
    }
    text.remove_prefix(1);
    pattern.remove_prefix(1);
  }
  if (pattern.empty()) {
    return text.empty();
  }
  pattern.remove_prefix(1);
  // A name has few parts, so that each place is tried.
  for (;; text.remove_prefix(1)) {
    if (matches(text, pattern)) {
      return true;
    }
    if (text.empty()) {
      return false;
    }
  }
}

std::string_view folder_name(std::string_view path) {
  return base_name(folder_without_slash(path));
}

}  // namespace

UnreadLayout name_unread_layout(const DirectoryView& directory) {
  UnreadLayout most;
  const auto take = [&](std::string_view tool, const PathTest& passes) {
    const auto files = static_cast<std::size_t>(std::ranges::count_if(directory.paths, passes));
    if (files > most.files) {
      most = {tool, files};
    }
  };
  for (const auto& pattern : patterns) {
    const bool complete =
        pattern.beside.empty() || std::ranges::any_of(directory.paths, [&](std::string_view path) {
          return base_name(path) == pattern.beside;
        });
    if (!complete) {
      continue;
    }
    take(pattern.tool, [&](std::string_view path) {
      return matches(base_name(path), pattern.name) && matches(folder_name(path), pattern.folder);
    });
  }
  for (const auto& mark : marks) {
    const PathTest passes = [&](std::string_view path) {
      return without_suffix(base_name(path), mark.suffix).has_value() && !never_a_migration(path);
    };
    const HeadTest begins = [&](std::string_view head) { return has_line(head, mark.begins); };
    if (begins_so(directory, passes, begins)) {
      take(mark.tool, passes);
    }
  }
  return most;
}

}  // namespace tidemark
