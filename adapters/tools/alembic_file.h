#pragma once

#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace tidemark {

// Whether a file could be a revision, by its name, which otherwise says nothing.
bool may_be_alembic_revision(std::string_view path);

// The revision, and parts for arrange_alembic() to look into.
std::vector<FileEntry> alembic_entries(std::string_view path, std::string_view bytes);
// What the usual names tell: "ae10_add_tax.py" is revision ae10.
std::vector<FileEntry> alembic_entries_by_name(std::string_view path);

// All files together: what comes before what, whether it is named in full, by how it begins or by a
// label of its branch, and what Alembic would refuse.
Catalog arrange_alembic(std::span<const ScannedFile> files, const LayoutRules& rules);

}  // namespace tidemark
