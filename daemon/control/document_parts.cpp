#include "daemon/control/document_parts.h"

#include "core/text/printable.h"

namespace tidemark {

namespace json = boost::json;

json::string text(std::string_view value) {
  return json::string(valid_utf8(value));
}

json::value text_or_null(const std::string& value) {
  return value.empty() ? json::value(nullptr) : json::value(text(value));
}

json::value time_or_null(const std::optional<TimePoint>& time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

FindingsByKey findings_by_key(const WatchedEnvironment& environment) {
  FindingsByKey by_key;
  for (const auto& finding : environment.findings) {
    if (!finding.finding.environmental) {
      by_key[finding.finding.key].push_back(&finding);
    }
  }
  return by_key;
}

const std::vector<const StoredFinding*>& of(const FindingsByKey& by_key, const Key& key) {
  static const std::vector<const StoredFinding*> none;
  const auto at = by_key.find(key);
  return at == by_key.end() ? none : at->second;
}

}  // namespace tidemark
