#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "core/result.h"
#include "core/time.h"

namespace tidemark {

// The JSON object that came with a command. What is missing, of another type, or unknown is told,
// all of it at once.
class Body {
 public:
  static Result<Body> parse(std::string_view text);

  std::string text(std::string_view name);  // must be there, and not empty
  std::optional<std::string> optional_text(std::string_view name);
  std::optional<std::vector<std::string>> texts(std::string_view name);
  bool flag(std::string_view name);  // false when it is not there
  std::optional<TimePoint> time(std::string_view name);

  // After everything was asked for: what was wrong with it.
  Result<void> done() const;

 private:
  const boost::json::value* take(std::string_view name);
  void wrong(std::string_view name, std::string_view expected);

  boost::json::object object_;
  std::vector<std::string> asked_;
  std::vector<std::string> problems_;
};

}  // namespace tidemark
