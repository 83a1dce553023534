#include "adapters/tools/django.h"

#include <array>

#include "adapters/tools/answer.h"
#include "adapters/tools/django_file.h"
#include "adapters/tools/django_part.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

constexpr std::array telltale_columns{Telltale{"app", "applied", 4}};
constexpr std::array<std::string_view, 1> default_names{"django_migrations"};

// How wide the id is follows a setting of the project.
constexpr std::array<ColumnShape, 4> columns{{
    {"id", "integer", true},
    {"app", "character varying(255)", true},
    {"name", "character varying(255)", true},
    {"applied", "timestamp with time zone", true},
}};
constexpr std::array<ColumnShape, 4> columns_with_bigint{{
    {"id", "bigint", true},
    {"app", "character varying(255)", true},
    {"name", "character varying(255)", true},
    {"applied", "timestamp with time zone", true},
}};

constexpr ReadStatement select_all = R"sql(
  SELECT id, app, name,
         CASE WHEN isfinite(applied) THEN floor(1000 * extract(epoch FROM applied))::bigint
          END AS applied_ms
    FROM {ledger}
   ORDER BY applied, id
)sql";

constexpr ReadStatement select_last = R"sql(
  SELECT id, app, name, applied
    FROM {ledger}
   ORDER BY id DESC
   LIMIT 20
)sql";

Row row_of(const std::vector<std::optional<std::string>>& values) {
  const auto app = values[1].value_or("");
  const auto stem = values[2].value_or("");
  auto name = parse_django_name(stem);
  Row row;
  row.key = django_key(app, stem);
  row.id = {row.key.value};
  row.version = std::move(name.version);
  row.version_text = std::move(name.version_text);
  row.description = std::move(name.description);
  row.at = time_of(values[3]);
  row.token = values[0].value_or("");
  row.group = app;
  return row;
}

class Django : public Tool {
 public:
  std::string_view name() const override { return "django"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    return django_entries(path, bytes);
  }
  std::string names_above(std::string_view root, std::string_view path) const override {
    return django_names_above(root, path);
  }
  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    return django_entries_by_name(path);
  }
  Result<Catalog> arrange(std::span<const ScannedFile> files, const ReadScanned&) const override {
    return arrange_django(files, rules());
  }
  // Numbers are for people. Rows that are older than an app's oldest file were squashed, and
  // `migrate --prune` deletes them. While something is applied before what it depends on, each
  // command ends with InconsistentMigrationHistory.
  LayoutRules rules() const override {
    return {.ordered = false,
            .late = LayoutRules::Late::runs,
            .archives_old = true,
            .prunes = true,
            .refuses_gaps = true};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    return evidence_by_head(directory, has_django_name, [](std::string_view head) {
      return has_line(head, "class Migration(migrations.Migration)") ||
             has_line(head, "from django.db import migrations");
    });
  }
  std::string_view layout_example() const override { return "app/migrations/0001_name.py"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    const auto* id = find_column(relation, "id");
    const bool wide = id != nullptr && id->type == "bigint";
    return recognise_shape(relation,
                           {.name = "a Django ledger",
                            .columns = wide ? columns_with_bigint : columns,
                            .look_alike = columns.size(),
                            .names = default_names});
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return {select_all, relation.name, {}};
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, 4, "Django"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    rows.reserve(answer.rows.size());
    for (const auto& values : answer.rows) {
      rows.push_back(row_of(values));
    }
    return rows;
  }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    if (relation.kind != 'r' || !has_primary_key(relation, "id")) {
      return std::nullopt;
    }
    return ReadQuery{select_last, relation.name, {}};
  }
};

}  // namespace

const Tool& django() {
  static const Django tool;
  return tool;
}

}  // namespace tidemark
