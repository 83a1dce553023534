#include "adapters/config/section.h"

#include <charconv>

#include "core/text/printable.h"

namespace tidemark {

namespace {

std::string_view name_of(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::empty:
      return "nothing";
    case YamlNode::Kind::text:
      return "text";
    case YamlNode::Kind::number:
      return "a number";
    case YamlNode::Kind::boolean:
      return "true or false";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::mapping:
      return "a mapping";
    case YamlNode::Kind::refused:
      break;
  }
  return "";
}

}  // namespace

bool must_be(YamlNode::Kind kind,
             const YamlNode& node,
             std::string_view key,
             std::string_view expected,
             Problems& problems) {
  if (node.kind != kind && node.kind != YamlNode::Kind::refused) {
    problems.add(node,
                 std::string(key) + ": expected " + std::string(expected) + ", found " +
                     std::string(name_of(node.kind)));
  }
  return node.kind == kind;
}

bool must_be_text(const YamlNode& node, std::string_view key, Problems& problems) {
  const bool text = node.kind == YamlNode::Kind::text;
  if (!text) {
    problems.add(node,
                 std::string(key) + ": without quotes YAML takes this for " +
                     std::string(name_of(node.kind)) + "; put it in quotes");
  }
  return text;
}

std::optional<std::string> scalar_of(const YamlNode& node,
                                     std::string_view key,
                                     Problems& problems) {
  const bool unquoted = node.kind == YamlNode::Kind::number || node.kind == YamlNode::Kind::boolean;
  if (!unquoted && !must_be(YamlNode::Kind::text, node, key, "text", problems)) {
    return std::nullopt;
  }
  if (node.text.empty()) {
    problems.add(node, std::string(key) + ": this must not be empty");
    return std::nullopt;
  }
  if (printable(node.text) != node.text) {
    problems.add(node,
                 std::string(key) + ": control characters and invisible ones have no place here");
    return std::nullopt;
  }
  return node.text;
}

Section::Section(const YamlNode& node, std::string what, Problems& problems, bool secret)
    : node_(node), what_(std::move(what)), problems_(problems), secret_(secret) {
  must_be(YamlNode::Kind::mapping, node, what_, "keys with values", problems);
}

const YamlNode::Member* Section::member(std::string_view key) const {
  const auto found = std::ranges::find_if(
      node_.members, [&](const YamlNode::Member& candidate) { return candidate.key.text == key; });
  return found == node_.members.end() ? nullptr : &*found;
}

bool Section::has(std::string_view key) const {
  return member(key) != nullptr;
}

bool Section::knows(std::string_view key) const {
  return std::ranges::find(known_, key) != known_.end();
}

const YamlNode* Section::find(std::string_view key) {
  if (!knows(key)) {
    known_.push_back(key);
  }
  const auto* found = member(key);
  return found == nullptr || found->value.kind == YamlNode::Kind::refused ? nullptr : &found->value;
}

const YamlNode* Section::require(std::string_view key) {
  if (node_.kind == YamlNode::Kind::mapping && !has(key)) {
    problems_.add(node_, what_ + " needs the key '" + std::string(key) + "'");
  }
  return find(key);
}

bool Section::read_count(std::string_view key, unsigned& into, unsigned least, unsigned most) {
  const auto* value = find(key);
  if (value == nullptr) {
    return false;
  }
  unsigned count = 0;
  const auto& text = value->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (value->kind != YamlNode::Kind::number || error != std::errc{} ||
      end != text.data() + text.size() || count < least || count > most) {
    problems_.add(*value,
                  std::string(key) + ": expected a whole number from " + std::to_string(least) +
                      " to " + std::to_string(most));
    return false;
  }
  into = count;
  return true;
}

bool Section::read_flag(std::string_view key, bool& into) {
  const auto* value = find(key);
  if (value == nullptr) {
    return false;
  }
  if (value->kind != YamlNode::Kind::boolean) {
    problems_.add(*value, std::string(key) + ": expected true or false");
    return false;
  }
  into = value->text.starts_with('t') || value->text.starts_with('T');
  return true;
}

std::string Section::unknown(const std::string& key) const {
  auto message = "unknown key" + (secret_ ? "" : shown(key)) + " in " + what_;
  const auto meant = secret_ ? std::nullopt : nearest(key, known_);
  return meant ? message + "; did you mean '" + std::string(*meant) + "'?"
               : message + ": expected " + either_of(known_);
}

void Section::finish() const {
  for (const auto& [key, value] : node_.members) {
    if (std::ranges::find(later_, key.text) != later_.end()) {
      problems_.add(key, key.text + " is not supported by this version");
    } else if (!knows(key.text)) {
      problems_.add(key, unknown(key.text));
    }
  }
}

}  // namespace tidemark
