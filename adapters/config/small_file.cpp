#include "adapters/config/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "adapters/process/descriptor.h"

namespace tidemark {

namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::unexpected<Error> cannot_read(int error) {
  const bool short_of_something = error == EMFILE || error == ENFILE || error == ENOMEM;
  const auto code = error == ENOENT      ? Errc::not_found
                    : error == EACCES    ? Errc::denied
                    : short_of_something ? Errc::retry
                                         : Errc::broken;
  return fail(code, "cannot be read: " + reason(error));
}

}  // namespace

Result<SmallFile> read_small_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return cannot_read(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::invalid, "cannot be read: it is not a regular file");
  }
  SmallFile result{std::string(bytes_max + 1, '\0'), status.st_mode & 07777U};
  std::size_t length = 0;
  while (length < result.bytes.size()) {
    const auto got = ::read(file.get(), result.bytes.data() + length, result.bytes.size() - length);
    if (got < 0 && errno != EINTR) {
      return cannot_read(errno);
    }
    if (got == 0) {
      break;
    }
    length += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  if (length > bytes_max) {
    return fail(Errc::invalid, "is larger than " + std::to_string(bytes_max) + " bytes");
  }
  result.bytes.resize(length);
  return result;
}

}  // namespace tidemark
