#pragma once

#include <filesystem>
#include <string_view>

#include "core/result.h"

namespace tidemark {

// Files that survive a crash, readable by their owner only.

// Creates an empty file; does nothing when there is one already.
Result<void> create_private_file(const std::filesystem::path& file);

// The file has these bytes, or those that it had before: never anything in between, on the disk
// when it returns.
Result<void> replace_file(const std::filesystem::path& file, std::string_view bytes);

// What was written into the file, or which files the folder has, is on the disk when it returns.
Result<void> flush_file(const std::filesystem::path& file);
Result<void> flush_folder_of(const std::filesystem::path& file);

// The failure of a system call that has just set errno.
std::unexpected<Error> file_failure(std::string_view doing, const std::filesystem::path& file);

}  // namespace tidemark
