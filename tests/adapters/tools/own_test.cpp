#include <doctest/doctest.h>

#include "adapters/tools/tool.h"
#include "core/catalog/content.h"

using namespace tidemark;

namespace {

using Role = FileEntry::Role;

std::optional<FileEntry> entry(std::string_view path) {
  const auto entries = find_tool("own")->entries(path, "SELECT 1;\n");
  return entries.empty() ? std::nullopt : std::optional(entries.front());
}

std::string key(std::string_view path) {
  const auto found = entry(path);
  return found ? found->key.value : "(none)";
}

}  // namespace

TEST_CASE("144_add_tax.sql is migration 144") {
  const auto found = entry("144_add_tax.sql");
  REQUIRE(found);
  CHECK(found->role == Role::versioned);
  CHECK(found->key.value == "144");
  CHECK(found->id.value == "144_add_tax");
  CHECK(found->version == Version::parse("144"));
  CHECK(found->version_text == "144");
  CHECK(found->description == "add tax");
}

TEST_CASE("a number after a date belongs to the version") {
  const auto found = entry("20260418_001_users.sql");
  REQUIRE(found);
  CHECK(found->key.value == "20260418_001");
  CHECK(found->id.value == "20260418_001_users");
  CHECK(found->version == Version::parse("20260418.1"));
  CHECK(found->description == "users");
  CHECK(entry("20260418_001.sql")->key.value == "20260418_001");
}

TEST_CASE("a number after anything but a date belongs to the name") {
  CHECK(key("144_2_factor.sql") == "144");
  CHECK(key("20261318_001_users.sql") == "20261318");  // there is no month 13
  CHECK(key("20260418_2fa.sql") == "20260418");
  CHECK(key("20260418143000_001_users.sql") == "20260418143000");
  CHECK(key("20260418_users.sql") == "20260418");
}

TEST_CASE("own versions sort by date, then by number, and 9 before 10") {
  CHECK(entry("20260418_002_a.sql")->version < entry("20260418_010_b.sql")->version);
  CHECK(entry("20260418_010_b.sql")->version < entry("20260419_001_c.sql")->version);
  CHECK(entry("9_a.sql")->version < entry("10_b.sql")->version);
}

TEST_CASE("the key is the version as it is written") {
  CHECK(key("0144_a.sql") == "0144");
  CHECK(key("144.sql") == "144");
  CHECK(key("144__a.sql") == "144");
  CHECK(key("deep/down/144_a.SQL") == "144");
}

TEST_CASE("a rollback lies beside its migration under one of three names") {
  for (const auto* path : {"144_add_tax.rollback.sql",
                           "144_add_tax__down.sql",
                           "144_add_tax.down.sql",
                           "144_add_tax.Down.SQL",
                           "144__down.sql"}) {
    CAPTURE(path);
    REQUIRE(entry(path));
    CHECK(entry(path)->role == Role::rollback);
    CHECK(entry(path)->key.value == "144");
  }
  CHECK(entry("20260418_001_users.rollback.sql")->key.value == "20260418_001");
}

TEST_CASE("a name that only speaks of going down is a migration") {
  CHECK(entry("144_shut_down.sql")->role == Role::versioned);
  CHECK(entry("144_rollback.sql")->role == Role::versioned);
}

TEST_CASE("what is no migration of ours is none") {
  for (const auto* path : {"144_add_tax.up.sql",  // golang-migrate's
                           "add_tax.sql",
                           "V2__orders.sql",
                           "schema.sql",
                           "structure.sql",
                           "seeds.sql",
                           "seeds/001_users.sql",
                           "db/seed/001_users.sql",
                           "144_add_tax.sql~",
                           "144_add_tax.sql.orig",
                           "144_add_tax.sql.rej",
                           ".144_add_tax.sql.swp",
                           ".144_add_tax.sql",
                           "144_add_tax.txt",
                           "144-add-tax.sql",
                           "144a_add.sql",
                           "_144_add.sql",
                           "144_add_REMOTE_99.sql",
                           ".sql",
                           "144_add_tax"}) {
    CAPTURE(path);
    CHECK(key(path) == "(none)");
  }
}

TEST_CASE("own files are known by the hash of their bytes, with whichever line endings or mark") {
  const auto accepted = [](std::string_view bytes) {
    return find_tool("own")->entries("144_a.sql", bytes).front().checksums.accepted;
  };
  const std::string mark = "\xEF\xBB\xBF";
  CHECK(accepted("a") == std::vector{sha256("a").hex(), sha256(mark + "a").hex()});
  CHECK(accepted(mark + "a") == std::vector{sha256(mark + "a").hex(), sha256("a").hex()});
  CHECK(accepted("a\nb\n") == std::vector{sha256("a\nb\n").hex(),
                                          sha256(mark + "a\nb\n").hex(),
                                          sha256("a\r\nb\r\n").hex(),
                                          sha256(mark + "a\r\nb\r\n").hex()});
  CHECK(accepted("a\r\nb").front() == sha256("a\r\nb").hex());
  CHECK(accepted("a\r\nb").size() == 4);
  CHECK(accepted("a\r\nb\n").size() == 6);
  // Another tool's checksum that is none of these proves nothing.
  CHECK_FALSE(find_tool("own")->entries("144_a.sql", "a").front().checksums.complete);
  CHECK(find_tool("own")->entries_by_name("144_a.sql").front().checksums ==
        TheirChecksums{{}, false});
}
