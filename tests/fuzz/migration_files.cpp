// A directory of migrations: files between NUL bytes, each a path, a line end, and its content.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>

#include "adapters/tools/atlas.h"
#include "adapters/tools/dbmate.h"
#include "adapters/tools/diesel.h"
#include "adapters/tools/ecto.h"
#include "adapters/tools/flyway.h"
#include "adapters/tools/flyway_checksum.h"
#include "adapters/tools/flyway_name.h"
#include "adapters/tools/golang_migrate.h"
#include "adapters/tools/goose.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/own.h"
#include "adapters/tools/rails.h"
#include "adapters/tools/sqlx.h"
#include "adapters/tools/supabase.h"
#include "core/catalog/catalog.h"
#include "core/text/printable.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

struct File {
  std::string path;
  std::string_view bytes;
};

// Every CRLF and CR as LF.
std::string with_lf(std::string_view text) {
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      continue;
    }
    lines += text[i] == '\r' ? '\n' : text[i];
  }
  return lines;
}

void check_content(std::string_view bytes) {
  const auto whole = content_of(bytes);
  ContentHasher hasher;
  for (auto rest = bytes; !rest.empty();) {
    const auto piece = std::min<std::size_t>(1 + rest.size() % 3, rest.size());
    hasher.update(rest.substr(0, piece));
    rest.remove_prefix(piece);
  }
  promise(hasher.finish() == whole, "content is the same in pieces");
  promise(whole.size == bytes.size(), "content knows its size");
  promise(whole.normalised == content_of(with_lf(bytes)).normalised,
          "line endings are no difference");
}

void check_checksums(std::string_view bytes) {
  const auto checksums = flyway_checksums(bytes, MigrationKind::versioned);
  promise(!checksums.accepted.empty(), "there is a checksum for any bytes");
  for (const auto& checksum : checksums.accepted) {
    std::int32_t number = 0;
    const auto* end = checksum.data() + checksum.size();
    const auto [stop, error] = std::from_chars(checksum.data(), end, number);
    promise(error == std::errc() && stop == end, "a checksum is a 32-bit number", checksum);
  }
  promise(checksums.complete == (valid_utf8(bytes) == bytes), "all checksums of UTF-8 are known");
  const auto other = flyway_checksums(with_lf(bytes), MigrationKind::versioned);
  promise(other.accepted.front() == checksums.accepted.front(),
          "Flyway's checksum does not depend on line endings");
}

void check_entries(const Tool& tool, const File& file) {
  auto entries = tool.entries(file.path, file.bytes);
  auto by_name = tool.entries_by_name(file.path);
  promise(entries.size() == by_name.size(), "what a file is depends on its name alone", file.path);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    promise(!entries[i].key.value.empty() && !entries[i].id.value.empty(),
            "a migration has a key and an id",
            file.path);
    entries[i].checksums = by_name[i].checksums;
    promise(entries[i] == by_name[i], "what a file is depends on its name alone", file.path);
  }
}

void check_catalog(const Tool& tool, const std::vector<File>& files) {
  std::vector<ScannedFile> scanned;
  for (const auto& file : files) {
    scanned.push_back({file.path, content_of(file.bytes), tool.entries(file.path, file.bytes)});
  }
  const auto catalog = make_catalog(std::string(tool.name()), scanned);
  std::ranges::reverse(scanned);
  promise(catalog == make_catalog(std::string(tool.name()), scanned),
          "a catalog does not depend on the order in which files were read");
  for (const auto& migration : catalog.migrations) {
    promise(catalog.find(migration.key) == &migration, "every key is there once");
    const auto found = find_migration(catalog, migration.id.value);
    promise(!found.candidates.empty(), "a migration is found by its id", migration.id.value);
  }
}

