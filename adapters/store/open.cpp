// Ledger::open: everything that happens before a ledger can be relied on.

#include <system_error>
#include <utility>

#include "adapters/store/audit_table.h"
#include "adapters/store/durable_file.h"
#include "adapters/store/environment_table.h"
#include "adapters/store/guard.h"
#include "adapters/store/ledger.h"
#include "adapters/store/mark.h"
#include "adapters/store/schema.h"
#include "adapters/store/sqlite.h"

namespace tidemark {

namespace {

// A log up to this long is verified as a whole when it is opened, of a longer one its end; `audit
// verify` reads all.
constexpr std::uint64_t verified_whole_up_to = 100'000;
constexpr std::uint64_t verified_tail = 10'000;

// One name for one file, so that two daemons that reach it by different links meet at one lock.
std::filesystem::path real_path(const std::filesystem::path& file) {
  std::error_code ignored;
  auto real = std::filesystem::weakly_canonical(file, ignored);
  return real.empty() ? file : real;
}

std::string entry_words(std::uint64_t seq) {
  return "audit entry " + std::to_string(seq);
}

}  // namespace

Ledger::Ledger(std::filesystem::path file, LedgerLock lock, std::unique_ptr<Database> database)
    : file_(std::move(file)), lock_(std::move(lock)), database_(std::move(database)) {}

Result<Ledger::Opened> Ledger::open(const std::filesystem::path& file, TimePoint now) {
  const auto real = real_path(file);
  return guarded_ledger_call(real, [&] { return open_locked(real, now); });
}

Result<Ledger::Opened> Ledger::open_locked(const std::filesystem::path& file, TimePoint now) {
  auto lock = LedgerLock::take(file);
  if (!lock) {
    return std::unexpected(lock.error());
  }
  if (const auto made = create_private_file(file); !made) {
    return std::unexpected(made.error());
  }
  auto database = open_sqlite(file, SqliteAccess::read_write);
  if (!database) {
    return std::unexpected(database.error());
  }
  const auto version = schema_version(**database);
  if (!version) {
    return std::unexpected(version.error());
  }
  const auto damage = sqlite_damage(**database);
  if (!damage) {
    return std::unexpected(damage.error());
  }
  if (!damage->empty()) {
    return fail(Errc::broken, "the file is damaged: " + *damage + "; restore a backup");
  }
  if (const auto ready = prepare_sqlite_for_writing(**database); !ready) {
    return std::unexpected(ready.error());
  }
  if (const auto upgraded = upgrade_schema(**database, *version); !upgraded) {
    return std::unexpected(upgraded.error());
  }

  Ledger ledger(file, std::move(*lock), std::move(*database));
  if (const auto checked = ledger.check_tail(); !checked) {
    return std::unexpected(checked.error());
  }
  const auto restored = ledger.compare_with_mark();
  if (!restored) {
    return std::unexpected(restored.error());
  }
  if (!restored->empty() && ledger.audit_problem_.empty()) {
    if (const auto noted = ledger.note_restored(*restored, now); !noted) {
      return std::unexpected(noted.error());
    }
  }
  const int upgraded_from = *version == newest_schema_version() ? 0 : *version;
  auto problem = ledger.audit_problem_;
  return Opened{std::move(ledger), *restored, std::move(problem), upgraded_from};
}

Result<void> Ledger::check_tail() {
  const auto head = read_audit_head(*database_);
  if (!head) {
    return std::unexpected(head.error());
  }
  head_ = *head;
  const auto from = head_.seq > verified_whole_up_to ? head_.seq - verified_tail : 0;
  const auto check = check_audit(*database_, from);
  if (!check) {
    return std::unexpected(check.error());
  }
  audit_problem_ = check->problem;
  return {};
}

// In words, how the ledger contradicts the mark; empty when it does not. Being ahead of it is a
// crash between a commit and its mark.
Result<std::string> Ledger::compare_with_mark() {
  const auto file = mark_file(file_);
  const auto mark = read_mark(file);
  if (!mark) {
    return mark.error().code == Errc::broken ? Result<std::string>(mark.error().detail)
                                             : std::unexpected(mark.error());
  }
  if (!*mark) {
    if (head_.seq > 0) {
      return "its high-water mark " + file.string() + " is missing: this may be an older copy";
    }
    // Before the first entry, so that from then on a missing mark means something. Flushes the
    // folder, too.
    const auto written = write_mark(file, AuditMark{});
    return written ? Result<std::string>(std::string()) : std::unexpected(written.error());
  }
  const auto seq = (*mark)->seq;
  if (seq == 0) {
    return std::string();
  }
  if (head_.seq == 0) {
    return "it is empty, but its high-water mark names " + entry_words(seq) + ": it was lost";
  }
  if (seq > head_.seq) {
    return "it ends at " + entry_words(head_.seq) + ", but " + entry_words(seq) +
           " was written: an older copy was restored, or its end was cut off";
  }
  const auto hash = read_audit_hash(*database_, seq);
  if (!hash) {
    return std::unexpected(hash.error());
  }
  if (*hash != (*mark)->hash) {
    return entry_words(seq) + " is not the one that was written: another copy was put in its place";
  }
  return std::string();
}

// In the ledger itself and before anything else, so that a crash right afterwards cannot make us
// forget it. The mark follows the commit: until then the next start would notice again.
Result<void> Ledger::note_restored(const std::string& why, TimePoint now) {
  const auto written = write([&]() -> Events {
    if (const auto done =
            doubt_all_histories(*database_, "our ledger went back in time: " + why, now);
        !done) {
      return std::unexpected(done.error());
    }
    AuditEvent event{.at = now,
                     .actor = "tidemark",
                     .what = "ledger.restored",
                     .app = {},
                     .environment = {},
                     .details = {}};
    event.details = {
        {"why", why}, {"last_entry", std::to_string(head_.seq)}, {"last_hash", head_.hash.hex()}};
    return std::vector{std::move(event)};
  });
  if (!written) {
    return fail("note that it went back in time", written.error());
  }
  return {};
}

}  // namespace tidemark
