#pragma once

#include <string>
#include <vector>

namespace tidemark {

// What config/tidemark.schema.json makes of a bad config.
enum class Schema {
  refuses,     // as the reader does
  cannot_say,  // it is right by the schema: the mistake is one between values, or a matter of range
  cannot_read,  // it is not even a document
};

struct BadConfig {
  std::string text;
  std::vector<std::string> problems;  // "line:column message"
  Schema schema = Schema::refuses;
};

// One for each thing that can be wrong.
std::vector<BadConfig> bad_configs();

}  // namespace tidemark
