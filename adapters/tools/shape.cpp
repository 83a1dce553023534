#include "adapters/tools/shape.h"

#include <algorithm>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

// "timestamp without time zone" of "timestamp(6) without time zone".
std::string without_modifier(std::string_view type) {
  std::string bare(type);
  const auto open = bare.find('(');
  const auto close = bare.find(')', open == std::string::npos ? 0 : open);
  if (open != std::string::npos && close != std::string::npos) {
    bare.erase(open, close - open + 1);
  }
  return bare;
}

bool is_upper(const std::string& name, const std::string& lower) {
  return name != lower && std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

ShapeMatch::Case letters_of(std::span<const Relation::Column* const> columns) {
  const auto all = [&](auto is) {
    return std::ranges::all_of(columns, [&](const Relation::Column* column) {
      return is(column->name, lower_case(column->name));
    });
  };
  if (all([](const std::string& name, const std::string& lower) { return name == lower; })) {
    return ShapeMatch::Case::lower;
  }
  return all(is_upper) ? ShapeMatch::Case::upper : ShapeMatch::Case::mixed;
}

std::string nullability(bool not_null) {
  return not_null ? "NOT NULL" : "nullable";
}

}  // namespace

const Relation::Column* find_column(const Relation& relation, std::string_view lower_name) {
  const auto exact = std::ranges::find(relation.columns, lower_name, &Relation::Column::name);
  const auto found =
      exact != relation.columns.end()
          ? exact
          : std::ranges::find_if(relation.columns, [&](const Relation::Column& column) {
              return lower_case(column.name) == lower_name;
            });
  return found == relation.columns.end() ? nullptr : &*found;
}

ShapeMatch match_shape(const Relation& relation, std::span<const ColumnShape> shape) {
  ShapeMatch match;
  std::vector<const Relation::Column*> known;
  for (const auto& wanted : shape) {
    const auto* column = find_column(relation, wanted.name);
    if (column == nullptr) {
      match.wrong.push_back("column " + std::string(wanted.name) + " is missing");
      continue;
    }
    known.push_back(column);
    const auto type = without_modifier(column->type);
    if (type != without_modifier(wanted.type)) {
      match.wrong.push_back(column->name + " is " + column->type + " instead of " +
                            std::string(wanted.type));
    } else if (column->type != wanted.type && !type.starts_with("time")) {
      match.notes.push_back(column->name + " is " + column->type);
    }
    if (column->not_null != wanted.not_null) {
      match.notes.push_back(column->name + " is " + nullability(column->not_null));
    }
  }
  for (const auto& column : relation.columns) {
    if (std::ranges::find(known, &column) == known.end()) {
      match.notes.push_back("a further column " + column.name);
      ++match.further;
    }
  }
  match.found = known.size();
  match.letters = letters_of(known);
  return match;
}

Recognition recognise_shape(const Relation& relation, const LedgerShapeRule& rule) {
  using Verdict = Recognition::Verdict;
  auto shape = match_shape(relation, rule.columns);
  const auto enough = rule.look_alike == 0 ? rule.columns.size() : rule.look_alike;
  const bool more =
      rule.more_may_follow || std::ranges::find(rule.names, relation.name.name) != rule.names.end();
  if (shape.found < enough || (!more && shape.further > 0)) {
    return {};
  }
  const std::string name(rule.name);
  if (!shape.wrong.empty()) {
    // With the names of a few columns and other types it is anybody's.
    return rule.look_alike == 0
               ? Recognition{}
               : Recognition{Verdict::near_miss,
                             "looks like " + name + ", but " + join(shape.wrong, " and ")};
  }
  if (shape.letters != ShapeMatch::Case::lower) {
    return {Verdict::near_miss, "looks like " + name + ", but its columns are not in lower case"};
  }
  if (const auto what = not_a_table(relation); !what.empty()) {
    return {Verdict::near_miss, "has the columns of " + name + ", but is " + what};
  }
  std::string words = "the columns of " + name;
  if (!shape.notes.empty()) {
    words += "; " + join(shape.notes, ", ");
  }
  return {Verdict::ledger, std::move(words)};
}

Relation with_integer_id(Relation relation) {
  for (auto& column : relation.columns) {
    if (column.name == "id" && column.type == "bigint") {
      column.type = "integer";
    }
  }
  return relation;
}

bool has_primary_key(const Relation& relation, std::string_view lower_name) {
  return relation.primary_key.size() == 1 && lower_case(relation.primary_key.front()) == lower_name;
}

std::string not_a_table(const Relation& relation) {
  if (relation.partition) {
    return "a partition of another table";
  }
  switch (relation.kind) {
    case 'r':
    case 'p':
      return "";
    case 'v':
      return "a view";
    case 'm':
      return "a materialized view";
    case 'f':
      return "a foreign table";
    default:
      return "no table";
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (&part != &parts.front()) {
      text += separator;
    }
    text += part;
  }
  return text;
}

}  // namespace tidemark
