#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/store/change.h"
#include "adapters/store/database.h"
#include "adapters/store/ledger_lock.h"
#include "core/result.h"

namespace tidemark {

// Our ledger: what was applied where and on whose word, what was tried, what is wrong, and who did
// what. Everything that it returns as written is on the disk, and a call that fails has changed
// nothing.
//
// Blocks: called on a pool thread, one call at a time (backup alone may run beside the others).
// Besides the file itself there are FILE.lock, FILE.mark (see mark.h), and SQLite's FILE-wal and
// FILE-shm.
//
// Every write fails with `broken` when the audit log does not verify: halt rather than lie.
class Ledger {
 public:
  struct Opened;

  // Makes the file when there is none, but not its folder. Fails with conflict when another process
  // has the ledger, before anything is touched; with invalid when a newer tidemark wrote it; with
  // broken when it is damaged.
  static Result<Opened> open(const std::filesystem::path& file, TimePoint now);

  // Environments that are new to us are remembered from now on.
  Result<std::vector<EnvironmentState>> load(std::span<const EnvironmentRef> environments,
                                             TimePoint now);
  Result<EnvironmentState> load(const EnvironmentRef& environment, TimePoint now);

  // Keeps the history of an environment whose name in the config has changed. False when there is
  // nothing under the old name (any more). conflict: both names have one.
  Result<bool> rename(const EnvironmentRef& from, const std::string& to, TimePoint now);

  // All of them or none, in one go: what a disk takes its time for is the same for one and for
  // many.
  Result<std::vector<Committed>> commit(std::span<const Change> changes);
  Result<Committed> commit(const Change& change);

  // Events without a change in an environment: refusals, reloads, backups.
  Result<std::vector<AuditEntry>> append(const std::vector<AuditEvent>& events);

  Result<std::vector<ListedFinding>> findings(const FindingFilter& filter);
  Result<ListedFinding> finding(const std::string& id);

  // conflict: it is resolved already.
  Result<ListedFinding> acknowledge(const std::string& id, const Acknowledgement& acknowledgement);
  // conflict: it is resolved, or nobody has acknowledged it.
  Result<ListedFinding> unacknowledge(const std::string& id,
                                      const std::string& by,
                                      const std::string& reason,
                                      TimePoint at);

  // nullopt: it was never stored (too large, or nobody had it).
  Result<std::optional<std::string>> content(const Digest& digest);
  Result<bool> has_content(const Digest& digest);

  Result<std::vector<AuditEntry>> audit(const AuditFilter& filter);

  // Reads the whole log. One that does not verify stops every further write.
  Result<AuditCheck> verify_audit();

  // Drops findings that were resolved longer than `retention` ago and contents that neither a
  // record nor an unsettled attempt refers to. Records, attempts and audit entries stay for ever.
  Result<Pruned> prune(TimePoint now, std::chrono::milliseconds retention);

  // A consistent, checked copy of the ledger in one file; `target` must not exist. Put back later,
  // it is noticed as older than the mark (or as having none), and histories become uncertain. May
  // run on another thread.
  Result<void> backup(const std::filesystem::path& target) const;

  // Why nothing can be written; empty when all is well.
  const std::string& audit_problem() const { return audit_problem_; }

  // Of commits in quick succession the first moves the high-water mark, and the others leave it to
  // this: it is to be called every few seconds. Returns why the mark could not be written; empty
  // when it was. Nothing is lost by that, but a restore could go unnoticed until it is.
  const std::string& keep_mark();

  // Brings all that was written into the one file, which takes as long as the disk does. Nothing
  // may be asked of it afterwards.
  void close();
  ~Ledger();
  Ledger(Ledger&&) = default;
  Ledger& operator=(Ledger&&) = delete;

 private:
  using Events = Result<std::vector<AuditEvent>>;

  Ledger(std::filesystem::path file, LedgerLock lock, std::unique_ptr<Database> database);
  template <class Work>
  auto guarded(Work work) const -> decltype(work());

  static Result<Opened> open_locked(const std::filesystem::path& file, TimePoint now);
  Result<void> check_tail();
  Result<std::string> compare_with_mark();
  Result<void> note_restored(const std::string& why, TimePoint now);
  Result<std::vector<AuditEntry>> write(const std::function<Events()>& work);
  void move_mark();
  Result<void> meet(std::span<const EnvironmentRef> environments, TimePoint now);
  Result<EnvironmentState> load_everything(const EnvironmentRef& environment);
  Events apply(const Change& change, Committed& committed);
  Result<ListedFinding> open_one(const std::string& id);
  Result<ListedFinding> change_acknowledgement(
      ListedFinding listed,
      const std::optional<Acknowledgement>& acknowledgement,
      AuditEvent event);
  Result<void> copy_to(const std::filesystem::path& copy) const;

  std::filesystem::path file_;
  LedgerLock lock_;
  std::unique_ptr<Database> database_;
  AuditMark head_;  // the last entry that we know to be in the log
  std::string audit_problem_;
  std::string mark_problem_;
  bool mark_is_late_ = false;
  std::chrono::steady_clock::time_point mark_moved_;
};

struct Ledger::Opened {
  Ledger ledger;
  std::string restored;  // why this ledger went back in time, all histories being uncertain now;
                         // empty: it did not
  std::string audit_problem;  // why nothing can be written; empty: all is well
  int upgraded_from = 0;      // the schema version that it had, when that was an older one
};

}  // namespace tidemark
