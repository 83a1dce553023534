#include "adapters/config/settings.h"

namespace tidemark {

std::string Position::text() const {
  return file + ':' + std::to_string(line) + ':' + std::to_string(column);
}

std::string ListenAddress::text() const {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? '[' + address + ']' : address) + ':' + std::to_string(port);
}

}  // namespace tidemark
