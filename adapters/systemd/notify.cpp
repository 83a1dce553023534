#include "adapters/systemd/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/text/printable.h"

namespace tidemark {
namespace {

// Systemd takes messages of up to a page; nobody reads that much of a status.
constexpr std::size_t status_bytes_max = 1000;

std::string take(const char* name) {
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  ::unsetenv(name);
  return taken;
}

std::optional<std::int64_t> positive_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number > 0 ? std::optional(number) : std::nullopt;
}

// Empty: nobody listens.
Result<std::string> socket_address(const std::string& name) {
  if (name.empty()) {
    return std::string();
  }
  const bool known = name.front() == '/' || name.front() == '@';
  if (!known || name.size() < 2 || name.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::invalid,
                "NOTIFY_SOCKET is '" + printable(name) +
                    "': expected an absolute path, or '@' and an abstract name, of at most " +
                    std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
  }
  std::string address = name;
  if (address.front() == '@') {
    address.front() = '\0';
  }
  return address;
}

// WATCHDOG_PID names the process that is meant; without it, whoever reads it.
Result<std::optional<std::chrono::microseconds>> watchdog_interval(const std::string& every,
                                                                   const std::string& pid) {
  const bool ours = pid.empty() || pid == std::to_string(::getpid());
  if (every.empty() || !ours) {
    return std::optional<std::chrono::microseconds>();
  }
  const auto number = positive_number(every);
  if (!number) {
    return fail(Errc::invalid,
                "WATCHDOG_USEC is '" + printable(every) + "': expected a number of microseconds");
  }
  return std::optional(std::chrono::microseconds(*number));
}

std::string one_line(std::string_view status) {
  auto line = printable(status);
  if (line.size() > status_bytes_max) {
    line = valid_utf8(line.substr(0, status_bytes_max)) + "…";
  }
  return line;
}

}  // namespace

std::string service_message(ServicePhase phase,
                            std::string_view status,
                            std::chrono::microseconds now) {
  std::string message;
  switch (phase) {
    case ServicePhase::starting:
      break;
    case ServicePhase::ready:
      message = "READY=1\n";
      break;
    case ServicePhase::reloading:
      message = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()) + "\n";
      break;
    case ServicePhase::stopping:
      message = "STOPPING=1\n";
      break;
  }
  return message + "STATUS=" + one_line(status);
}

Result<ServiceManager> ServiceManager::take_from_environment() {
  const auto socket = take("NOTIFY_SOCKET");
  const auto every = take("WATCHDOG_USEC");
  const auto pid = take("WATCHDOG_PID");
  auto address = socket_address(socket);
  if (!address) {
    return std::unexpected(address.error());
  }
  const auto watchdog = watchdog_interval(every, pid);
  if (!watchdog) {
    return std::unexpected(watchdog.error());
  }
  ServiceManager manager;
  manager.address_ = *std::move(address);
  manager.watchdog_ = *watchdog;
  return manager;
}

bool ServiceManager::tell(std::string_view message) const {
  if (!listens()) {
    return true;
  }
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return false;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  // An abstract name ends where the address ends, not at a NUL.
  const auto length = offsetof(sockaddr_un, sun_path) + address_.size();
  const auto sent = ::sendto(fd,
                             message.data(),
                             message.size(),
                             MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address),
                             static_cast<socklen_t>(length));
  ::close(fd);
  return sent == static_cast<ssize_t>(message.size());
}

bool ServiceManager::tell(ServicePhase phase, std::string_view status) const {
  // The steady clock of libstdc++ on Linux is CLOCK_MONOTONIC, which is the manager's.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return tell(
      service_message(phase, status, std::chrono::duration_cast<std::chrono::microseconds>(now)));
}

bool ServiceManager::tell_alive() const {
  return tell("WATCHDOG=1");
}

}  // namespace tidemark
