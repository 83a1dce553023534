#pragma once

#include <span>

#include "adapters/store/change.h"
#include "adapters/store/database.h"

namespace tidemark {

// File contents by their hash: stored once, compressed.

// Those above content_size_max are left out. conflict: the bytes are not those of the hash (the
// file has changed since it was hashed).
Result<void> insert_contents(Database& database, std::span<const ContentBytes> contents);

// nullopt: not stored. broken: what is stored is not what was.
Result<std::optional<std::string>> read_content(Database& database, const Digest& digest);

Result<bool> has_content(Database& database, const Digest& digest);

// Those that neither a record refers to nor an attempt that nobody has settled.
Result<std::int64_t> delete_unreferenced_contents(Database& database);

}  // namespace tidemark
