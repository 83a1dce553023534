#include "adapters/parser/twins.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "adapters/parser/kinds.h"
#include "core/sql/name.h"

namespace tidemark {

namespace {

namespace json = boost::json;

// Nobody writes so many into one statement, and each is made.
constexpr std::size_t columns_max = 200;
constexpr std::size_t references_max = 50;

constexpr std::string_view base = "tidemark_base";

bool is_margin(const SqlToken& token) {
  return token.kind == SqlToken::Kind::blank || token.kind == SqlToken::Kind::comment;
}

bool is_part_of_name(const SqlToken& token) {
  return token.kind == SqlToken::Kind::word || token.kind == SqlToken::Kind::quoted;
}

std::string sql_name_of(const json::object& relation) {
  const auto name = quoted_name(tree::text(relation, "relname"));
  const auto schema = tree::text(relation, "schemaname");
  return schema.empty() ? name : quoted_name(schema) + "." + name;
}

// The text of one statement, of which parts become other words.
class Wording {
 public:
  Wording(std::string_view text, SqlSpan span)
      : text_(text.substr(0, span.offset + span.size)), begin_(span.offset) {}

  std::size_t end() const { return text_.size(); }

  // Where a node of the tree stands in the text.
  std::optional<std::size_t> place(const json::object& node) const {
    const auto at = tree::number(node, "location");
    if (at <= 0 || std::cmp_less(at, begin_) || std::cmp_greater_equal(at, text_.size())) {
      return std::nullopt;
    }
    return static_cast<std::size_t>(at);
  }

  // Behind the name, with its schema, that stands at `at`.
  std::optional<std::size_t> behind_name(std::size_t at) const {
    SqlScanner scanner(text_, at);
    std::optional<std::size_t> end;
    for (bool name_is_next = true; auto token = scanner.next();) {
      if (is_margin(*token)) {
        continue;
      }
      const bool dot = text_.substr(token->offset, token->size) == ".";
      if (name_is_next) {
        // U&"…" is two tokens and more.
        if (!is_part_of_name(*token) || text_.substr(token->end()).starts_with("&")) {
          return std::nullopt;
        }
        end = token->end();
        if (text_.substr(token->offset, 1) == "\"" && text_.substr(*end).starts_with("\"")) {
          continue;  // a doubled quote, and the name goes on
        }
      } else if (!dot) {
        return end;
      }
      name_is_next = dot;
    }
    return end;
  }

  // Up to the next comma that is not in brackets, or to the end of the statement.
  std::size_t end_of_item(std::size_t at) const {
    SqlScanner scanner(text_, at);
    int open = 0;
    while (const auto token = scanner.next()) {
      const char c = text_[token->offset];
      const bool alone = token->size == 1;
      if (token->kind == SqlToken::Kind::opening || (alone && c == '[')) {
        ++open;
      } else if (token->kind == SqlToken::Kind::closing || (alone && c == ']')) {
        --open;
      } else if (alone && c == ',' && open == 0) {
        return token->offset;
      }
    }
    return text_.size();
  }

  // False where the name cannot be told from what is around it.
  bool rename(std::size_t at, std::string words) {
    const auto end = behind_name(at);
    if (!end) {
      return false;
    }
    changes_.push_back({at, *end, std::move(words)});
    return true;
  }

  bool begins_with(std::size_t at, std::string_view words) const {
    SqlScanner scanner(text_, at);
    auto token = scanner.next();
    while (token && is_margin(*token)) {
      token = scanner.next();
    }
    return token && text_.substr(token->offset).starts_with(words);
  }

  // A part of it with what was renamed in there.
  std::string words(std::size_t begin, std::size_t end) {
    std::ranges::sort(changes_, {}, &Change::begin);
    std::string result;
    for (const auto& change : changes_) {
      if (change.begin >= begin && change.end <= end) {
        result += text_.substr(begin, change.begin - begin);
        result += change.words;
        begin = change.end;
      }
    }
    result += text_.substr(begin, end - begin);
    // What comes behind it may not become part of a comment.
    return result + "\n";
  }

