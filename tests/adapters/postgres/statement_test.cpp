#include "adapters/postgres/statement.h"

#include <doctest/doctest.h>

namespace tidemark {

TEST_CASE("a table's name is quoted whatever is in it") {
  CHECK(quoted(TableName{"public", "flyway_schema_history"}) ==
        R"("public"."flyway_schema_history")");
  CHECK(quoted(TableName{"Ops", "a.b"}) == R"("Ops"."a.b")");
  CHECK(quoted(TableName{"x\"", "\"; DROP TABLE t; --"}) == R"("x"""."""; DROP TABLE t; --")");
}

}  // namespace tidemark
