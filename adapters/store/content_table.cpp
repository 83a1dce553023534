#include "adapters/store/content_table.h"

#include "adapters/store/deflate.h"

namespace tidemark {

namespace {

constexpr std::string_view insert_content = R"sql(
  INSERT INTO contents (sha256, size, compressed) VALUES ($1, $2, $3)
  ON CONFLICT (sha256) DO NOTHING
)sql";

constexpr std::string_view select_content = R"sql(
  SELECT size, compressed FROM contents WHERE sha256 = $1
)sql";

constexpr std::string_view count_content = R"sql(
  SELECT count(*) FROM contents WHERE sha256 = $1
)sql";

constexpr std::string_view delete_unreferenced = R"sql(
  DELETE FROM contents
   WHERE NOT EXISTS (SELECT 1 FROM records WHERE records.sha256 = contents.sha256)
     AND sha256 NOT IN (SELECT sha256 FROM attempts WHERE outcome NOT IN ('applied', 'not_applied'))
)sql";

Result<void> insert_one(Database& database, const ContentBytes& content) {
  if (content.bytes.size() > content_size_max) {
    return {};
  }
  const auto known_already = has_content(database, content.digest);
  if (!known_already) {
    return std::unexpected(known_already.error());
  }
  if (*known_already) {
    return {};
  }
  if (sha256(content.bytes) != content.digest) {
    return fail(Errc::conflict,
                "the bytes are not those of its hash: the file has changed meanwhile");
  }
  const auto added = database.execute(insert_content,
                                      {sql_digest(content.digest),
                                       static_cast<std::int64_t>(content.bytes.size()),
                                       SqlBlob{deflated(content.bytes)}});
  if (!added) {
    return std::unexpected(added.error());
  }
  return {};
}

}  // namespace

Result<void> insert_contents(Database& database, std::span<const ContentBytes> contents) {
  for (const auto& content : contents) {
    if (const auto done = insert_one(database, content); !done) {
      return fail("store content " + content.digest.hex(), done.error());
    }
  }
  return {};
}

Result<std::optional<std::string>> read_content(Database& database, const Digest& digest) {
  const auto rows = database.query(select_content, {sql_digest(digest)});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  if (rows->empty()) {
    return std::optional<std::string>();
  }
  const auto size = rows->front().integer(0);
  if (size < 0 || size > static_cast<std::int64_t>(content_size_max)) {
    return fail(Errc::broken, "content " + digest.hex() + " has an impossible size");
  }
  auto bytes = inflated(rows->front().blob(1), static_cast<std::size_t>(size));
  if (!bytes || sha256(*bytes) != digest) {
    return fail(Errc::broken, "content " + digest.hex() + " is damaged: it no longer has its hash");
  }
  return bytes;
}

Result<bool> has_content(Database& database, const Digest& digest) {
  const auto rows = database.query(count_content, {sql_digest(digest)});
  if (!rows) {
    return std::unexpected(rows.error());
  }
  return rows->front().integer(0) > 0;
}

Result<std::int64_t> delete_unreferenced_contents(Database& database) {
  return database.execute(delete_unreferenced);
}

}  // namespace tidemark
