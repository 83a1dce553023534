#include "daemon/control/body.h"

#include <algorithm>

#include <boost/json/parse.hpp>

#include "core/text/printable.h"

namespace tidemark {

namespace json = boost::json;

Result<Body> Body::parse(std::string_view text) {
  Body body;
  if (text.empty()) {
    return body;
  }
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error) {
    return fail(Errc::invalid, "the body is not JSON: " + error.message());
  }
  if (!value.is_object()) {
    return fail(Errc::invalid, "the body must be a JSON object");
  }
  body.object_ = std::move(value.as_object());
  return body;
}

const json::value* Body::take(std::string_view name) {
  asked_.emplace_back(name);
  const auto* value = object_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void Body::wrong(std::string_view name, std::string_view expected) {
  problems_.push_back(std::string(name) + ": expected " + std::string(expected));
}

std::string Body::text(std::string_view name) {
  const auto value = optional_text(name);
  if (!value || value->find_first_not_of(" \t\r\n") == std::string::npos) {
    if (problems_.empty() || !problems_.back().starts_with(std::string(name) + ":")) {
      wrong(name, "a text, and it must not be empty");
    }
    return "";
  }
  return *value;
}

std::optional<std::string> Body::optional_text(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_string()) {
    wrong(name, "a text");
    return std::nullopt;
  }
  return std::string(value->as_string());
}

std::optional<std::vector<std::string>> Body::texts(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> list;
  const auto* array = value->if_array();
  const bool good =
      array != nullptr && !array->empty() &&
      std::ranges::all_of(*array, [](const json::value& item) { return item.is_string(); });
  if (!good) {
    wrong(name, "a list of texts with at least one");
    return std::nullopt;
  }
  for (const auto& item : *array) {
    list.emplace_back(item.as_string());
  }
  return list;
}

bool Body::flag(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr) {
    return false;
  }
  if (!value->is_bool()) {
    wrong(name, "true or false");
    return false;
  }
  return value->as_bool();
}

std::optional<TimePoint> Body::time(std::string_view name) {
  const auto value = optional_text(name);
  if (!value) {
    return std::nullopt;
  }
  const auto time = parse_time(*value);
  if (!time) {
    wrong(name, "a time like 2026-04-18T14:22:00Z");
  }
  return time;
}

Result<void> Body::done() const {
  auto problems = problems_;
  for (const auto& member : object_) {
    if (std::ranges::find(asked_, member.key()) == asked_.end()) {
      problems.push_back("'" + printable(member.key()) + "' is not known here");
    }
  }
  if (problems.empty()) {
    return {};
  }
  std::string all;
  for (const auto& problem : problems) {
    all += (all.empty() ? "" : "; ") + problem;
  }
  return fail(Errc::invalid, std::move(all));
}

}  // namespace tidemark
