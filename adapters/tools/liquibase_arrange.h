#pragma once

#include <span>

#include "adapters/tools/tool.h"

namespace tidemark {

// What a file of an app that uses Liquibase is, for arranging; nothing when no changelog can be or
// mention it.
std::vector<FileEntry> liquibase_parts(std::string_view path, std::string_view bytes);
std::vector<FileEntry> liquibase_parts_by_name(std::string_view path);

// The changesets in the order in which Liquibase runs them, from the changelog that it starts with:
// the one that nobody includes. Of several the one with a usual name, else all count.
Result<Catalog> arrange_liquibase(std::span<const ScannedFile> files, const ReadScanned& read);

// As their ledger compares them, in lower case.
struct LiquibaseName {
  std::string path;  // normal
  std::string id;
  std::string author;
  Key key() const;
  MigrationId shown() const;
  std::size_t path_in_key() const { return path.size(); }
};

}  // namespace tidemark
