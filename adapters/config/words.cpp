#include "adapters/config/words.h"

#include "adapters/tools/tool.h"

namespace tidemark {

std::vector<std::string_view> known_layouts() {
  std::vector<std::string_view> words{"auto"};
  for (const auto* tool : all_tools()) {
    words.push_back(tool->name());
  }
  return words;
}

std::vector<std::string_view> known_ledgers() {
  std::vector<std::string_view> words{"auto", "none"};
  for (const auto* tool : all_tools()) {
    if (!tool->telltales().empty()) {
      words.push_back(tool->name());
    }
  }
  return words;
}

}  // namespace tidemark
