#include "adapters/tools/custom.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/row_versions.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

constexpr std::array<std::string_view, 7> algorithms{
    "sha256", "sha1", "md5", "sha224", "sha384", "sha512", "crc32"};

// The columns are values beside the text, like all that is not ours: $1 to $6 are their names. An
// empty name is that of no column.
constexpr ReadStatement select_with_version = R"sql(
  SELECT r.d ->> $1::text, r.d ->> $2::text, r.d ->> $3::text, r.d ->> $4::text,
         r.d ->> $5::text, r.d ->> $6::text, r.token
    FROM (SELECT pg_catalog.to_jsonb(l.*) AS d, l.xmin::text AS token FROM {ledger} AS l) AS r
   ORDER BY 1, 7
)sql";

// Views have no versions of rows.
constexpr ReadStatement select_of_view = R"sql(
  SELECT r.d ->> $1::text, r.d ->> $2::text, r.d ->> $3::text, r.d ->> $4::text,
         r.d ->> $5::text, r.d ->> $6::text, '' AS token
    FROM (SELECT pg_catalog.to_jsonb(l.*) AS d FROM {ledger} AS l) AS r
   ORDER BY 1, 7
)sql";

constexpr std::size_t answer_columns = 7;

bool is_time(std::string_view type) {
  return type.starts_with("timestamp") || type == "date";
}

bool is_text_or_bytes(std::string_view type) {
  return type.starts_with("character") || type == "text" || type == "bytea" || type == "bigint" ||
         type == "integer";
}

bool is_anything(std::string_view) {
  return true;
}

// "2026-04-18T14:22:00" is of no zone: taken for UTC, which our sessions have.
std::optional<TimePoint> time_in(const std::optional<std::string>& text) {
  if (!text) {
    return std::nullopt;
  }
  if (text->size() == std::string_view("2026-04-18").size()) {
    return parse_time(*text + "T00:00:00Z");
  }
  const auto zoned = parse_time(*text);
  return zoned ? zoned : parse_time(*text + "Z");
}

// As the file's is written: without the \x of bytea, in lower case; a CRC-32 as an unsigned number.
std::string normalised(std::string_view algorithm, std::string text) {
  if (algorithm == "crc32") {
    return text.starts_with('-') && text.size() < 12 && all_digits(std::string_view(text).substr(1))
               ? std::to_string(static_cast<std::uint32_t>(std::stoll(text)))
               : text;
  }
  text = lower_case(text);
  return text.starts_with("\\x") ? text.substr(2) : text;
}

std::string checksum_of(std::string_view algorithm, std::string_view bytes) {
  if (algorithm == "crc32") {
    return std::to_string(crc32_of(bytes));
  }
  return hex_hash(std::string(algorithm).c_str(), bytes);
}

class Custom : public Tool {
 public:
  explicit Custom(CustomColumns columns) : columns_(std::move(columns)) {}

  std::string_view name() const override { return "custom"; }

  // It is a ledger beside whatever layout the files have.
  std::vector<FileEntry> entries(std::string_view, std::string_view) const override { return {}; }
  std::vector<FileEntry> entries_by_name(std::string_view) const override { return {}; }
  LayoutEvidence layout_evidence(const DirectoryView&) const override { return {}; }
  std::string_view layout_example() const override { return ""; }
  bool reads_any_layout() const override { return true; }

