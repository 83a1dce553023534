#include "adapters/http/timed_socket.h"

namespace tidemark {

void TimedSocket::expire_after(std::chrono::milliseconds duration, Direction direction) {
  expired_ = false;
  timer_.expires_after(duration);
  timer_.async_wait([self = shared_from_this(), direction](boost::system::error_code cancelled) {
    // Set again after this one was already on its way: the new time counts.
    if (!cancelled && self->timer_.expiry() <= std::chrono::steady_clock::now()) {
      self->expired_ = true;
      self->shut_down(direction);
    }
  });
}

void TimedSocket::shut_down(Direction direction) {
  boost::system::error_code already_gone;
  socket.shutdown(direction, already_gone);
}

void TimedSocket::close() {
  timer_.cancel();
  boost::system::error_code already_gone;
  socket.close(already_gone);
}

}  // namespace tidemark
