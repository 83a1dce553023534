#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "adapters/process/descriptor.h"
#include "core/result.h"

namespace tidemark {

// What a child starts with beside its arguments: nothing else of ours is open in it.
struct ChildSetup {
  int input = -1;           // its standard input; /dev/null without
  int output = -1;          // its standard output; /dev/null without
  bool environment = true;  // ours, or none
};

// A running program without a shell: in a process group of its own, no signal blocked or ignored,
// its standard error dropped. It is reaped in any case, and killed with its group when it was not
// seen to end.
class Child {
 public:
  // `not_found` when there is no such program that we may run.
  static Result<Child> start(std::vector<std::string> arguments, const ChildSetup& setup);

  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int end_descriptor() const { return ended_.get(); }  // readable when it has ended
  int reap();                                          // waits for its end: a status of waitpid()

 private:
  explicit Child(pid_t pid);

  pid_t pid_;
  Descriptor ended_;
};

// "was ended by signal 9", "ended with status 1".
std::string ending(int status);

}  // namespace tidemark
