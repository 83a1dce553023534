#include <boost/json/error.hpp>
#include <boost/json/parse.hpp>

#include "adapters/tools/liquibase_changelog.h"
#include "adapters/tools/liquibase_tree.h"
#include "core/text/printable.h"

namespace tidemark {

namespace json = boost::json;

namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

std::size_t end_of_string(std::string_view bytes, std::size_t begin) {
  auto at = begin + 1;
  while (at < bytes.size() && bytes[at] != '"') {
    at += bytes[at] == '\\' ? 2 : 1;
  }
  return std::min(at + 1, bytes.size());
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::size_t skip_blanks(std::string_view bytes, std::size_t at) {
  while (at < bytes.size() && is_blank(bytes[at])) {
    ++at;
  }
  return at;
}

// Where the list that is the value of the root's "databaseChangeLog" begins. Only of what has been
// parsed as JSON.
std::size_t begin_of_list(std::string_view bytes) {
  auto at = bytes.find('{');
  if (at == std::string_view::npos) {
    return bytes.size();
  }
  ++at;
  while (at < bytes.size()) {
    at = skip_blanks(bytes, at);
    if (at >= bytes.size() || bytes[at] != '"') {
      return bytes.size();
    }
    const auto end = end_of_string(bytes, at);
    const auto name = bytes.substr(at, end - at);
    at = skip_blanks(bytes, end);
    at = skip_blanks(bytes, at + 1);  // a colon
    if (name == "\"databaseChangeLog\"" && at < bytes.size() && bytes[at] == '[') {
      return at;
    }
    // Past the value, and the comma behind it.
    while (at < bytes.size() && bytes[at] != ',') {
      if (bytes[at] == '"') {
        at = end_of_string(bytes, at);
      } else if (bytes[at] == '{' || bytes[at] == '[') {
        at = end_of_brackets(bytes, at);
      } else {
        ++at;
      }
    }
    ++at;
  }
  return bytes.size();
}

std::vector<Piece> pieces_of(std::string_view bytes) {
  std::vector<Piece> pieces;
  auto at = begin_of_list(bytes) + 1;
  while (at < bytes.size()) {
    at = skip_blanks(bytes, at);
    if (at >= bytes.size() || bytes[at] == ']') {
      break;
    }
    const auto begin = at;
    while (at < bytes.size() && bytes[at] != ',' && bytes[at] != ']') {
      if (bytes[at] == '"') {
        at = end_of_string(bytes, at);
      } else if (bytes[at] == '{' || bytes[at] == '[') {
        at = end_of_brackets(bytes, at);
        pieces.push_back({begin, at - begin});
      } else {
        ++at;
      }
    }
    if (pieces.empty() || pieces.back().offset != begin) {
      pieces.push_back({begin, at - begin});
    }
    at += at < bytes.size() && bytes[at] == ',' ? 1 : 0;
  }
  return pieces;
}

}  // namespace

Result<LiquibaseChangelog> parse_liquibase_json(std::string_view bytes) {
  const auto skipped = bytes.starts_with(bom) ? bom.size() : 0;
  const auto body = bytes.substr(skipped);
  boost::system::error_code error;
  const auto root = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) {
    return fail(Errc::broken, "is no JSON that can be read: " + error.message());
  }
  auto pieces = pieces_of(body);
  for (auto& piece : pieces) {
    piece.offset += skipped;
  }
  return liquibase_changelog_of(root, pieces, true);
}

}  // namespace tidemark
