#include "adapters/parser/locks.h"

#include <algorithm>
#include <array>

#include "adapters/parser/kinds.h"

namespace tidemark {

namespace {

namespace json = boost::json;
using enum LockClass;

template <std::size_t size>
bool is_one_of(std::string_view text, const std::array<std::string_view, size>& all) {
  return std::ranges::find(all, text) != all.end();
}

// Functions of PostgreSQL itself that lock no table. Any other may do anything.
constexpr auto harmless = std::to_array<std::string_view>({"abs",
                                                           "array_agg",
                                                           "avg",
                                                           "ceil",
                                                           "clock_timestamp",
                                                           "coalesce",
                                                           "concat",
                                                           "count",
                                                           "currval",
                                                           "current_database",
                                                           "current_schema",
                                                           "current_setting",
                                                           "date_trunc",
                                                           "floor",
                                                           "format",
                                                           "gen_random_uuid",
                                                           "generate_series",
                                                           "json_agg",
                                                           "json_build_object",
                                                           "jsonb_agg",
                                                           "jsonb_build_object",
                                                           "lastval",
                                                           "left",
                                                           "length",
                                                           "lower",
                                                           "ltrim",
                                                           "max",
                                                           "md5",
                                                           "min",
                                                           "now",
                                                           "pg_sleep",
                                                           "random",
                                                           "replace",
                                                           "right",
                                                           "round",
                                                           "row_number",
                                                           "rtrim",
                                                           "set_config",
                                                           "split_part",
                                                           "string_agg",
                                                           "substr",
                                                           "substring",
                                                           "sum",
                                                           "to_char",
                                                           "trim",
                                                           "upper",
                                                           "version"});
constexpr auto of_sequences = std::to_array<std::string_view>({"nextval", "setval"});

LockClass of_query(const Mentions& mentions) {
  if (mentions.changes_rows) {
    return row_exclusive;
  }
  if (mentions.locks_rows) {
    return row_share;
  }
  return mentions.relations.empty() ? none : access_share;
}

LockClass of_select(const Mentions& mentions) {
  auto lock = of_query(mentions);
  for (const auto& function : mentions.functions) {
    if (is_one_of(function, of_sequences)) {
      lock = std::max(lock, row_exclusive);
    } else if (!is_one_of(function, harmless)) {
      return unknown;
    }
  }
  return lock;
}

// A table's options that PostgreSQL changes beside reads and writes.
bool is_gentle_option(std::string_view option) {
  constexpr auto gentle = std::to_array<std::string_view>({"deduplicate_items",
                                                           "fillfactor",
                                                           "log_autovacuum_min_duration",
                                                           "parallel_workers",
                                                           "toast_tuple_target",
                                                           "vacuum_index_cleanup",
                                                           "vacuum_truncate"});
  return option.starts_with("autovacuum_") || is_one_of(option, gentle);
}

LockClass of_options(const json::object& command) {
  const auto& options = tree::list(tree::node(command, "def").fields, "items");
  const bool gentle = std::ranges::all_of(options, [](const auto& each) {
    return is_gentle_option(tree::text(tree::node(each).fields, "defname"));
  });
  return gentle ? share_update_exclusive : access_exclusive;
}

constexpr auto gentle_commands = std::to_array<std::string_view>({"AT_ClusterOn",
                                                                  "AT_DetachPartitionFinalize",
                                                                  "AT_DropCluster",
                                                                  "AT_ResetOptions",
                                                                  "AT_SetOptions",
                                                                  "AT_SetStatistics",
                                                                  "AT_ValidateConstraint"});

// As PostgreSQL's own AlterTableGetLockLevel() has it.
LockClass of_alter_command(const json::object& command) {
  const auto what = tree::text(command, "subtype");
  const auto& made = tree::node(command, "def").fields;
  if (is_one_of(what, gentle_commands)) {
    return share_update_exclusive;
  }
  if (what.starts_with("AT_Enable") || what.starts_with("AT_Disable")) {
    return what.find("Trig") != std::string_view::npos ? share_row_exclusive : access_exclusive;
  }
  if (what == "AT_AddConstraint" && tree::text(made, "contype") == "CONSTR_FOREIGN") {
    return share_row_exclusive;
  }
  if (what == "AT_SetRelOptions" || what == "AT_ResetRelOptions") {
    return of_options(command);
  }
  if (what == "AT_DetachPartition" && tree::flag(made, "concurrent")) {
    return share_update_exclusive;
  }
  return access_exclusive;
}

LockClass of_alter_table(const json::object& fields) {
  auto lock = none;
  for (const auto& each : tree::list(fields, "cmds")) {
    lock = std::max(lock, of_alter_command(tree::node(each).fields));
  }
  return lock;
}

LockClass of_create_table(const json::object& fields, const Mentions& mentions) {
  auto lock = none;
  if (!tree::list(fields, "inhRelations").empty()) {
    lock = tree::has(fields, "partbound") ? access_exclusive : share_update_exclusive;
  }
  const auto& elements = tree::list(fields, "tableElts");
  const bool like = std::ranges::any_of(
      elements, [](const auto& each) { return tree::node(each).type == "TableLikeClause"; });
  lock = std::max(lock, like ? access_share : none);
  const auto own = tree::text(tree::fields(fields, "relation"), "relname");
  const bool others =
      std::ranges::any_of(mentions.referenced, [&](const auto& each) { return each.name != own; });
  return std::max(lock, others ? share_row_exclusive : none);
}

constexpr auto relations = std::to_array<std::string_view>({"OBJECT_COLUMN",
                                                            "OBJECT_FOREIGN_TABLE",
                                                            "OBJECT_INDEX",
                                                            "OBJECT_MATVIEW",
                                                            "OBJECT_POLICY",
                                                            "OBJECT_RULE",
                                                            "OBJECT_SEQUENCE",
                                                            "OBJECT_TABCONSTRAINT",
                                                            "OBJECT_TABLE",
                                                            "OBJECT_TRIGGER",
                                                            "OBJECT_VIEW"});

LockClass of_drop(const json::object& fields) {
  const auto what = tree::text(fields, "removeType");
  if (what == "OBJECT_EXTENSION") {
    return unknown;
  }
  if (tree::flag(fields, "concurrent") || what == "OBJECT_STATISTIC_EXT") {
    return share_update_exclusive;
  }
  const bool cascade = tree::text(fields, "behavior") == "DROP_CASCADE";
  return is_one_of(what, relations) || cascade ? access_exclusive : none;
}

LockClass of_rename(const json::object& fields) {
  const auto what = tree::text(fields, "renameType");
  if (what == "OBJECT_INDEX") {
    return share_update_exclusive;
  }
  return is_one_of(what, relations) || what == "OBJECT_ATTRIBUTE" ? access_exclusive : none;
}

LockClass of_alter_domain(const json::object& fields) {
  const auto what = tree::text(fields, "subtype");
  const auto& made = tree::node(fields, "def").fields;
  const bool checks =
      what == "V" || what == "O" || (what == "C" && !tree::flag(made, "skip_validation"));
  return checks ? share : none;  // on each table that has a column of it
}

LockClass of_comment(const json::object& fields) {
  const auto what = tree::text(fields, "objtype");
  const bool part = what == "OBJECT_TABCONSTRAINT" || what == "OBJECT_TRIGGER" ||
                    what == "OBJECT_RULE" || what == "OBJECT_POLICY";
  if (part) {
    return access_share;
  }
  return is_one_of(what, relations) ? share_update_exclusive : none;
}

LockClass of_lock_table(const json::object& fields) {
  const auto mode = tree::number(fields, "mode");
  return mode >= 1 && mode <= 8 ? static_cast<LockClass>(mode) : access_exclusive;
}

LockClass of_schema(const json::object& fields) {
  auto lock = none;
  for (const auto& each : tree::list(fields, "schemaElts")) {
    const auto element = tree::node(each);
    if (element.type != "CreateSchemaStmt") {
      lock = std::max(lock, lock_of(element, mentions_of(element.fields)));
    }
  }
  return lock;
}

bool names_tables(const json::object& fields) {
  return std::ranges::any_of(tree::list(fields, "pubobjects"), [](const auto& each) {
    return tree::text(tree::node(each).fields, "pubobjtype") == "PUBLICATIONOBJ_TABLE";
  });
}

bool is_owned(const json::object& sequence) {
  return std::ranges::any_of(tree::list(sequence, "options"), [](const auto& each) {
    return tree::text(tree::node(each).fields, "defname") == "owned_by";
  });
}

}  // namespace

LockClass lock_of(const tree::Node& statement, const Mentions& mentions) {
  const auto& [type, fields] = statement;
  const auto* known = statement_type(type);
  if (known == nullptr) {
    return unknown;
  }
  if (type == "SelectStmt") {
    return of_select(mentions);
  }
  if (type == "CreateTableAsStmt" || type == "DeclareCursorStmt" || type == "ExplainStmt" ||
      type == "PrepareStmt" || type == "ViewStmt") {
    const auto query = type == "ExplainStmt" ? of_select(mentions) : of_query(mentions);
    return tree::flag(fields, "replace") ? access_exclusive : query;
  }
  if (type == "AlterTableStmt") {
    return of_alter_table(fields);
  }
  if (type == "CreateStmt") {
    return of_create_table(fields, mentions);
  }
  if (type == "CreateForeignTableStmt") {
    return of_create_table(tree::fields(fields, "base"), mentions);
  }
  if (type == "CreateSchemaStmt") {
    return of_schema(fields);
  }
  if (type == "DropStmt") {
    return of_drop(fields);
  }
  if (type == "RenameStmt") {
    return of_rename(fields);
  }
  if (type == "AlterObjectSchemaStmt") {
    return is_one_of(tree::text(fields, "objectType"), relations) ? access_exclusive : none;
  }
  if (type == "AlterDomainStmt") {
    return of_alter_domain(fields);
  }
  if (type == "CommentStmt" || type == "SecLabelStmt") {
    return of_comment(fields);
  }
  if (type == "IndexStmt") {
    return tree::flag(fields, "concurrent") ? share_update_exclusive : share;
  }
  if (type == "ReindexStmt") {
    return tree::is_on(tree::list(fields, "params"), "concurrently") ? share_update_exclusive
                                                                     : access_exclusive;
  }
  if (type == "RefreshMatViewStmt") {
    return tree::flag(fields, "concurrent") ? exclusive : access_exclusive;
  }
  if (type == "VacuumStmt") {
    return tree::is_on(tree::list(fields, "options"), "full") ? access_exclusive
                                                              : share_update_exclusive;
  }
  if (type == "LockStmt") {
    return of_lock_table(fields);
  }
  if (type == "CopyStmt") {
    return tree::flag(fields, "is_from") ? row_exclusive : of_query(mentions);
  }
  if (type == "CreatePublicationStmt" || type == "AlterPublicationStmt") {
    return names_tables(fields) ? share_update_exclusive : none;
  }
  if (type == "CreateSeqStmt") {
    return is_owned(fields) ? access_share : none;
  }
  return known->lock;
}

}  // namespace tidemark
