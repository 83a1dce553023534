#include "core/apply/auto_tries.h"

#include <algorithm>

namespace tidemark {

namespace {

constexpr AutoTries::Milliseconds first_pause{5'000};
constexpr AutoTries::Milliseconds pause_max{60'000};
constexpr AutoTries::Milliseconds denied_pause{30'000};

// A server that cannot be reached any more is no reason to try, one that can be again is.
bool is_another(AutoGround before, const AutoGround& now) {
  const bool came_back = now.reachable && !before.reachable;
  before.reachable = now.reachable;
  return came_back || before != now;
}

std::string without_numbers(std::string_view text) {
  std::string rest(text);
  std::erase_if(rest, [](char c) { return c >= '0' && c <= '9'; });
  return rest;
}

}  // namespace

bool AutoTries::due(const AutoGround& ground, Time now) const {
  return !in_vain() || now >= not_before_ || is_another(ground_, ground);
}

void AutoTries::failed(AutoGround ground, Errc code, Time now) {
  const bool again = in_vain() && !is_another(ground_, ground);
  pause_ = again ? std::min(pause_ * 2, pause_max) : first_pause;
  if (code == Errc::denied) {
    pause_ = std::max({pause_, poll_, denied_pause});
  }
  ground_ = std::move(ground);
  not_before_ = now + pause_;
}

void AutoTries::forget() {
  pause_ = Milliseconds{0};
  told_.clear();
}

bool AutoTries::is_news(std::string_view why) {
  auto rest = without_numbers(why);
  const bool news = rest != told_;
  told_ = std::move(rest);
  return news;
}

}  // namespace tidemark
