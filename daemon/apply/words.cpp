#include "daemon/apply/words.h"

#include <array>
#include <iomanip>
#include <sstream>

#include "core/time.h"
#include "daemon/control/document_parts.h"

namespace tidemark {

namespace {

constexpr std::size_t named_max = 3;

std::string words_for(const Backend& backend) {
  if (backend.pid == 0) {
    return "a prepared transaction" + (backend.query.empty() ? "" : " '" + backend.query + "'") +
           (backend.transaction_age ? " for " + format_age(*backend.transaction_age) : "");
  }
  std::string inside = backend.role;
  const auto add = [&](const std::string& part) {
    inside += (inside.empty() || part.empty() ? "" : ", ") + part;
  };
  add(backend.application);
  add(backend.state +
      (backend.transaction_age ? " for " + format_age(*backend.transaction_age) : ""));
  return "pid " + std::to_string(backend.pid) + (inside.empty() ? "" : " (" + inside + ")");
}

}  // namespace

std::string words_for(const std::vector<Backend>& backends) {
  std::string words;
  for (std::size_t i = 0; i < backends.size() && i < named_max; ++i) {
    words += (words.empty() ? "" : ", ") + words_for(backends[i]);
  }
  if (backends.size() > named_max) {
    words += " and " + std::to_string(backends.size() - named_max) + " more";
  }
  return words;
}

std::string words_for(const RelationFacts& facts) {
  constexpr std::array units{"bytes", "kB", "MB", "GB", "TB"};
  auto size = static_cast<double>(facts.bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) {
    size /= 1024;
  }
  std::ostringstream words;
  words << std::fixed << std::setprecision(unit == 0 || size >= 100 ? 0 : 1) << size << ' '
        << units.at(unit);
  if (facts.rows >= 0) {
    words << ", about " << facts.rows << " rows";
  }
  if (facts.in_use_by > 0) {
    words << ", in use by " << facts.in_use_by << " sessions right now";
  }
  return words.str();
}

boost::json::array documents_of(const std::vector<Backend>& backends) {
  boost::json::array all;
  for (const auto& backend : backends) {
    boost::json::object one{{"pid", backend.pid},
                            {"role", text(backend.role)},
                            {"application", text(backend.application)},
                            {"state", text(backend.state)},
                            {"transaction_age_ms", nullptr},
                            {"query", text(backend.query)}};
    if (backend.transaction_age) {
      one["transaction_age_ms"] = backend.transaction_age->count();
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace tidemark
