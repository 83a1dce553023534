#include "adapters/store/ledger_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "adapters/store/durable_file.h"

namespace tidemark {

namespace {

// The pid that the holder wrote down; "?" in the moment before it has.
std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const auto size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.erase(std::ranges::find_if(pid, [](char c) { return c < '0' || c > '9'; }), pid.end());
  return pid.empty() ? "?" : pid;
}

}  // namespace

Result<LedgerLock> LedgerLock::take(const std::filesystem::path& ledger) {
  auto file = ledger;
  file += ".lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return file_failure("open", file);
  }
  LedgerLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return file_failure("lock", file);
    }
    return fail(Errc::conflict,
                "it is in use by another tidemarkd (pid " + holder(descriptor) +
                    "): stop that one, or give this one a ledger of its own");
  }
  // Only words for the next one that comes; a full disk must not keep us from starting.
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const auto written = ::pwrite(descriptor, pid.data(), pid.size(), 0);
  }
  return lock;
}

LedgerLock::~LedgerLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

LedgerLock::LedgerLock(LedgerLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

LedgerLock& LedgerLock::operator=(LedgerLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace tidemark
