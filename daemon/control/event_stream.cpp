#include "daemon/control/event_stream.h"

namespace tidemark {

namespace {

bool fits(std::string_view wanted, std::string_view type) {
  if (wanted.empty() || wanted == type) {
    return true;
  }
  return wanted.ends_with(".*") && type.starts_with(wanted.substr(0, wanted.size() - 1));
}

}  // namespace

EventStream::EventStream(Events& events, std::uint64_t after, Wanted wanted)
    : events_(events), at_(after), wanted_(std::move(wanted)) {}

Awaitable<std::optional<std::string>> EventStream::next() {
  const auto silent_until = std::chrono::steady_clock::now() + wanted_.heartbeat;
  for (;;) {
    std::string text;
    if (!begun_) {
      begun_ = true;
      text = "retry: 3000\n\n";
    }
    for (const auto& event : events_.after(at_)) {
      at_ = event.number;
      const bool global = event.environment.app.empty();
      if (fits(wanted_.type, event.type) && (global || wanted_.visible(event.environment))) {
        text += "id: " + event.id + "\nevent: " + event.type + "\ndata: " + event.json + "\n\n";
      }
    }
    if (!text.empty()) {
      co_return text;
    }
    if (!wanted_.follow) {
      co_return std::nullopt;
    }
    // Events that this reader does not want are silence to it.
    const auto silence_left = silent_until - std::chrono::steady_clock::now();
    const bool news = co_await events_.wait(at_, silence_left);
    if (!news) {
      co_return std::string(":\n\n");
    }
  }
}

}  // namespace tidemark
