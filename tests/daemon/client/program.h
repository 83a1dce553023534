#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace tidemark::client {

// A folder of a test's own, gone with it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

std::string content(const std::filesystem::path& path);

// A program that was run to its end.
struct Ran {
  int exit = -1;  // 128 + n when it died of signal n
  std::string output;
  std::string errors;
};

// Runs words[0] with the others as its arguments, in `folder`, its output going to files there.
Ran ran(const Folder& folder, const std::vector<std::string>& words);

// Starts it and leaves it running; wait_for_end() brings its exit status.
pid_t started(const Folder& folder, const std::vector<std::string>& words);
int wait_for_end(pid_t child);

// A daemon of a few fixed answers on a real Unix socket. A target that it does not know is never
// answered, as by a daemon that hangs.
class SocketDaemon {
 public:
  SocketDaemon(std::string socket, std::map<std::string, std::string> answers);
  ~SocketDaemon();
  const std::string socket;
  std::atomic<int> hanging{0};  // clients that wait for an answer in vain

 private:
  void serve();
  void answer(int client);

  std::map<std::string, std::string> answers_;
  std::vector<int> kept_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace tidemark::client
