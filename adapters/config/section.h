#pragma once

#include <algorithm>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/config/problems.h"
#include "adapters/config/values.h"
#include "adapters/config/yaml.h"

namespace tidemark {

// What was written as one plain or quoted value; a problem when it is anything else, or is no text
// that people see.
std::optional<std::string> scalar_of(const YamlNode& node,
                                     std::string_view key,
                                     Problems& problems);

// Whether YAML takes it for text; a problem when it does not and quotes would help.
bool must_be_text(const YamlNode& node, std::string_view key, Problems& problems);

// A problem unless `node` is of that kind. `expected` says what should be there: "a list, such as
// [a, b]".
bool must_be(YamlNode::Kind kind,
             const YamlNode& node,
             std::string_view key,
             std::string_view expected,
             Problems& problems);

// One mapping while it is read. Every key that is asked for is a known one; finish() refuses the
// others.
class Section {
 public:
  // `what` names it in messages: "http", "an environment". Unknown keys of a secret one are not
  // repeated.
  Section(const YamlNode& node, std::string what, Problems& problems, bool secret = false);

  // nullptr where the key is not set, or what it has was refused already.
  const YamlNode* find(std::string_view key);

  // The same, and a problem where the key is missing.
  const YamlNode* require(std::string_view key);

  bool has(std::string_view key) const;    // whatever its value
  bool knows(std::string_view key) const;  // it was asked for

  // Replaces `into` when the key is set and its text parses. False: it is not set, or a problem.
  template <class T, class Parse>
  bool read(std::string_view key, T& into, Parse parse);

  // The same for a whole number, without quotes.
  bool read_count(std::string_view key, unsigned& into, unsigned least, unsigned most);

  // The same for true or false.
  bool read_flag(std::string_view key, bool& into);

  // The same for a list of texts without duplicates.
  template <class T, class Parse>
  const YamlNode* read_list(std::string_view key, std::vector<T>& into, Parse parse);

  // Documented keys that this version does not have yet.
  void not_yet(std::vector<std::string_view> keys) { later_ = std::move(keys); }
  void finish() const;

  const YamlNode& node() const { return node_; }

 private:
  const YamlNode::Member* member(std::string_view key) const;
  std::string unknown(const std::string& key) const;

  const YamlNode& node_;
  std::string what_;
  Problems& problems_;
  bool secret_;
  std::vector<std::string_view> known_;
  std::vector<std::string_view> later_;
};

template <class T, class Parse>
bool read_text(
    const YamlNode& node, std::string_view key, T& into, Parse parse, Problems& problems) {
  const auto text = scalar_of(node, key, problems);
  if (!text) {
    return false;
  }
  auto value = parse(*text);
  if (!value) {
    problems.add(node, std::string(key) + ": " + value.error());
    return false;
  }
  if (!must_be_text(node, key, problems)) {
    return false;
  }
  into = std::move(*value);
  return true;
}

template <class T, class Parse>
bool Section::read(std::string_view key, T& into, Parse parse) {
  const auto* value = find(key);
  return value != nullptr && read_text(*value, key, into, parse, problems_);
}

template <class T, class Parse>
const YamlNode* Section::read_list(std::string_view key, std::vector<T>& into, Parse parse) {
  const auto* list = find(key);
  if (list == nullptr ||
      !must_be(YamlNode::Kind::list, *list, key, "a list, such as [a, b]", problems_)) {
    return nullptr;
  }
  for (const auto& item : list->items) {
    T value{};
    if (!read_text(item, key, value, parse, problems_)) {
      continue;
    }
    if (std::ranges::find(into, value) != into.end()) {
      problems_.add(item, std::string(key) + ": this is listed twice");
      continue;
    }
    into.push_back(std::move(value));
  }
  return list;
}

}  // namespace tidemark
