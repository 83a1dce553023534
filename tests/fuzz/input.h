#pragma once

// What the fuzz targets share: how an input is cut, and how a broken promise is told.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::fuzz {

// The fuzzer keeps the input of a process that aborts.
inline void promise(bool kept, std::string_view what, std::string_view evidence = "") {
  if (kept) {
    return;
  }
  std::fprintf(stderr,
               "broken promise: %.*s\n%.*s\n",
               static_cast<int>(what.size()),
               what.data(),
               static_cast<int>(evidence.size()),
               evidence.data());
  std::abort();
}

// What is in front of the first `separator`, which is taken off `rest` with it.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

inline std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    parts.push_back(take_until(text, separator));
  }
  return parts;
}

// Tries one input; each target defines it.
void try_input(std::string_view input);

}  // namespace tidemark::fuzz
