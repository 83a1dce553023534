#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// A version as ordered parts of any number of digits: 1.10 is after 1.9, 20260418143000 needs no 64
// bits, and 1, 01 and 1.0 are the same. An empty version sorts before every other.
class Version {
 public:
  Version() = default;

  // Parts are the runs of digits in `text`; everything else only separates.
  static Version parse(std::string_view text);
  // For tools that compare versions as text: ordered as the bytes are, 10 before 2. Not to be
  // compared with what was parsed.
  static Version in_byte_order(std::string_view text);

  // "1.10": without leading zeros and without trailing zero parts.
  std::string canonical() const;
  bool empty() const { return parts_.empty(); }

  friend bool operator==(const Version&, const Version&) = default;
  friend std::strong_ordering operator<=>(const Version& a, const Version& b);

 private:
  std::vector<std::string> parts_;  // digits without leading zeros; zero is ""; no trailing ""
};

}  // namespace tidemark
