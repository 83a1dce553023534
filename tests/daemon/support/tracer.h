#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace tidemark::test {

// Follows all system calls of a process, of all its threads in the order in which they are made,
// and kills it at the one that is chosen. (strace could inject the signal too, but it counts each
// call of each thread by itself.) A process that is followed does not outlive the tracer.
class Tracer {
 public:
  struct Call {
    long number = 0;      // SYS_sendto
    bool entered = true;  // false: it is done
    std::string sent{};   // by sendto: what it begins with
  };
  // True: kill it here. At the entry of a call it is not made any more.
  using Deadly = std::function<bool(const Call&)>;

  // Returns when it follows. The process has to be a child of this one.
  Tracer(pid_t process, Deadly deadly);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Whether the process is gone. (Whoever started it sees every stop as an end meanwhile: waitid()
  // tells those of what is followed, asked for or not.)
  bool ended() const { return ended_; }

  // Whether one process can follow another here; says aloud when not.
  static bool available();

 private:
  void follow(std::function<void()> attached);
  bool attach();
  void stopped(pid_t thread, int status);
  void at_call(pid_t thread);

  pid_t process_;
  Deadly deadly_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace tidemark::test
