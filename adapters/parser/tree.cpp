#include "adapters/parser/tree.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tidemark::tree {

namespace {

namespace json = boost::json;

const json::object no_fields;
const json::array no_list;

json::string_view key_of(std::string_view key) {
  return {key.data(), key.size()};
}

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

void add_strings(const json::array& items, std::vector<std::string>& parts) {
  for (const auto& item : items) {
    const auto [type, inside] = node(item);
    if (type == "String") {
      parts.emplace_back(text(inside, "sval"));
    } else if (type == "TypeName") {
      add_strings(list(inside, "names"), parts);
    }
  }
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> unlike_their_type{
    {{"OBJECT_MATVIEW", "materialized view"},
     {"OBJECT_FDW", "foreign data wrapper"},
     {"OBJECT_FOREIGN_SERVER", "server"},
     {"OBJECT_TSCONFIGURATION", "text search configuration"},
     {"OBJECT_TSDICTIONARY", "text search dictionary"},
     {"OBJECT_TSPARSER", "text search parser"},
     {"OBJECT_TSTEMPLATE", "text search template"},
     {"OBJECT_STATISTIC_EXT", "statistics"},
     {"OBJECT_TABCONSTRAINT", "constraint"},
     {"OBJECT_DOMCONSTRAINT", "domain constraint"},
     {"OBJECT_OPCLASS", "operator class"},
     {"OBJECT_OPFAMILY", "operator family"},
     {"OBJECT_LARGEOBJECT", "large object"},
     {"OBJECT_PARAMETER_ACL", "parameter"},
     {"OBJECT_DEFACL", "default privileges"}}};

}  // namespace

Node node(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1) {
    return {"", no_fields};
  }
  const auto& only = *object->begin();
  const auto* inside = only.value().if_object();
  return inside == nullptr ? Node{"", no_fields}
                           : Node{std::string_view(only.key().data(), only.key().size()), *inside};
}

Node node(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key_of(key));
  return value == nullptr ? Node{"", no_fields} : node(*value);
}

const json::object& fields(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key_of(key));
  const auto* inside = value == nullptr ? nullptr : value->if_object();
  return inside == nullptr ? no_fields : *inside;
}

const json::array& list(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key_of(key));
  const auto* items = value == nullptr ? nullptr : value->if_array();
  return items == nullptr ? no_list : *items;
}

std::string_view text(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key_of(key));
  const auto* string = value == nullptr ? nullptr : value->if_string();
  return string == nullptr ? std::string_view() : view(*string);
}

std::int64_t number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key_of(key));
  const auto* found = value == nullptr ? nullptr : value->if_int64();
  return found == nullptr ? 0 : *found;
}

bool flag(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key_of(key));
  const auto* found = value == nullptr ? nullptr : value->if_bool();
  return found != nullptr && *found;
}

bool has(const json::object& object, std::string_view key) {
  return object.if_contains(key_of(key)) != nullptr;
}

bool is_on(const json::array& options, std::string_view option, bool otherwise) {
  bool on = otherwise;
  for (const auto& each : options) {
    const auto& inside = node(each).fields;
    if (text(inside, "defname") != option) {
      continue;
    }
    const auto [type, argument] = node(inside, "arg");
    if (type == "String") {
      const auto word = upper(text(argument, "sval"));
      on = word != "OFF" && word != "FALSE" && word != "NO";
    } else if (type == "Integer") {
      on = number(argument, "ival") != 0;
    } else if (type == "Boolean") {
      on = flag(argument, "boolval");
    } else {
      on = true;
    }
  }
  return on;
}

std::vector<std::string> name_parts(const json::value& value) {
  std::vector<std::string> parts;
  if (const auto* string = value.if_string()) {
    parts.emplace_back(view(*string));
  } else if (const auto* items = value.if_array()) {
    add_strings(*items, parts);
  } else if (const auto* object = value.if_object()) {
    const auto [type, tagged] = node(value);
    const bool is_tagged = type == "String" || type == "List" || type == "TypeName" ||
                           type == "ObjectWithArgs" || type == "RoleSpec" || type == "RangeVar";
    const auto& inside = is_tagged ? tagged : *object;
    for (const std::string_view key : {"sval", "rolename", "relname"}) {
      if (const auto found = text(inside, key); !found.empty()) {
        if (const auto schema = text(inside, "schemaname"); !schema.empty()) {
          parts.emplace_back(schema);
        }
        parts.emplace_back(found);
      }
    }
    for (const std::string_view key : {"items", "names", "objname"}) {
      add_strings(list(inside, key), parts);
    }
  }
  return parts;
}

std::string object_words(std::string_view object_type) {
  for (const auto& [type, words] : unlike_their_type) {
    if (type == object_type) {
      return std::string(words);
    }
  }
  constexpr std::string_view prefix = "OBJECT_";
  std::string words(object_type.starts_with(prefix) ? object_type.substr(prefix.size())
                                                    : object_type);
  for (auto& c : words) {
    c = c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return words;
}

std::string upper(std::string_view words) {
  std::string text(words);
  for (auto& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

}  // namespace tidemark::tree
