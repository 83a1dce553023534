#include "adapters/tools/custom.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "adapters/tools/answer.h"
#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"
#include "adapters/tools/rewritten.h"
#include "adapters/tools/row_versions.h"
#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

constexpr std::array<std::string_view, 7> algorithms{
    "sha256", "sha1", "md5", "sha224", "sha384", "sha512", "crc32"};

// Of the hexadecimal digits that it writes.
std::size_t digits_of(std::string_view algorithm) {
  constexpr std::array<std::size_t, algorithms.size()> digits{64, 40, 32, 56, 96, 128, 8};
  const auto* at = std::ranges::find(algorithms, algorithm);
  return at == algorithms.end() ? 0 : digits[static_cast<std::size_t>(at - algorithms.begin())];
}

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

// Of people's own, such as a domain: what it holds its rows show.
bool is_own(std::string_view type) {
  return type.find('.') != std::string_view::npos;
}

bool is_number(std::string_view type) {
  return type == "smallint" || type == "integer" || type == "bigint" || type.starts_with("numeric");
}

bool is_text(std::string_view type) {
  return type.starts_with("character") || type == "text" || type == "name" || is_own(type);
}

bool is_name(std::string_view type) {
  return is_text(type) || is_number(type) || type == "uuid";
}

bool is_time(std::string_view type) {
  return type.starts_with("timestamp") || type == "date" || is_own(type);
}

bool is_hash(std::string_view type) {
  return is_text(type) || type == "bytea";
}

bool is_md5(std::string_view type) {
  return is_hash(type) || type == "uuid";
}

bool is_crc32(std::string_view type) {
  return is_hash(type) || is_number(type);
}

using Fits = bool (*)(std::string_view type);

Fits type_of_checksum(std::string_view algorithm) {
  return algorithm == "crc32" ? is_crc32 : algorithm == "md5" ? is_md5 : is_hash;
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

// Types of a fixed length have blanks behind what is in them.
std::string without_padding(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

bool all_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Without the \x of bytea and the dashes of a uuid, in lower case.
std::string plain_digits(std::string text) {
  text = lower_case(without_padding(std::move(text)));
  text.erase(0, text.starts_with("\\x") ? 2 : 0);
  std::erase(text, '-');
  return text;
}

// As the file's is written; a CRC-32 as an unsigned number, unless it is in hexadecimal digits.
// Empty for what the algorithm cannot have made.
std::string normalised(std::string_view algorithm, const std::string& stored) {
  const auto digits = plain_digits(stored);
  if (algorithm == "crc32" && !digits.empty() && digits.size() < 11 && all_digits(digits)) {
    return stored.starts_with('-')
               ? std::to_string(0U - static_cast<std::uint32_t>(std::stoull(digits)))
               : digits;
  }
  const auto full = digits_of(algorithm);
  const bool long_enough = digits.size() == full || (algorithm == "crc32" && !digits.empty());
  return long_enough && digits.size() <= full && all_hex(digits) ? digits : "";
}

std::string hex_of(std::uint32_t number) {
  std::string digits(8, '0');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, number /= 16) {
    *digit = "0123456789abcdef"[number % 16];
  }
  return digits;
}

// As printf's %x writes it.
std::string without_zeros(std::string digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return digits;
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
    const auto expect =
        [&](std::string_view role, const std::string& name, Fits fits, std::string_view expected) {
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
    expect("key", columns_.key, is_name, "a name or a number");
    expect("version", columns_.version, is_name, "a version");
    expect("checksum",
           columns_.checksum,
           type_of_checksum(columns_.algorithm),
           columns_.algorithm.empty() ? "a checksum" : "the " + columns_.algorithm + " of a file");
    expect("applied_at", columns_.applied_at, is_time, "a time");
    expect("applied_by", columns_.applied_by, is_anything, "");
    expect("success", columns_.success_column, is_anything, "");
    expect_value(relation, wrong);
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
    if (const auto checked = check_algorithm(answer); !checked) {
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
  // A value that no row of that type could have would make all of them failures.
  void expect_value(const Relation& relation, std::vector<std::string>& wrong) const {
    const auto column =
        std::ranges::find(relation.columns, columns_.success_column, &Relation::Column::name);
    if (column != relation.columns.end() && column->type == "boolean" &&
        columns_.success_equals != "true" && columns_.success_equals != "false") {
      wrong.push_back("has a boolean in column " + column->name +
                      ", which success names, so that " + "equals is true or false and not " +
                      columns_.success_equals);
    }
  }

  // An odd checksum proves nothing. Where all are of another algorithm, none would match.
  Result<void> check_algorithm(const ResultSet& answer) const {
    const auto& algorithm = columns_.algorithm;
    std::string longest;
    for (const auto& values : answer.rows) {
      const auto stored = values[0] ? values[2].value_or("") : "";
      if (!normalised(algorithm, stored).empty()) {
        return {};
      }
      longest = std::max(longest, plain_digits(stored), shows_less);
    }
    const auto other = std::ranges::find(algorithms, longest.size(), digits_of);
    if (other == algorithms.end() || !all_hex(longest)) {
      return {};
    }
    return fail(Errc::invalid,
                "by the config column " + columns_.checksum + " has the " + algorithm +
                    " of a file, of " + std::to_string(digits_of(algorithm)) +
                    " digits, and no row has one: " + std::to_string(longest.size()) +
                    " digits are the most, as of " + std::string(*other));
  }

  // Of the algorithm that made it.
  static bool shows_less(const std::string& a, const std::string& b) {
    return std::pair(a.size(), all_hex(a)) < std::pair(b.size(), all_hex(b));
  }

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
    row.key = {without_padding(*values[0])};
    row.id = {row.key.value};
    row.any_name = true;
    row.version_text = without_padding(values[1].value_or(""));
    row.version = Version::parse(row.version_text);
    const auto stored = normalised(columns_.algorithm, values[2].value_or(""));
    if (!stored.empty()) {
      row.checksum = columns_.algorithm + ":" + stored;
    }
    row.at = time_in(values[3]);
    row.by = without_padding(values[4].value_or(""));
    if (!columns_.success_column.empty() &&
        (!values[5] || without_padding(*values[5]) != columns_.success_equals)) {
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
  const auto kind = std::string(algorithm) + ":";
  auto all = hashes_as_rewritten(
      bytes, [&](std::string_view form) { return kind + checksum_of(algorithm, form); });
  if (algorithm == "crc32") {
    for (const auto& digits :
         hashes_as_rewritten(bytes, [](std::string_view form) { return hex_of(crc32_of(form)); })) {
      all.push_back(kind + digits);
      if (digits.starts_with('0')) {
        all.push_back(kind + without_zeros(digits));
      }
    }
  }
  return all;
}

}  // namespace tidemark
