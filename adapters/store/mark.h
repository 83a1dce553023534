#pragma once

#include <filesystem>
#include <optional>

#include "core/audit/event.h"
#include "core/result.h"

namespace tidemark {

// The high-water mark of the audit log, in a file beside the ledger: how a ledger that went back in
// time is noticed. It is written after the commit, and not after each of many at once, so it may be
// some seconds behind the ledger when that crashes, never ahead of it.

std::filesystem::path mark_file(const std::filesystem::path& ledger);

// nullopt: there is none. broken: there is one, and it does not say what it should.
Result<std::optional<AuditMark>> read_mark(const std::filesystem::path& file);

Result<void> write_mark(const std::filesystem::path& file, const AuditMark& mark);

}  // namespace tidemark
