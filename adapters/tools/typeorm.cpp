#include "adapters/tools/typeorm.h"

#include <algorithm>
#include <array>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/layout.h"
#include "adapters/tools/script.h"
#include "adapters/tools/shape.h"
#include "adapters/tools/typeorm_classes.h"

namespace tidemark {

namespace {

using Verdict = Recognition::Verdict;

constexpr std::array<std::string_view, 1> default_names{"migrations"};
constexpr std::array telltale_columns{Telltale{"timestamp", "name", 3}};

constexpr std::array<ColumnShape, 3> ledger_columns{{
    {"id", "integer", true},
    {"timestamp", "bigint", true},
    {"name", "character varying", true},
}};

constexpr ReadStatement select_all = R"sql(
  SELECT id, "timestamp", name
    FROM {ledger}
   ORDER BY id
)sql";

constexpr ReadStatement select_newest = R"sql(
  SELECT id, "timestamp", name
    FROM {ledger}
   ORDER BY id DESC
   LIMIT 20
)sql";

constexpr std::size_t columns_asked_for = 3;

// "CreateUsers" of "CreateUsers1528653893000".
std::string_view without_time(std::string_view name) {
  return name.substr(0, name.size() - time_of_typeorm_name(name).size());
}

FileEntry entry_of(const std::string& class_name) {
  FileEntry entry;
  entry.key = {class_name};
  entry.id = {class_name};
  entry.version = Version::parse(time_of_typeorm_name(class_name));
  entry.version_text = time_of_typeorm_name(class_name);
  entry.description = without_time(class_name);
  entry.checksums.complete = false;
  return entry;
}

bool is_script(std::string_view path) {
  return script_stem(base_name(path)).has_value();
}

// Programs of others are named with milliseconds too: what they call tells them.
bool begins_like_it(std::string_view head) {
  return script_kind(head) == ScriptKind::typeorm;
}

// So may a table of measurements look: what it is called has to say the rest.
Verdict verdict_by_name(std::string_view table) {
  const auto lower = lower_case(table);
  const bool named =
      lower.find("migrat") != std::string::npos || lower.find("typeorm") != std::string::npos;
  return named ? Verdict::ledger : Verdict::if_named;
}

Row row_of(const std::vector<std::optional<std::string>>& values) {
  const auto name = values[2].value_or("");
  Row row;
  row.key = {name};
  row.id = {name};
  row.version_text = values[1].value_or("");
  row.version = Version::parse(row.version_text);
  row.description = without_time(name);
  row.token = values[0].value_or("");
  return row;
}

class TypeOrm : public Tool {
 public:
  std::string_view name() const override { return "typeorm"; }

  std::vector<FileEntry> entries(std::string_view path, std::string_view bytes) const override {
    if (!is_script(path)) {
      return {};
    }
    const auto kind = script_kind(bytes);
    if (kind != ScriptKind::typeorm && kind != ScriptKind::other) {
      return {};
    }
    std::vector<FileEntry> entries;
    for (const auto& name : typeorm_classes(bytes)) {
      entries.push_back(entry_of(name));
    }
    return entries.empty() && kind == ScriptKind::typeorm ? entries_by_name(path) : entries;
  }

  std::vector<FileEntry> entries_by_name(std::string_view path) const override {
    const auto stem = script_stem(base_name(path));
    const auto name = stem ? typeorm_class_of_file(*stem) : "";
    if (name.empty()) {
      return {};
    }
    return {entry_of(name)};
  }

  LayoutRules rules() const override {
    return {.ordered = true, .late = LayoutRules::Late::runs, .archives_old = true};
  }

  LayoutEvidence layout_evidence(const DirectoryView& directory) const override {
    const auto named = [this](std::string_view path) { return !entries_by_name(path).empty(); };
    return evidence_by_head(directory, named, begins_like_it);
  }
  std::string_view layout_example() const override { return "1776522600000-Name.ts"; }

  std::span<const Telltale> telltales() const override { return telltale_columns; }
  std::span<const std::string_view> default_tables() const override { return default_names; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    auto recognition = recognise_shape(with_integer_id(relation),
                                       {.name = "a TypeORM ledger", .columns = ledger_columns});
    const auto verdict = verdict_by_name(relation.name.name);
    if (recognition.verdict == Verdict::ledger) {
      recognition.verdict = verdict;
    } else if (recognition.verdict == Verdict::near_miss && verdict != Verdict::ledger) {
      return {};
    }
    return recognition;
  }
  ReadQuery select_rows(const Relation& relation) const override {
    return {select_all, relation.name, {}};
  }
  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, columns_asked_for, "TypeORM"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    std::ranges::transform(answer.rows, std::back_inserter(rows), row_of);
    return rows;
  }
  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return ReadQuery{select_newest, relation.name, {}};
  }
};

}  // namespace

const Tool& typeorm() {
  static const TypeOrm tool;
  return tool;
}

}  // namespace tidemark
