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

}  // namespace tidemark
