#include "adapters/config/yaml_scalar.h"

#include <algorithm>
#include <array>

namespace tidemark {

namespace {

constexpr std::string_view decimal = "0123456789";

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == text.npos;
}

bool one_of(std::string_view text, const auto& words) {
  return std::ranges::find(words, text) != words.end();
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
}

bool integer(std::string_view text) {
  return consists_of(without_sign(text), decimal) ||
         (text.starts_with("0o") && consists_of(text.substr(2), "01234567")) ||
         (text.starts_with("0x") && consists_of(text.substr(2), "0123456789abcdefABCDEF"));
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool real(std::string_view text) {
  auto rest = without_sign(text);
  const auto digits = [&] {
    const auto count = std::min(rest.find_first_not_of(decimal), rest.size());
    rest.remove_prefix(count);
    return count;
  };
  const auto whole = digits();
  std::size_t fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = digits();
  }
  if (whole + fraction == 0) {
    return false;
  }
  if (rest.starts_with('e') || rest.starts_with('E')) {
    return consists_of(without_sign(rest.substr(1)), decimal);
  }
  return rest.empty();
}

}  // namespace

YamlNode::Kind plain_scalar_kind(std::string_view text) {
  constexpr std::array<std::string_view, 6> truths{
      "true", "True", "TRUE", "false", "False", "FALSE"};
  constexpr std::array<std::string_view, 3> infinities{".inf", ".Inf", ".INF"};
  constexpr std::array<std::string_view, 3> not_numbers{".nan", ".NaN", ".NAN"};
  if (one_of(text, truths)) {
    return YamlNode::Kind::boolean;
  }
  const bool number = integer(text) || real(text) || one_of(without_sign(text), infinities) ||
                      one_of(text, not_numbers);
  return number ? YamlNode::Kind::number : YamlNode::Kind::text;
}

}  // namespace tidemark
