#pragma once

#include <string_view>

#include "core/catalog/migration.h"

namespace tidemark {

// Every checksum that some version of Flyway could have stored for a script with these bytes.
TheirChecksums flyway_checksums(std::string_view bytes, MigrationKind kind);

}  // namespace tidemark
