#include "daemon/control/answer.h"

#include <boost/json/serialize.hpp>

#include "adapters/log/log.h"
#include "core/text/printable.h"

namespace tidemark {

Response answer(const boost::json::object& document) {
  Response response;
  response.body = boost::json::serialize(document) + "\n";
  return response;
}

Response answer(const Error& error) {
  // What was asked for stands in it, and is shown on terminals.
  const auto detail = printable(redacted(error.detail));
  switch (error.code) {
    case Errc::invalid:
      return problem(400, "invalid", "That cannot be done as asked", detail);
    case Errc::not_found:
      return problem(404, "not-found", "There is no such thing", detail);
    case Errc::forbidden:
      return problem(403, "forbidden", "Not allowed", detail);
    case Errc::conflict:
      return problem(409, "conflict", "Not in the present state", detail);
    case Errc::retry:
    case Errc::cancelled:
      return problem(503, "not-ready", "Not possible right now", detail);
    case Errc::denied:
    case Errc::broken:
    case Errc::internal:
      return problem(500, "internal", "Something failed", detail);
  }
  return problem(500, "internal", "Something failed", detail);
}

}  // namespace tidemark
