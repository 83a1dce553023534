#pragma once

#include <string>
#include <string_view>

namespace tidemark {

// The URI of a project as it goes into the ids of changes, however the plan writes it: Sqitch lets
// Perl's URI module make one text of all that mean the same.
std::string canonical_uri(std::string_view uri);

}  // namespace tidemark
