// Text of strangers on its way to a terminal, a log, a page, a spreadsheet; and as a diff.

#include <algorithm>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "adapters/log/line.h"
#include "core/text/diff.h"
#include "core/text/printable.h"
#include "daemon/client/csv.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

// C1 and what turns text around, as UTF-8.
bool misleads(std::string_view text) {
  for (unsigned char last = 0x80; last < 0xA0; ++last) {
    const char c1[] = {'\xC2', static_cast<char>(last)};
    if (text.find(std::string_view(c1, 2)) != std::string_view::npos) {
      return true;
    }
  }
  return text.find("\xE2\x80\xAE") != std::string_view::npos ||
         text.find("\xE2\x81\xA6") != std::string_view::npos;
}

void check_printable(std::string_view text) {
  const auto shown = printable(text);
  promise(!has_control(shown), "what is shown has no control characters", shown);
  promise(!misleads(shown), "what is shown does not turn text around", shown);
  promise(valid_utf8(shown) == shown, "what is shown is UTF-8");
  promise(printable(shown) == shown, "what can be shown is shown as it is");
  const auto valid = valid_utf8(text);
  promise(valid_utf8(valid) == valid, "what was made valid is valid");
  promise(display_width(shown) <= 2 * shown.size(), "nothing is wider than its bytes");
}

void check_log(std::string_view text) {
  const auto as_it_is = [](std::string_view value) { return std::string(value); };
  const auto line = [&](LogFormat format) {
    return log_line(format, {}, Level::warn, text, {{"error", text}, {"attempt", 3}}, as_it_is);
  };
  for (const auto format : {LogFormat::text, LogFormat::journal, LogFormat::json}) {
    const auto written = line(format);
    promise(!has_control(written) && !misleads(written), "a log record is one clean line", written);
  }
  boost::system::error_code error;
  const auto json = boost::json::parse(line(LogFormat::json), error);
  promise(!error && json.is_object(), "a JSON record is JSON");
  const auto& message = json.as_object().at("msg").as_string();
  promise(std::string_view(message.data(), message.size()) == printable(text),
          "a JSON record has the message");
  promise(json.as_object().at("attempt").is_number(), "a number in JSON is one");
}

// RFC 4180, read strictly; empty when it is none.
std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i + 2 < line.size(); ++i) {
    const bool begins = fields.back().empty() && !quoted && (i == 0 || line[i - 1] == ',');
    if (line[i] == '"' && begins) {
      quoted = true;
    } else if (line[i] == '"' && quoted && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (line[i] == '"' && quoted) {
      quoted = false;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else if (!quoted && (line[i] == '"' || line[i] == '\r' || line[i] == '\n')) {
      return {};
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

void check_csv(std::string_view text) {
  std::vector<std::string> fields{"first"};
  for (const auto part : parts_of(text, '\0')) {
    fields.emplace_back(part);
  }
  const auto line = client::csv_line(fields);
  promise(line.ends_with("\r\n"), "a record of CSV ends");
  const auto read = csv_fields(line);
  promise(read.size() == fields.size(), "a record of CSV has its fields", line);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    promise(read[i] == fields[i] || read[i] == '\'' + fields[i], "a field is what it was", line);
    promise(
        read[i].empty() || std::string_view("=+-@\t\r").find(read[i][0]) == std::string_view::npos,
        "no field is a formula",
        line);
  }
}

void check_diff(std::string_view text) {
  const auto from = take_until(text, '\0');
  promise(unified_diff(from, from, "a", "b").empty(), "nothing differs from itself");
  const auto diff = unified_diff(from, text, "a", "b");
  promise(diff.empty() == (from == text), "what differs has a diff", diff);
  promise(diff.empty() || diff.ends_with('\n'), "a diff ends with a line end", diff);
}

}  // namespace

void try_input(std::string_view input) {
  check_printable(input);
  check_log(input);
  check_csv(input);
  check_diff(input);
}

}  // namespace tidemark::fuzz
