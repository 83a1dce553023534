#pragma once

#include <chrono>
#include <optional>

#include "core/catalog/content.h"

namespace tidemark {

// Decides when what a scan saw counts as what a directory is meant to be, and when to look again
// until it does.
//
// A look counts when nothing moved for `settle` before it began and nothing moved while it ran.
// What moves: an event, a file that changed on disk so recently, a difference that no event
// announced (then another look must find the same), and, when the look shows something new, a busy
// git or a file that was being written. That most files are gone counts only after `bereft` instead
// of `settle`: that is how a deployment looks half-way. After `at_most` of unrest a look
// counts whatever moves, so that a lock that a crash left behind cannot blind us for ever.
class Settle {
 public:
  using Clock = std::chrono::steady_clock;
  struct Times {
    Clock::duration settle = std::chrono::seconds(2);
    Clock::duration at_most = std::chrono::seconds(60);
    Clock::duration bereft = std::chrono::seconds(20);
  };
  struct Look {
    Digest fingerprint;
    Clock::time_point began;
    std::optional<Clock::duration> quiet_for;  // on disk, when it began
    bool unsteady = false;                     // git was busy, or a file was being written
    bool bereft = false;                       // most files that counted are gone, or there is none
  };

  explicit Settle(Times times) : times_(times), patience_(times.settle) {}

  // Something may have changed.
  void changed(Clock::time_point now);

  // True when it counts.
  bool looked(const Look& look, Clock::time_point now);

  // When to look; nothing while all is quiet.
  std::optional<Clock::time_point> due() const;

 private:
  struct Unrest {
    Clock::time_point since;
    Clock::time_point last;
  };
  void moved(Clock::time_point when);

  Times times_;
  std::optional<Unrest> unrest_;
  Clock::duration patience_;       // how long nothing may move
  std::optional<Digest> seen_;     // by the last look
  std::optional<Digest> counted_;  // by the last look that counted
  bool announced_ = false;         // an event came since the last look
};

}  // namespace tidemark
