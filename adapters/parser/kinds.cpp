#include "adapters/parser/kinds.h"

#include <algorithm>
#include <array>

namespace tidemark {

namespace {

using enum LockClass;

// In the order of the alphabet.
constexpr auto types = std::to_array<StatementType>({
    {"AlterCollationStmt", "ALTER COLLATION", none, "collname", "collation"},
    {"AlterDatabaseRefreshCollStmt", "ALTER DATABASE", none, "dbname", "database"},
    {"AlterDatabaseSetStmt", "ALTER DATABASE", none, "dbname", "database"},
    {"AlterDatabaseStmt", "ALTER DATABASE", none, "dbname", "database"},
    {"AlterDefaultPrivilegesStmt", "ALTER DEFAULT PRIVILEGES", none, "", ""},
    {"AlterDomainStmt", "ALTER DOMAIN", none, "typeName", "domain"},
    {"AlterEnumStmt", "ALTER TYPE", none, "typeName", "type"},
    {"AlterEventTrigStmt", "ALTER EVENT TRIGGER", none, "trigname", "event trigger"},
    {"AlterExtensionContentsStmt",
     "ALTER EXTENSION",
     share_update_exclusive,
     "extname",
     "extension"},
    {"AlterExtensionStmt", "ALTER EXTENSION", unknown, "extname", "extension"},
    {"AlterFdwStmt", "ALTER FOREIGN DATA WRAPPER", none, "fdwname", "foreign data wrapper"},
    {"AlterForeignServerStmt", "ALTER SERVER", none, "servername", "server"},
    {"AlterFunctionStmt", "", none, "func", ""},
    {"AlterObjectDependsStmt", "", access_exclusive, "", ""},
    {"AlterObjectSchemaStmt", "", none, "", ""},
    {"AlterOpFamilyStmt", "ALTER OPERATOR FAMILY", none, "opfamilyname", "operator family"},
    {"AlterOperatorStmt", "ALTER OPERATOR", none, "opername", "operator"},
    {"AlterOwnerStmt", "", none, "", ""},
    {"AlterPolicyStmt", "ALTER POLICY", access_exclusive, "policy_name", "policy"},
    {"AlterPublicationStmt", "ALTER PUBLICATION", share_update_exclusive, "pubname", "publication"},
    {"AlterRoleSetStmt", "ALTER ROLE", none, "role", "role"},
    {"AlterRoleStmt", "ALTER ROLE", none, "role", "role"},
    {"AlterSeqStmt", "ALTER SEQUENCE", share_row_exclusive, "sequence", "sequence"},
    {"AlterStatsStmt", "ALTER STATISTICS", none, "defnames", "statistics"},
    {"AlterSubscriptionStmt", "ALTER SUBSCRIPTION", access_share, "subname", "subscription"},
    {"AlterSystemStmt", "ALTER SYSTEM", none, "", ""},
    {"AlterTSConfigurationStmt",
     "ALTER TEXT SEARCH CONFIGURATION",
     none,
     "cfgname",
     "text search configuration"},
    {"AlterTSDictionaryStmt",
     "ALTER TEXT SEARCH DICTIONARY",
     none,
     "dictname",
     "text search dictionary"},
    {"AlterTableMoveAllStmt", "", access_exclusive, "orig_tablespacename", "tablespace"},
    {"AlterTableSpaceOptionsStmt", "ALTER TABLESPACE", none, "tablespacename", "tablespace"},
    {"AlterTableStmt", "", access_exclusive, "relation", ""},
    {"AlterTypeStmt", "ALTER TYPE", none, "typeName", "type"},
    {"AlterUserMappingStmt", "ALTER USER MAPPING", none, "servername", "server"},
    {"CallStmt", "CALL", unknown, "", ""},
    {"CheckPointStmt", "CHECKPOINT", none, "", ""},
    {"ClosePortalStmt", "CLOSE CURSOR", none, "", ""},
    {"ClusterStmt", "CLUSTER", access_exclusive, "relation", "table"},
    {"CommentStmt", "COMMENT", none, "object", ""},
    {"CompositeTypeStmt", "CREATE TYPE", none, "typevar", "type"},
    {"ConstraintsSetStmt", "SET CONSTRAINTS", none, "", ""},
    {"CopyStmt", "COPY", access_share, "relation", "relation"},
    {"CreateAmStmt", "CREATE ACCESS METHOD", none, "amname", "access method"},
    {"CreateCastStmt", "CREATE CAST", none, "", ""},
    {"CreateConversionStmt", "CREATE CONVERSION", none, "conversion_name", "conversion"},
    {"CreateDomainStmt", "CREATE DOMAIN", none, "domainname", "domain"},
    {"CreateEnumStmt", "CREATE TYPE", none, "typeName", "type"},
    {"CreateEventTrigStmt", "CREATE EVENT TRIGGER", none, "trigname", "event trigger"},
    {"CreateExtensionStmt", "CREATE EXTENSION", unknown, "extname", "extension"},
    {"CreateFdwStmt", "CREATE FOREIGN DATA WRAPPER", none, "fdwname", "foreign data wrapper"},
    {"CreateForeignServerStmt", "CREATE SERVER", none, "servername", "server"},
    {"CreateForeignTableStmt", "CREATE FOREIGN TABLE", none, "", "foreign table"},
    {"CreateFunctionStmt", "", none, "funcname", ""},
    {"CreateOpClassStmt", "CREATE OPERATOR CLASS", none, "opclassname", "operator class"},
    {"CreateOpFamilyStmt", "CREATE OPERATOR FAMILY", none, "opfamilyname", "operator family"},
    {"CreatePLangStmt", "CREATE LANGUAGE", none, "plname", "language"},
    {"CreatePolicyStmt", "CREATE POLICY", access_exclusive, "policy_name", "policy"},
    {"CreatePublicationStmt", "CREATE PUBLICATION", none, "pubname", "publication"},
    {"CreateRangeStmt", "CREATE TYPE", none, "typeName", "type"},
    {"CreateRoleStmt", "CREATE ROLE", none, "role", "role"},
    {"CreateSchemaStmt", "CREATE SCHEMA", none, "schemaname", "schema"},
    {"CreateSeqStmt", "CREATE SEQUENCE", none, "sequence", "sequence"},
    {"CreateStatsStmt", "CREATE STATISTICS", share_update_exclusive, "defnames", "statistics"},
    {"CreateStmt", "CREATE TABLE", none, "relation", "table"},
    {"CreateSubscriptionStmt", "CREATE SUBSCRIPTION", access_share, "subname", "subscription"},
    {"CreateTableAsStmt", "", access_share, "", ""},
    {"CreateTableSpaceStmt", "CREATE TABLESPACE", none, "tablespacename", "tablespace"},
    {"CreateTransformStmt", "CREATE TRANSFORM", none, "type_name", "type"},
    {"CreateTrigStmt", "CREATE TRIGGER", share_row_exclusive, "trigname", "trigger"},
    {"CreateUserMappingStmt", "CREATE USER MAPPING", none, "servername", "server"},
    {"CreatedbStmt", "CREATE DATABASE", none, "dbname", "database"},
    {"DeallocateStmt", "DEALLOCATE", none, "", ""},
    {"DeclareCursorStmt", "DECLARE CURSOR", access_share, "", ""},
    {"DefineStmt", "", none, "defnames", ""},
    {"DeleteStmt", "DELETE", row_exclusive, "relation", "relation"},
    {"DiscardStmt", "", none, "", ""},
    {"DoStmt", "DO", unknown, "", ""},
    {"DropOwnedStmt", "DROP OWNED", access_exclusive, "roles", "role"},
    {"DropRoleStmt", "DROP ROLE", none, "roles", "role"},
    {"DropStmt", "", none, "objects", ""},
    {"DropSubscriptionStmt", "DROP SUBSCRIPTION", none, "subname", "subscription"},
    {"DropTableSpaceStmt", "DROP TABLESPACE", none, "tablespacename", "tablespace"},
    {"DropUserMappingStmt", "DROP USER MAPPING", none, "servername", "server"},
    {"DropdbStmt", "DROP DATABASE", none, "dbname", "database"},
    {"ExecuteStmt", "EXECUTE", unknown, "", ""},
    {"ExplainStmt", "EXPLAIN", access_share, "", ""},
    {"FetchStmt", "", none, "", ""},
    {"GrantRoleStmt", "", none, "", ""},
    {"GrantStmt", "", none, "objects", ""},
    {"ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA", none, "local_schema", "schema"},
    {"IndexStmt", "", share, "", "index"},
    {"InsertStmt", "INSERT", row_exclusive, "relation", "relation"},
    {"ListenStmt", "LISTEN", none, "", ""},
    {"LoadStmt", "LOAD", none, "", ""},
    {"LockStmt", "LOCK TABLE", access_exclusive, "relations", "relation"},
    {"MergeStmt", "MERGE", row_exclusive, "relation", "relation"},
    {"NotifyStmt", "NOTIFY", none, "", ""},
    {"PrepareStmt", "PREPARE", access_share, "", ""},
    {"ReassignOwnedStmt", "REASSIGN OWNED", access_exclusive, "roles", "role"},
    {"RefreshMatViewStmt", "", access_exclusive, "relation", "materialized view"},
    {"ReindexStmt", "", access_exclusive, "", ""},
    {"RenameStmt", "", none, "", ""},
    {"RuleStmt", "CREATE RULE", access_exclusive, "rulename", "rule"},
    {"SecLabelStmt", "SECURITY LABEL", none, "object", ""},
    {"SelectStmt", "", none, "", ""},
    {"TransactionStmt", "", none, "", ""},
    {"TruncateStmt", "TRUNCATE TABLE", access_exclusive, "relations", "table"},
    {"UnlistenStmt", "UNLISTEN", none, "", ""},
    {"UpdateStmt", "UPDATE", row_exclusive, "relation", "relation"},
    {"VacuumStmt", "", share_update_exclusive, "rels", "table"},
    {"VariableSetStmt", "", none, "", ""},
    {"VariableShowStmt", "SHOW", none, "", ""},
    {"ViewStmt", "CREATE VIEW", access_share, "view", "view"},
});

std::string concurrently(std::string kind, bool is) {
  return is ? kind + " CONCURRENTLY" : kind;
}

// The object that a command of ALTER is named after: ALTER TABLE also for its columns.
std::string altered(std::string_view object, std::string_view relation) {
  if (object == "OBJECT_COLUMN") {
    return "ALTER " + tree::upper(tree::object_words(relation));
  }
  if (object == "OBJECT_TABCONSTRAINT") {
    return "ALTER TABLE";
  }
  if (object == "OBJECT_ATTRIBUTE") {
    return "ALTER TYPE";
  }
  if (object == "OBJECT_DOMCONSTRAINT") {
    return "ALTER DOMAIN";
  }
  return "ALTER " + tree::upper(tree::object_words(object));
}

constexpr auto transactions = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"TRANS_STMT_BEGIN", "BEGIN"},
    {"TRANS_STMT_START", "START TRANSACTION"},
    {"TRANS_STMT_COMMIT", "COMMIT"},
    {"TRANS_STMT_ROLLBACK", "ROLLBACK"},
    {"TRANS_STMT_SAVEPOINT", "SAVEPOINT"},
    {"TRANS_STMT_RELEASE", "RELEASE"},
    {"TRANS_STMT_ROLLBACK_TO", "ROLLBACK TO SAVEPOINT"},
    {"TRANS_STMT_PREPARE", "PREPARE TRANSACTION"},
    {"TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED"},
    {"TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED"},
});

