#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "daemon/state.h"

namespace tidemark {

// Everything from files and databases goes through here: JSON is UTF-8, they need not be.
boost::json::string text(std::string_view value);
boost::json::value text_or_null(const std::string& value);
boost::json::value time_or_null(const std::optional<TimePoint>& time);

// The open findings about single migrations.
using FindingsByKey = std::map<Key, std::vector<const StoredFinding*>>;
FindingsByKey findings_by_key(const WatchedEnvironment& environment);
const std::vector<const StoredFinding*>& of(const FindingsByKey& by_key, const Key& key);

}  // namespace tidemark
