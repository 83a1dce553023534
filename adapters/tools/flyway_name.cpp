#include "adapters/tools/flyway_name.h"

#include <algorithm>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

constexpr std::string_view separator = "__";

// [0-9]+([._][0-9]+)*
bool is_version(std::string_view text) {
  while (true) {
    const auto end = text.find_first_of("._");
    if (!all_digits(text.substr(0, end))) {
      return false;
    }
    if (end == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(end + 1);
  }
}

std::optional<Role> role_of(char prefix) {
  switch (prefix) {
    case 'V':
      return Role::versioned;
    case 'U':
      return Role::rollback;
    case 'B':
      return Role::baseline;
    case 'R':
      return Role::repeatable;
    default:
      return std::nullopt;
  }
}

// The ledger's column holds 200 characters: what is longer ends in dots there.
std::string cut(std::string description) {
  constexpr std::size_t longest = 200;
  constexpr std::string_view dots = "...";
  std::size_t characters = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < description.size(); ++i) {
    if ((static_cast<unsigned char>(description[i]) & 0xC0U) == 0x80U) {
      continue;  // a further byte of the same character
    }
    if (characters == longest - dots.size()) {
      kept = i;
    }
    ++characters;
  }
  if (characters > longest) {
    description.resize(kept);
    description += dots;
  }
  return description;
}

}  // namespace

std::optional<FlywayName> parse_flyway_name(std::string_view stem) {
  const auto role = stem.empty() ? std::nullopt : role_of(stem.front());
  if (!role) {
    return std::nullopt;
  }
  const auto rest = stem.substr(1);
  const auto split = rest.find(separator);
  const auto version = rest.substr(0, split);
  const auto description =
      split == std::string_view::npos ? std::string_view() : rest.substr(split + separator.size());
  if (*role == Role::repeatable) {
    if (!version.empty() || split == std::string_view::npos) {
      return std::nullopt;
    }
  } else if (!is_version(version)) {
    return std::nullopt;
  }
  std::string dotted(version);
  std::ranges::replace(dotted, '_', '.');
  return FlywayName{*role, std::move(dotted), cut(with_blanks(description))};
}

std::string flyway_version_key(std::string_view version_text) {
  return is_version(version_text) ? Version::parse(version_text).canonical()
                                  : std::string(version_text);
}

Key flyway_key(Role role, std::string_view version_text, std::string_view description) {
  switch (role) {
    case Role::versioned:
    case Role::rollback:
    case Role::part:
      return {flyway_version_key(version_text)};
    case Role::baseline:
      return {"B" + flyway_version_key(version_text)};
    case Role::repeatable:
      return {"R__" + std::string(description)};
  }
  return {};
}

}  // namespace tidemark
