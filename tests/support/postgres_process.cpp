#include "tests/support/postgres_process.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tidemark::test {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void fail_with_errno(const std::string& doing) {
  throw std::system_error(errno, std::generic_category(), doing);
}

struct Owner {
  uid_t user;
  gid_t group;
};

Owner unprivileged() {
  if (::geteuid() != 0) {
    return {::geteuid(), ::getegid()};
  }
  const auto* entry = ::getpwnam("postgres");
  if (entry == nullptr) {
    throw std::runtime_error("run as root, the tests need a user 'postgres' for their servers");
  }
  return {entry->pw_uid, entry->pw_gid};
}

void give_away(const std::filesystem::path& path) {
  const auto [user, group] = unprivileged();
  if (::chown(path.c_str(), user, group) != 0) {
    fail_with_errno("chown " + path.string());
  }
}

// After a fork of a program with threads only system calls are safe.
struct Launch {
  std::vector<const char*> arguments;
  int input = -1;
  int output = -1;
  Owner owner{};
  const char* folder = "/";
};

[[noreturn]] void become(const Launch& launch) {
  static constexpr std::array<const char*, 4> environment = {
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC", nullptr};
  ::setsid();  // a Ctrl-C at the terminal is for the tests, which then end this
  if (::geteuid() == 0 && launch.owner.user != 0 &&
      (::setgroups(0, nullptr) != 0 || ::setgid(launch.owner.group) != 0 ||
       ::setuid(launch.owner.user) != 0)) {
    ::_exit(126);
  }
  if (::chdir(launch.folder) != 0 || ::dup2(launch.input, 0) < 0 || ::dup2(launch.output, 1) < 0 ||
      ::dup2(launch.output, 2) < 0) {
    ::_exit(126);
  }
  ::execve(
      launch.arguments.front(),
      const_cast<char* const*>(launch.arguments.data()),  // execve's C signature; it reads only
      const_cast<char* const*>(environment.data()));
  ::_exit(127);
}

std::vector<const char*> as_arguments(const std::vector<std::string>& command) {
  std::vector<const char*> arguments;
  for (const auto& argument : command) {
    arguments.push_back(argument.c_str());
  }
  arguments.push_back(nullptr);
  return arguments;
}

pid_t launch_child(const Launch& launch) {
  const pid_t child = ::fork();
  if (child < 0) {
    fail_with_errno("fork");
  }
  if (child == 0) {
    become(launch);
  }
  return child;
}

constexpr auto watcher_script = R"sh(
  cat > /dev/null
  for file in "$1"/*.pid "$1"/data/postmaster.pid; do
    [ -f "$file" ] || continue
    kill -QUIT "$(head -n 1 "$file")"
    kill -CONT "$(head -n 1 "$file")"
    tries=0
    while [ -f "$file" ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  done
  rm -rf -- "$1"
)sh";

}  // namespace

std::filesystem::path make_server_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tidemark-pg-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    fail_with_errno("mkdtemp " + pattern);
  }
  // Others may look in: a test that runs as another user connects to the socket in it.
  if (::chmod(pattern.c_str(), 0755) != 0) {
    fail_with_errno("chmod " + pattern);
  }
  give_away(pattern);
  return pattern;
}

pid_t start_program(const std::vector<std::string>& command, const std::filesystem::path& log) {
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (input < 0 || output < 0) {
    fail_with_errno("open " + log.string());
  }
  const pid_t child = launch_child({as_arguments(command), input, output, unprivileged()});
  ::close(input);
  ::close(output);
  return child;
}

void run_program(const std::vector<std::string>& command, const std::filesystem::path& log) {
  const pid_t child = start_program(command, log);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(command.front() + " failed:\n" + end_of(log));
  }
}

bool has_ended(pid_t process) {
  return ::waitpid(process, nullptr, WNOHANG) != 0;
}

void stop_program(pid_t process, int signal) {
  ::kill(process, signal);
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (!has_ended(process)) {
    if (std::chrono::steady_clock::now() > patience) {
      ::kill(process, SIGKILL);
    }
    std::this_thread::sleep_for(2ms);
  }
}

std::string end_of(const std::filesystem::path& log) {
  std::ifstream file(log);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

void write_file(const std::filesystem::path& path, const std::string& text, int mode) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file || ::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
    throw std::runtime_error("cannot write " + path.string());
  }
  give_away(path);
}

FolderKeeper::FolderKeeper(const std::filesystem::path& folder) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail_with_errno("pipe");
  }
  const int output = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const std::vector<std::string> command = {
      "/bin/sh", "-c", watcher_script, "watcher", folder.string()};
  // As whoever runs the tests: the folder's parent may be sticky.
  watcher_ = launch_child({as_arguments(command), ends[0], output, {::geteuid(), ::getegid()}});
  ::close(ends[0]);
  ::close(output);
  alive_ = ends[1];
}

FolderKeeper::~FolderKeeper() {
  ::close(alive_);
  while (::waitpid(watcher_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace tidemark::test
