#include "adapters/config/problems.h"

#include <algorithm>
#include <tuple>

#include "adapters/config/yaml.h"

namespace tidemark {

namespace {

constexpr std::size_t told_max = 200;
constexpr std::size_t word_max = 40;

}  // namespace

void Problems::add(int line, int column, std::string message) {
  list_.push_back({file_, line, column, std::move(message)});
}

void Problems::add(const YamlNode& node, std::string message) {
  add(node.line, node.column, std::move(message));
}

Position Problems::position(const YamlNode& node) const {
  return {file_, node.line, node.column};
}

std::vector<Problem> Problems::sorted() && {
  std::ranges::sort(list_, {}, [](const Problem& problem) {
    return std::tie(problem.line, problem.column, problem.message);
  });
  if (list_.size() > told_max) {
    const auto left = list_.size() - told_max;
    list_.resize(told_max + 1);
    list_.back().message = "and " + std::to_string(left) + " more problems from here on";
  }
  return std::move(list_);
}

std::string shown(std::string_view text) {
  const bool word =
      !text.empty() && text.size() <= word_max && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-';
      });
  return word ? " '" + std::string(text) + "'" : "";
}

std::string Problem::text() const {
  if (line == 0) {
    return file + ": " + message;
  }
  return file + ':' + std::to_string(line) + ':' + std::to_string(column) + ": " + message;
}

}  // namespace tidemark
