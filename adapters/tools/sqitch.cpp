#include "adapters/tools/sqitch.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/sqitch_files.h"
#include "adapters/tools/sqitch_ledger.h"
#include "adapters/tools/sqitch_plan.h"

namespace tidemark {

namespace {

constexpr std::array telltale_columns{Telltale{"change_id", "committed_at", 0}};
constexpr std::array<std::string_view, 1> default_names{"changes"};

class Sqitch : public Tool {
 public:
  std::string_view name() const override { return "sqitch"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    return sqitch_parts(path, bytes);
  }
  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    return sqitch_parts_by_name(path);
  }
  Result<Catalog> arrange(std::span<const ScannedFile> files,
                          const ReadScanned& read) const override {
    return arrange_sqitch(files, read);
  }
  LayoutRules rules() const override { return {.ordered = false, .late = LayoutRules::Late::runs}; }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    if (!begins_so(directory, is_named_like_sqitch_plan, is_sqitch_plan)) {
      return {};
    }
    const auto counts = [](std::string_view path) {
      return is_named_like_sqitch_plan(path) || is_sqitch_script(path);
    };
    auto evidence = evidence_by_name(directory, counts);
    evidence.strength = LayoutEvidence::Strength::marked;
    return evidence;
  }
  std::string_view layout_example() const override { return "sqitch.plan"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation> all) const override {
    return recognise_sqitch_ledger(relation, all);
  }
  std::vector<std::string> tables_beside() const override { return tables_beside_sqitch_changes(); }
  ReadQuery select_rows(const Relation& relation) const override {
    return select_sqitch_rows(relation);
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    return sqitch_rows(answer);
  }
  // No index of its tables knows what came last.
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return select_sqitch_versions(relation);
  }

  std::vector<std::int64_t> advisory_locks(const Relation&, std::string_view) const override {
    return {75474063};
  }
};

}  // namespace

const Tool& sqitch() {
  static const Sqitch tool;
  return tool;
}

}  // namespace tidemark
