#include "adapters/tools/dbmate.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/rails_metadata.h"
#include "adapters/tools/script.h"
#include "adapters/tools/sections.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

// The second is beside a ledger of Rails, and tells it from this one.
constexpr std::array telltale_columns{Telltale{"version", "", 1}, Telltale{"key", "value", 4}};
constexpr std::array<std::string_view, 1> default_names{"schema_migrations"};

constexpr std::array<ColumnShape, 1> ledger_columns{{{"version", "character varying", true}}};

// A row has nothing but its version. The transaction that wrote it tells it from a later one.
constexpr ReadStatement select_versions = R"sql(
  SELECT version, xmin::text AS token
    FROM {ledger}
   ORDER BY version
)sql";

// A view or a foreign table does not know who wrote its rows.
constexpr ReadStatement select_versions_of_view = R"sql(
  SELECT version, '' AS token
    FROM {ledger}
   ORDER BY version
)sql";

constexpr ReadStatement select_last_versions = R"sql(
  SELECT version
    FROM {ledger}
   ORDER BY version DESC
   LIMIT 20
)sql";

struct NamedFile {
  std::string_view id;
  std::string_view version;
  std::string_view name;
};

std::optional<NamedFile> named(std::string_view path) {
  const auto file = base_name(path);
  if (never_a_migration(path) || !file.ends_with(".sql")) {
    return std::nullopt;
  }
  const auto stem = file.substr(0, file.size() - 4);
  const auto end = std::min(stem.find_first_not_of("0123456789"), stem.size());
  if (end == 0) {
    return std::nullopt;
  }
  auto name = stem.substr(end);
  name.remove_prefix(std::min(name.find_first_not_of("_-"), name.size()));
  return NamedFile{stem, stem.substr(0, end), name};
}

// "-- migrate:up transaction:false", at the very beginning of the line.
std::optional<SectionMark> section_mark(std::string_view line) {
  if (!line.starts_with("--")) {
    return std::nullopt;
  }
  const auto options = [&](std::string_view word) { return directive(line, word); };
  if (const auto up = options("migrate:up")) {
    return SectionMark{SectionMark::Kind::up, has_word(*up, "transaction:false")};
  }
  if (const auto down = options("migrate:down")) {
    return SectionMark{SectionMark::Kind::down, has_word(*down, "transaction:false")};
  }
  return std::nullopt;
}

bool has_section(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    if (section_mark(text.substr(0, end))) {
      return true;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

class Dbmate : public Tool {
 public:
  std::string_view name() const override { return "dbmate"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    auto all = entries_by_name(path);
    for (auto& entry : all) {
      entry.rolls_back = has_down_section(bytes, section_mark);
    }
    return all;
  }

  Result<ScriptText> script(std::string_view bytes, Attempt::Action action) const override {
    return section_of(bytes, action, section_mark);
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto file = named(path);
    if (!file) {
      return {};
    }
    const std::string version(file->version);
    return {{FileEntry::Role::versioned,
             {version},
             {std::string(file->id)},
             Version::parse(version),
             version,
             with_blanks(file->name),
             TheirChecksums{{}, false}}};
  }

  // In the order of the files' names, of which the version is only a part.
  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    auto catalog = Tool::arrange(files, read);
    if (catalog) {
      std::ranges::sort(catalog->migrations, {}, [](const Migration& migration) {
        return std::pair(base_name(migration.file), std::string_view(migration.file));
      });
    }
    return catalog;
  }
  LayoutRules rules() const override { return {.ordered = true, .late = LayoutRules::Late::runs}; }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_head(
        directory, [](std::string_view path) { return named(path).has_value(); }, has_section);
  }
  std::string_view layout_example() const override { return "20260101000000_name.sql"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation> all) const override {
    using Verdict = Recognition::Verdict;
    auto recognition = recognise_shape(relation, {"a dbmate ledger", ledger_columns});
    // Supabase's own ledger in `auth` is Pop's.
    if (recognition.verdict != Verdict::ledger || relation.name.schema == "auth" ||
        is_beside_rails_metadata(relation, all)) {
      return {};
    }
    const auto& [name, type, not_null] = relation.columns.front();
    const bool keyed = has_primary_key(relation, "version");
    const bool called_so = relation.name.name.find("migration") != std::string::npos;
    if (!keyed && !called_so) {
      return {Verdict::no,
              "has the one column of a dbmate ledger, but neither its primary key nor a name that "
              "speaks of migrations"};
    }
    if (!keyed && not_null && type != "character varying(128)") {
      return {Verdict::no, "has no primary key, as Rails' ledger before Rails 5"};
    }
    if (!keyed) {
      recognition.words += "; no primary key, as in a copy";
    }
    if (type == "character varying(128)" || (type == "character varying(255)" && keyed)) {
      return recognition;
    }
    // Rails' own is the same to the byte where nothing else of Rails' is beside it.
    if (type == "character varying" || type == "character varying(255)") {
      recognition.verdict = Verdict::possible;
      return recognition;
    }
    return {};
  }

  ReadQuery select_rows(const Relation& relation) const override {
    const bool stored = relation.kind == 'r' || relation.kind == 'p' || relation.kind == 'm';
    return {stored ? select_versions : select_versions_of_view, relation.name, {}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 2, "dbmate"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    for (const auto& values : answer.rows) {
      const auto version = values[0].value_or("");
      Row row;
      row.key.value = row.id.value = row.version_text = version;
      row.version = Version::parse(version);
      row.token = values[1].value_or("");
      rows.push_back(std::move(row));
    }
    // In which order they were applied nobody knows.
    std::ranges::sort(rows, {}, [](const Row& row) { return std::tie(row.version, row.key); });
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (!has_primary_key(relation, "version")) {
      return std::nullopt;
    }
    return ReadQuery{select_last_versions, relation.name, {}};
  }
};

}  // namespace

const Tool& dbmate() {
  static const Dbmate tool;
  return tool;
}

}  // namespace tidemark
