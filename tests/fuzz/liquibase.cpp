// An app that uses Liquibase: files between NUL bytes, each a path, a line end, and its content.

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "adapters/tools/liquibase.h"
#include "adapters/tools/liquibase_changelog.h"
#include "adapters/tools/liquibase_path.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

using Files = std::map<std::string, std::string>;

Result<Catalog> arranged(const Files& files, bool backwards) {
  std::vector<ScannedFile> scanned;
  for (const auto& [path, bytes] : files) {
    if (auto entries = liquibase().entries(path, bytes); !entries.empty()) {
      scanned.push_back({path, content_of(bytes), std::move(entries)});
    }
  }
  if (backwards) {
    std::ranges::reverse(scanned);
  }
  return liquibase().arrange(scanned, [&](const ScannedFile& file) -> Result<std::string> {
    const auto found = files.find(file.path);
    promise(found != files.end(), "only the app's own files are read", file.path);
    return found->second;
  });
}

void check_migration(const Migration& migration, const Files& files) {
  const auto file = files.find(migration.file);
  promise(file != files.end(), "a migration lies in a file that is there", migration.file);
  promise(migration.piece.has_value(), "a changeset is a piece of its file");
  const auto& piece = *migration.piece;
  const auto size = file->second.size();
  promise(piece.offset <= size && piece.size <= size - piece.offset,
          "a piece lies within its file",
          file->second);
  promise(sha256(file->second.substr(piece.offset, piece.size)) == migration.content.raw,
          "the content is that of the piece");
  promise(!migration.key.value.empty() && !migration.id.value.empty(),
          "a changeset has a key and an id");
  promise(migration.path_in_key <= migration.key.value.size(), "the path is within the key");
  for (const auto version : liquibase_checksum_versions) {
    const auto prefix = std::to_string(version) + ":";
    const bool computed = std::ranges::any_of(
        migration.checksums.accepted, [&](const auto& sum) { return sum.starts_with(prefix); });
    promise(computed || !migration.checksums.complete,
            "a complete list has checksums of all versions that can be computed");
  }
}

void check_formats(const std::string& bytes) {
  for (const auto format : {LiquibaseFormat::xml,
                            LiquibaseFormat::yaml,
                            LiquibaseFormat::json,
                            LiquibaseFormat::formatted_sql,
                            LiquibaseFormat::plain_sql}) {
    const auto changelog = parse_liquibase_changelog(format, bytes);
    if (!changelog) {
      promise(!changelog.error().detail.empty(), "who cannot read a changelog says why");
      continue;
    }
    std::size_t end = 0;
    for (const auto& step : changelog->steps) {
      if (const auto* set = std::get_if<LiquibaseChangeSet>(&step)) {
        const auto& piece = set->piece;
        promise(piece.offset <= bytes.size() && piece.size <= bytes.size() - piece.offset,
                "a piece lies within its file",
                bytes);
        if (format == LiquibaseFormat::formatted_sql) {
          promise(piece.offset >= end, "pieces of SQL do not overlap", bytes);
          end = piece.offset + piece.size;
        }
      }
    }
  }
}

}  // namespace

void try_input(std::string_view input) {
  constexpr std::size_t files_max = 12;
  Files files;
  for (auto part : parts_of(input, '\0')) {
    const std::string path(take_until(part, '\n'));
    const auto normal = normal_liquibase_path(path);
    promise(normal_liquibase_path(normal) == normal || normal.find(':') != std::string::npos,
            "a normal path is its own normal path",
            path);
    check_formats(std::string(part));
    if (files.size() < files_max) {
      files.try_emplace(path, part);
    }
  }
  const auto catalog = arranged(files, false);
  promise(catalog.has_value(), "an app whose files can be read has a catalog");
  promise(*catalog == *arranged(files, true),
          "a catalog does not depend on the order in which files were read");
  std::set<Key> keys;
  for (const auto& migration : catalog->migrations) {
    promise(keys.insert(migration.key).second, "every key is there once", migration.key.value);
    check_migration(migration, files);
  }
}

}  // namespace tidemark::fuzz
