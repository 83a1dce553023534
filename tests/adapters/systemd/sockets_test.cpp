#include "adapters/systemd/sockets.h"

#include <cstdlib>

#include <doctest/doctest.h>
#include <unistd.h>

using namespace tidemark;

namespace {

constexpr int own_pid = 42;

PassedSockets passed_or_fail(const ActivationVariables& variables) {
  const auto passed = passed_sockets(variables, own_pid);
  REQUIRE(passed);
  return *passed;
}

std::string refusal(const ActivationVariables& variables) {
  const auto passed = passed_sockets(variables, own_pid);
  return passed ? "" : passed.error().detail;
}

}  // namespace

TEST_CASE("passed sockets are told apart by their names, whatever their order") {
  const auto passed = passed_sockets({"42", "3", "http:control:http"}, own_pid);
  REQUIRE(passed);
  CHECK(*passed == PassedSockets{{4}, {3, 5}});
}

TEST_CASE("without socket activation nothing is passed") {
  CHECK(passed_or_fail({}) == PassedSockets{});
  CHECK(passed_or_fail({"42", std::nullopt, "control"}) == PassedSockets{});
  CHECK(passed_or_fail({"42", "0", ""}) == PassedSockets{});
}

TEST_CASE("what is meant for another process is left alone") {
  CHECK(passed_or_fail({"43", "nonsense", "nonsense"}) == PassedSockets{});
}

TEST_CASE("variables that make no sense are refused with the variable, its value and what to do") {
  CHECK(refusal({"x", "1", "control"}) ==
        "socket activation: LISTEN_PID is 'x': expected a process id");
  CHECK(refusal({"42", "-1", "control"}) ==
        "socket activation: LISTEN_FDS is '-1': expected a number of sockets, at most 256");
  CHECK(refusal({"42", "1x", "control"}).find("LISTEN_FDS is '1x'") != std::string::npos);
  CHECK(refusal({"42", "2000000000", "control"}).find("LISTEN_FDS") != std::string::npos);
  for (const std::string names : {"control", "control:http:http", "control:metrics", ":", ""}) {
    INFO(names);
    CHECK(refusal({"42", "2", names}) ==
          "socket activation: LISTEN_FDNAMES is '" + names +
              "': expected the name of each of the 2 sockets, control or http "
              "(FileDescriptorName= in the socket unit)");
  }
  CHECK(refusal({"42", "1", std::nullopt}).find("LISTEN_FDNAMES is ''") != std::string::npos);
}

TEST_CASE("after the sockets were taken, child processes hear nothing of them") {
  setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "1", 1);
  setenv("LISTEN_FDNAMES", "http", 1);
  const auto passed = take_passed_sockets();
  REQUIRE(passed);
  CHECK(*passed == PassedSockets{{}, {3}});
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    CHECK(getenv(name) == nullptr);
  }
  const auto again = take_passed_sockets();
  REQUIRE(again);
  CHECK(*again == PassedSockets{});
}
