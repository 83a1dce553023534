#include "adapters/tools/unread.h"

namespace tidemark {

std::string name_unread(const Relation&) {
  return "";
}

std::span<const Telltale> unread_telltales() {
  return {};
}

std::string_view owned_by_platform(const Relation&) {
  return "";
}

}  // namespace tidemark
