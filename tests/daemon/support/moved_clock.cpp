// A wall clock that a test sets while a program runs: loaded before the program (LD_PRELOAD), it is
// as many seconds ahead as the file that MOVED_CLOCK names says (8 bytes, as they lie in memory).
// The monotonic clock stays what it is.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

using Seconds = std::atomic<std::int64_t>;

const Seconds* shared_with_the_test() {
  const char* path = std::getenv("MOVED_CLOCK");
  const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  void* at = fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(Seconds), PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    std::abort();  // a test that moves nothing would pass for the wrong reason
  }
  ::close(fd);
  return static_cast<const Seconds*>(at);
}

std::int64_t ahead() {
  static const Seconds* const seconds = shared_with_the_test();
  return seconds->load(std::memory_order_relaxed);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto failed = ::syscall(SYS_clock_gettime, clock, time);
  if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    time->tv_sec += ahead();
  }
  return static_cast<int>(failed);
}

extern "C" int gettimeofday(timeval* time, void* /*zone*/) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / 1'000};
  return 0;
}

extern "C" std::time_t time(std::time_t* time) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (time != nullptr) {
    *time = now.tv_sec;
  }
  return now.tv_sec;
}
