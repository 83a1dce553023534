#pragma once

#include <sys/types.h>

#include <fstream>
#include <string>

namespace tidemark::test {

// Of any process, whoever started it. A zombie that init has not reaped yet is not alive.
inline bool alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number;
  std::string name;
  std::string state;
  return stat >> number >> name >> state && state != "Z";
}

}  // namespace tidemark::test
