#include "core/drift/invalid_index.h"

#include <string>
#include <string_view>

#include "core/sql/name.h"

namespace tidemark {

namespace {

// As REINDEX CONCURRENTLY names what it works with, with a number where that name was taken.
bool ends_in(std::string_view name, std::string_view suffix) {
  const auto digits = name.find_last_not_of("0123456789");
  return name.substr(0, digits == std::string_view::npos ? 0 : digits + 1).ends_with(suffix);
}

}  // namespace

Finding finding_of(const InvalidIndex& index) {
  const std::string name = index.schema + "." + index.name;
  const std::string table = index.schema + "." + index.table;
  const std::string drop =
      "DROP INDEX CONCURRENTLY " + quoted_name(index.schema) + "." + quoted_name(index.name);
  std::string why = "a concurrent build failed. " + drop + ", then build it again";
  if (ends_in(index.name, "_ccnew")) {
    why = "a REINDEX CONCURRENTLY failed and left its new index. " + drop +
          ", then REINDEX again what it was to replace";
  } else if (ends_in(index.name, "_ccold")) {
    why =
        "a REINDEX CONCURRENTLY has built the new index, and could not drop this old one. " + drop;
  }
  return {FindingKind::invalid_index,
          {name},
          {name},
          Severity::drift,
          true,
          "index " + name + " of " + table + " is invalid: " + why,
          {{"table", table}, {"oid", std::to_string(index.oid)}}};
}

}  // namespace tidemark
