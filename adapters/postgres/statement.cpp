#include "adapters/postgres/statement.h"

namespace tidemark {
namespace {

std::string quoted(const std::string& identifier) {
  std::string quoted = "\"";
  for (const char c : identifier) {
    if (c == '"') {
      quoted += '"';
    }
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string quoted(const TableName& table) {
  return quoted(table.schema) + "." + quoted(table.name);
}

std::string quoted_schema(const TableName& table) {
  return quoted(table.schema);
}

}  // namespace tidemark
