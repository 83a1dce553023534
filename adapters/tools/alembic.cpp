#include "adapters/tools/alembic.h"

#include <algorithm>
#include <array>

#include "adapters/tools/alembic_file.h"
#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

constexpr std::array telltale_columns{Telltale{"version_num", "", 0}};
constexpr std::array<std::string_view, 1> default_names{"alembic_version"};

// How long a revision may be is for the project to say.
constexpr std::array<ColumnShape, 1> columns{{{"version_num", "character varying(32)", true}}};
constexpr std::array<ColumnShape, 1> columns_of_text{{{"version_num", "text", true}}};

constexpr ReadStatement select_heads = R"sql(
  SELECT version_num
    FROM {ledger}
   ORDER BY version_num
)sql";

// Its row is rewritten with each step, and says the same of all that came before.
constexpr const char* token = "head";

Row head(const std::string& revision) {
  Row row;
  row.key = {revision};
  row.id = {revision};
  row.version_text = revision;
  row.token = token;
  row.reach = Row::Reach::ancestors;
  return row;
}

class Alembic : public Tool {
 public:
  std::string_view name() const override { return "alembic"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    return alembic_entries(path, bytes);
  }
  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    return alembic_entries_by_name(path);
  }
  Result<Catalog> arrange(std::span<const ScannedFile> files, const ReadScanned&) const override {
    return arrange_alembic(files, rules());
  }
  LayoutRules rules() const override {
    return {.ordered = false, .late = LayoutRules::Late::runs, .archives_old = false};
  }

  // Usually in a folder `versions`, and wherever else the project says.
  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    const auto usual = [](std::string_view path) {
      const bool at_top = path.find('/') == std::string_view::npos;
      return may_be_alembic_revision(path) &&
             (at_top || ("/" + std::string(path)).find("/versions/") != std::string::npos);
    };
    const auto begins = [](std::string_view head) {
      return has_line(head, "revision") && has_line(head, "down_revision");
    };
    auto evidence = evidence_by_head(directory, usual, begins);
    if (evidence.files == 0) {
      evidence = evidence_by_head(directory, may_be_alembic_revision, begins);
    }
    if (evidence.files > 0 &&
        std::ranges::find(directory.paths, "script.py.mako", base_name) != directory.paths.end()) {
      evidence.strength = LayoutEvidence::Strength::marked;
    }
    return evidence;
  }
  std::string_view layout_example() const override { return "versions/ae1027a6acf_name.py"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  // With its usual name it may have got columns that Alembic does not look at.
  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    const auto* column = find_column(relation, "version_num");
    const bool text = column != nullptr && column->type == "text";
    return recognise_shape(relation,
                           {.name = "an Alembic ledger",
                            .columns = text ? columns_of_text : columns,
                            .names = default_names});
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return {select_heads, relation.name, {}};
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 1, "Alembic"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    for (const auto& values : answer.rows) {
      if (values[0]) {
        rows.push_back(head(*values[0]));
      }
    }
    return rows;
  }
  std::optional<ReadQuery> select_tail(const Relation&) const override { return std::nullopt; }
};

}  // namespace

const Tool& alembic() {
  static const Alembic tool;
  return tool;
}

}  // namespace tidemark
