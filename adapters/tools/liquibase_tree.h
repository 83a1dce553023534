#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "adapters/tools/liquibase_changelog.h"

namespace tidemark {

// YAML and JSON say the same things in the same words.

// A changelog of the elements of its root; `pieces` are where they stand.
Result<LiquibaseChangelog> liquibase_changelog_of(const boost::json::value& root,
                                                  const std::vector<Piece>& pieces,
                                                  bool certain);

// What Liquibase makes of a word of YAML that is not in quotes: of 1.10 it is the number 1.1, of
// 007 the number 7, of `yes` it is true. All else stays as it is.
std::string liquibase_yaml_word(std::string_view plain);

// From the bracket or brace at `begin` to behind the one that closes it, past quoted text; to the
// end when nothing does.
std::size_t end_of_brackets(std::string_view bytes, std::size_t begin);

}  // namespace tidemark
