#pragma once

#include <filesystem>

#include "core/result.h"

namespace tidemark {

// Held for as long as a daemon has its ledger open; the kernel lets go of it however the daemon
// ends. The lock file stays: deleting it would let two daemons hold locks on two files of one name.
class LedgerLock {
 public:
  // conflict: somebody else has it; the detail names their process.
  static Result<LedgerLock> take(const std::filesystem::path& ledger);

  ~LedgerLock();
  LedgerLock(LedgerLock&& other) noexcept;
  LedgerLock& operator=(LedgerLock&& other) noexcept;

 private:
  explicit LedgerLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tidemark
