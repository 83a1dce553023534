// A disk that stops answering: loaded before a program (LD_PRELOAD), it holds whoever wants his
// writes to be safe for as long as there is the file that HUNG_DISK names.

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace {

void wait_for_the_disk() {
  const char* path = std::getenv("HUNG_DISK");
  while (path != nullptr && ::access(path, F_OK) == 0) {
    ::usleep(10'000);
  }
}

}  // namespace

extern "C" int fsync(int fd) {
  wait_for_the_disk();
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int fdatasync(int fd) {
  wait_for_the_disk();
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
