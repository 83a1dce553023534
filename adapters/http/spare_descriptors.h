#pragma once

#include <cstddef>
#include <vector>

#include "adapters/http/descriptor.h"

namespace tidemark {

// Descriptors that are held for bad times: when the process has none left, letting go of some lets
// one more client in.
class SpareDescriptors {
 public:
  explicit SpareDescriptors(std::size_t count) : count_(count) { refill(); }

  // Lets go of as many as one client takes: its socket, and a file that answering may have to open.
  // False when there are not that many any more.
  bool let_go_for_one();
  // As far as it can be done now.
  void refill();

 private:
  std::size_t count_;
  std::vector<SocketDescriptor> held_;
};

}  // namespace tidemark
