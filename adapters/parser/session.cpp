#include "adapters/parser/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "adapters/parser/answer.h"
#include "adapters/parser/limits.h"

namespace tidemark {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t longest_wait_ms = 100;  // then: is the answer still wanted?
constexpr int cannot_be_loaded = 127;          // a library of it is missing

std::string reason(int error) {
  return std::generic_category().message(error);
}

ParsedSql too_deep(std::string words) {
  ParsedSql parsed;
  parsed.too_deep = std::move(words);
  return parsed;
}

// What the file did to the parser; not what somebody else did to it.
bool is_crash(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL ||
         signal == SIGFPE;
}

}  // namespace

struct ParserSession::Wait {
  Clock::time_point deadline;
  const std::stop_token& stop;

  // Until something can be done with `fd`.
  std::optional<Error> until(int fd, short events) const {
    pollfd waiting{fd, events, 0};
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) {
        return Error{Errc::retry, "did not answer in time and was killed"};
      }
      if (stop.stop_requested()) {
        return Error{Errc::cancelled, "was killed: nobody waits for it any more"};
      }
      const auto slice = static_cast<int>(std::min<std::int64_t>(left, longest_wait_ms));
      const int ready = ::poll(&waiting, 1, slice);
      if (ready > 0) {
        return std::nullopt;
      }
      if (ready < 0 && errno != EINTR) {
        return Error{Errc::internal, "cannot be waited for: " + reason(errno)};
      }
    }
  }
};

Result<ParserSession> ParserSession::start(const std::filesystem::path& program) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(Errc::retry, "cannot be started: " + reason(errno));
  }
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  auto child = Child::start({program.string(), TIDEMARK_VERSION},
                            {.input = theirs.get(), .output = theirs.get(), .environment = false});
  if (!child) {
    return std::unexpected(std::move(child.error()));
  }
  return ParserSession(std::move(*child), std::move(ours));
}

Result<ParsedSql> ParserSession::ask(std::string_view text,
                                     std::chrono::milliseconds patience,
                                     const std::stop_token& stop) {
  auto answer = exchange(text, {Clock::now() + patience, stop});
  lives_ = lives_ && answer.has_value();
  return answer;
}

Result<ParsedSql> ParserSession::exchange(std::string_view text, const Wait& wait) {
  auto question = count_bytes(text.size());
  question += text;
  const auto sent = send(question, wait);
  if (!sent) {
    return std::unexpected(sent.error());
  }
  if (!*sent) {
    return last_words(wait);
  }
  std::string count;
  std::string answer;
  auto received = receive(count, count_size, wait);
  if (received && *received) {
    if (count_of(count) > answer_bytes_max) {
      return fail(Errc::broken,
                  "announced an answer of " + std::to_string(count_of(count)) + " bytes");
    }
    received = receive(answer, count_of(count), wait);
  }
  if (!received) {
    return std::unexpected(received.error());
  }
  if (!*received) {
    return last_words(wait);
  }
  auto parsed = read_answer(answer, text.size());
  if (!parsed) {
    return fail("gave an answer that cannot be understood", parsed.error());
  }
  return parsed;
}

// False: nobody reads any more.
Result<bool> ParserSession::send(std::string_view bytes, const Wait& wait) {
  while (!bytes.empty()) {
    const auto sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto error = wait.until(socket_.get(), POLLOUT)) {
        return std::unexpected(*std::move(error));
      }
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// False: nothing more will come.
Result<bool> ParserSession::receive(std::string& bytes, std::size_t size, const Wait& wait) {
  constexpr std::size_t at_once = 65536;
  std::size_t received = 0;
  while (received < size) {
    bytes.resize(std::min(size, received + at_once));
    const auto got =
        ::recv(socket_.get(), bytes.data() + received, bytes.size() - received, MSG_DONTWAIT);
    if (got > 0) {
      received += static_cast<std::size_t>(got);
    } else if (got < 0 && errno == EAGAIN) {
      if (auto error = wait.until(socket_.get(), POLLIN)) {
        return std::unexpected(*std::move(error));
      }
    } else if (got == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

// It has hung up: whether that was the file's fault.
Result<ParsedSql> ParserSession::last_words(const Wait& wait) {
  lives_ = false;
  if (auto error = wait.until(child_.end_descriptor(), POLLIN)) {
    return std::unexpected(*std::move(error));
  }
  const int status = child_.reap();
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    return too_deep("takes more than " + std::to_string(parser_cpu_seconds) +
                    " s of the parser's time");
  }
  if (WIFSIGNALED(status) && is_crash(WTERMSIG(status))) {
    return too_deep("too deep or too long for the parser");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == parser_is_another_version) {
    hopeless_ = true;
    return fail(Errc::conflict, "is not of this daemon's version: restart the daemon");
  }
  hopeless_ = WIFEXITED(status) && (WEXITSTATUS(status) == cannot_be_loaded ||
                                    WEXITSTATUS(status) == parser_cannot_begin);
  return fail(Errc::retry, ending(status));
}

}  // namespace tidemark
