#include "adapters/tools/flyway.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"
#include "adapters/tools/flyway_checksum.h"
#include "adapters/tools/flyway_conf.h"
#include "adapters/tools/flyway_ledger.h"
#include "adapters/tools/flyway_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/sections.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::array telltale_columns{Telltale{"installed_rank", "", 0},
                                      Telltale{"version_rank", "", 0},
                                      Telltale{"installed_by", "", 0}};
constexpr std::array<std::string_view, 2> default_names{"flyway_schema_history", "schema_version"};

struct NamedFile {
  std::string_view stem;
  FlywayName name;
};

std::optional<NamedFile> named(std::string_view path, const FlywayNaming& naming = {}) {
  if (never_a_migration(path)) {
    return std::nullopt;
  }
  const auto stem = flyway_stem(path, naming);
  if (!stem) {
    return std::nullopt;
  }
  auto name = parse_flyway_name(*stem, naming);
  if (!name) {
    return std::nullopt;
  }
  return NamedFile{*stem, std::move(*name)};
}

// Versioned scripts, and the undo scripts of them, have all that was written hashed as it stands.
MigrationKind checksum_kind(Role role) {
  return role == Role::repeatable ? MigrationKind::repeatable : MigrationKind::versioned;
}

FileEntry entry_of(const NamedFile& file, TheirChecksums checksums) {
  const auto& name = file.name;
  return {name.role,
          flyway_key(name.role, name.version_text, name.description),
          {std::string(file.stem)},
          Version::parse(name.version_text),
          name.version_text,
          name.description,
          std::move(checksums)};
}

// What settings in another file may make a script of. A script's own settings are none.
bool may_be_named_otherwise(std::string_view path) {
  const auto name = base_name(path);
  if (never_a_migration(path) || name.ends_with(".conf") || name.rfind('.') == std::string::npos) {
    return false;
  }
  return without_suffix(name, ".sql") || name.find("__") != std::string_view::npos ||
         std::ranges::any_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

FileEntry part(std::string_view path, TheirChecksums checksums) {
  FileEntry entry;
  entry.role = Role::part;
  entry.key = {std::string(path)};
  entry.id = {std::string(path)};
  entry.checksums = std::move(checksums);
  return entry;
}

class Flyway : public Tool {
 public:
  std::string_view name() const override { return "flyway"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    if (const auto file = named(path)) {
      return {entry_of(*file, flyway_checksums(bytes, checksum_kind(file->name.role)))};
    }
    if (is_flyway_conf(path)) {
      return {part(path, {})};
    }
    if (may_be_named_otherwise(path)) {
      return {part(path, flyway_checksums(bytes, MigrationKind::versioned))};
    }
    return {};
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    if (const auto file = named(path)) {
      return {entry_of(*file, TheirChecksums{{}, false})};
    }
    if (is_flyway_conf(path) || may_be_named_otherwise(path)) {
      return {part(path, TheirChecksums{{}, false})};
    }
    return {};
  }

  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    std::vector<const ScannedFile*> confs;
    for (const auto& file : files) {
      if (is_flyway_conf(file.path)) {
        confs.push_back(&file);
      }
    }
    std::ranges::sort(confs, {}, &ScannedFile::path);
    FlywaySettings settings;
    std::vector<CatalogProblem> problems;
    for (const auto* conf : confs) {
      const auto bytes = read(*conf);
      if (bytes) {
        settings.add(conf->path, *bytes);
      } else if (bytes.error().code == Errc::conflict) {
        return std::unexpected(bytes.error());
      } else {
        problems.push_back({conf->path, "cannot be read: " + bytes.error().detail});
      }
    }
    const bool unread = !problems.empty();  // any file may be a script
    std::ranges::copy(settings.problems(), std::back_inserter(problems));
    const auto renamed = named_by(settings.naming(), files, read);
    if (!renamed) {
      return std::unexpected(renamed.error());
    }
    auto catalog = Tool::arrange(*renamed, read);
    if (catalog) {
      std::ranges::move(problems, std::back_inserter(catalog->problems));
      std::ranges::sort(catalog->problems);
      catalog->unread.any = catalog->unread.any || unread;
    }
    return catalog;
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    FlywaySettings settings;
    for (const auto& path : directory.paths) {
      if (is_flyway_conf(path)) {
        settings.add(path, directory.head(path));
      }
    }
    return evidence_by_name(directory, [naming = settings.naming()](std::string_view path) {
      return named(path, naming).has_value();
    });
  }
  std::string_view layout_example() const override { return "V2__name.sql"; }
  Result<ScriptText> script(std::string_view bytes, Attempt::Action) const override {
    if (bytes.find("${") != std::string_view::npos) {
      return fail(Errc::invalid,
                  "it has placeholders (${…}), and only Flyway's own configuration says what they "
                  "stand for");
    }
    return plain_script(bytes);
  }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    return recognise_flyway_ledger(relation);
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return select_flyway_rows(relation);
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    return flyway_rows(answer);
  }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return select_flyway_tail(relation);
  }

  std::vector<std::int64_t> advisory_locks(const Relation& relation,
                                           std::string_view) const override {
    return flyway_locks(relation.name);
  }

 private:
  // The scripts among them, with what was computed when they were scanned.
  static Result<std::vector<ScannedFile>> named_by(const FlywayNaming& naming,
                                                   std::span<const ScannedFile> files,
                                                   const ReadScanned& read) {
    std::vector<ScannedFile> scripts;
    for (const auto& file : files) {
      const auto script = named(file.path, naming);
      if (!script || is_flyway_conf(file.path)) {
        continue;
      }
      auto entry = entry_of(*script, file.entries.front().checksums);
      const bool was_repeatable = file.entries.front().role == Role::repeatable;
      if (entry.role == Role::repeatable && !was_repeatable && entry.checksums.complete) {
        const auto bytes = read(file);
        if (!bytes && bytes.error().code == Errc::conflict) {
          return std::unexpected(bytes.error());
        }
        entry.checksums.complete =
            bytes && flyway_checksums(*bytes, MigrationKind::repeatable).complete;
      }
      scripts.push_back({file.path, file.content, {std::move(entry)}});
    }
    return scripts;
  }
};

}  // namespace

const Tool& flyway() {
  static const Flyway tool;
  return tool;
}

}  // namespace tidemark
