#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "adapters/http/http.h"
#include "daemon/events.h"

namespace tidemark {

// Server-sent events: what is remembered after a number and, when following, what comes.
class EventStream : public Stream {
 public:
  struct Wanted {
    std::string type;  // empty: all; "finding.*": all of a kind
    bool follow = false;
    std::function<bool(const EnvironmentRef&)> visible;
    // Keeps proxies and clients from taking silence for death.
    std::chrono::steady_clock::duration heartbeat = std::chrono::seconds(15);
  };

  EventStream(Events& events, std::uint64_t after, Wanted wanted);

  Awaitable<std::optional<std::string>> next() override;

 private:
  Events& events_;
  std::uint64_t at_;
  Wanted wanted_;
  bool begun_ = false;
};

}  // namespace tidemark
