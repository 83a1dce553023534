#include "adapters/tools/numbered.h"

#include <algorithm>
#include <map>

#include "adapters/tools/file_name.h"
#include "adapters/tools/hash.h"

namespace tidemark {

namespace {

std::string_view digits_in_front(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

}  // namespace

std::optional<NumberedName> numbered_name(std::string_view stem) {
  const auto number = digits_in_front(stem);
  const auto rest = stem.substr(number.size());
  if (number.empty() || !rest.starts_with('_')) {
    return std::nullopt;
  }
  return NumberedName{number, rest.substr(1)};
}

FileEntry numbered_entry(const NumberedName& name, std::string_view id) {
  return {FileEntry::Role::versioned,
          {without_leading_zeros(name.number)},
          {std::string(id)},
          Version::parse(name.number),
          std::string(name.number),
          with_blanks(name.name),
          TheirChecksums{{}, false}};
}

Row numbered_row(const std::string& stored, const std::string& token) {
  const auto number = digits_in_front(stored);
  Row row;
  row.key = {number.empty() ? stored : without_leading_zeros(number)};
  row.id = {stored};
  row.version = Version::parse(number);
  row.version_text = stored;
  row.token = token;
  return row;
}

void refuse_same_names(Catalog& catalog) {
  std::map<std::string, const Migration*> names;
  for (const auto& migration : catalog.migrations) {
    const auto [at, added] = names.emplace(migration.description, &migration);
    if (!added && !migration.description.empty()) {
      catalog.problems.push_back({migration.file, "has the same name as " + at->second->file});
    }
  }
  std::ranges::sort(catalog.problems);
}

}  // namespace tidemark
