#include "adapters/tools/rewritten.h"

#include <algorithm>

#include "adapters/tools/hash.h"

namespace tidemark {

std::vector<std::string> hashes_as_rewritten(std::string_view bytes, const HashOf& hash) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  std::vector<std::string> all;
  const auto add = [&](std::string_view form) {
    auto hashed = hash(form);
    if (std::ranges::find(all, hashed) == all.end()) {
      all.push_back(std::move(hashed));
    }
  };
  const auto add_with_and_without = [&](std::string form) {
    add(form);
    add(form.insert(0, mark));
  };
  add(bytes);
  const auto text = bytes.substr(bytes.starts_with(mark) ? mark.size() : 0);
  add_with_and_without(std::string(text));
  add_with_and_without(with_lf(text));
  add_with_and_without(with_crlf(text));
  return all;
}

}  // namespace tidemark
