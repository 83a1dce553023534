#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/config/settings.h"

namespace tidemark {

// One thing that is wrong with a config, and what was expected. Never repeats a value that could be
// a secret.
struct Problem {
  std::string file;
  int line = 0;  // from 1, as editors count; 0 when the file could not be read at all
  int column = 0;
  std::string message;
  std::string text() const;  // "tidemark.yaml:12:5: poll: expected …"
  friend bool operator==(const Problem&, const Problem&) = default;
};

// The settings, or every problem at once in the order of the file.
using Loaded = std::expected<Settings, std::vector<Problem>>;

Loaded read_config(const std::filesystem::path& path);
Loaded read_config_text(std::string_view text, const std::string& file_name);

}  // namespace tidemark
