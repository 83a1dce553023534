#include "adapters/parser/printed_tree.h"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include "adapters/parser/classify.h"
#include "adapters/parser/tree.h"
#include "adapters/parser/twins.h"
#include "core/sql/scanner.h"

namespace tidemark {

namespace {

namespace json = boost::json;

constexpr std::size_t statements_max = 100'000;
constexpr std::size_t twins_bytes_max = std::size_t{4} << 20;  // of an answer's sixteen
constexpr std::size_t tree_depth_max = 100'000'000;  // what is too deep has overflown the stack

// Cuts the printed tree, {"version":…,"stmts":[{…},{…}]}, into the objects of its statements: they
// are read one after the other, since all at once are many times the file in memory.
class PrintedStatements {
 public:
  explicit PrintedStatements(std::string_view printed) : printed_(printed) {
    constexpr std::string_view opening = "\"stmts\":[";
    const auto at = printed.find(opening);
    at_ = at == std::string_view::npos ? printed.size() : at + opening.size();
  }

  // Empty at the end.
  std::string_view next() {
    const auto begin = printed_.find('{', at_);
    if (begin == std::string_view::npos) {
      return {};
    }
    std::size_t open = 0;
    for (at_ = begin; at_ < printed_.size(); ++at_) {
      const char c = printed_[at_];
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        ++open;
      } else if (c == '}' || c == ']') {
        if (--open == 0) {
          ++at_;
          return printed_.substr(begin, at_ - begin);
        }
      }
    }
    return {};
  }

 private:
  void skip_string() {
    for (++at_; at_ < printed_.size() && printed_[at_] != '"'; ++at_) {
      at_ += printed_[at_] == '\\' ? 1 : 0;
    }
  }

  std::string_view printed_;
  std::size_t at_;
};

ParsedSql too_deep(std::string words = "too deep or too long for the parser") {
  ParsedSql parsed;
  parsed.too_deep = std::move(words);
  return parsed;
}

Statement statement_of(std::string_view text, const json::object& printed) {
  const auto node = tree::node(printed, "stmt");
  auto statement = classify(node);
  const auto location =
      static_cast<std::size_t>(std::max<std::int64_t>(tree::number(printed, "stmt_location"), 0));
  const auto length =
      static_cast<std::size_t>(std::max<std::int64_t>(tree::number(printed, "stmt_len"), 0));
  const auto offset = std::min(location, text.size());
  const auto left = text.size() - offset;
  const auto span = without_margins(text, {offset, length == 0 ? left : std::min(length, left)});
  statement.offset = span.offset;
  statement.size = span.size;
  if (statement.if_not_exists) {
    statement.twins = twins_of(node, text, span);
  }
  return statement;
}

}  // namespace

ParsedSql analyse_tree(std::string_view text, std::string_view printed) {
  json::parse_options options;
  options.max_depth = tree_depth_max;
  options.allow_invalid_utf8 = true;  // names are as the file has them
  ParsedSql parsed;
  auto twins_left = twins_bytes_max;
  PrintedStatements statements(printed);
  for (auto next = statements.next(); !next.empty(); next = statements.next()) {
    if (parsed.statements.size() == statements_max) {
      return too_deep("more than " + std::to_string(statements_max) + " statements");
    }
    // Nothing in it is freed one by one: neither its time nor its stack counts.
    json::monotonic_resource memory(std::max<std::size_t>(next.size(), 1024));
    boost::system::error_code error;
    const auto tree =
        json::parse(json::string_view(next.data(), next.size()), error, &memory, options);
    if (error || !tree.is_object()) {
      return too_deep();
    }
    parsed.statements.push_back(statement_of(text, tree.get_object()));
    for (auto& twin : parsed.statements.back().twins) {
      if (twin.sql.size() > twins_left) {
        twin.sql.clear();
        twin.references.clear();
        twin.cannot = "the file has too many of them";
      }
      twins_left -= twin.sql.size();
    }
  }
  return parsed;
}

}  // namespace tidemark
