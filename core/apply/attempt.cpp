#include "core/apply/attempt.h"

namespace tidemark {

std::string_view to_string(Attempt::Action action) {
  switch (action) {
    case Attempt::Action::apply:
      return "apply";
    case Attempt::Action::rollback:
      return "rollback";
  }
  return "";
}

std::string_view to_string(Attempt::Outcome outcome) {
  switch (outcome) {
    case Attempt::Outcome::open:
      return "open";
    case Attempt::Outcome::applied:
      return "applied";
    case Attempt::Outcome::not_applied:
      return "not_applied";
    case Attempt::Outcome::cancelled:
      return "cancelled";
    case Attempt::Outcome::unknown:
      return "unknown";
  }
  return "";
}

std::optional<Attempt::Action> parse_attempt_action(std::string_view text) {
  using enum Attempt::Action;
  for (const auto action : {apply, rollback}) {
    if (to_string(action) == text) {
      return action;
    }
  }
  return std::nullopt;
}

std::optional<Attempt::Outcome> parse_attempt_outcome(std::string_view text) {
  using enum Attempt::Outcome;
  for (const auto outcome : {open, applied, not_applied, cancelled, unknown}) {
    if (to_string(outcome) == text) {
      return outcome;
    }
  }
  return std::nullopt;
}

}  // namespace tidemark
