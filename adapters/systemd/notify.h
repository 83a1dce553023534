#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tidemark {

// What a service manager wants to know of its service.
enum class ServicePhase { starting, ready, reloading, stopping };

// One message of the notification protocol: the phase, and what `systemctl status` shows. `now` is
// the monotonic clock's; newer managers want it at the begin of a reload. The status becomes one
// line, whatever is in it: a line break would begin another assignment.
std::string service_message(ServicePhase phase,
                            std::string_view status,
                            std::chrono::microseconds now);

// The service manager that started us, if there is one: systemd's notification protocol, one
// datagram to a Unix socket for each message.
class ServiceManager {
 public:
  ServiceManager() = default;  // none: whatever is told is heard by nobody

  // Takes the variables out of the environment, so that child processes do not speak in our name:
  // call it once, before there are threads.
  static Result<ServiceManager> take_from_environment();

  bool listens() const { return !address_.empty(); }
  // How often it wants to hear that we are alive, if it does.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  // Never waits. False when the message could not be left: try again later.
  bool tell(std::string_view message) const;
  bool tell(ServicePhase phase, std::string_view status) const;
  bool tell_alive() const;

 private:
  std::string address_;  // as in sockaddr_un: an abstract one begins with a NUL
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace tidemark
