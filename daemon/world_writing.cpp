// What the world writes to our ledger, and what it says when that cannot be written.

#include <algorithm>
#include <iterator>

#include "adapters/log/log.h"
#include "adapters/metrics/metrics.h"
#include "adapters/store/ledger.h"
#include "core/drift/history.h"
#include "daemon/world.h"
#include "daemon/world_parts.h"

namespace tidemark {

namespace {

// Contents go to the ledger in portions, so that the first look at a large directory needs no
// memory for all of it.
constexpr std::size_t contents_at_once = 16U << 20U;

}  // namespace

// The contents that records refer to, read again from the directory; one that changed meanwhile is
// looked at anew by the scan that noticed.
Awaitable<Result<void>> World::keep_contents(const App& app,
                                             EnvironmentRef ref,
                                             std::vector<Record> records) {
  std::vector<Migration> wanted;
  const auto files = by_key(app.watched.catalog);
  for (const auto& record : records) {
    const Migration* file = find(files, record.key);
    if (record.content && file != nullptr && record.content->raw == file->content.raw &&
        file->content.size <= content_size_max) {
      wanted.push_back(*file);
    }
  }
  // What is in one file one after the other: that is read once.
  std::ranges::sort(wanted, {}, &Migration::file);
  if (!wanted.empty() && app.contents) {
    auto work = [this, ref, read = app.contents, wanted = std::move(wanted), now = now_()]()
        -> Result<void> {
      Change portion;
      portion.environment = ref;
      portion.at = now;
      std::size_t size = 0;
      const auto write_portion = [&]() -> Result<void> {
        const auto written = ledger_.commit(portion);
        portion.contents.clear();
        size = 0;
        return written ? Result<void>{} : std::unexpected(written.error());
      };
      for (const auto& migration : wanted) {
        const auto& digest = migration.content.raw;
        const auto known = ledger_.has_content(digest);
        if (known && *known) {
          continue;
        }
        auto bytes = read(migration);
        if (bytes) {
          size += bytes->size();
          portion.contents.push_back({digest, std::move(*bytes)});
        }
        if (size >= contents_at_once) {
          if (auto written = write_portion(); !written) {
            return written;
          }
        }
      }
      return portion.contents.empty() ? Result<void>{} : write_portion();
    };
    auto kept = co_await store_.run(std::move(work));
    if (!kept) {
      note_trouble(kept.error());
      co_return kept;
    }
  }
  co_return Result<void>{};
}

void World::note_trouble(const Error& error) {
  // Told once: the same trouble reads differently for each environment that waits to be written.
  if (ledger_trouble_.empty()) {
    log_error("our ledger cannot be written", {{"error", error.detail}});
  }
  ledger_trouble_ = error.detail;
  metrics_.ledger_writable(false);
}

void World::note_written() {
  if (!ledger_trouble_.empty()) {
    log_info("our ledger can be written again");
  }
  ledger_trouble_.clear();
  metrics_.ledger_writable(true);
}

// A change of an environment takes along what is still to be written of it: written later, that
// would undo this.
Change World::begin(const Place& at) const {
  Change change = at.unsettled().change;
  change.environment = at.environment->ref;
  change.at = now_();
  return change;
}

// All in one go; where that fails each by itself.
Awaitable<std::vector<Result<void>>> World::write(std::vector<Place> places,
                                                  std::vector<Change> changes) {
  if (places.empty()) {
    co_return std::vector<Result<void>>{};
  }
  if (auto allowed = may_change(); !allowed) {
    co_return std::vector<Result<void>>(places.size(), allowed);
  }
  const auto shared = std::make_shared<const std::vector<Change>>(std::move(changes));
  auto work = [this, shared] {
    std::vector<Result<Committed>> each;
    auto all = ledger_.commit(*shared);
    if (all) {
      std::ranges::move(*all, std::back_inserter(each));
    } else if (shared->size() == 1) {
      each.push_back(std::unexpected(all.error()));
    } else {
      for (const auto& change : *shared) {
        each.push_back(ledger_.commit(change));
      }
    }
    return each;
  };
  const auto committed = co_await store_.run(std::move(work));
  std::vector<Result<void>> results;
  const Error* trouble = nullptr;
  for (std::size_t i = 0; i < committed.size(); ++i) {
    if (committed[i]) {
      written(places[i], (*shared)[i], *committed[i]);
      results.emplace_back();
    } else {
      trouble = &committed[i].error();
      results.push_back(std::unexpected(*trouble));
    }
  }
  if (trouble != nullptr) {
    note_trouble(*trouble);
  } else {
    note_written();
  }
  co_return results;
}

Awaitable<Result<void>> World::write(Place at, Change change) {
  std::vector<Place> places{at};
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto results = co_await write(std::move(places), std::move(changes));
  co_return results.front();
}

void World::written(const Place& at, const Change& change, const Committed& committed) {
  if (change.told) {
    take(*at.environment, *change.told);
  }
  at.unsettled().change = Change{};
  at.unsettled().write = false;
  take(*at.environment, committed);
}

}  // namespace tidemark
