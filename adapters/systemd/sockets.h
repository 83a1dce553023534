#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace tidemark {

// Sockets that the service manager made for us and that listen already (socket activation), by the
// names that our units give them. Whoever takes them checks what they are, and closes them.
struct PassedSockets {
  std::vector<int> control;
  std::vector<int> http;
  friend bool operator==(const PassedSockets&, const PassedSockets&) = default;
};

// LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; nullopt where one is not set.
struct ActivationVariables {
  std::optional<std::string> pid;
  std::optional<std::string> descriptors;
  std::optional<std::string> names;
};

// Nothing when it is meant for another process, an error when it makes no sense.
Result<PassedSockets> passed_sockets(const ActivationVariables& variables, int own_pid);

// The same from the environment, where nothing of it stays: call it before there are threads.
Result<PassedSockets> take_passed_sockets();

}  // namespace tidemark
