// path: daemon/supervisor.cpp
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>  // expect: detached
void start(asio::io_context& loop) {
  asio::co_spawn(loop, watch(), asio::detached);  // expect: detached
  co_spawn(loop,
           watch(),
           detached);  // expect: detached
  socket.async_wait(asio::detached);  // expect: detached
}
