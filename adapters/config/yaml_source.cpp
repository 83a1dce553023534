#include "adapters/config/yaml_source.h"

#include <algorithm>

#include "core/text/printable.h"

namespace tidemark {

namespace {

bool continues_a_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Empty: the byte at `at` is fine.
std::string what_is_bad(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\r') {
    return text.substr(at).starts_with("\r\n") ? "" : "a carriage return without a line feed";
  }
  const bool control = (c >= 0 && c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
  return control ? "the control character " + printable(text.substr(at, 1)) : "";
}

}  // namespace

YamlSource::YamlSource(std::string_view text) : text_(text), line_starts_{0} {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      line_starts_.push_back(at + 1);
    } else if (continues_a_character(text[at])) {
      continuations_.push_back(at);
    }
  }
}

std::size_t YamlSource::start_of(int line) const {
  return line_starts_[std::min(static_cast<std::size_t>(std::max(line, 0)),
                               line_starts_.size() - 1)];
}

// Asked for every value, so it must not read the line: a file may be one long line.
YamlSource::Place YamlSource::position(int line, int column) const {
  const auto start = start_of(line);
  const auto bytes = std::max(column, 0);
  const auto inside =
      std::ranges::lower_bound(continuations_, start + static_cast<std::size_t>(bytes)) -
      std::ranges::lower_bound(continuations_, start);
  return {std::max(line, 0) + 1, bytes - static_cast<int>(inside) + 1};
}

char YamlSource::byte(int line, int column) const {
  const auto at = start_of(line) + static_cast<std::size_t>(std::max(column, 0));
  return at < text_.size() ? text_[at] : '\0';
}

bool YamlSource::closes_quote(int line, int column) const {
  const char quote = byte(line, column);
  if (quote != '"' && quote != '\'') {
    return true;
  }
  for (auto rest = text_.substr(start_of(line) + static_cast<std::size_t>(column) + 1);
       !rest.empty();) {
    const bool doubled = quote == '\'' && rest.starts_with("''");
    const bool escaped = quote == '"' && rest.front() == '\\';
    if (rest.front() == quote && !doubled) {
      return true;
    }
    rest.remove_prefix(std::min<std::size_t>(doubled || escaped ? 2 : 1, rest.size()));
  }
  return false;
}

std::optional<YamlSource::BadByte> YamlSource::first_bad_byte() const {
  const auto repaired = valid_utf8(text_);
  const auto broken =
      static_cast<std::size_t>(std::ranges::mismatch(text_, repaired).in1 - text_.begin());
  for (std::size_t at = 0, line = 0; at < text_.size(); ++at) {
    while (line + 1 < line_starts_.size() && line_starts_[line + 1] <= at) {
      ++line;
    }
    auto what = at == broken ? "a byte that is not UTF-8" : what_is_bad(text_, at);
    if (!what.empty()) {
      return BadByte{
          static_cast<int>(line), static_cast<int>(at - line_starts_[line]), std::move(what)};
    }
  }
  return std::nullopt;
}

}  // namespace tidemark
