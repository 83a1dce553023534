#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"

namespace tidemark {

struct SmallFile {
  std::string bytes;
  unsigned mode = 0;  // permission bits
};

// A whole regular file of at most `bytes_max`; links are followed. Never waits: a FIFO or a device
// is an error. The detail says what is wrong, without the path.
Result<SmallFile> read_small_file(const std::filesystem::path& path, std::size_t bytes_max);

}  // namespace tidemark
