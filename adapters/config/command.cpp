#include "adapters/config/command.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>

#include "adapters/process/child.h"
#include "adapters/process/descriptor.h"

namespace tidemark {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t longest_wait_ms = 100;  // then: is the answer still wanted?

std::string reason(int error) {
  return std::generic_category().message(error);
}

// Takes what is in the pipe now. False: nothing more can come.
bool drain(int pipe, std::string& output, std::size_t bytes_max) {
  std::array<char, 4096> buffer{};
  while (output.size() <= bytes_max) {
    const auto got = ::read(pipe, buffer.data(), buffer.size());
    if (got > 0) {
      output.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
  return true;
}

// Until the child has ended. What it left running may hold the pipe open: nobody waits for that.
std::optional<Error> collect(const Child& child,
                             int pipe,
                             Clock::time_point deadline,
                             std::size_t bytes_max,
                             const std::stop_token& stop,
                             std::string& output) {
  std::array<pollfd, 2> waiting{{{child.end_descriptor(), POLLIN, 0}, {pipe, POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      return Error{Errc::retry, "did not end in time and was killed"};
    }
    if (stop.stop_requested()) {
      return Error{Errc::cancelled, "was killed: nobody waits for it any more"};
    }
    const auto slice = std::min<std::int64_t>(left, longest_wait_ms);
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(slice)) < 0 && errno != EINTR) {
      return Error{Errc::internal, "cannot be waited for: " + reason(errno)};
    }
    const bool ended = waiting[0].revents != 0;
    if (waiting[1].fd >= 0 && !drain(pipe, output, bytes_max)) {
      waiting[1].fd = -1;  // poll() skips it
    }
    if (output.size() > bytes_max) {
      return Error{Errc::invalid, "printed more than " + std::to_string(bytes_max) + " bytes"};
    }
    if (ended) {
      return std::nullopt;
    }
  }
}

}  // namespace

Result<std::string> run_command(const std::vector<std::string>& arguments,
                                std::chrono::milliseconds time_max,
                                std::size_t bytes_max,
                                const std::stop_token& stop) {
  const auto deadline = Clock::now() + time_max;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(Errc::retry, "cannot be started: " + reason(errno));
  }
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
  auto child = Child::start(arguments, {.output = writing.get()});
  if (!child) {
    return std::unexpected(std::move(child.error()));
  }
  writing.close();
  std::string output;
  if (auto error = collect(*child, reading.get(), deadline, bytes_max, stop, output)) {
    return std::unexpected(*std::move(error));
  }
  if (const int status = child->reap(); status != 0) {
    return fail(Errc::retry, ending(status));
  }
  return output;
}

}  // namespace tidemark
