#include "adapters/config/yaml.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "adapters/config/yaml_scalar.h"
#include "adapters/config/yaml_source.h"

namespace tidemark {

namespace {

constexpr std::size_t nodes_max = 100'000;
constexpr std::size_t depth_max = 32;

// The rest of the file is not worth reading; the problem was added.
struct Stop {};

// Builds the tree from the parser's events. yaml-cpp's own tree keeps duplicate keys, follows
// aliases into cycles and into trees of astronomic size; here an alias is a problem before it is
// anything else.
class Builder : public YAML::EventHandler {
 public:
  Builder(const YamlSource& source, Problems& problems) : source_(source), problems_(problems) {}

  YamlNode take() && {
    // An open quote takes in all that follows it, so only the last scalar can have one.
    if (!source_.closes_quote(last_scalar_.line, last_scalar_.column)) {
      problems_.add(node_at(last_scalar_), "this quote is never closed");
    }
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      stop(node_at(mark), "expected the end of the file: a config is one document");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = node_at(mark);
    refuse_anchor(node, anchor);
    place(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    auto node = node_at(mark);
    node.kind = YamlNode::Kind::refused;
    problems_.add(node, std::string(no_aliases));
    place(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = node_at(mark);
    node.kind = tag == "?" ? plain_scalar_kind(value) : YamlNode::Kind::text;
    node.text = value;
    refuse_anchor(node, anchor);
    refuse_tag(node, mark, tag);
    last_scalar_ = mark;
    place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::mapping);
  }
  void OnMapEnd() override { close(); }

  static constexpr std::string_view no_aliases =
      "anchors and aliases are not used here: write it out";

 private:
  struct Open {
    YamlNode node;
    bool mapping;
    std::optional<YamlNode> key;
    std::map<std::string, int> first_line;  // of each key
  };

  [[noreturn]] void stop(const YamlNode& node, std::string message) {
    problems_.add(node, std::move(message));
    throw Stop{};
  }

  YamlNode node_at(const YAML::Mark& mark) {
    const auto at = source_.position(mark.line, mark.column);
    YamlNode node;
    node.line = at.line;
    node.column = at.column;
    if (++nodes_ > nodes_max) {
      stop(node, "more than " + std::to_string(nodes_max) + " values: this cannot be a config");
    }
    return node;
  }

  void refuse_anchor(const YamlNode& node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      problems_.add(node, std::string(no_aliases));
    }
  }

  // A plain scalar arrives with the tag "?", a quoted one with "!", which can also be written out.
  void refuse_tag(YamlNode& node, const YAML::Mark& mark, const std::string& tag) {
    const bool implied = tag.empty() || tag == "?" || tag == "!";
    if (!implied || source_.byte(mark.line, mark.column) == '!') {
      node.kind = YamlNode::Kind::refused;
      problems_.add(node, "tags are not used here: put text in quotes");
    }
  }

  void open(const YAML::Mark& mark,
            const std::string& tag,
            YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    auto node = node_at(mark);
    if (open_.size() == depth_max) {
      stop(node, "nested more than " + std::to_string(depth_max) + " levels deep");
    }
    node.kind = kind;
    refuse_anchor(node, anchor);
    refuse_tag(node, mark, tag);
    open_.push_back({std::move(node), kind == YamlNode::Kind::mapping, std::nullopt, {}});
  }

  void close() {
    auto node = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(node));
  }

  void place(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& into = open_.back();
    if (!into.mapping) {
      into.node.items.push_back(std::move(node));
    } else if (into.key) {
      add_member(into, std::move(node));
    } else {
      into.key = std::move(node);
    }
  }

  void add_member(Open& into, YamlNode value) {
    auto key = std::move(*into.key);
    into.key.reset();
    if (key.kind == YamlNode::Kind::refused) {
      return;
    }
    if (key.kind != YamlNode::Kind::text) {
      problems_.add(key, "expected a key, a word before the colon");
      return;
    }
    if (key.text == "<<") {
      problems_.add(key, "merge keys are not used here: write it out");
      return;
    }
    const auto [first, inserted] = into.first_line.emplace(key.text, key.line);
    if (!inserted) {
      problems_.add(key, "this key is already set in line " + std::to_string(first->second));
      return;
    }
    // Where nothing was written, the parser's mark is that of whatever follows.
    if (value.kind == YamlNode::Kind::empty && value.line != key.line) {
      value.line = key.line;
      value.column = key.column;
    }
    into.node.members.push_back({std::move(key), std::move(value)});
  }

  const YamlSource& source_;
  Problems& problems_;
  YamlNode root_;
  YAML::Mark last_scalar_;
  std::vector<Open> open_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// Only the constant part of yaml-cpp's messages: what some of them quote after a colon could be a
// secret.
std::string reason(const std::string& message) {
  if (message.starts_with("the referenced anchor is not defined")) {
    return std::string(Builder::no_aliases);
  }
  return "this is not valid YAML: " + message.substr(0, message.find(':'));
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
  }
  const YamlSource source(text);
  if (const auto bad = source.first_bad_byte()) {
    const auto at = source.position(bad->line, bad->column);
    problems.add(at.line, at.column, bad->what);
    return std::nullopt;
  }
  Builder builder(source, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      parser.HandleNextDocument(builder);
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    const auto at = source.position(e.mark.line, e.mark.column);
    problems.add(at.line, at.column, reason(e.msg));
    return std::nullopt;
  }
  return std::move(builder).take();
}

}  // namespace tidemark
