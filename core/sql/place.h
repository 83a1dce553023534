#pragma once

#include <cstddef>
#include <string_view>

namespace tidemark {

struct SqlPlace {
  int line = 1;    // from 1
  int column = 1;  // from 1, in characters
  friend auto operator<=>(const SqlPlace&, const SqlPlace&) = default;
};

// Lines and columns of a text, for offsets that never go back: all of them cost one walk.
class SqlPlaces {
 public:
  // The first line begins at `begin`, behind a byte order mark.
  explicit SqlPlaces(std::string_view text, std::size_t begin = 0) : text_(text), at_(begin) {}

  SqlPlace at(std::size_t offset);

 private:
  std::string_view text_;
  std::size_t at_;
  SqlPlace place_;
};

}  // namespace tidemark
