#include "adapters/parser/objects.h"

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/parser/kinds.h"

namespace tidemark {

namespace {

namespace json = boost::json;

constexpr std::size_t objects_max = 1000;

// Those whose name stands behind that of their table.
constexpr std::array<std::string_view, 5> parts_of_tables{
    "column", "constraint", "policy", "rule", "trigger"};

class Naming {
 public:
  Naming(const tree::Node& statement, const Mentions& mentions)
      : type_(statement.type), fields_(statement.fields), mentions_(mentions) {}

  std::vector<SqlObject> objects() && {
    name_subject();
    if (type_ == "AlterTableStmt") {
      name_parts_of_table();
    }
    for (const auto& each : mentions_.referenced) {
      add(each);
    }
    for (const auto& each : mentions_.relations) {
      const bool known = std::ranges::any_of(found_, [&](const auto& other) {
        return other.schema == each.schema && other.name == each.name && other.table.empty();
      });
      if (!known) {
        add(each);
      }
    }
    return std::move(found_);
  }

 private:
  void name_subject() {
    if (type_ == "IndexStmt") {
      name_index();
    } else if (type_ == "CreateForeignTableStmt") {
      name_field(tree::fields(fields_, "base"), "relation", "foreign table");
    } else if (type_ == "CreateTrigStmt" || type_ == "RuleStmt" || type_ == "CreatePolicyStmt" ||
               type_ == "AlterPolicyStmt") {
      name_part_of_table();
    } else if (type_ == "RenameStmt") {
      name_renamed();
    } else if (type_ == "ReindexStmt") {
      constexpr std::string_view prefix = "REINDEX_";
      const auto kind = tree::text(fields_, "kind");
      const auto words =
          tree::object_words(kind.starts_with(prefix) ? kind.substr(prefix.size()) : kind);
      name_field(fields_, "relation", words);
      name_field(fields_, "name", words);
    } else if (type_ == "VacuumStmt") {
      for (const auto& each : tree::list(fields_, "rels")) {
        name_field(tree::node(each).fields, "relation", "table");
      }
    } else if (type_ == "CreateTableAsStmt" || type_ == "SelectStmt") {
      const auto into = type_ == "SelectStmt" ? "intoClause" : "into";
      const bool view = tree::text(fields_, "objtype") == "OBJECT_MATVIEW";
      name_field(tree::fields(fields_, into), "rel", view ? "materialized view" : "table");
    } else {
      name_by_table();
    }
  }

  void name_by_table() {
    const auto* type = statement_type(type_);
    if (type == nullptr) {
      return;
    }
    const std::string kind(type->subject_kind.empty() ? kind_from_fields() : type->subject_kind);
    if (type->subject == "objects" || type->subject == "roles" || type->subject == "relations") {
      for (const auto& each : tree::list(fields_, type->subject)) {
        name(each, kind);
      }
    } else if (!type->subject.empty()) {
      name_field(fields_, type->subject, kind);
    } else {
      name_field(fields_, "relation", kind);
      name_field(fields_, "object", kind);
    }
  }

  std::string kind_from_fields() const {
    if (type_ == "CreateFunctionStmt") {
      return tree::flag(fields_, "is_procedure") ? "procedure" : "function";
    }
    if (tree::text(fields_, "targtype") == "ACL_TARGET_ALL_IN_SCHEMA") {
      return "schema";
    }
    for (const std::string_view key : {"objtype", "objectType", "removeType", "kind"}) {
      if (const auto type = tree::text(fields_, key); type.starts_with("OBJECT_")) {
        return tree::object_words(type);
      }
    }
    return "relation";
  }

  void name_field(const json::object& from, std::string_view key, const std::string& kind) {
    if (const auto* value = from.if_contains({key.data(), key.size()})) {
      name(*value, kind);
    }
  }

  void name(const json::value& value, const std::string& kind) {
    if (kind == "cast" || kind == "transform") {
      return;  // of types, and nameless
    }
    auto parts = tree::name_parts(value);
    if ((kind == "operator class" || kind == "operator family") && parts.size() > 1 &&
        (type_ == "DropStmt" || type_ == "CommentStmt" || type_ == "AlterOwnerStmt" ||
         type_ == "AlterObjectSchemaStmt")) {
      parts.erase(parts.begin());  // the access method
    }
    if (parts.empty()) {
      return;
    }
    SqlObject object{kind, "", std::move(parts.back()), ""};
    parts.pop_back();
    if (std::ranges::find(parts_of_tables, kind) != parts_of_tables.end() && !parts.empty()) {
      object.table = std::move(parts.back());
      parts.pop_back();
    }
    if (!parts.empty()) {
      object.schema = std::move(parts.back());
    }
    add(std::move(object));
  }

