#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace tidemark {

// What Django's files say, each by itself. A migration's app is called by the folder that it is in
// until all files are arranged: an apps.py may give it another label.

// "0002" and "add tax" of "0002_add_tax". What squashes up to 0004 is a little above that, so that
// all that it stands for is below it.
struct DjangoName {
  Version version;
  std::string version_text;
  std::string description;
};
DjangoName parse_django_name(std::string_view stem);

// "orders/migrations/" for what lies in a root of that name, "orders/" for an app's own folder: the
// app is called by it.
std::string django_names_above(std::string_view root, std::string_view path);

// Where a migration lies: "shop/orders" and "0002_add_tax" of
// "shop/orders/migrations/0002_add_tax.py".
struct DjangoPath {
  std::string_view app_folder;  // empty when the directory begins at it, or below it
  std::string_view stem;
};
std::optional<DjangoPath> parse_django_path(std::string_view path);

// Whether a file has the name of a migration. Where the directory begins at an app's folder of
// them, every file could be one: there only those with a number do.
bool has_django_name(std::string_view path);

// The migration, and parts for arrange_django() to look into.
std::vector<FileEntry> django_entries(std::string_view path, std::string_view bytes);
std::vector<FileEntry> django_entries_by_name(std::string_view path);

// All files together: apps by their labels, what comes before what, and what Django would refuse.
Catalog arrange_django(std::span<const ScannedFile> files, const LayoutRules& rules);

}  // namespace tidemark
