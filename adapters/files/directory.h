#pragma once

#include <memory>
#include <optional>
#include <string>

#include "adapters/files/scan.h"
#include "adapters/files/settle.h"
#include "adapters/files/watch.h"
#include "adapters/loop/asio.h"
#include "adapters/loop/pool.h"
#include "core/result.h"
#include "core/time.h"

namespace tidemark {

struct DirectoryTimes {
  Settle::Times settle;
  std::chrono::steady_clock::duration rescan = std::chrono::seconds(60);  // events are only hints
  std::chrono::steady_clock::duration poll = std::chrono::seconds(2);  // where there are no events
  std::chrono::steady_clock::duration reread =
      std::chrono::hours(1);  // every file, whatever its times say
  bool always_poll = false;
};

// An app's migrations directory, as it settles. That most of it is gone is believed only when it
// stays so for longer: more often somebody is about to put it back. Lives on the loop; one caller
// at a time.
class Directory {
 public:
  Directory(asio::any_io_executor executor,
            RepoPaths paths,
            ChooseLayout choose_layout,
            DirectoryTimes times = {},
            ScanLimits limits = {});

  // The next settled state that is another one than the last returned: at first whatever is there,
  // then when files, their content, the layout or the problems changed. A directory that cannot be
  // read is a state too, told once for each reason and again when it is over; it is looked at ever
  // more rarely, up to once in `rescan`, until it can be.
  Awaitable<Result<ScanResult>> next(Pool& pool);

  // Look now. What is found still has to settle.
  void rescan();

  // The same, and it is returned even if it is what was returned before.
  void again();
  // Since then nothing was looked at: what was returned is older.
  bool asked_again() const { return anew_; }

  // The same, and every file is read for it.
  void reread();

  // When the directory was last read whole.
  std::optional<TimePoint> last_scan() const { return last_scan_; }
  bool polling() const { return times_.always_poll || watch_.polling(); }
  // In words, for people; empty when it is not polled.
  std::string why_polling() const;

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point due() const;
  Awaitable<void> wait_until_due();
  Awaitable<Result<ScanResult>> look(Pool& pool);
  bool counts(const Result<ScanResult>& outcome, Clock::time_point began);

  DirectoryTimes times_;
  std::shared_ptr<DirectoryScanner>
      scanner_;  // shared with a scan that may outlast the loop when everything stops
  DirectoryWatch watch_;
  Settle settle_;
  bool requested_ = true;
  unsigned failures_ = 0;
  Clock::time_point looked_;
  Clock::time_point reread_;
  bool anew_ = false;  // what the next look finds is returned
  bool all_ = false;   // and it reads every file
  std::optional<Digest> returned_;
  std::size_t files_ = 0;  // in what was last returned and could be read
  std::optional<TimePoint> last_scan_;
};

}  // namespace tidemark
