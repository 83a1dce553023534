#include "adapters/tools/flyway_name.h"

#include <algorithm>
#include <array>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace {

using Role = FileEntry::Role;

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

struct Prefix {
  Role role = Role::versioned;
  std::string_view text;
};

// Of several that a name begins with the longest counts.
std::optional<Prefix> prefix_of(std::string_view stem, const FlywayNaming& naming) {
  const std::array all{Prefix{Role::versioned, naming.versioned},
                       Prefix{Role::rollback, naming.undo},
                       Prefix{Role::baseline, naming.baseline},
                       Prefix{Role::repeatable, naming.repeatable}};
  std::optional<Prefix> longest;
  for (const auto& prefix : all) {
    if (stem.starts_with(prefix.text) && (!longest || prefix.text.size() > longest->text.size())) {
      longest = prefix;
    }
  }
  return longest;
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

std::optional<std::string_view> flyway_stem(std::string_view path, const FlywayNaming& naming) {
  for (const auto& suffix : naming.suffixes) {
    if (const auto stem = without_suffix(base_name(path), suffix)) {
      return stem;
    }
  }
  return std::nullopt;
}

std::optional<FlywayName> parse_flyway_name(std::string_view stem, const FlywayNaming& naming) {
  const auto prefix = prefix_of(stem, naming);
  if (!prefix) {
    return std::nullopt;
  }
  const auto rest = stem.substr(prefix->text.size());
  const auto split = rest.find(naming.separator);
  const auto version = rest.substr(0, split);
  const auto description = split == std::string_view::npos
                               ? std::string_view()
                               : rest.substr(split + naming.separator.size());
  if (prefix->role == Role::repeatable) {
    if (!version.empty() || split == std::string_view::npos) {
      return std::nullopt;
    }
  } else if (!is_version(version)) {
    return std::nullopt;
  }
  std::string dotted(version);
  std::ranges::replace(dotted, '_', '.');
  return FlywayName{prefix->role, std::move(dotted), cut(with_blanks(description))};
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
