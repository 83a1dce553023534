#include "adapters/http/http.h"

#include <boost/json.hpp>

#include "core/text/printable.h"

namespace tidemark {

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) {
      return value;
    }
  }
  return std::nullopt;
}

Response problem(unsigned status,
                 std::string_view slug,
                 std::string_view title,
                 std::string_view detail) {
  boost::json::object document;
  document["type"] = "urn:tidemark:problem:" + valid_utf8(slug);
  document["title"] = valid_utf8(title);
  document["status"] = status;
  document["detail"] = valid_utf8(detail);
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = boost::json::serialize(document) + "\n";
  return response;
}

}  // namespace tidemark
