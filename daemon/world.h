#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/loop/gate.h"
#include "adapters/loop/pool.h"
#include "core/apply/plan.h"
#include "core/audit/event.h"
#include "core/result.h"
#include "daemon/events.h"
#include "daemon/marking.h"
#include "daemon/state.h"

namespace tidemark {

class Ledger;
class Metrics;
struct AppSettings;
struct Change;
struct Committed;
struct EnvironmentSettings;
struct ContentBytes;
struct ListedFinding;

// Reads a migration of an app's directory, be it a file or a piece of one, for the ledger to keep;
// `conflict` when its content is not that any more. Runs on a pool thread.
using ContentReader = std::function<Result<std::string>(const Migration& migration)>;

// Everything that is known at this moment, and the only one who changes it: facts and commands come
// in, are compared, written to our ledger, and only then are what the world shows. One change at a
// time.
class World {
 public:
  World(Ledger& ledger, Pool& store, Pool& workers, Metrics& metrics, Events& events);
  ~World();

  // Apps come from the config; what our ledger remembers of their environments comes with them. One
  // that is there already is replaced, without a moment in which it is not known.
  Awaitable<Result<void>> add_app(AppSettings settings, ContentReader contents);
  Awaitable<void> remove_app(std::string name);
  // The order in which they are shown.
  void arrange(const std::vector<std::string>& names);

  // Facts.
  Awaitable<Result<void>> directory_read(std::string app, Catalog catalog);
  void directory_still_the_same(const std::string& app, TimePoint scanned_at);
  Awaitable<void> directory_failed(std::string app, Error error);
  Awaitable<Result<void>> environment_read(EnvironmentRef ref,
                                           Observation observation,
                                           LedgerShape shape);
  // The same as when it was last read: whether that is enough to know.
  bool needs_no_news(const EnvironmentRef& ref) const;
  // Tells that at once, when nobody is in the middle of a change. False when that is not all:
  // environment_unchanged() does the rest.
  bool take_unchanged(const EnvironmentRef& ref, TimePoint as_of);
  Awaitable<Result<void>> environment_unchanged(EnvironmentRef ref, TimePoint as_of);
  // What the credential could do there beyond reading, in words; empty: nothing.
  Awaitable<void> credential_seen(EnvironmentRef ref, std::string excess_privileges);
  Awaitable<void> environment_failed(EnvironmentRef ref, Error error);

  // Commands of people (world_commands.cpp); `by` is "ana (uid 1000)".
  Awaitable<Result<Marked>> mark(EnvironmentRef ref, MarkRequest request, std::string by);
  Awaitable<Result<Marked>> unmark(EnvironmentRef ref,
                                   std::vector<std::string> migrations,
                                   std::string reason,
                                   std::string by);

  struct ModeChange {
    Mode from = Mode::export_only;
    Mode to = Mode::export_only;
  };
  // Whether it can be set, but for an apply that is under way. conflict: why not.
  Result<void> may_set_mode(const EnvironmentRef& ref, Mode mode) const;
  Awaitable<Result<ModeChange>> set_mode(EnvironmentRef ref,
                                         Mode mode,
                                         std::string reason,
                                         std::string by);

  // Takes their ledger's history as ours, in a managed environment; how many migrations.
  Awaitable<Result<std::size_t>> adopt(EnvironmentRef ref, std::string reason, std::string by);

  // What a person says of a database whose identity or history is in doubt: it is empty, its own
  // ledger is the truth, or what we remember is still right.
  enum class As { empty, adopt, keep };
  struct Rebaselined {
    std::size_t ended = 0;
    std::size_t adopted = 0;
  };
  Awaitable<Result<Rebaselined>> rebaseline(EnvironmentRef ref,
                                            As as,
                                            std::string reason,
                                            std::string by);

  struct FindingInPlace {
    StoredFinding finding;
    EnvironmentRef environment;
  };
  Awaitable<Result<FindingInPlace>> acknowledge(std::string id,
                                                std::string reason,
                                                std::optional<TimePoint> until,
                                                std::string by);
  Awaitable<Result<FindingInPlace>> unacknowledge(std::string id,
                                                  std::string reason,
                                                  std::string by);

