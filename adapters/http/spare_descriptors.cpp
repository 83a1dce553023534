#include "adapters/http/spare_descriptors.h"

#include <fcntl.h>

namespace tidemark {

namespace {

constexpr std::size_t for_one = 2;

}  // namespace

bool SpareDescriptors::let_go_for_one() {
  if (held_.size() < for_one) {
    return false;
  }
  held_.resize(held_.size() - for_one);
  return true;
}

void SpareDescriptors::refill() {
  while (held_.size() < count_) {
    SocketDescriptor fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd) {
      return;
    }
    held_.push_back(std::move(fd));
  }
}

}  // namespace tidemark
