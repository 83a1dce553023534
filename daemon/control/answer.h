#pragma once

#include <boost/json/object.hpp>

#include "adapters/http/http.h"
#include "core/result.h"

namespace tidemark {

// A document as an answer, one JSON document and a line end.
Response answer(const boost::json::object& document);

// A failure as a problem document: what went wrong decides the status.
Response answer(const Error& error);

}  // namespace tidemark
