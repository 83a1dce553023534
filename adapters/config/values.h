#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "adapters/config/choice.h"
#include "adapters/config/settings.h"

namespace tidemark {

struct DurationRange {
  std::chrono::milliseconds least;
  std::chrono::milliseconds most;
};
// "500ms", "30s", "5m", "12h", "365d".
Parsed<std::chrono::milliseconds> parse_duration(std::string_view text, DurationRange range);

Parsed<std::string> parse_name(std::string_view text);  // of an app or an environment
Parsed<std::string> parse_text(std::string_view text);  // anything of a sane length
Parsed<std::string> parse_path(
    std::string_view text);  // absolute; comes back without needless slashes
Parsed<std::string> parse_socket_path(std::string_view text);
Parsed<std::string> parse_ledger(std::string_view text);
Parsed<unsigned> parse_file_mode(std::string_view text);
Parsed<ListenAddress> parse_listen_address(std::string_view text);
Parsed<std::string> parse_host(std::string_view text);        // comes back in lower case
Parsed<std::string> parse_identifier(std::string_view text);  // of PostgreSQL
Parsed<TableName> parse_table(
    std::string_view text);  // "history", "ops.history", "\"odd.name\".history"
Parsed<std::string> parse_ignore_pattern(std::string_view text);
Parsed<std::string> parse_credential_name(std::string_view text);
Parsed<std::string> parse_variable_name(std::string_view text);

}  // namespace tidemark
