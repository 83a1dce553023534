#include "adapters/parser/mentions.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "adapters/parser/tree.h"

namespace tidemark {

namespace {

namespace json = boost::json;

constexpr std::size_t names_max = 1000;  // a statement that names more is of no use to a reader

// A tree may be as deep as its statement is long: walked without recursion.
class Walk {
 public:
  Mentions walk(const json::object& statement) && {
    push(statement);
    while (!open_.empty()) {
      const auto [value, key] = open_.back();
      open_.pop_back();
      if (const auto* object = value->if_object()) {
        look_at(*object, key);
        push(*object);
      } else if (const auto* items = value->if_array()) {
        for (auto item = items->rbegin(); item != items->rend(); ++item) {
          open_.push_back({&*item, key});
        }
      }
    }
    // A name of WITH hides a table of that name, in most of the statement at least.
    std::erase_if(found_.relations, [&](const auto& each) {
      return each.schema.empty() && with_.contains(each.name);
    });
    return std::move(found_);
  }

 private:
  struct Open {
    const json::value* value;
    std::string_view key;
  };

  void push(const json::object& object) {
    for (auto field = object.end(); field != object.begin();) {
      --field;
      if (field->value().is_structured()) {
        open_.push_back({&field->value(), {field->key().data(), field->key().size()}});
      }
    }
  }

  void look_at(const json::object& object, std::string_view key) {
    const bool made_here = key == "rel" || key == "view";  // SELECT INTO, CREATE VIEW, …
    if (const auto name = tree::text(object, "relname"); !name.empty()) {
      const bool referenced = key == "pktable";
      if (!made_here) {
        add({referenced ? "table" : "relation",
             std::string(tree::text(object, "schemaname")),
             std::string(name),
             ""},
            referenced ? found_.referenced : found_.relations);
      }
    } else if (key == "FuncCall") {
      const auto parts = tree::name_parts(tree::list(object, "funcname"));
      if (!parts.empty() && found_.functions.size() < names_max) {
        found_.functions.push_back(parts.back());
      }
    } else if (key == "CommonTableExpr") {
      with_.emplace(tree::text(object, "ctename"));
    }
    found_.locks_rows |= key == "LockingClause";
    found_.changes_rows |=
        key == "InsertStmt" || key == "UpdateStmt" || key == "DeleteStmt" || key == "MergeStmt";
  }

  static void add(SqlObject object, std::vector<SqlObject>& to) {
    if (to.size() < names_max && std::ranges::find(to, object) == to.end()) {
      to.push_back(std::move(object));
    }
  }

  std::vector<Open> open_;
  std::set<std::string, std::less<>> with_;
  Mentions found_;
};

}  // namespace

Mentions mentions_of(const json::object& statement) {
  return Walk().walk(statement);
}

}  // namespace tidemark
