#pragma once

#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <utility>

#include "adapters/store/ledger.h"

namespace tidemark {

// Runs `work`, which returns a Result. What it throws becomes an Error, and every Error says which
// ledger.
template <class Work>
auto guarded_ledger_call(const std::filesystem::path& file, Work work) -> decltype(work()) {
  const auto where = "ledger " + file.string();
  try {
    auto result = work();
    if (!result) {
      return fail(where, result.error());
    }
    return result;
  } catch (const DamagedLedger& damage) {
    return fail(Errc::broken, where + " is damaged: " + damage.what() + "; restore a backup");
  } catch (const std::bad_alloc&) {
    return fail(Errc::retry, where + ": out of memory");
  } catch (const std::exception& error) {
    return fail(Errc::internal, where + ": " + error.what());
  }
}

template <class Work>
auto Ledger::guarded(Work work) const -> decltype(work()) {
  return guarded_ledger_call(file_, std::move(work));
}

}  // namespace tidemark
