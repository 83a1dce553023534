#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

struct ColumnShape {
  std::string_view name;  // lower-cased
  std::string_view type;  // format_type(); lengths and precisions in parentheses may differ
  bool not_null = false;
};

// How a relation's columns compare with those of a ledger. Names are compared lower-cased, and
// their order does not matter.
struct ShapeMatch {
  enum class Case { lower, upper, mixed };
  std::size_t found = 0;           // columns that are there by name
  std::vector<std::string> wrong;  // what is missing or of another type, in words
  std::vector<std::string> notes;  // what differs and does not matter, in words
  std::size_t further = 0;         // columns that are not in the shape
  Case letters = Case::lower;      // how the columns of the shape are written
};
ShapeMatch match_shape(const Relation& relation, std::span<const ColumnShape> shape);

// What `relation` is to a tool whose ledger has these columns and, unless `more_may_follow`, no
// others. "a Rails ledger" names it. A table is one when it has them all, with these types and in
// lower case.
struct LedgerShapeRule {
  std::string_view name;  // "a Rails ledger"
  std::span<const ColumnShape> columns;
  std::size_t look_alike = 0;  // with fewer of them it is somebody else's; 0: with fewer than all
  bool more_may_follow = false;
  // Its usual names: in a table that has one, further columns are people's own.
  std::span<const std::string_view> names{};
};
Recognition recognise_shape(const Relation& relation, const LedgerShapeRule& rule);

// The column in either case, as stored.
const Relation::Column* find_column(const Relation& relation, std::string_view lower_name);

// The relation with a bigint `id` as an integer: people widen theirs, and it stays the same ledger.
Relation with_integer_id(Relation relation);

bool has_primary_key(const Relation& relation, std::string_view lower_name);

// What it is when it cannot be a ledger of its own: "a view", "a partition"; empty for tables.
std::string not_a_table(const Relation& relation);

std::string join(std::span<const std::string> parts, std::string_view separator);

}  // namespace tidemark