  // Applying (world_applying.cpp).
  // What is known of an environment, for a plan. Points into the world: good until the next await.
  Result<Situation> situation(const EnvironmentRef& ref) const;
  // What is to be begun: an attempt, with the content of its file, which others may hold too.
  struct NextAttempt {
    Attempt attempt;
    std::shared_ptr<const ContentBytes> content;
    bool despite_freeze = false;
    std::map<std::string, std::string> details{};  // more for the audit log
  };
  // conflict: it may not, as the world is at this moment; `after` ends just now.
  Result<void> may_begin(const EnvironmentRef& ref,
                         const NextAttempt& next,
                         const std::string& after) const;
  // Written down before anything is sent. conflict: the world has moved since it was planned.
  Awaitable<Result<void>> begin_attempt(EnvironmentRef ref, NextAttempt next);
  // Its mark or its journal.
  Awaitable<Result<void>> note_attempt(EnvironmentRef ref, Attempt attempt);
  // With the record that it ends in; `note` is kept with that.
  Awaitable<Result<void>> end_attempt(EnvironmentRef ref, Attempt attempt, std::string note);
  // And begins the next one in the same go, if there is one: whether that could be begun.
  Awaitable<Result<Result<void>>> end_attempt(EnvironmentRef ref,
                                              Attempt attempt,
                                              std::string note,
                                              std::shared_ptr<const NextAttempt> next);
  // An apply that failed before there was an attempt that says so.
  struct ApplyInVain {
    MigrationId migration;  // that was to be next
    Attempt::Action action = Attempt::Action::apply;
    std::string by;
    std::string why;
    bool is_news = true;  // else it is only counted
  };
  Awaitable<void> failed_to_apply(EnvironmentRef ref, ApplyInVain failed);
  // A person says what an unknown outcome was.
  Awaitable<Result<Attempt>> resolve(
      EnvironmentRef ref, std::string migration, bool applied, std::string reason, std::string by);
  Awaitable<Result<void>> freeze(EnvironmentRef ref, Freeze freeze);
  Awaitable<Result<void>> unfreeze(EnvironmentRef ref, std::string reason, std::string by);

  // Drops what `retention` allows to drop.
  Awaitable<Result<void>> prune(std::chrono::milliseconds retention);

  // Audit events that belong to no change of an environment.
  Awaitable<Result<void>> note(std::vector<AuditEvent> events);

  // What is known.
  std::vector<const WatchedApp*> apps() const;
  const WatchedApp* app(std::string_view name) const;
  const WatchedEnvironment* environment(const EnvironmentRef& ref) const;
  ContentReader contents(std::string_view app) const;
  // The tool whose files the app has; empty while that is not known, or there are none.
  std::string_view layout(std::string_view app) const;

  // Why no change is taken (the audit chain is broken); empty when all is well.
  const std::string& halted() const { return halted_; }
  void halt(std::string why) { halted_ = std::move(why); }
  // Why the last write to our ledger failed; empty since one succeeded.
  const std::string& ledger_trouble() const { return ledger_trouble_; }

  // What could not be written when it happened is tried again.
  Awaitable<void> catch_up();

  // Acknowledgements expire, and what is pending gets older, without anything happening: the
  // metrics are told now and then.
  void publish_what_ages();

  // Called when something is to be compared that nobody waits for: catch_up() is wanted soon.
  std::function<void()> on_behind;
  // Called after an environment's mode changed: whoever holds connections looks again.
  std::function<void(const EnvironmentRef&)> on_mode_changed;
  // Called after an environment was compared: something of it, or of its files, is another.
  std::function<void(const EnvironmentRef&)> on_compared;
  // Called after an app turned out to have the files of another tool than was thought: which ledger
  // in its databases is the app's is another question now.
  std::function<void(const std::string& app)> on_layout_changed;

  // One for both.
  void use_clock(std::function<TimePoint()> now) {
    steady_now_ = [now] { return std::chrono::steady_clock::time_point(now().time_since_epoch()); };
    now_ = std::move(now);
  }

 private:
  struct App;
  struct AttemptStep;
  struct Place;
  struct Arrival;
  struct Settling;

