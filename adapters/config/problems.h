#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/config/reader.h"

namespace tidemark {

struct YamlNode;

// Collects what is wrong while a config is read, so that reading can go on.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(int line, int column, std::string message);
  void add(const YamlNode& node, std::string message);
  bool none() const { return list_.empty(); }
  const std::string& file() const { return file_; }
  Position position(const YamlNode& node) const;

  // In the order of the file; what would no longer be read by anyone is left out and counted.
  std::vector<Problem> sorted() &&;

 private:
  std::string file_;
  std::vector<Problem> list_;
};

// `text` in quotes where it is a short plain word and so helps to find the mistake; otherwise
// nothing, because it could be a secret in the wrong place.
std::string shown(std::string_view text);

}  // namespace tidemark