// Every tool has its own way from files to a catalog, and Atlas reads all of them.
void check_arranged(const Tool& tool, const std::vector<File>& files) {
  std::vector<ScannedFile> scanned;
  for (const auto& file : files) {
    auto entries = tool.entries(file.path, file.bytes);
    if (!entries.empty()) {
      scanned.push_back({file.path, content_of(file.bytes), std::move(entries)});
    }
  }
  const ReadScanned read = [&](const ScannedFile& wanted) -> Result<std::string> {
    const auto file = std::ranges::find(files, wanted.path, &File::path);
    promise(file != files.end(), "only files that are there are read", wanted.path);
    return std::string(file->bytes);
  };
  const auto catalog = tool.arrange(scanned, read);
  promise(catalog.has_value(), "files that can be read can be arranged");
  std::ranges::reverse(scanned);
  promise(*catalog == *tool.arrange(scanned, read),
          "a catalog does not depend on the order in which files were read");
  for (const auto& migration : catalog->migrations) {
    promise(catalog->find(migration.key) == &migration, "every key is there once");
    promise(!migration.checksums.complete || !migration.checksums.accepted.empty(),
            "a mismatch proves an edit only where something would match",
            migration.file);
  }
}

// Whose files these are, by their names and how they begin.
void check_layout(const std::vector<File>& files) {
  std::vector<std::string> paths;
  std::ranges::transform(files, std::back_inserter(paths), &File::path);
  std::ranges::sort(paths);
  const DirectoryView directory{
      paths, [&](const std::string& path) {
        const auto file = std::ranges::find(files, path, &File::path);
        promise(file != files.end(), "only files that are there are read", path);
        return std::string(file->bytes);
      }};
  const auto choice = choose_layout("auto", directory);
  promise(choice.tool != nullptr || !choice.trouble.empty(), "a layout is known, or why it is not");
  promise(choice.tool != nullptr || choice.considered.size() > 1, "who is in doubt has a choice");
  for (const auto* tool : all_tools()) {
    promise(tool->layout_evidence(directory).files <= files.size(),
            "no file counts twice",
            tool->name());
  }
  promise(choose_layout("auto", directory, "golang-migrate").considered == choice.considered,
          "what is considered does not hang on a ledger");
}

void check_version(std::string_view text) {
  const auto version = Version::parse(text);
  promise(
      Version::parse(version.canonical()) == version, "a version is what it is written as", text);
  promise(version.empty() == version.canonical().empty(), "only no version has no words", text);
  promise(!(version < version), "no version is before itself", text);
  const auto key = flyway_version_key(text);
  promise(flyway_version_key(key) == key, "a version's key is its own key", text);
}

void check_order(const Version& a, const Version& b, const Version& c) {
  promise((a == b) == (a.canonical() == b.canonical()), "equal versions are written the same");
  promise((a < b) + (b < a) + (a == b) == 1, "of two versions one is first, or they are equal");
  promise(!(a < b && b < c) || a < c, "the order of versions is transitive");
  promise(!(a == b && b < c) || a < c, "equal versions stand at the same place");
}

}  // namespace

void try_input(std::string_view input) {
  constexpr std::size_t files_max = 12;
  std::vector<File> files;
  std::vector<Version> versions;
  for (auto part : parts_of(input, '\0')) {
    const std::string path(take_until(part, '\n'));
    const auto same = [&](const File& file) { return file.path == path; };
    if (files.size() == files_max || std::ranges::any_of(files, same)) {
      continue;  // a directory has a name once
    }
    files.push_back({path, part});
    versions.push_back(Version::parse(path));
    check_version(path);
    check_content(part);
    check_checksums(part);
  }
  check_layout(files);
  for (const auto* tool : {&flyway(),
                           &dbmate(),
                           &golang_migrate(),
                           &goose(),
                           &sqlx(),
                           &diesel(),
                           &supabase(),
                           &own(),
                           &rails(),
                           &ecto()}) {
    for (const auto& file : files) {
      check_entries(*tool, file);
    }
    check_catalog(*tool, files);
  }
  for (const auto* tool : {&flyway(),
                           &atlas(),
                           &dbmate(),
                           &golang_migrate(),
                           &goose(),
                           &sqlx(),
                           &diesel(),
                           &supabase(),
                           &rails(),
                           &ecto()}) {
    check_arranged(*tool, files);
  }
  for (const auto& a : versions) {
    for (const auto& b : versions) {
      for (const auto& c : versions) {
        check_order(a, b, c);
      }
    }
  }
}

}  // namespace tidemark::fuzz
