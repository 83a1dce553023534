#include "adapters/tools/rails.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/numbered.h"
#include "adapters/tools/rails_metadata.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

using Verdict = Recognition::Verdict;

constexpr std::array telltale_columns{Telltale{"version", "", 1}, Telltale{"key", "value", 4}};
constexpr std::array<std::string_view, 1> default_names{"schema_migrations"};

// Rows have nothing of their own but the version, so the transaction that wrote a row tells it from
// a later one of the same version.
constexpr ReadStatement select_table = R"sql(
  SELECT version, xmin::text AS token
    FROM {ledger}
   ORDER BY version
)sql";

// What is no table has no xmin.
constexpr ReadStatement select_view = R"sql(
  SELECT version, version AS token
    FROM {ledger}
   ORDER BY version
)sql";

constexpr ReadStatement select_last = R"sql(
  SELECT version, xmin::text AS token
    FROM {ledger}
   ORDER BY version DESC
   LIMIT 20
)sql";

std::optional<FileEntry> entry_of(std::string_view path) {
  auto stem = base_name(path);
  if (never_a_migration(path) || !stem.ends_with(".rb")) {
    return std::nullopt;
  }
  stem.remove_suffix(3);
  auto named = numbered_name(stem);
  if (!named) {
    return std::nullopt;
  }
  // "create_books" of "create_books.library": what an engine installed has its name behind a dot.
  const auto scope = std::min(named->name.find('.'), named->name.size());
  const auto in_a_name = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (!std::ranges::all_of(named->name.substr(0, scope), in_a_name) ||
      !std::ranges::all_of(named->name.substr(std::min(scope + 1, named->name.size())),
                           in_a_name)) {
    return std::nullopt;
  }
  named->name = named->name.substr(0, scope);
  return numbered_entry(*named, stem);
}

// Rails takes it for a migration and refuses the name, and runs none while it is there.
constexpr std::string_view illegal = "illegal";

bool has_illegal_name(std::string_view path, std::string_view bytes) {
  const auto name = base_name(path);
  return !never_a_migration(path) && name.ends_with(".rb") && name.front() >= '0' &&
         name.front() <= '9' && name.find('_') != std::string_view::npos && !entry_of(path) &&
         bytes.find("ActiveRecord::Migration") != std::string_view::npos;
}

// The config names what is listed as a view and asked about as a table: views have neither keys nor
// NOT NULL.
bool is_named_view(const Relation& relation, std::span<const Relation> all) {
  const auto listed = std::ranges::find(all, relation.name, &Relation::name);
  return listed != all.end() && not_a_table(relation).empty() && !not_a_table(*listed).empty();
}

// A table with one column of characters is many things. Rails since 5.0 is told by its second
// table. Without that one, what it made may also be what dbmate makes; and before 5.0 it made no
// primary key but an index that is not seen here, so there the name has to speak for it.
Recognition recognise_rails_ledger(const Relation& relation, std::span<const Relation> all) {
  if (relation.columns.size() != 1 || relation.columns.front().name != "version") {
    return {};
  }
  const auto& version = relation.columns.front();
  const bool any_length = version.type == "character varying";
  const bool characters = version.type.starts_with("character varying") || version.type == "text";
  const bool has_key = has_primary_key(relation, "version");
  const bool says_so = relation.name.name.find("migration") != std::string::npos;
  Recognition found;
  if (characters && is_named_view(relation, all)) {
    found = {Verdict::ledger, "a version alone"};
  } else if (characters && (has_key || version.not_null || says_so) &&
             is_beside_rails_metadata(relation, all)) {
    found = {Verdict::ledger, "a version alone, beside ar_internal_metadata: Rails 5 and newer"};
    if (!has_key) {
      found.words += "; no primary key on version, as in a copy or from before Rails 5";
    }
  } else if (any_length && has_key) {
    found = {Verdict::possible,
             "a version alone: Rails without ar_internal_metadata, or another tool"};
  } else if ((any_length || version.type == "character varying(255)") && !has_key &&
             version.not_null && says_so) {
    found = {Verdict::possible, "a version alone without a primary key: Rails before 5"};
  } else {
    return {};
  }
  const auto what = not_a_table(relation);
  if (what.empty()) {
    return found;
  }
  return says_so
             ? Recognition{Verdict::near_miss, "has the column of a Rails ledger, but is " + what}
             : Recognition{};
}

class Rails : public Tool {
 public:
  std::string_view name() const override { return "rails"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    if (has_illegal_name(path, bytes)) {
      FileEntry part;
      part.role = FileEntry::Role::part;
      part.key = {std::string(illegal)};
      return {std::move(part)};
    }
    return entries_by_name(path);
  }
  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    auto entry = entry_of(path);
    return entry ? std::vector{std::move(*entry)} : std::vector<FileEntry>();
  }
  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    auto catalog = Tool::arrange(files, read);
    if (!catalog) {
      return catalog;
    }
    for (const auto& file : files) {
      if (file.entries.front().key.value == illegal) {
        catalog->problems.push_back({file.path,
                                     "has a name that Rails refuses, and with it all others: only "
                                     "small letters, digits and '_' follow the number"});
      }
    }
    refuse_same_names(*catalog);
    return catalog;
  }
  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::runs, .archives_old = true};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_head(
        directory,
        [](std::string_view path) { return entry_of(path).has_value(); },
        [](std::string_view head) {
          return head.find("ActiveRecord::Migration") != std::string_view::npos;
        });
  }
  std::string_view layout_example() const override { return "20260101000000_name.rb"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation> all) const override {
    return recognise_rails_ledger(relation, all);
  }
  ReadQuery select_rows(const Relation& relation) const override {
    const bool table = relation.kind == 'r' || relation.kind == 'p';
    return {table ? select_table : select_view, relation.name, {}};
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 2, "Rails"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    rows.reserve(answer.rows.size());
    for (const auto& values : answer.rows) {
      if (values[0]) {
        rows.push_back(numbered_row(*values[0], values[1].value_or("")));
      }
    }
    // In which order they were applied nobody knows.
    std::ranges::sort(
        rows, {}, [](const Row& row) { return std::tie(row.version, row.version_text); });
    return rows;
  }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (relation.kind != 'r' || !has_primary_key(relation, "version")) {
      return std::nullopt;
    }
    return ReadQuery{select_last, relation.name, {}};
  }

  std::vector<std::int64_t> advisory_locks(const Relation&,
                                           std::string_view database) const override {
    constexpr std::int64_t salt = 2053462845;
    return {salt * std::int64_t{crc32_of(database)}};
  }
};

}  // namespace

const Tool& rails() {
  static const Rails tool;
  return tool;
}

}  // namespace tidemark
