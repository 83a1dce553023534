#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

using HashOf = std::function<std::string(std::string_view bytes)>;

// The hashes, each once, that a tool may have of a file which an editor or a checkout has rewritten
// since: first that of the bytes as they are, then with other line endings, and without a
// byte-order mark or with one.
std::vector<std::string> hashes_as_rewritten(std::string_view bytes, const HashOf& hash);

}  // namespace tidemark
