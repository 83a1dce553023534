#include "adapters/parser/answer.h"

#include <utility>

#include <boost/json.hpp>

#include "core/text/printable.h"

namespace tidemark {

namespace {

namespace json = boost::json;

json::value text_value(std::string_view text) {
  return json::value(valid_utf8(text));
}

json::array parts(const SqlObject& object) {
  return {text_value(object.kind),
          text_value(object.schema),
          text_value(object.name),
          text_value(object.table)};
}

json::object document(const Twin& twin) {
  json::object object{{"object", parts(twin.object)}, {"sql", text_value(twin.sql)}};
  if (twin.unlogged) {
    object["unlogged"] = true;
  }
  if (!twin.references.empty()) {
    json::array references;
    for (const auto& each : twin.references) {
      references.push_back(text_value(each));
    }
    object["references"] = std::move(references);
  }
  if (!twin.cannot.empty()) {
    object["cannot"] = text_value(twin.cannot);
  }
  return object;
}

json::object document(const Statement& statement) {
  json::object object{{"at", statement.offset},
                      {"size", statement.size},
                      {"kind", text_value(statement.kind)},
                      {"lock", std::string(to_string(statement.lock))}};
  if (!statement.no_transaction.empty()) {
    object["no_transaction"] = text_value(statement.no_transaction);
  }
  if (statement.control != TransactionControl::none) {
    object["control"] = std::string(to_string(statement.control));
  }
  if (statement.copy_from_stdin) {
    object["copy_from_stdin"] = true;
  }
  if (statement.if_not_exists) {
    object["if_not_exists"] = true;
  }
  if (statement.does_more) {
    object["does_more"] = true;
  }
  if (!statement.objects.empty()) {
    json::array objects;
    for (const auto& each : statement.objects) {
      objects.push_back(parts(each));
    }
    object["objects"] = std::move(objects);
  }
  if (!statement.twins.empty()) {
    json::array twins;
    for (const auto& each : statement.twins) {
      twins.push_back(document(each));
    }
    object["twins"] = std::move(twins);
  }
  return object;
}

// Reads one document. Whatever is missing or of another type than it must be is noted once, and
// read as nothing.
class Reader {
 public:
  explicit Reader(std::size_t text_size) : text_size_(text_size) {}

  Result<ParsedSql> read(const json::value& document) {
    const auto* object = document.if_object();
    if (object == nullptr) {
      return fail(Errc::broken, "is no object");
    }
    ParsedSql parsed;
    if (object->contains("too_deep")) {
      parsed.too_deep = text(*object, "too_deep");
      expect(!parsed.too_deep.empty(), "a limit has no words");
    } else if (const auto* refused = object->if_contains("refused")) {
      parsed.refused = read_refused(*refused);
    } else {
      read_statements(*object, parsed.statements);
    }
    if (!wrong_.empty()) {
      return fail(Errc::broken, wrong_);
    }
    return parsed;
  }

 private:
  void expect(bool holds, std::string_view what) {
    if (!holds && wrong_.empty()) {
      wrong_ = what;
    }
  }

  std::string text(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(json::string_view(key.data(), key.size()));
    expect(value == nullptr || value->is_string(), "a text is none");
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  }

  bool flag(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(json::string_view(key.data(), key.size()));
    expect(value == nullptr || value->is_bool(), "a flag is none");
    return value != nullptr && value->is_bool() && value->get_bool();
  }

  std::size_t count(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(json::string_view(key.data(), key.size()));
    const auto* number = value == nullptr ? nullptr : value->if_int64();
    const bool good = number != nullptr && *number >= 0 && std::cmp_less_equal(*number, text_size_);
    expect(good, "a place is outside of the text");
    return good ? static_cast<std::size_t>(*number) : 0;
  }

  ParsedSql::Refused read_refused(const json::value& value) {
    const auto* object = value.if_object();
    expect(object != nullptr, "what is refused has no place");
    if (object == nullptr) {
      return {};
    }
    ParsedSql::Refused refused{count(*object, "at"), text(*object, "message")};
    expect(!refused.message.empty(), "what is refused has no reason");
    return refused;
  }

  void read_statements(const json::object& object, std::vector<Statement>& statements) {
    const auto* value = object.if_contains("statements");
    const auto* all = value == nullptr ? nullptr : value->if_array();
    expect(all != nullptr, "there are no statements");
    if (all == nullptr) {
      return;
    }
    std::size_t end = 0;
    for (const auto& each : *all) {
      const auto* fields = each.if_object();
      expect(fields != nullptr, "a statement is no object");
      if (fields == nullptr) {
        return;
      }
      auto statement = read_statement(*fields);
      expect(statement.offset >= end && statement.size <= text_size_ - statement.offset,
             "statements overlap or end outside of the text");
      end = statement.offset + statement.size;
      statements.push_back(std::move(statement));
    }
  }

