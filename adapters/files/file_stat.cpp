#include "adapters/files/file_stat.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace tidemark {

namespace {

FileTime time_of(const struct statx_timestamp& stamp) {
  return FileTime(std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
}

std::expected<FileStat, int> ask(int folder, const char* name, int flags) {
  struct statx answer {};
  if (::statx(folder,
              name,
              flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
              STATX_BASIC_STATS,
              &answer) != 0) {
    return std::unexpected(errno);
  }
  return FileStat{makedev(answer.stx_dev_major, answer.stx_dev_minor),
                  answer.stx_ino,
                  answer.stx_size,
                  time_of(answer.stx_mtime),
                  time_of(answer.stx_ctime),
                  answer.stx_mode,
                  (answer.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0};
}

}  // namespace

bool FileStat::is_file() const {
  return S_ISREG(mode);
}
bool FileStat::is_folder() const {
  return S_ISDIR(mode);
}
bool FileStat::is_link() const {
  return S_ISLNK(mode);
}

std::expected<FileStat, int> stat_at(int folder, const char* name) {
  return ask(folder, name, 0);
}
std::expected<FileStat, int> stat_of(int fd) {
  return ask(fd, "", AT_EMPTY_PATH);
}

FileTime file_time_now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace tidemark
