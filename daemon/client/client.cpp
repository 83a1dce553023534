#include "daemon/client/client.h"

namespace tidemark::client {

std::string socket_path(const Arguments& arguments, const char* from_environment) {
  if (!arguments.socket.empty()) {
    return arguments.socket;
  }
  return from_environment != nullptr && *from_environment != '\0' ? from_environment
                                                                  : "/run/tidemark/control.sock";
}

Exit report(Console& console, const Failure& failure) {
  if (!failure.message.empty()) {
    console.err("tidemark: " + failure.message + "\n");
  }
  return failure.exit;
}

Exit run(const CommandLine& line,
         Transport& transport,
         const std::string& socket,
         Console& console) {
  if (line.run == nullptr) {
    console.out(line.text);
    return Exit::done;
  }
  Daemon daemon(transport, socket);
  Session session{daemon, console, line.arguments};
  try {
    const auto outcome = line.run(session);
    return outcome ? *outcome : report(console, outcome.error());
  } catch (const Misunderstood& problem) {
    return report(console,
                  {Exit::failed,
                   "the daemon answered something that this client does not understand: " +
                       std::string(problem.what()) + "; " + daemon.versions() +
                       "\n  Install the same version of both; --json prints what the daemon says"});
  }
}

}  // namespace tidemark::client
