// Ledger::backup: a copy through a connection of its own, so that commits go on meanwhile.

#include <filesystem>
#include <system_error>

#include "adapters/store/durable_file.h"
#include "adapters/store/guard.h"
#include "adapters/store/ledger.h"
#include "adapters/store/schema.h"
#include "adapters/store/sqlite.h"

namespace tidemark {

namespace {

constexpr std::string_view copy_into = "VACUUM INTO $1";

// Whatever happens, nothing half written stays behind.
struct RemoveAtEnd {
  std::filesystem::path file;
  ~RemoveAtEnd() {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
};

Result<void> check_copy(const std::filesystem::path& copy) {
  const auto database = open_sqlite(copy, SqliteAccess::read_only);
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
  if (*version != newest_schema_version() || !damage->empty()) {
    return fail(Errc::broken, "the copy is not sound: " + *damage);
  }
  return {};
}

}  // namespace

Result<void> Ledger::backup(const std::filesystem::path& target) const {
  return guarded([&]() -> Result<void> {
    const auto doing = "back up to " + target.string();
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(target, error))) {
      return fail(Errc::conflict, doing + ": it exists already; name a new file");
    }
    RemoveAtEnd partial{target};
    partial.file += ".partial";
    if (const auto copied = copy_to(partial.file); !copied) {
      return fail(doing, copied.error());
    }
    std::filesystem::rename(partial.file, target, error);
    if (error) {
      return fail(Errc::retry, doing + ": " + error.message());
    }
    const auto flushed = flush_folder_of(target);
    return flushed ? Result<void>() : fail(doing, flushed.error());
  });
}

Result<void> Ledger::copy_to(const std::filesystem::path& copy) const {
  std::error_code ignored;
  std::filesystem::remove(copy, ignored);  // left by a backup that was killed
  if (const auto made = create_private_file(copy); !made) {
    return made;
  }
  {
    const auto source = open_sqlite(file_, SqliteAccess::read_write);
    if (!source) {
      return std::unexpected(source.error());
    }
    if (const auto copied = (*source)->execute(copy_into, {copy.string()}); !copied) {
      return std::unexpected(copied.error());
    }
  }
  if (const auto sound = check_copy(copy); !sound) {
    return sound;
  }
  return flush_file(copy);
}

}  // namespace tidemark
