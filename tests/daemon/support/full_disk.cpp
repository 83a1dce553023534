// A disk that becomes full at a chosen write: loaded before a program (LD_PRELOAD). While there is
// the file that FULL_DISK names, which says how many more writes have room, none after these has;
// this concerns files whose path begins with what FULL_DISK_FILES says. At the first that fails it
// makes the file FULL_DISK with ".reached" behind it. While there is one with ".slow" behind it,
// nothing gets to the disk.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::atomic<int> written = 0;

bool concerns(int fd) {
  const char* files = std::getenv("FULL_DISK_FILES");
  std::array<char, 32> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  std::array<char, 4096> path{};
  return files != nullptr && ::readlink(link.data(), path.data(), path.size() - 1) > 0 &&
         std::strncmp(path.data(), files, std::strlen(files)) == 0;
}

// Of the file that says how many writes have room; -1: there is none.
int room() {
  const char* control = std::getenv("FULL_DISK");
  const int fd = control == nullptr ? -1 : ::open(control, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return -1;
  }
  std::array<char, 16> text{};
  [[maybe_unused]] const auto got = ::read(fd, text.data(), text.size() - 1);
  ::close(fd);
  return std::atoi(text.data());
}

bool is_full(int fd) {
  const int writes = room();
  if (writes < 0) {
    written = 0;
    return false;
  }
  if (!concerns(fd) || ++written <= writes) {
    return false;
  }
  const auto reached = std::string(std::getenv("FULL_DISK")) + ".reached";
  ::close(::open(reached.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  errno = ENOSPC;
  return true;
}

int sync(int fd, long call) {
  const char* control = std::getenv("FULL_DISK");
  const auto slow = std::string(control == nullptr ? "" : control) + ".slow";
  while (concerns(fd) && ::access(slow.c_str(), F_OK) == 0) {
    ::usleep(10'000);
  }
  return static_cast<int>(::syscall(call, fd));
}

}  // namespace

extern "C" int fsync(int fd) {
  return sync(fd, SYS_fsync);
}

extern "C" int fdatasync(int fd) {
  return sync(fd, SYS_fdatasync);
}

extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  return is_full(fd) ? -1 : ::syscall(SYS_write, fd, bytes, size);
}

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return is_full(fd) ? -1 : ::syscall(SYS_pwrite64, fd, bytes, size, at);
}

extern "C" ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t at) {
  return pwrite(fd, bytes, size, at);
}