 private:
  struct Change {
    std::size_t begin;
    std::size_t end;
    std::string words;
  };
  std::string_view text_;
  std::size_t begin_;
  std::vector<Change> changes_;
};

class Copying {
 public:
  Copying(const tree::Node& statement, std::string_view text, SqlSpan span)
      : type_(statement.type),
        fields_(statement.fields),
        relation_(tree::fields(fields_, "relation")),
        text_(text),
        span_(span) {}

  std::vector<Twin> twins() {
    if (type_ == "CreateStmt") {
      return {made(&Copying::table, about("table", ""))};
    }
    if (type_ == "IndexStmt") {
      auto index = about("index", tree::text(fields_, "idxname"));
      return {made(&Copying::index, std::move(index))};
    }
    if (type_ == "AlterTableStmt") {
      return columns();
    }
    Twin twin{.object = {kind_of_other(), "", "", ""}};
    const bool named = type_ == "CreateSchemaStmt" || type_ == "AlterEnumStmt" ||
                       (type_ == "CreateExtensionStmt" && tree::list(fields_, "options").empty());
    if (!named) {
      twin.cannot = "of this kind tidemark does not know how to";
    }
    return {std::move(twin)};
  }

 private:
  std::string kind_of_other() const {
    const auto* type = statement_type(type_);
    return type == nullptr ? "" : std::string(type->subject_kind);
  }

  SqlObject about(std::string kind, std::string_view name) const {
    SqlObject object{std::move(kind), std::string(tree::text(relation_, "schemaname")), "", ""};
    const std::string table(tree::text(relation_, "relname"));
    if (object.kind == "table") {
      object.name = table;
      if (tree::text(relation_, "relpersistence") == "t") {
        object.schema = "pg_temp";
      }
    } else {
      object.name = name;
      object.table = table;
    }
    return object;
  }

  // Something of the statement is not as it is expected to be: then there is none.
  template <class Make>
  Twin made(Make make, SqlObject object) {
    Twin twin{.object = std::move(object)};
    Wording wording(text_, span_);
    if (!tree::text(relation_, "catalogname").empty()) {
      twin.cannot = "it is named with its database";
    } else {
      (this->*make)(twin, wording);
    }
    if (!twin.cannot.empty()) {
      twin.sql.clear();
      twin.references.clear();
    }
    return twin;
  }

  void table(Twin& twin, Wording& wording) {
    twin.unlogged = tree::text(relation_, "relpersistence") == "u";
    if (tree::has(fields_, "partbound")) {
      twin.cannot = "it is a partition, which is not made twice";
      return;
    }
    if (!tree::list(fields_, "inhRelations").empty()) {
      twin.cannot = "it inherits, and what it inherits from would be locked";
      return;
    }
    for (const auto& each : tree::list(fields_, "tableElts")) {
      refer(each, twin, wording, true);
    }
    const auto at = wording.place(relation_);
    const auto behind = at ? wording.behind_name(*at) : std::nullopt;
    if (!behind) {
      twin.cannot = unclear;
      return;
    }
    twin.sql +=
        "CREATE TEMP TABLE " + std::string(twin_name) + wording.words(*behind, wording.end());
  }

  void index(Twin& twin, Wording& wording) {
    const auto at = wording.place(relation_);
    const auto behind = at ? wording.behind_name(*at) : std::nullopt;
    if (!behind || twin.object.name.empty() || wording.begins_with(*behind, ")")) {
      twin.cannot = unclear;
      return;
    }
    twin.sql = like_table(base) + "CREATE " + (tree::flag(fields_, "unique") ? "UNIQUE " : "") +
               "INDEX " + std::string(twin_name) + " ON pg_temp." + std::string(base) +
               wording.words(*behind, wording.end());
  }

