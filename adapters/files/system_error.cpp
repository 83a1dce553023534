#include "adapters/files/system_error.h"

#include <cerrno>
#include <system_error>

namespace tidemark {

std::string error_text(int error) {
  return std::generic_category().message(error);
}

Errc errc_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return Errc::denied;
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return Errc::invalid;
    case ECANCELED:
      return Errc::cancelled;
    default:
      return Errc::retry;
  }
}

}  // namespace tidemark