  // An index is in its table's schema, and has no name when PostgreSQL shall find one.
  void name_index() {
    const auto& table = tree::fields(fields_, "relation");
    const std::string schema(tree::text(table, "schemaname"));
    if (const auto index = tree::text(fields_, "idxname"); !index.empty()) {
      add({"index", schema, std::string(index), ""});
    }
    add({"table", schema, std::string(tree::text(table, "relname")), ""});
  }

  void name_part_of_table() {
    const auto* type = statement_type(type_);
    const auto& table = tree::fields(fields_, type_.ends_with("PolicyStmt") ? "table" : "relation");
    add_part(table, std::string(type->subject_kind), tree::text(fields_, type->subject));
    name_table(table);
    if (const auto function = tree::name_parts(tree::list(fields_, "funcname"));
        !function.empty()) {
      add({"function", function.size() > 1 ? function.front() : "", function.back(), ""});
    }
  }

  void name_renamed() {
    const auto words = tree::object_words(tree::text(fields_, "renameType"));
    const auto& relation = tree::fields(fields_, "relation");
    const std::string now(tree::text(fields_, "newname"));
    if (std::ranges::find(parts_of_tables, words) != parts_of_tables.end()) {
      add_part(relation, words, tree::text(fields_, "subname"));
      add_part(relation, words, now);
      name_table(relation);
      return;
    }
    if (words == "attribute" || words == "domain constraint") {
      const std::string kind = words == "attribute" ? "type" : "domain";
      name_field(fields_, "relation", kind);
      name_field(fields_, "object", kind);
      return;
    }
    name_field(fields_, "relation", words);
    name_field(fields_, "object", words);
    if (found_.empty()) {  // a schema, database or role
      add({words, "", std::string(tree::text(fields_, "subname")), ""});
    }
    if (!found_.empty()) {
      auto renamed = found_.front();
      renamed.name = now;
      add(std::move(renamed));
    }
  }

  void name_parts_of_table() {
    const auto& table = tree::fields(fields_, "relation");
    for (const auto& each : tree::list(fields_, "cmds")) {
      const auto& command = tree::node(each).fields;
      const auto what = tree::text(command, "subtype");
      const auto [type, made] = tree::node(command, "def");
      if (type == "ColumnDef" && !tree::text(made, "colname").empty()) {
        add_part(table, "column", tree::text(made, "colname"));
      } else if (type == "Constraint" && !tree::text(made, "conname").empty()) {
        add_part(table, "constraint", tree::text(made, "conname"));
      } else if (what == "AT_DropConstraint" || what == "AT_ValidateConstraint") {
        add_part(table, "constraint", tree::text(command, "name"));
      } else if (what == "AT_DropColumn" || what == "AT_AlterColumnType" ||
                 what == "AT_ColumnDefault" || what == "AT_SetNotNull" ||
                 what == "AT_DropNotNull") {
        add_part(table, "column", tree::text(command, "name"));
      }
    }
  }

  void name_table(const json::object& relation) {
    add({"table",
         std::string(tree::text(relation, "schemaname")),
         std::string(tree::text(relation, "relname")),
         ""});
  }

  void add_part(const json::object& table, const std::string& kind, std::string_view name) {
    add({kind,
         std::string(tree::text(table, "schemaname")),
         std::string(name),
         std::string(tree::text(table, "relname"))});
  }

  void add(SqlObject object) {
    if (!object.name.empty() && found_.size() < objects_max &&
        std::ranges::find(found_, object) == found_.end()) {
      found_.push_back(std::move(object));
    }
  }

  std::string_view type_;
  const json::object& fields_;
  const Mentions& mentions_;
  std::vector<SqlObject> found_;
};

}  // namespace

std::vector<SqlObject> objects_of(const tree::Node& statement, const Mentions& mentions) {
  return Naming(statement, mentions).objects();
}

}  // namespace tidemark
