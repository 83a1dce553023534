#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tidemark::client {

// A file that is there complete or not at all: written beside its place, moved there by finish().
// What is no regular file (a pipe, /dev/stdout) is written as it is. Without finish() nothing
// remains.
class ExportFile {
 public:
  static Result<ExportFile> create(const std::string& path);
  ExportFile(ExportFile&& other) noexcept;
  ExportFile& operator=(ExportFile&&) = delete;
  ~ExportFile();

  Result<void> write(std::string_view text);
  Result<void> finish();

 private:
  ExportFile(int descriptor, std::string path, std::string temporary)
      : descriptor_(descriptor), path_(std::move(path)), temporary_(std::move(temporary)) {}

  int descriptor_ = -1;
  std::string path_;
  std::string temporary_;  // empty: written in place
};

}  // namespace tidemark::client
