#include <algorithm>

#include <boost/json/serialize.hpp>

#include "core/text/printable.h"
#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

// What fits into a line: text, numbers, and the ids of a list of things. The rest is for --json.
std::string brief(const json::value& value) {
  if (const auto* text = value.if_string()) {
    return printable({text->data(), text->size()});
  }
  if (const auto* things = value.if_array()) {
    std::vector<std::string> ids;
    for (const auto& thing : *things) {
      ids.push_back(thing.is_object() ? shown(thing.get_object(), "id") : brief(thing));
    }
    return joined(ids, ", ");
  }
  return value.is_object() || value.is_null() ? "" : json::serialize(value);
}

// "reason=ticket OPS-311": what a line has not named yet.
std::string rest(const json::object& from, std::initializer_list<std::string_view> named) {
  std::string text;
  for (const auto& [name, value] : from) {
    const bool known = std::find(named.begin(), named.end(), std::string_view(name)) != named.end();
    const auto words = known ? "" : brief(value);
    if (!words.empty()) {
      text += "  " + printable(std::string_view(name)) + "=" + words;
    }
  }
  return text;
}

std::string place(const json::object& from) {
  return joined({shown(from, "app"), shown(from, "environment")}, "/");
}

}  // namespace

std::string render_audit_entry(const json::object& entry, const Style& style) {
  auto text = std::to_string(number(entry, "seq")) + "  " +
              joined({when(time(entry, "at"), style),
                      shown(entry, "what"),
                      place(entry),
                      "by " + shown(entry, "actor")},
                     "  ");
  if (const auto* details = part(entry, "details")) {
    text += rest(*details, {});
  }
  return text + "\n";
}

std::string render_audit_verdict(const json::object& verdict) {
  if (!flag(verdict, "ok")) {
    const auto bad = number(verdict, "first_bad");
    return "the audit trail is BROKEN" + (bad > 0 ? " at entry " + std::to_string(bad) : "") +
           ": " + shown(verdict, "problem") + "\n";
  }
  const auto* last = part(verdict, "last");
  const bool named = last != nullptr && number(*last, "seq") > 0;
  return "the audit trail is whole: " + std::to_string(number(verdict, "entries")) + " entries" +
         (named ? ", the last is " + std::to_string(number(*last, "seq")) + " with hash " +
                      shown(*last, "hash")
                : "") +
         "\n";
}

std::string render_event(const json::object& event, const Style& style) {
  auto text = joined({when(time(event, "timestamp"), style), shown(event, "type")}, "  ");
  if (const auto* data = part(event, "data")) {
    text += (place(*data).empty() ? "" : "  " + place(*data)) +
            rest(*data, {"app", "environment", "opened_at", "updated_at"});
  }
  return text + "\n";
}

}  // namespace tidemark::client
