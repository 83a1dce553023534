#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace tidemark {

// How the names of scripts are made up, which people may set.
struct FlywayNaming {
  std::string versioned = "V";
  std::string undo = "U";
  std::string baseline = "B";
  std::string repeatable = "R";
  std::string separator = "__";
  std::vector<std::string> suffixes{".sql"};
  friend bool operator==(const FlywayNaming&, const FlywayNaming&) = default;
};

// "V1_2__add_tax" of "db/V1_2__add_tax.sql"; nullopt for a file with another suffix.
std::optional<std::string_view> flyway_stem(std::string_view path, const FlywayNaming& naming);

// What Flyway reads from a script's name without its suffix: "V1_2__add_tax".
struct FlywayName {
  FileEntry::Role role = FileEntry::Role::versioned;
  std::string version_text;  // dotted, as the ledger stores it; empty for repeatables
  std::string description;   // with blanks, cut as the ledger cuts it
};
std::optional<FlywayName> parse_flyway_name(std::string_view stem, const FlywayNaming& naming = {});

// 1, 01, 1.0 and 1_0 are one version. What is no version to Flyway stays as it is.
std::string flyway_version_key(std::string_view version_text);

// What tells migrations apart: the version, for baseline scripts with B in front (they are other
// files than the versioned ones that they stand for), for repeatables the description.
Key flyway_key(FileEntry::Role role, std::string_view version_text, std::string_view description);

}  // namespace tidemark
