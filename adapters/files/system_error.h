#pragma once

#include <string>

#include "core/result.h"

namespace tidemark {

std::string error_text(int error);  // "Permission denied"
Errc errc_of(int error);

}  // namespace tidemark
