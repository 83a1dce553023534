#include "daemon/events.h"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

namespace tidemark {

namespace {

constexpr std::size_t remembered_max = 1000;

// Sortable, and unique over restarts: the time, then the number.
std::string event_id(TimePoint at, std::uint64_t number) {
  constexpr std::string_view alphabet = "0123456789abcdef";
  const auto hex = [&](std::uint64_t value, std::size_t digits) {
    std::string text(digits, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4U) {
      *digit = alphabet[value & 15U];
    }
    return text;
  };
  return "evt_" + hex(static_cast<std::uint64_t>(at.time_since_epoch().count()), 12) +
         hex(number, 6);
}

}  // namespace

void Events::publish(std::string type,
                     const EnvironmentRef& environment,
                     TimePoint at,
                     boost::json::object data) {
  Event event{next_++, "", std::move(type), environment, ""};
  event.id = event_id(at, event.number);
  if (!environment.app.empty()) {
    data["app"] = environment.app;
    data["environment"] = environment.name;
  }
  event.json = boost::json::serialize(boost::json::object{{"type", event.type},
                                                          {"timestamp", format_time(at)},
                                                          {"id", event.id},
                                                          {"data", std::move(data)}});
  remembered_.push_back(std::move(event));
  if (remembered_.size() > remembered_max) {
    remembered_.pop_front();
  }
  for (auto* timer : waiting_) {
    timer->cancel();
  }
}

std::vector<Event> Events::after(std::uint64_t number) const {
  const auto from = std::ranges::upper_bound(remembered_, number, {}, &Event::number);
  return {from, remembered_.end()};
}

std::optional<std::uint64_t> Events::find(const std::string& id) const {
  const auto at = std::ranges::find(remembered_, id, &Event::id);
  return at == remembered_.end() ? std::nullopt : std::optional(at->number);
}

Awaitable<bool> Events::wait(std::uint64_t number, std::chrono::steady_clock::duration at_most) {
  if (last() > number) {
    co_return true;
  }
  asio::steady_timer timer(loop_, at_most);
  const auto place = waiting_.insert(waiting_.end(), &timer);
  const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  waiting_.erase(place);
  if (error && last() <= number) {
    throw boost::system::system_error(error);  // cancelled, not called
  }
  co_return last() > number;
}

}  // namespace tidemark
