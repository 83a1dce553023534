#pragma once

#include <cstddef>
#include <string_view>

#include "adapters/tools/tool.h"

namespace tidemark {

// Files of a tool whose name is all that we know of it.
struct UnreadLayout {
  std::string_view tool;  // empty: of none
  std::size_t files = 0;
};

// Of several the one that has most files.
UnreadLayout name_unread_layout(const DirectoryView& directory);

}  // namespace tidemark
