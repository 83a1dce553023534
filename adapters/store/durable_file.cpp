#include "adapters/store/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace tidemark {

namespace {

constexpr mode_t owner_only = 0600;

class OpenFile {
 public:
  OpenFile(const std::filesystem::path& file, int flags)
      : descriptor_(::open(file.c_str(), flags | O_CLOEXEC, owner_only)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool ok() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Errc code_of(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::denied;
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    default:
      return Errc::retry;
  }
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

Result<void> flush(const std::filesystem::path& path, int flags) {
  const OpenFile file(path, flags);
  if (!file.ok()) {
    return file_failure("open", path);
  }
  if (::fsync(file.descriptor()) != 0) {
    return file_failure("flush", path);
  }
  return {};
}

}  // namespace

std::unexpected<Error> file_failure(std::string_view doing, const std::filesystem::path& file) {
  const int number = errno;
  return fail(
      code_of(number),
      std::string(doing) + " " + file.string() + ": " + std::generic_category().message(number));
}

Result<void> create_private_file(const std::filesystem::path& file) {
  const OpenFile created(file, O_WRONLY | O_CREAT | O_EXCL);
  if (!created.ok() && errno != EEXIST) {
    return file_failure("create", file);
  }
  return {};
}

Result<void> replace_file(const std::filesystem::path& file, std::string_view bytes) {
  auto fresh = file;
  fresh += ".new";
  {
    const OpenFile out(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (!out.ok() || !write_all(out.descriptor(), bytes) || ::fsync(out.descriptor()) != 0) {
      return file_failure("write", fresh);
    }
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) {
    return file_failure("replace", file);
  }
  return flush_folder_of(file);
}

Result<void> flush_file(const std::filesystem::path& file) {
  return flush(file, O_RDONLY);
}

Result<void> flush_folder_of(const std::filesystem::path& file) {
  return flush(folder_of(file), O_RDONLY | O_DIRECTORY);
}

}  // namespace tidemark
