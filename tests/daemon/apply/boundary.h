#pragma once

#include <sys/syscall.h>

namespace tidemark::test {

// System calls where something leaves the daemon, gets to a disk, or is heard.
inline bool at_the_boundary(long call) {
  switch (call) {
    case SYS_write:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_pwrite64:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_recvfrom:
      return true;
    default:
      return false;
  }
}

}  // namespace tidemark::test