  std::vector<Twin> columns() {
    std::vector<Twin> twins;
    const auto& commands = tree::list(fields_, "cmds");
    for (const auto& each : commands) {
      const auto& command = tree::node(each).fields;
      if (tree::text(command, "subtype") != "AT_AddColumn" || !tree::flag(command, "missing_ok")) {
        continue;
      }
      column_ = &tree::node(command, "def").fields;
      const auto name = tree::text(*column_, "colname");
      auto object = about("column", name);
      if (twins.size() == columns_max) {
        twins.push_back({.object = std::move(object), .cannot = "there are too many of them"});
        break;
      }
      const bool again = std::ranges::any_of(commands, [&](const auto& other) {
        return tree::text(tree::node(other).fields, "name") == name;
      });
      if (again) {
        twins.push_back(
            {.object = std::move(object), .cannot = "the same statement goes on to alter it"});
      } else {
        twins.push_back(made(&Copying::column, std::move(object)));
      }
    }
    return twins;
  }

  // As the table without it would get it. Its default is not run for that, as ADD COLUMN would.
  void column(Twin& twin, Wording& wording) {
    for (const auto& each : tree::list(*column_, "constraints")) {
      refer(each, twin, wording, false);
    }
    const auto at = wording.place(*column_);
    if (!at) {
      twin.cannot = unclear;
      return;
    }
    const std::string without(base);
    twin.sql += like_table(base) + "ALTER TABLE pg_temp." + without + " DROP COLUMN " +
                quoted_name(twin.object.name) + "; CREATE TEMP TABLE " + std::string(twin_name) +
                " (LIKE pg_temp." + without + ", " + wording.words(*at, wording.end_of_item(*at)) +
                ")";
  }

  std::string like_table(std::string_view name) const {
    return "CREATE TEMP TABLE " + std::string(name) + " (LIKE " + sql_name_of(relation_) + "); ";
  }

  // A temporary table may refer to temporary ones only: to what stands for the others.
  void refer(const json::value& element, Twin& twin, Wording& wording, bool to_itself) {
    if (!twin.cannot.empty()) {
      return;
    }
    const auto [type, inside] = tree::node(element);
    for (const auto& each : tree::list(inside, "constraints")) {
      refer(each, twin, wording, to_itself);
    }
    if (type != "Constraint" || tree::text(inside, "contype") != "CONSTR_FOREIGN") {
      return;
    }
    const auto& other = tree::fields(inside, "pktable");
    const auto name = sql_name_of(other);
    std::string stands_for(twin_name);
    if (!to_itself || name != sql_name_of(relation_)) {
      auto at = std::ranges::find(twin.references, name);
      if (at == twin.references.end()) {
        twin.references.push_back(name);
        at = twin.references.end() - 1;
        const auto reference = reference_of(twin.references.size());
        twin.sql += "CREATE TEMP TABLE " + reference + " (LIKE " + name + " INCLUDING INDEXES); ";
      }
      stands_for = reference_of(static_cast<std::size_t>(at - twin.references.begin()) + 1);
    }
    const auto place = wording.place(other);
    if (!place || !wording.rename(*place, "pg_temp." + stands_for)) {
      twin.cannot = unclear;
    } else if (twin.references.size() > references_max) {
      twin.cannot = "it refers to too many tables";
    }
  }

  static std::string reference_of(std::size_t number) {
    return std::string(reference_name) + std::to_string(number);
  }

  static constexpr std::string_view unclear = "its text is not understood well enough";

  std::string_view type_;
  const json::object& fields_;
  const json::object& relation_;
  const json::object* column_ = nullptr;
  std::string_view text_;
  SqlSpan span_;
};

}  // namespace

std::vector<Twin> twins_of(const tree::Node& statement, std::string_view text, SqlSpan span) {
  return Copying(statement, text, span).twins();
}

}  // namespace tidemark
