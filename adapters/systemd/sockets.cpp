#include "adapters/systemd/sockets.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "core/text/printable.h"

namespace tidemark {
namespace {

constexpr int first_descriptor = 3;
constexpr int most_descriptors = 256;

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  for (;;) {
    const auto colon = text.find(':');
    names.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) {
      return names;
    }
    text.remove_prefix(colon + 1);
  }
}

std::unexpected<Error> nonsense(std::string_view variable,
                                const std::string& value,
                                std::string_view expected) {
  return fail(Errc::invalid,
              "socket activation: " + std::string(variable) + " is '" + printable(value) +
                  "': expected " + std::string(expected));
}

std::optional<std::string> take_variable(const char* name) {
  const char* value = std::getenv(name);
  auto taken = value == nullptr ? std::nullopt : std::optional<std::string>(value);
  ::unsetenv(name);
  return taken;
}

}  // namespace

Result<PassedSockets> passed_sockets(const ActivationVariables& variables, int own_pid) {
  if (!variables.pid || !variables.descriptors) {
    return PassedSockets{};
  }
  const auto pid = whole_number(*variables.pid);
  if (!pid) {
    return nonsense("LISTEN_PID", *variables.pid, "a process id");
  }
  if (*pid != own_pid) {
    return PassedSockets{};
  }
  const auto count = whole_number(*variables.descriptors);
  if (!count || *count < 0 || *count > most_descriptors) {
    return nonsense("LISTEN_FDS",
                    *variables.descriptors,
                    "a number of sockets, at most " + std::to_string(most_descriptors));
  }
  if (*count == 0) {
    return PassedSockets{};
  }
  const std::string wanted = "the name of each of the " + std::to_string(*count) +
                             " sockets, control or http (FileDescriptorName= in the socket unit)";
  const auto names = split_names(variables.names.value_or(""));
  if (names.size() != static_cast<std::size_t>(*count)) {
    return nonsense("LISTEN_FDNAMES", variables.names.value_or(""), wanted);
  }
  PassedSockets passed;
  for (int i = 0; i < *count; ++i) {
    const auto& name = names[static_cast<std::size_t>(i)];
    if (name == "control") {
      passed.control.push_back(first_descriptor + i);
    } else if (name == "http") {
      passed.http.push_back(first_descriptor + i);
    } else {
      return nonsense("LISTEN_FDNAMES", variables.names.value_or(""), wanted);
    }
  }
  return passed;
}

Result<PassedSockets> take_passed_sockets() {
  ActivationVariables variables;
  variables.pid = take_variable("LISTEN_PID");
  variables.descriptors = take_variable("LISTEN_FDS");
  variables.names = take_variable("LISTEN_FDNAMES");
  return passed_sockets(variables, ::getpid());
}

}  // namespace tidemark
