#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include "adapters/loop/asio.h"
#include "adapters/postgres/route.h"

namespace tidemark::test {

// Runs a coroutine to its end; terminal cancellation after a while, when one is given. Throws when
// it has not ended within half a minute.
template <class T>
T drive(asio::io_context& loop,
        Awaitable<T> work,
        std::optional<std::chrono::milliseconds> cancel_after = {}) {
  std::optional<T> answer;
  std::exception_ptr thrown;
  asio::cancellation_signal signal;
  asio::steady_timer timer(loop);
  if (cancel_after) {
    timer.expires_after(*cancel_after);
    timer.async_wait([&signal](boost::system::error_code error) {
      if (!error) {
        signal.emit(asio::cancellation_type::terminal);
      }
    });
  }
  bool ended = false;
  auto done = [&](std::exception_ptr exception, T value) {
    ended = true;
    thrown = exception;
    answer.emplace(std::move(value));
    timer.cancel();
  };
  asio::co_spawn(loop, std::move(work), asio::bind_cancellation_slot(signal.slot(), done));
  loop.restart();
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!ended && std::chrono::steady_clock::now() < patience) {
    loop.run_one_for(std::chrono::milliseconds(100));
  }
  if (!ended) {
    throw std::runtime_error("still not done after half a minute");
  }
  if (thrown) {
    std::rethrow_exception(thrown);
  }
  return std::move(*answer);
}

inline std::shared_ptr<const Route> route_to(const std::string& address) {
  auto target = parse_target(address);
  if (!target) {
    throw std::runtime_error(target.error().detail);
  }
  return std::make_shared<const Route>(*target);
}

}  // namespace tidemark::test
