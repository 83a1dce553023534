#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace tidemark::test {

// Server programs that refuse to run as root: when the tests do, these run as Debian's user
// `postgres`. Their output goes to a file.

// A new folder under the temporary one, with a short name (a Unix socket's path has 107 bytes),
// owned by whom the programs run as.
std::filesystem::path make_server_folder();

// Returns at once with the process's id.
pid_t start_program(const std::vector<std::string>& command, const std::filesystem::path& log);

// Waits for its end; throws with the end of the log unless it exits with 0.
void run_program(const std::vector<std::string>& command, const std::filesystem::path& log);

// Sends the signal, and SIGKILL to what has not ended 10 s later.
void stop_program(pid_t process, int signal);

bool has_ended(pid_t process);

std::string end_of(const std::filesystem::path& log);

// Writes a file that the programs can read.
void write_file(const std::filesystem::path& path, const std::string& text, int mode = 0644);

// Removes a folder when it is destroyed, and also when this process is killed; then, first of all,
// it ends the servers whose pid files are in the folder or in its data/.
class FolderKeeper {
 public:
  explicit FolderKeeper(const std::filesystem::path& folder);
  ~FolderKeeper();
  FolderKeeper(const FolderKeeper&) = delete;
  FolderKeeper& operator=(const FolderKeeper&) = delete;

 private:
  int alive_ = -1;  // the write end of the pipe that the watcher reads
  pid_t watcher_ = -1;
};

}  // namespace tidemark::test
