#include "core/catalog/version.h"

#include <algorithm>

namespace tidemark {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::strong_ordering compare_digits(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) {
    return a.size() <=> b.size();
  }
  return a.compare(b) <=> 0;
}

}  // namespace

Version Version::parse(std::string_view text) {
  Version version;
  bool any = false;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    const auto start = i;
    while (i < text.size() && is_digit(text[i])) {
      ++i;
    }
    auto part = text.substr(start, i - start);
    part.remove_prefix(std::min(part.find_first_not_of('0'), part.size()));
    version.parts_.emplace_back(part);
    any = true;
  }
  while (!version.parts_.empty() && version.parts_.back().empty()) {
    version.parts_.pop_back();
  }
  if (any && version.parts_.empty()) {
    version.parts_.emplace_back();  // version 0 is a version, not the absence of one
  }
  return version;
}

Version Version::in_byte_order(std::string_view text) {
  Version version;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    version.parts_.push_back(byte == 0 ? "" : std::to_string(byte));
  }
  while (!version.parts_.empty() && version.parts_.back().empty()) {
    version.parts_.pop_back();
  }
  return version;
}

std::string Version::canonical() const {
  std::string text;
  for (const auto& part : parts_) {
    if (&part != &parts_.front()) {
      text += '.';
    }
    text += part.empty() ? "0" : part;
  }
  return text;
}

std::strong_ordering operator<=>(const Version& a, const Version& b) {
  const auto common = std::min(a.parts_.size(), b.parts_.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (const auto order = compare_digits(a.parts_[i], b.parts_[i]); order != 0) {
      return order;
    }
  }
  return a.parts_.size() <=> b.parts_.size();
}

}  // namespace tidemark