  App* find_app(std::string_view name);
  Place place(const EnvironmentRef& ref) const;
  void index_places();
  Result<void> may_change() const;
  static Result<void> directory_was_read(const App& app);

  void inherit(App& app, const App& before);
  Awaitable<Result<std::vector<EnvironmentState>>> load(const AppSettings& settings);
  void remember(App& app, const EnvironmentSettings& settings, EnvironmentState state);
  const WatchedEnvironment* same_database(const App& app,
                                          const WatchedEnvironment& environment,
                                          const Identity& identity) const;
  void recognise(const Place& at, const Identity& seen);
  void succeeded(WatchedEnvironment& environment, TimePoint at);
  void failed(WatchedEnvironment& environment, const Error& error);
  Instant instant() const { return {now_(), steady_now_()}; }

  void doubt_ledgers(App& app) const;
  bool note_unchanged(const Place& at, TimePoint as_of);
  void see(Arrival& arrival);
  Awaitable<void> see_all(std::shared_ptr<Arrival> arrival);

  Awaitable<Result<void>> settle(App& app);
  Awaitable<Result<void>> settle(std::vector<App*> apps);
  bool wants_settling(const Place& at) const;
  std::vector<Place> to_settle(const std::vector<App*>& apps,
                               const std::set<const WatchedEnvironment*>& tried) const;
  Awaitable<std::vector<Settling>> judge(std::vector<Place> due);
  Awaitable<Result<void>> settle_together(std::vector<Settling> settling);
  Change change_of(const Settling& settling);
  void believe(Settling settling);
  Awaitable<Result<void>> keep_contents(const App& app,
                                        EnvironmentRef ref,
                                        std::vector<Record> records);
  static Result<void> nothing_open(const WatchedEnvironment& environment);
  static Result<void> nothing_unsettled(const WatchedEnvironment& environment);
  Result<void> may_begin(const Place& at, const NextAttempt& next, const std::string& after) const;
  static AttemptStep beginning_of(NextAttempt next);
  static const std::string& actor_of(const AttemptStep& step);
  AttemptStep end_of(const Place& at, Attempt attempt, const std::string& note) const;
  void count_end(const EnvironmentRef& ref, const Attempt& attempt);
  void publish_attempt(const EnvironmentRef& ref, const AttemptStep& step);
  enum class Compared { now, soon };
  Awaitable<Result<void>> write_attempts(Place at,
                                         std::vector<AttemptStep> steps,
                                         Compared compared = Compared::now);
  Change begin(const Place& at) const;
  Awaitable<Result<void>> write(Place at, Change change);
  Awaitable<Result<std::size_t>> take_over(Place at, std::string reason, std::string by);
  Awaitable<std::vector<Result<void>>> write(std::vector<Place> places,
                                             std::vector<Change> changes);
  void written(const Place& at, const Change& change, const Committed& committed);
  void take(WatchedEnvironment& environment, const Committed& committed);
  void take(WatchedEnvironment& environment, const Told& told);
  bool lag_turned(const WatchedEnvironment& environment) const;
  void tell_lag(const WatchedEnvironment& environment, Change& change) const;
  void note_trouble(const Error& error);
  void note_written();
  void publish(const WatchedEnvironment& environment);
  Awaitable<Result<Marked>> record(
      Place at, Marked marked, std::string what, std::string by, std::string reason);
  Awaitable<Result<FindingInPlace>> change_acknowledgement(
      std::string id, std::function<Result<ListedFinding>()> work);

  Ledger& ledger_;
  Pool& store_;
  Pool& workers_;
  Metrics& metrics_;
  Events& events_;
  std::function<TimePoint()> now_;
  std::function<std::chrono::steady_clock::time_point()> steady_now_;
  Gate gate_;
  std::vector<std::shared_ptr<Arrival>> arrived_;  // looks that nobody has seen yet
  std::vector<std::unique_ptr<App>> apps_;
  std::unordered_map<EnvironmentRef, std::pair<App*, std::size_t>, EnvironmentRef::Hash> places_;
  std::string halted_;
  std::string ledger_trouble_;
};

}  // namespace tidemark
