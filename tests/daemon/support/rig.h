#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "tests/support/postgres_process.h"

namespace tidemark::test {

// What a program printed, and how it ended.
struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

// Runs a program to its end; `stdin` is empty.
Ran run(const std::vector<std::string>& command,
        const std::vector<std::pair<std::string, std::string>>& environment = {});

// A password with every awkward character. Rigs give it to every environment, and look for it
// afterwards in everything that was printed or written.
extern const std::string canary;

// The real daemon with a folder of its own and the real client to talk to it, from several threads
// if need be. Ends the daemon with
// the object, and fails the test when the canary leaked.
class Rig {
 public:
  Rig();
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path migrations() const { return folder_ / "migrations"; }
  std::filesystem::path socket() const { return folder_ / "control.sock"; }
  std::filesystem::path ledger() const { return folder_ / "ledger.db"; }

  // In the migrations directory.
  void file(const std::string& name, const std::string& content) const;
  void remove(const std::string& name) const;

  // The config: `environments` is the list under an app `shop`, 6 spaces deep; `more` are further
  // top-level keys. A line "@password" becomes the canary's password source.
  void configure(const std::string& environments,
                 const std::string& more = "",
                 const std::string& app_keys = "");
  std::filesystem::path config() const { return folder_ / "tidemark.yaml"; }
  // From the next configure() on.
  void settle_in(const std::string& settle) { settle_ = settle; }

  // Starts and waits until it is ready; `wrapper` goes in front of the command (strace).
  void start(const std::vector<std::string>& wrapper = {}, bool wait_for_ready = true);
  bool ready() const;
  bool running() const;
  // The exit status; 128 + signal when a signal ended it.
  int stop(int signal = SIGTERM);
  void send(int signal) const;
  pid_t pid() const { return pid_; }
  std::string log() const;

  // The client, with its socket set.
  Ran tidemark(const std::vector<std::string>& arguments);
  // The same with --json, parsed; fails the test when it did not exit with 0.
  boost::json::value json(std::vector<std::string> arguments);
  // The document of a GET over TCP; the status line is checked.
  std::string get(const std::string& path, int expected_status = 200);
  // Over the control socket, with a body; the problem or document.
  struct Answer {
    int status = 0;
    std::string body;
    boost::json::value json() const;
  };
  Answer request(const std::string& method,
                 const std::string& target,
                 const std::string& body = "");
  int port() const { return port_; }

  // The sum of the series of this name that have all these labels (`outcome="ok"`); fails the test
  // when there is none.
  double metric(const std::string& name, const std::vector<std::string>& labels = {});
  // How often it was looked at since the start, with this outcome.
  int polls(const std::string& environment, const std::string& outcome = "ok");

  // A cell of the matrix of `shop`, as "state" or "state kind"; "" when there is no such line.
  std::string cell(const std::string& environment, const std::string& id);
  boost::json::object status(const std::string& environment);

  // Waits for something that the daemon does by itself.
  bool eventually(const std::function<bool()>& condition, int seconds = 15) const;

 private:
  void note(const std::string& printed);
  void look_for_canary() const;
  void look_for_sanitizer_reports() const;  // of the daemon, whatever its exit status was

  std::filesystem::path folder_;
  FolderKeeper keeper_;
  std::string settle_ = "100ms";
  int port_ = 0;
  pid_t pid_ = -1;
  std::mutex printing_;
  std::string printed_;
};

}  // namespace tidemark::test
