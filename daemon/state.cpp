#include "daemon/state.h"

namespace tidemark {

std::string_view to_string(ModeSource source) {
  switch (source) {
    case ModeSource::name:
      return "name";
    case ModeSource::config:
      return "config";
    case ModeSource::admin:
      return "admin";
  }
  return "";
}

std::string_view poll_outcome(Errc code) {
  switch (code) {
    case Errc::denied:
    case Errc::forbidden:
      return "denied";
    case Errc::broken:
    case Errc::invalid:
    case Errc::not_found:
    case Errc::conflict:
    case Errc::internal:
      return "broken";
    case Errc::retry:
    case Errc::cancelled:
      return "retry";
  }
  return "broken";
}

std::chrono::milliseconds WatchedEnvironment::lag(Instant now) const {
  if (!waiting) {
    return {};
  }
  const auto known_at = stale(now) && observation ? observation->as_of : now.wall;
  return std::max(known_at - waiting->since, std::chrono::milliseconds{0});
}

}  // namespace tidemark
