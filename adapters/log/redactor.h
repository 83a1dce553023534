#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// Knows secrets and takes them out of text: as they are, percent-encoded in any mixture, with
// backslashes or doubled quotes, and in base64 at every alignment, so that "user:password" in an
// Authorization header is found too. A secret of less than four bytes would blank half of every
// line: it counts only as a whole value.
class Redactor {
 public:
  // The newest thousand are kept: rotating credentials must not grow for ever.
  void add(std::string secret);
  std::string apply(std::string_view text) const;

 private:
  struct Secret {
    std::string raw;
    std::vector<std::string> forms;  // what to look for literally, raw included
  };
  std::deque<Secret> secrets_;
};

}  // namespace tidemark
