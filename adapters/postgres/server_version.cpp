#include "adapters/postgres/server_version.h"

namespace tidemark {
namespace {

std::string version_text(int version) {
  return version >= 100000
             ? std::to_string(version / 10000)
             : std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100);
}

}  // namespace

std::optional<ReadFailure> too_old(int version, int oldest, const std::string& to_be) {
  if (version >= oldest) {
    return std::nullopt;
  }
  return ReadFailure{{Errc::denied,
                      "runs PostgreSQL " + version_text(version) + ", too old to be " + to_be +
                          " (" + version_text(oldest) + " or newer is needed)"},
                     ""};
}

}  // namespace tidemark
