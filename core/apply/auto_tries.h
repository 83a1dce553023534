#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/catalog/migration.h"
#include "core/result.h"

namespace tidemark {

// What a try to apply by itself rests on. With another one a try may end otherwise.
struct AutoGround {
  std::vector<std::pair<Key, Digest>> pending;
  std::size_t records = 0;
  std::string last_attempt;
  bool history_certain = true;
  bool frozen = false;
  std::string problem;
  bool reachable = false;  // as last polled
  friend bool operator==(const AutoGround&, const AutoGround&) = default;
};

// When `apply: auto` tries again what came to nothing before any attempt was written down, and so
// stands in nobody's way: sooner after a fault that may pass, later where a wrong password would
// lock an account, and at once on another ground.
class AutoTries {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::milliseconds;

  // `poll`: how often somebody with the same password comes anyway.
  explicit AutoTries(Milliseconds poll) : poll_(poll) {}

  bool due(const AutoGround& ground, Time now) const;

  // It came to nothing.
  void failed(AutoGround ground, Errc code, Time now);
  // Whether the last try was in vain.
  bool in_vain() const { return pause_ > Milliseconds{0}; }
  // Nothing stands in the way any more.
  void forget();

  // Whether nobody was told yet: what was told last was something else. Numbers in it, such as how
  // long somebody has been in the way, make no other.
  bool is_news(std::string_view why);

 private:
  Milliseconds poll_;
  AutoGround ground_;
  Milliseconds pause_{0};  // after the last one; 0: there was none
  Time not_before_{};
  std::string told_;
};

}  // namespace tidemark
