#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "core/time.h"

namespace tidemark::client {

namespace json = boost::json;

// The daemon's answer has another shape than this client knows: the two are of different versions.
// Thrown by the readers below from whatever depth, caught in one place: run() in client.cpp.
struct Misunderstood : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Readers of the daemon's answers. A member that is absent or null reads as nothing, one of another
// type throws.

const json::object& object(const json::value& value);
const json::object* part(const json::object& from, std::string_view member);  // nullptr: nothing

// `list` must be there; `list_if` is empty when it is not.
const json::array& list(const json::object& from, std::string_view member);
const json::array& list_if(const json::object& from, std::string_view member);

// `shown` is what people may see: everything that a terminal could take for a command is escaped.
// `raw` is what goes back to the daemon or into a comparison, never to a terminal.
std::string shown(const json::object& from, std::string_view member);
std::string shown(const json::value& text);
std::string raw(const json::object& from, std::string_view member);

std::int64_t number(const json::object& from, std::string_view member);
bool flag(const json::object& from, std::string_view member);
std::optional<TimePoint> time(const json::object& from, std::string_view member);

// Text of several lines (a diff, a file): escaped like `shown`, but its lines and tabs stay.
std::string shown_lines(std::string_view text);

// The same JSON document with every character that could mislead a terminal written as an escape.
// `document` is valid.
std::string harmless(std::string_view document);

}  // namespace tidemark::client
