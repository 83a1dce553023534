#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// The bytes of a YAML file by line, to say where something stands as an editor would: lines and
// columns from 1, columns in characters. The parser counts both from 0, and columns in bytes.
class YamlSource {
 public:
  explicit YamlSource(std::string_view text);

  struct Place {
    int line = 1;
    int column = 1;
  };
  Place position(int line, int column) const;
  char byte(int line, int column) const;  // NUL beyond the end

  // Whether the quoted text that begins there ends before the file does: yaml-cpp does not mind
  // when it does not. True where no quote is.
  bool closes_quote(int line, int column) const;

  // The first byte that no text file has: broken UTF-8, control characters, a lone carriage return.
  struct BadByte {
    int line = 0;
    int column = 0;
    std::string what;
  };
  std::optional<BadByte> first_bad_byte() const;

 private:
  std::size_t start_of(int line) const;

  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  std::vector<std::size_t> continuations_;  // bytes that continue a character
};

}  // namespace tidemark
