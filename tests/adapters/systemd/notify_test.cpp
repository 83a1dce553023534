#include "adapters/systemd/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <doctest/doctest.h>

using namespace tidemark;
using std::chrono::microseconds;

namespace {

// A service manager's end of it.
class Listening {
 public:
  explicit Listening(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (name.front() == '@') {
      address.sun_path[0] = '\0';
    }
    const auto length = offsetof(sockaddr_un, sun_path) + name.size();
    REQUIRE(bind(fd_,
                 reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(length)) == 0);
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() {
    close(fd_);
    if (name_.front() == '/') {
      unlink(name_.c_str());
    }
  }

  std::string heard() const {
    std::string message(8192, '\0');
    const auto length = recv(fd_, message.data(), message.size(), MSG_DONTWAIT);
    return length < 0 ? "(nothing)" : message.substr(0, static_cast<std::size_t>(length));
  }

 private:
  std::string name_;
  int fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

ServiceManager manager_at(const std::string& name) {
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  auto manager = ServiceManager::take_from_environment();
  REQUIRE(manager);
  return *manager;
}

std::string own_name() {
  return "tidemark-notify-test-" + std::to_string(getpid());
}

std::optional<microseconds> watchdog(const char* every, const std::string& pid) {
  setenv("WATCHDOG_USEC", every, 1);
  setenv("WATCHDOG_PID", pid.c_str(), 1);
  const auto manager = ServiceManager::take_from_environment();
  REQUIRE(manager);
  return manager->watchdog();
}

}  // namespace

TEST_CASE("messages reach the service manager at a path and at an abstract name") {
  for (const auto& name : {"/tmp/" + own_name(), "@" + own_name()}) {
    INFO(name);
    const Listening listening(name);
    const auto manager = manager_at(name);
    CHECK(manager.listens());
    CHECK(manager.tell(ServicePhase::ready, "all is well"));
    CHECK(listening.heard() == "READY=1\nSTATUS=all is well");
    CHECK(manager.tell_alive());
    CHECK(listening.heard() == "WATCHDOG=1");
    CHECK(listening.heard() == "(nothing)");
  }
}

TEST_CASE("without a service manager whatever is told is heard by nobody, and that is no failure") {
  const auto manager = ServiceManager::take_from_environment();
  REQUIRE(manager);
  CHECK_FALSE(manager->listens());
  CHECK(manager->tell(ServicePhase::ready, "hello"));
  CHECK_FALSE(manager->watchdog());
}

TEST_CASE("a message that cannot be left is told to the caller, who is never held") {
  const auto name = "@" + own_name();
  const auto manager = manager_at(name);
  CHECK_FALSE(manager.tell_alive());  // nobody there yet
  const Listening listening(name);
  bool left = true;
  for (int i = 0; left && i < 100'000; ++i) {  // and a manager that does not read
    left = manager.tell_alive();
  }
  CHECK_FALSE(left);
}

TEST_CASE("each phase is what the protocol calls it; a reload says since when") {
  const microseconds now(1'234'567);
  CHECK(service_message(ServicePhase::starting, "s", now) == "STATUS=s");
  CHECK(service_message(ServicePhase::ready, "s", now) == "READY=1\nSTATUS=s");
  CHECK(service_message(ServicePhase::reloading, "s", now) ==
        "RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=s");
  CHECK(service_message(ServicePhase::stopping, "s", now) == "STOPPING=1\nSTATUS=s");
}

TEST_CASE("the time of a reload is the kernel's monotonic clock") {
  const auto name = "@" + own_name();
  const Listening listening(name);
  const auto microseconds_now = [] {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
  };
  const auto before = microseconds_now();
  CHECK(manager_at(name).tell(ServicePhase::reloading, ""));
  const auto heard = listening.heard();
  const std::string key = "MONOTONIC_USEC=";
  const auto at = heard.find(key);
  REQUIRE(at != std::string::npos);
  const auto told = std::stol(heard.substr(at + key.size()));
  CHECK(told >= before);
  CHECK(told <= microseconds_now());
}

TEST_CASE("whatever a status holds, it is one line of bounded length") {
  CHECK(service_message(ServicePhase::starting, "a\nREADY=1", {}) == "STATUS=a\\nREADY=1");
  CHECK(service_message(ServicePhase::starting, std::string(100'000, 'x'), {}).size() < 1100);
}

TEST_CASE("the watchdog is ours when it names our process, or none") {
  CHECK(watchdog("30000000", std::to_string(getpid())) == std::optional(microseconds(30'000'000)));
  CHECK(watchdog("30000000", "") == std::optional(microseconds(30'000'000)));
  CHECK_FALSE(watchdog("30000000", std::to_string(getppid())));
}

TEST_CASE("variables that make no sense are refused by name") {
  for (const auto& name :
       {std::string("relative"), std::string("@"), "/" + std::string(200, 'x')}) {
    INFO(name);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    const auto manager = ServiceManager::take_from_environment();
    REQUIRE_FALSE(manager);
    CHECK(manager.error().detail.starts_with("NOTIFY_SOCKET is '" + name + "'"));
  }
  for (const char* every : {"0", "-5", "soon", "30s"}) {
    INFO(every);
    setenv("WATCHDOG_USEC", every, 1);
    const auto manager = ServiceManager::take_from_environment();
    REQUIRE_FALSE(manager);
    CHECK(manager.error().detail.starts_with("WATCHDOG_USEC is '" + std::string(every) + "'"));
  }
}

TEST_CASE("after the service manager was found, child processes hear nothing of it") {
  setenv("WATCHDOG_USEC", "1000000", 1);
  manager_at("@" + own_name());
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    CHECK(getenv(name) == nullptr);
  }
}
