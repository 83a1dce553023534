#include "adapters/postgres/statement.h"

#include "core/sql/name.h"

namespace tidemark {

std::string quoted(const TableName& table) {
  return quoted_name(table.schema) + "." + quoted_name(table.name);
}

std::string quoted_schema(const TableName& table) {
  return quoted_name(table.schema);
}

}  // namespace tidemark