  Recognition recognise(const Relation& relation, std::span<const Relation>) const override {
    std::vector<std::string> wrong;
    const auto expect = [&](std::string_view role,
                            const std::string& name,
                            bool (*fits)(std::string_view),
                            std::string_view expected) {
      if (name.empty()) {
        return;
      }
      const auto column = std::ranges::find(relation.columns, name, &Relation::Column::name);
      if (column == relation.columns.end()) {
        wrong.push_back("has no column " + name + ", which " + std::string(role) + " names");
      } else if (!fits(column->type)) {
        wrong.push_back("has " + std::string(expected) + " expected in column " + name +
                        ", which " + std::string(role) + " names, and it is " + column->type);
      }
    };
    expect("key", columns_.key, is_anything, "");
    expect("version", columns_.version, is_anything, "");
    expect("checksum", columns_.checksum, is_text_or_bytes, "a checksum");
    expect("applied_at", columns_.applied_at, is_time, "a time");
    expect("applied_by", columns_.applied_by, is_anything, "");
    expect("success", columns_.success_column, is_anything, "");
    if (!wrong.empty()) {
      return {Recognition::Verdict::near_miss, join(wrong, " and ")};
    }
    return {Recognition::Verdict::ledger, "its columns are those that the config names"};
  }

  ReadQuery select_rows(const Relation& relation) const override {
    const bool versions = relation.kind == 'r' || relation.kind == 'p';
    return {versions ? select_with_version : select_of_view,
            relation.name,
            {columns_.key,
             columns_.version,
             columns_.checksum,
             columns_.applied_at,
             columns_.applied_by,
             columns_.success_column}};
  }

  Result<std::vector<Row>> rows(const ResultSet& answer) const override {
    if (const auto checked = check_width(answer, answer_columns, "the config"); !checked) {
      return std::unexpected(checked.error());
    }
    std::vector<Row> rows;
    const bool mark = columns_.rows == CustomColumns::Rows::last;
    for (const auto& values : answer.rows) {
      if (values[0]) {
        rows.push_back(mark ? as_mark(row_of(values)) : row_of(values));
      }
    }
    std::ranges::sort(rows, [](const Row& a, const Row& b) {
      return std::tie(a.at, a.version, a.key) < std::tie(b.at, b.version, b.key);
    });
    if (mark && !rows.empty()) {
      rows.erase(rows.begin(), rows.end() - 1);
    }
    return rows;
  }

  std::optional<ReadQuery> select_tail(const Relation& relation) const override {
    return select_row_versions(relation);
  }

 private:
  // Its token stays when it moves on: that says nothing new of what is below it.
  static Row as_mark(Row row) {
    if (row.version_text.empty()) {
      row.version_text = row.key.value;
      row.version = Version::parse(row.version_text);
    }
    if (row.version_text.starts_with('-')) {
      row.version = Version::parse("0");  // before the first
    }
    row.token = "mark";
    row.reach = Row::Reach::up_to;
    return row;
  }

  Row row_of(const std::vector<std::optional<std::string>>& values) const {
    Row row;
    row.key = {*values[0]};
    row.id = {*values[0]};
    row.any_name = true;
    row.version_text = values[1].value_or("");
    row.version = Version::parse(row.version_text);
    if (values[2]) {
      row.checksum = columns_.algorithm + ":" + normalised(columns_.algorithm, *values[2]);
    }
    row.at = time_in(values[3]);
    row.by = values[4].value_or("");
    if (!columns_.success_column.empty() && values[5] != columns_.success_equals) {
      row.state = Row::State::failed;
    }
    row.token = values[6].value_or("");
    return row;
  }

  CustomColumns columns_;
};

}  // namespace

std::shared_ptr<const Tool> custom_ledger(CustomColumns columns) {
  return std::make_shared<const Custom>(std::move(columns));
}

std::span<const std::string_view> custom_algorithms() {
  return algorithms;
}

std::vector<std::string> custom_checksums(std::string_view algorithm, std::string_view bytes) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  std::vector<std::string> all;
  const auto add = [&](std::string_view form) {
    auto checksum = std::string(algorithm) + ":" + checksum_of(algorithm, form);
    if (std::ranges::find(all, checksum) == all.end()) {
      all.push_back(std::move(checksum));
    }
  };
  add(bytes);
  if (bytes.starts_with(byte_order_mark)) {
    bytes.remove_prefix(byte_order_mark.size());
    add(bytes);
  }
  add(with_lf(bytes));
  add(with_crlf(bytes));
  return all;
}

}  // namespace tidemark