std::string transaction(std::string_view kind) {
  for (const auto& [known, words] : transactions) {
    if (known == kind) {
      return std::string(words);
    }
  }
  return "TRANSACTION";
}

std::string discarded(std::string_view target) {
  constexpr std::string_view prefix = "DISCARD_";
  return "DISCARD " + std::string(target.starts_with(prefix) ? target.substr(prefix.size()) : "");
}

// Of the types whose row in the table has no kind.
std::string depending(const tree::Node& statement) {
  const auto& [type, fields] = statement;
  const auto words = [&](std::string_view key) {
    return tree::upper(tree::object_words(tree::text(fields, key)));
  };
  if (type == "AlterTableStmt" || type == "AlterFunctionStmt") {
    return "ALTER " + words("objtype");
  }
  if (type == "AlterTableMoveAllStmt") {
    return "ALTER " + words("objtype");
  }
  if (type == "AlterObjectSchemaStmt" || type == "AlterOwnerStmt" ||
      type == "AlterObjectDependsStmt") {
    return "ALTER " + words("objectType");
  }
  if (type == "RenameStmt") {
    return altered(tree::text(fields, "renameType"), tree::text(fields, "relationType"));
  }
  if (type == "CreateFunctionStmt") {
    return tree::flag(fields, "is_procedure") ? "CREATE PROCEDURE" : "CREATE FUNCTION";
  }
  if (type == "CreateTableAsStmt") {
    return tree::text(fields, "objtype") == "OBJECT_MATVIEW" ? "CREATE MATERIALIZED VIEW"
                                                             : "CREATE TABLE AS";
  }
  if (type == "DefineStmt") {
    return "CREATE " + words("kind");
  }
  if (type == "DiscardStmt") {
    return discarded(tree::text(fields, "target"));
  }
  if (type == "DropStmt") {
    return concurrently("DROP " + words("removeType"), tree::flag(fields, "concurrent"));
  }
  if (type == "FetchStmt") {
    return tree::flag(fields, "ismove") ? "MOVE" : "FETCH";
  }
  if (type == "GrantStmt") {
    return tree::flag(fields, "is_grant") ? "GRANT" : "REVOKE";
  }
  if (type == "GrantRoleStmt") {
    return tree::flag(fields, "is_grant") ? "GRANT ROLE" : "REVOKE ROLE";
  }
  if (type == "IndexStmt") {
    return concurrently("CREATE INDEX", tree::flag(fields, "concurrent"));
  }
  if (type == "RefreshMatViewStmt") {
    return concurrently("REFRESH MATERIALIZED VIEW", tree::flag(fields, "concurrent"));
  }
  if (type == "ReindexStmt") {
    return concurrently("REINDEX", tree::is_on(tree::list(fields, "params"), "concurrently"));
  }
  if (type == "SelectStmt") {
    return tree::has(fields, "intoClause") ? "SELECT INTO" : "SELECT";
  }
  if (type == "TransactionStmt") {
    return transaction(tree::text(fields, "kind"));
  }
  if (type == "VacuumStmt") {
    return tree::flag(fields, "is_vacuumcmd") ? "VACUUM" : "ANALYZE";
  }
  if (type == "VariableSetStmt") {
    return tree::text(fields, "kind").starts_with("VAR_RESET") ? "RESET" : "SET";
  }
  return std::string(type);
}

}  // namespace

const StatementType* statement_type(std::string_view node) {
  const auto* found = std::ranges::lower_bound(types, node, {}, &StatementType::node);
  return found != types.end() && found->node == node ? found : nullptr;
}

std::string kind_of(const tree::Node& statement) {
  const auto* type = statement_type(statement.type);
  return type != nullptr && !type->kind.empty() ? std::string(type->kind) : depending(statement);
}

static_assert(std::ranges::is_sorted(types, {}, &StatementType::node));

}  // namespace tidemark
