#pragma once

#include <filesystem>
#include <memory>

#include "adapters/store/database.h"

namespace tidemark {

enum class SqliteAccess { read_write, read_only };

// The file must exist; an empty one is an empty database. Reads nothing of it yet. Read-write: WAL,
// every commit on the disk before it returns, foreign keys on.
Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& file,
                                              SqliteAccess access);

// Makes a fresh handle ready for writing. Separate, so that a file can be looked at before anything
// in it is changed.
Result<void> prepare_sqlite_for_writing(Database& database);

// "" when the file's structure is sound, else what is wrong with it.
Result<std::string> sqlite_damage(Database& database);

}  // namespace tidemark
