#include "adapters/tools/privileges.h"

#include <string_view>
#include <utility>
#include <vector>

#include "adapters/tools/answer.h"

namespace tidemark {

namespace {

// A superuser may become everybody: what else he may do says nothing.
constexpr ReadStatement select_powers = R"sql(
  SELECT pg_catalog.bool_or(o.rolsuper AND o.rolname = CURRENT_USER),
         pg_catalog.bool_or(o.rolsuper),
         pg_catalog.bool_or(o.rolcreaterole),
         pg_catalog.bool_or(pg_catalog.has_database_privilege(o.oid, pg_catalog.current_database(), 'CREATE')),
         pg_catalog.string_agg(o.rolname::text, ', ' ORDER BY o.rolname)
           FILTER (WHERE o.rolname IN ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')),
         pg_catalog.array_agg(o.oid)
    FROM pg_catalog.pg_roles o
   WHERE pg_catalog.pg_has_role(CURRENT_USER, o.oid, 'MEMBER')
)sql";

enum Power : std::size_t {
  superuser,
  may_become_one,
  create_role,
  create_schema,
  writing_roles,
  roles
};

// $1: the role, and those that it may become; $2, $3: schema and name of the ledger.
constexpr ReadStatement select_creatable_schema = R"sql(
  SELECT n.nspname
    FROM pg_catalog.pg_namespace n
   WHERE pg_catalog.left(n.nspname::text, 3) <> 'pg_'
     AND EXISTS (SELECT FROM pg_catalog.unnest($1::text::pg_catalog.oid[]) AS r(oid)
                  WHERE pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE'))
   ORDER BY n.nspname = $2::text DESC, n.nspname
   LIMIT 1
)sql";

// By what was granted, which costs microseconds a table, and not by asking for each role; columns are
// asked for in the ledger alone, which is found first: among a thousand of its name they would cost a
// tenth of a second. A grant without USAGE on the schema is of no use.
constexpr ReadStatement select_writable_table = R"sql(
  SELECT n.nspname || '.' || c.relname,
         c.relowner = ANY ($1::text::pg_catalog.oid[]),
         (SELECT pg_catalog.string_agg(DISTINCT a.privilege_type, ', ')
            FROM pg_catalog.aclexplode(c.relacl) a
           WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
             AND (a.grantee = 0 OR a.grantee = ANY ($1::text::pg_catalog.oid[])))
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'f')
     AND n.nspname <> 'information_schema'
     AND pg_catalog.left(n.nspname::text, 3) <> 'pg_'
     AND (c.relowner = ANY ($1::text::pg_catalog.oid[])
          OR EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) a
                      WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
                        AND (a.grantee = 0 OR a.grantee = ANY ($1::text::pg_catalog.oid[])))
          OR (c.oid = (SELECT l.oid
                         FROM pg_catalog.pg_class l
                         JOIN pg_catalog.pg_namespace s ON s.oid = l.relnamespace
                        WHERE s.nspname = $2::text AND l.relname = $3::text)
              AND (pg_catalog.has_any_column_privilege(c.oid, 'INSERT')
                   OR pg_catalog.has_any_column_privilege(c.oid, 'UPDATE'))))
     AND EXISTS (SELECT FROM pg_catalog.unnest($1::text::pg_catalog.oid[]) AS r(oid)
                  WHERE pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'))
   ORDER BY (n.nspname = $2::text AND c.relname = $3::text) DESC, n.nspname, c.relname
   LIMIT 1
)sql";

class Words {
 public:
  void add(std::string_view more) {
    text_ += text_.empty() ? "" : "; ";
    text_ += more;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string about_table(const ResultSet& answer) {
  const std::string table = value_of(answer, 0).value_or("");
  if (value_of(answer, 1) == "t") {
    return "owns " + table;
  }
  return "holds " + value_of(answer, 2).value_or("grants for columns") + " on " + table;
}

}  // namespace

Awaitable<std::expected<std::string, ReadFailure>> excess_privileges(ReadSession& session,
                                                                     TableName ledger,
                                                                     ReadLimits limits) {
  std::vector<ReadQuery> first;
  first.push_back({select_powers, std::nullopt, {}});
  ReadSession::Answer answer = co_await session.read(std::move(first), limits);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  const ResultSet powers = std::move(answer->front());
  const auto holds = [&powers](Power power) { return value_of(powers, power) == "t"; };
  if (holds(may_become_one)) {
    co_return std::string(holds(superuser) ? "is a superuser" : "can become a superuser");
  }
  Words words;
  if (holds(create_role)) {
    words.add("can create roles");
  }
  const auto member_of = value_of(powers, writing_roles);
  if (member_of) {
    words.add("is a member of " + *member_of);
  }
  if (holds(create_schema)) {
    words.add("can create schemas");
  }
  const auto mine = value_of(powers, roles);
  std::vector<ReadQuery> second;
  second.push_back({select_creatable_schema, std::nullopt, {mine, ledger.schema}});
  second.push_back({select_writable_table, std::nullopt, {mine, ledger.schema, ledger.name}});
  answer = co_await session.read(std::move(second), limits);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  if (const auto schema = value_of(answer->front())) {
    words.add("can create tables in schema " + *schema);
  }
  // Who may write everywhere may write there too.
  if (value_of(answer->back()) && !member_of) {
    words.add(about_table(answer->back()));
  }
  co_return words.take();
}

}  // namespace tidemark
