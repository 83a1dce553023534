#include "adapters/tools/liquibase.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/liquibase_arrange.h"
#include "adapters/tools/liquibase_changelog.h"
#include "adapters/tools/liquibase_ledger.h"
#include "adapters/tools/row_versions.h"

namespace tidemark {

namespace {

constexpr std::array telltale_columns{Telltale{"orderexecuted", "dateexecuted", 0},
                                      Telltale{"dateexecuted", "md5sum", 0},
                                      Telltale{"lockgranted", "lockedby", 0}};
constexpr std::array<std::string_view, 2> default_names{"databasechangelog", "DATABASECHANGELOG"};

bool is_sql(std::string_view path) {
  return liquibase_format_by_name(path) == LiquibaseFormat::formatted_sql;
}

bool is_document(std::string_view path) {
  return !is_sql(path) && liquibase_format_by_name(path) != LiquibaseFormat::none;
}

// Beside a thousand other documents the changelogs are those that are called so.
bool is_called_so(std::string_view path) {
  const auto lower = lower_case(path);
  return is_document(path) && (lower.find("changelog") != std::string::npos ||
                               lower.find("liquibase") != std::string::npos ||
                               lower_case(base_name(path)).find("master") != std::string::npos);
}

bool names_the_root(std::string_view head) {
  return head.find("databaseChangeLog") != std::string_view::npos;
}

class Liquibase : public Tool {
 public:
  std::string_view name() const override { return "liquibase"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    return liquibase_parts(path, bytes);
  }
  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    return liquibase_parts_by_name(path);
  }
  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    return arrange_liquibase(files, read);
  }
  LayoutRules rules() const override { return {.ordered = false, .late = LayoutRules::Late::runs}; }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    using Strength = LayoutEvidence::Strength;
    const auto count = [&](const PathTest& passes) {
      return static_cast<std::size_t>(std::ranges::count_if(directory.paths, passes));
    };
    for (const PathTest& passes : {PathTest(is_called_so), PathTest(is_document)}) {
      if (begins_so(directory, passes, names_the_root)) {
        return {Strength::marked, count(passes) + count(is_sql)};
      }
    }
    return evidence_by_head(directory, is_sql, is_formatted_liquibase_sql);
  }
  std::string_view layout_example() const override { return "db.changelog-master.xml"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation> all) const override {
    return recognise_liquibase_ledger(relation, all);
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return select_liquibase_rows(relation);
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    return liquibase_rows(answer);
  }
  // Its table has no index.
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return select_row_versions(relation);
  }

  std::string lock_table(const Relation& relation) const override {
    return liquibase_lock_table(relation);
  }
  std::optional<ReadQuery> select_lock(const Relation& lock) const override {
    return select_liquibase_lock(lock);
  }
};

}  // namespace

const Tool& liquibase() {
  static const Liquibase tool;
  return tool;
}

}  // namespace tidemark
