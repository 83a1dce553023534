#pragma once

#include <sys/types.h>

#include <string>

#include "adapters/http/descriptor.h"
#include "core/result.h"

namespace tidemark {

// A socket that listens, not blocking and not inherited by child processes.
class ListeningSocket {
 public:
  // Nobody may ever connect who may not in the end: the file is made for its owner alone, then
  // given to `group` (empty: left as it is), then opened up to `mode`. Replaces a socket at `path`
  // that nobody listens at, and nothing else.
  static Result<ListeningSocket> unix_at(const std::string& path,
                                         mode_t mode,
                                         const std::string& group);
  static Result<ListeningSocket> tcp_at(const std::string& address);
  // One that somebody else made for us (socket activation); ours to close when this succeeds, but
  // its file stays, and who may connect is up to who made it.
  static Result<ListeningSocket> adopt_unix(int fd);
  static Result<ListeningSocket> adopt_tcp(int fd);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int get() const { return descriptor_.get(); }
  bool local() const { return local_; }
  std::string address() const;

 private:
  explicit ListeningSocket(SocketDescriptor descriptor, bool local);
  static Result<ListeningSocket> adopt(int fd, bool local);
  void remember_file(const std::string& path);
  void remove_file();

  SocketDescriptor descriptor_;
  bool local_;
  std::string path_;  // of the file that we made, and which one it is
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace tidemark