  Statement read_statement(const json::object& object) {
    Statement statement;
    statement.offset = count(object, "at");
    statement.size = count(object, "size");
    statement.kind = text(object, "kind");
    statement.no_transaction = text(object, "no_transaction");
    const auto lock = parse_lock_class(text(object, "lock"));
    const auto control = object.contains("control")
                             ? parse_transaction_control(text(object, "control"))
                             : TransactionControl::none;
    expect(statement.size > 0 && !statement.kind.empty(), "a statement has no text or no kind");
    expect(lock && control, "a lock or a transaction control is unknown");
    statement.lock = lock.value_or(LockClass::unknown);
    statement.control = control.value_or(TransactionControl::none);
    statement.copy_from_stdin = flag(object, "copy_from_stdin");
    statement.if_not_exists = flag(object, "if_not_exists");
    statement.does_more = flag(object, "does_more");
    if (const auto* objects = object.if_contains("objects")) {
      read_objects(*objects, statement.objects);
    }
    if (const auto* twins = object.if_contains("twins")) {
      read_twins(*twins, statement.twins);
    }
    return statement;
  }

  void read_twins(const json::value& value, std::vector<Twin>& twins) {
    const auto* all = value.if_array();
    expect(all != nullptr, "twins are no list");
    if (all == nullptr) {
      return;
    }
    for (const auto& each : *all) {
      const auto* fields = each.if_object();
      const auto* about = fields == nullptr ? nullptr : fields->if_contains("object");
      expect(about != nullptr, "a twin is of nothing");
      if (about == nullptr) {
        return;
      }
      Twin twin;
      read_object(*about, twin.object);
      twin.sql = text(*fields, "sql");
      twin.unlogged = flag(*fields, "unlogged");
      twin.cannot = text(*fields, "cannot");
      if (const auto* references = fields->if_contains("references")) {
        read_names(*references, twin.references);
      }
      expect(twin.sql.empty() || twin.cannot.empty(), "a twin cannot be made, and how");
      twins.push_back(std::move(twin));
    }
  }

  void read_names(const json::value& value, std::vector<std::string>& names) {
    const auto* all = value.if_array();
    expect(all != nullptr, "names are no list");
    if (all == nullptr) {
      return;
    }
    for (const auto& each : *all) {
      expect(each.is_string(), "a name is no text");
      names.emplace_back(each.is_string() ? std::string(each.get_string()) : "");
    }
  }

  void read_objects(const json::value& value, std::vector<SqlObject>& objects) {
    const auto* all = value.if_array();
    expect(all != nullptr, "objects are no list");
    if (all == nullptr) {
      return;
    }
    for (const auto& each : *all) {
      SqlObject object;
      if (!read_object(each, object)) {
        return;
      }
      objects.push_back(std::move(object));
    }
  }

  bool read_object(const json::value& value, SqlObject& object) {
    const auto* fields = value.if_array();
    const bool good = fields != nullptr && fields->size() == 4 && (*fields)[0].is_string() &&
                      (*fields)[1].is_string() && (*fields)[2].is_string() &&
                      (*fields)[3].is_string();
    expect(good, "an object is not four texts");
    if (good) {
      const auto part = [&](std::size_t k) { return std::string((*fields)[k].get_string()); };
      object = {part(0), part(1), part(2), part(3)};
    }
    return good;
  }

  std::size_t text_size_;
  std::string wrong_;
};

}  // namespace

std::string count_bytes(std::size_t count) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((count >> shift) & 0xFF));
  }
  return bytes;
}

std::size_t count_of(std::string_view bytes) {
  std::size_t count = 0;
  for (const char byte : bytes.substr(0, count_size)) {
    count = (count << 8) | static_cast<unsigned char>(byte);
  }
  return count;
}

std::string answer_text(const ParsedSql& parsed) {
  json::object object;
  if (!parsed.too_deep.empty()) {
    object["too_deep"] = text_value(parsed.too_deep);
  } else if (parsed.refused) {
    object["refused"] = {{"at", parsed.refused->offset},
                         {"message", text_value(parsed.refused->message)}};
  } else {
    json::array statements;
    for (const auto& each : parsed.statements) {
      statements.push_back(document(each));
    }
    object["statements"] = std::move(statements);
  }
  return json::serialize(object);
}

Result<ParsedSql> read_answer(std::string_view answer, std::size_t text_size) {
  boost::system::error_code error;
  const auto document = json::parse(json::string_view(answer.data(), answer.size()), error);
  if (error) {
    return fail(Errc::broken, "is no JSON: " + error.message());
  }
  return Reader(text_size).read(document);
}

}  // namespace tidemark
