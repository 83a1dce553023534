#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// A statement that was there when this program was compiled: the only thing that a ReadSession can
// send. `{ledger}` in it stands for a table's quoted name, `{schema}` for that of the table's
// schema,
// `$1` for values.
class ReadStatement {
 public:
  consteval ReadStatement(const char* literal)
      : text_(literal) {}  // NOLINT: implicit on purpose, from literals only
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

struct TableName {
  std::string schema;
  std::string name;
  std::string text() const { return schema + "." + name; }  // for people
  friend auto operator<=>(const TableName&, const TableName&) = default;
};

// "schema"."name" with quotes doubled: the one function that puts an identifier into SQL.
std::string quoted(const TableName& table);
std::string quoted_schema(const TableName& table);

struct ReadQuery {
  ReadStatement statement;
  std::optional<TableName> ledger;  // what {ledger} and {schema} stand for
  std::vector<std::optional<std::string>> values;
};

// An answer as text, NULL as nullopt.
struct ResultSet {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
  friend bool operator==(const ResultSet&, const ResultSet&) = default;
};

}  // namespace tidemark
