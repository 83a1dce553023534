#include "adapters/tools/flyway.h"

#include <array>

#include "adapters/tools/file_name.h"
#include "adapters/tools/flyway_checksum.h"
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

std::optional<NamedFile> named(std::string_view path) {
  if (never_a_migration(path)) {
    return std::nullopt;
  }
  const auto stem = without_suffix(base_name(path), ".sql");
  if (!stem) {
    return std::nullopt;
  }
  auto name = parse_flyway_name(*stem);
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

class Flyway : public Tool {
 public:
  std::string_view name() const override { return "flyway"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    return {entry_of(*file, flyway_checksums(bytes, checksum_kind(file->name.role)))};
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    return {entry_of(*file, TheirChecksums{{}, false})};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_name(directory,
                            [](std::string_view path) { return named(path).has_value(); });
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
};

}  // namespace

const Tool& flyway() {
  static const Flyway tool;
  return tool;
}

}  // namespace tidemark
