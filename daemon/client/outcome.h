#pragma once

#include <expected>
#include <string>
#include <utility>

namespace tidemark::client {

// What a script sees; interface.md lists them.
enum class Exit : int {
  done = 0,
  failed = 1,
  usage = 2,      // the command line, a name in it, or the configuration is wrong
  attention = 3,  // asked for with --exit-code: something is drifted or pending
  not_allowed = 4,
  unreachable = 5,
  world_changed = 6,
  interrupted = 130,
};

// Why a command ends early: what it exits with, and what it says on the error output (nothing when
// empty).
struct Failure {
  Exit exit = Exit::failed;
  std::string message;
};

template <class T>
class [[nodiscard]] Outcome : public std::expected<T, Failure> {
 public:
  using std::expected<T, Failure>::expected;
  Outcome(std::expected<T, Failure> other) : std::expected<T, Failure>(std::move(other)) {}
};

[[nodiscard]] inline std::unexpected<Failure> stop(Exit exit, std::string message) {
  return std::unexpected(Failure{exit, std::move(message)});
}

}  // namespace tidemark::client
