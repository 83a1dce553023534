#include "adapters/tools/white_space.h"

#include <algorithm>
#include <array>

namespace tidemark {

namespace {

using namespace std::string_view_literals;

constexpr std::array wide_blanks{"\xC2\x85"sv,
                                 "\xC2\xA0"sv,
                                 "\xE1\x9A\x80"sv,
                                 "\xE2\x80\x80"sv,
                                 "\xE2\x80\x81"sv,
                                 "\xE2\x80\x82"sv,
                                 "\xE2\x80\x83"sv,
                                 "\xE2\x80\x84"sv,
                                 "\xE2\x80\x85"sv,
                                 "\xE2\x80\x86"sv,
                                 "\xE2\x80\x87"sv,
                                 "\xE2\x80\x88"sv,
                                 "\xE2\x80\x89"sv,
                                 "\xE2\x80\x8A"sv,
                                 "\xE2\x80\xA8"sv,
                                 "\xE2\x80\xA9"sv,
                                 "\xE2\x80\xAF"sv,
                                 "\xE2\x81\x9F"sv,
                                 "\xE3\x80\x80"sv};

template <class Test>
std::size_t size_of_one(Test passes) {
  const auto* found = std::ranges::find_if(wide_blanks, passes);
  return found == wide_blanks.end() ? 0 : found->size();
}

}  // namespace

std::size_t wide_blank_in_front(std::string_view text) {
  if (text.empty() || static_cast<unsigned char>(text.front()) < 0x80) {
    return 0;  // as nearly always
  }
  return size_of_one([text](std::string_view blank) { return text.starts_with(blank); });
}

std::size_t wide_blank_at_end(std::string_view text) {
  return size_of_one([text](std::string_view blank) { return text.ends_with(blank); });
}

}  // namespace tidemark
