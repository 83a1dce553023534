#include "adapters/tools/rails_metadata.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "adapters/tools/shape.h"

namespace tidemark {

namespace {

bool is_metadata(const Relation& relation) {
  constexpr std::array<std::string_view, 4> columns{"key", "value", "created_at", "updated_at"};
  return relation.name.name.find("ar_internal_metadata") != std::string::npos &&
         std::ranges::all_of(columns, [&](std::string_view column) {
           return find_column(relation, column) != nullptr;
         });
}

}  // namespace

bool is_beside_rails_metadata(const Relation& relation, std::span<const Relation> all) {
  return std::ranges::any_of(all, [&](const Relation& other) {
    return other.name.schema == relation.name.schema && is_metadata(other);
  });
}

}  // namespace tidemark
