#include "tests/daemon/client/program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "tests/daemon/client/samples.h"

using namespace tidemark::client;

namespace {

const std::string program = TIDEMARK_PROGRAM;

std::map<std::string, std::string> answers() {
  return {{"/v1/status", std::string(samples::status)},
          {"/v1/apps/shop/matrix", std::string(samples::matrix)},
          {"/v1/audit?limit=1000", R"({"entries":[{"seq":1,"what":"x"}],"next":1})"}};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What a terminal of that width shows of it, as util-linux's script(1) records it. Empty without
// script(1).
std::string on_terminal(const Folder& folder, const std::string& command) {
  return ran(folder, {"script", "-qec", "stty cols 200 2>/dev/null; " + command, "/dev/null"})
      .output;
}

}  // namespace

TEST_CASE("the program talks to the daemon on its socket") {
  const Folder folder;
  const SocketDaemon daemon((folder.path / "s").string(), answers());
  const auto status = ran(folder, {program, "--socket", daemon.socket, "status"});
  CHECK(status.exit == 0);
  CHECK(contains(status.output, "shop/staging  reconcile_only  flyway"));
  CHECK(status.errors.empty());
  ::setenv("TIDEMARK_SOCKET", daemon.socket.c_str(), 1);
  CHECK(ran(folder, {program, "matrix", "--exit-code"}).exit == 3);
  ::unsetenv("TIDEMARK_SOCKET");
}

TEST_CASE("without a daemon the program exits with 5 and says where it looked") {
  const Folder folder;
  const auto socket = (folder.path / "none").string();
  const auto status = ran(folder, {program, "--socket", socket, "status"});
  CHECK(status.exit == 5);
  CHECK(status.output.empty());
  CHECK(contains(status.errors, socket));
  CHECK(contains(status.errors, "systemctl status tidemark"));
}

TEST_CASE("a reader that goes away ends the program quietly") {
  const Folder folder;
  const SocketDaemon daemon((folder.path / "s").string(), answers());
  int pipe[2] = {-1, -1};
  REQUIRE(::pipe(pipe) == 0);
  ::close(pipe[0]);  // nobody reads
  const auto output = std::to_string(pipe[1]);
  const auto matrix = program + " --socket " + daemon.socket + " matrix >&" + output;
  const auto piped = ran(folder, {"sh", "-c", matrix + "; echo exit $?"});
  ::close(pipe[1]);
  CHECK(piped.output == "exit 0\n");
  CHECK(piped.errors.empty());
}

TEST_CASE("an output that cannot take it all is a failure") {
  if (::access("/dev/full", W_OK) != 0) {
    MESSAGE("skipped: there is no /dev/full");
    return;
  }
  const Folder folder;
  const auto full = ran(folder, {"sh", "-c", program + " --help > /dev/full"});
  CHECK(full.exit == 1);
  CHECK(contains(full.errors, "No space left on device"));
}

TEST_CASE("Ctrl-C is exit code 130, and takes an unfinished file with it") {
  const Folder folder;
  SocketDaemon daemon((folder.path / "s").string(), answers());
  const auto file = folder.path / "audit.json";
  // The second page never comes.
  const pid_t child =
      started(folder, {program, "--socket", daemon.socket, "audit", "-o", file.string()});
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (daemon.hanging == 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(daemon.hanging == 1);
  REQUIRE(std::distance(std::filesystem::directory_iterator(folder.path), {}) ==
          4);  // s, out, err, the unfinished one
  ::kill(child, SIGINT);
  CHECK(wait_for_end(child) == 130);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 3);
}

TEST_CASE("Ctrl-C while something is applied says that it goes on, and how to see or stop it") {
  const Folder folder;
  const std::string environment = "/v1/apps/shop/environments/dev/";
  SocketDaemon daemon((folder.path / "s").string(),
                      {{environment + "plan", std::string(samples::plan)}});
  const pid_t child =
      started(folder, {program, "--socket", daemon.socket, "apply", "shop/dev", "--yes"});
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (daemon.hanging == 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(daemon.hanging == 1);
  ::kill(child, SIGINT);
  CHECK(wait_for_end(child) == 130);
  CHECK(content(folder.path / "err") ==
        "\ntidemark: the apply goes on in the daemon\n  tidemark apply shop/dev --attach shows it, "
        "tidemark cancel shop/dev stops it\n");
}

TEST_CASE("colours are for terminals that want them") {
  const Folder folder;
  const SocketDaemon daemon((folder.path / "s").string(), answers());
  const auto matrix = program + " --socket " + daemon.socket + " matrix";
  CHECK_FALSE(contains(ran(folder, {"sh", "-c", matrix}).output, "\x1b"));
  if (on_terminal(folder, "echo there").empty()) {
    MESSAGE("skipped: there is no script(1) to make a terminal");
    return;
  }
  CHECK(contains(on_terminal(folder, "TERM=xterm " + matrix), "\x1b[1;31mDRIFTED edited\x1b[0m"));
  for (const auto* quiet : {"NO_COLOR=1 TERM=xterm ", "TERM=dumb "}) {
    const auto shown = on_terminal(folder, quiet + matrix);
    CHECK(contains(shown, "DRIFTED edited"));
    CHECK_FALSE(contains(shown, "\x1b"));
  }
  CHECK_FALSE(contains(on_terminal(folder, "TERM=xterm " + matrix + " --no-color"), "\x1b"));
}
