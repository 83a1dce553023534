#include "daemon/client/export_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daemon/client/interrupt.h"

namespace tidemark::client {

namespace {

std::unexpected<Error> failed(const std::string& path) {
  return fail(Errc::invalid, path + ": " + std::strerror(errno));
}

}  // namespace

Result<ExportFile> ExportFile::create(const std::string& path) {
  struct stat there {};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  const bool in_place = exists && !S_ISREG(there.st_mode);
  const auto temporary = in_place ? std::string() : path + ".partial-" + std::to_string(::getpid());
  const auto& opened = in_place ? path : temporary;
  const int flags = O_WRONLY | O_CLOEXEC | (in_place ? 0 : O_CREAT | O_EXCL);
  const int descriptor = ::open(opened.c_str(), flags, 0666);
  if (descriptor < 0) {
    return failed(opened);
  }
  unfinished_file(temporary);
  return ExportFile(descriptor, path, temporary);
}

ExportFile::ExportFile(ExportFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

ExportFile::~ExportFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
    unfinished_file("");
  }
}

Result<void> ExportFile::write(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return failed(path_);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> ExportFile::finish() {
  if (temporary_.empty()) {
    return {};
  }
  if (::fsync(descriptor_) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return failed(path_);
  }
  temporary_.clear();
  unfinished_file("");
  return {};
}

}  // namespace tidemark::client
