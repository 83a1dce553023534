#include "adapters/tools/answer.h"

#include <charconv>

namespace tidemark {

std::optional<std::string> value_of(const ResultSet& answer, std::size_t column) {
  if (answer.rows.size() != 1 || answer.rows.front().size() <= column) {
    return std::nullopt;
  }
  return answer.rows.front()[column];
}

std::uint32_t number_of(const std::optional<std::string>& text, int base) {
  std::uint32_t value = 0;
  if (text) {
    std::from_chars(text->data(), text->data() + text->size(), value, base);
  }
  return value;
}

}  // namespace tidemark
