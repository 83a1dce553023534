#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/config/problems.h"

namespace tidemark {

// YAML reduced to what a config needs: a tree of mappings, lists and texts that knows where each of
// them stands.
struct YamlNode {
  enum class Kind {
    empty,    // nothing was written, or null
    text,     // what YAML 1.2 takes for a string
    number,   // what it takes for a number, unless in quotes
    boolean,  // the same for true and false
    list,
    mapping,
    refused,  // a problem was already reported
  };
  struct Member;

  Kind kind = Kind::empty;
  int line = 1;
  int column = 1;
  std::string text;
  std::vector<YamlNode> items;
  std::vector<Member> members;  // in the file's order; every key once
};

struct YamlNode::Member {
  YamlNode key;
  YamlNode value;
};

// The one document in `text`. Anchors, aliases, merge keys, tags, duplicate keys, a second
// document, bytes that are no text, and what exceeds the bounds (100,000 nodes, 32 levels) are
// problems; nullopt where no tree could be made.
std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems);

}  // namespace tidemark
