#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "adapters/tools/liquibase_changelog.h"
#include "adapters/tools/liquibase_tree.h"
#include "core/text/printable.h"

namespace tidemark {

namespace json = boost::json;

namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";
constexpr std::size_t nodes_max = 300'000;
constexpr std::size_t depth_max = 32;

struct TooMuch {};

// Where an element of the changelog's list begins.
struct Element {
  std::size_t line = 0;
  std::size_t column = 0;
};

// Builds a tree of texts from the parser's events: yaml-cpp's own follows aliases into trees of
// astronomic size. What an alias stands for is left out, unless it is a word: somebody's name.
class ChangelogTree : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override { done_ = true; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { place(mark, nullptr); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (const auto word = words_.find(anchor); word != words_.end()) {
      place(mark, json::string(word->second.data(), word->second.size()));
      return;
    }
    aliases_ = true;
    place(mark, nullptr);
  }
  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    const bool in_quotes = tag != "?";
    const auto text = in_quotes ? value : liquibase_yaml_word(value);
    if (anchor != YAML::NullAnchor && text.size() <= word_max) {
      words_[anchor] = text;
    }
    place(mark, json::string(text.data(), text.size()));
  }
  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string&,
                       YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    if (open_.size() == 1 && open_.back().key == std::optional<std::string>(root_name)) {
      flow_ = style == YAML::EmitterStyle::Flow;
    }
    open(mark, json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark,
                  const std::string&,
                  YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, json::object());
  }
  void OnMapEnd() override { close(); }

  const json::value& root() const { return root_; }
  const std::vector<Element>& elements() const { return elements_; }
  bool aliases() const { return aliases_; }
  bool flow() const { return flow_; }

 private:
  static constexpr std::string_view root_name = "databaseChangeLog";
  static constexpr std::size_t word_max = 255;  // as long as the ledger's columns

  struct Open {
    json::value node;
    std::optional<std::string> key{};
  };

  void count(const YAML::Mark& mark) {
    if (++nodes_ > nodes_max || open_.size() > depth_max) {
      throw TooMuch{};
    }
    const bool element = open_.size() == 2 && open_.back().node.is_array() &&
                         open_.front().key == std::optional<std::string>(root_name);
    if (element) {
      elements_.push_back(
          {static_cast<std::size_t>(mark.line), static_cast<std::size_t>(mark.column)});
    }
  }

  void open(const YAML::Mark& mark, json::value node) {
    count(mark);
    open_.push_back({std::move(node)});
  }

  void close() {
    auto node = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(node));
  }

  void place(const YAML::Mark& mark, json::value node) {
    count(mark);
    put(std::move(node));
  }

  void put(json::value node) {
    if (open_.empty()) {
      if (!done_) {
        root_ = std::move(node);
      }
      return;
    }
    auto& into = open_.back();
    if (auto* list = into.node.if_array()) {
      list->push_back(std::move(node));
    } else if (!into.key) {
      const auto* text = node.if_string();
      into.key = text == nullptr ? std::string() : std::string(text->data(), text->size());
    } else {
      into.node.get_object()[json::string_view(into.key->data(), into.key->size())] =
          std::move(node);
      into.key.reset();
    }
  }

  json::value root_;
  std::vector<Open> open_;
  std::vector<Element> elements_;
  std::size_t nodes_ = 0;
  bool aliases_ = false;
  bool flow_ = false;
  bool done_ = false;
  std::map<YAML::anchor_t, std::string> words_;
};

std::vector<std::size_t> begins_of_lines(std::string_view bytes) {
  std::vector<std::size_t> begins{0};
  for (std::size_t at = 0; (at = bytes.find('\n', at)) != std::string_view::npos;) {
    begins.push_back(++at);
  }
  return begins;
}

// An element reaches over all lines that stand further in than its dash, but for comments and
// blank lines behind it.
class BlockElements {
 public:
  explicit BlockElements(std::string_view bytes) : bytes_(bytes), begins_(begins_of_lines(bytes)) {}

  std::size_t begin_of(const Element& element) const {
    return element.line < begins_.size()
               ? std::min(begins_[element.line] + element.column, bytes_.size())
               : bytes_.size();
  }

  Piece piece_of(const Element& element) const {
    const auto begin = begin_of(element);
    if (begin >= bytes_.size()) {
      return {};
    }
    const auto dash = indentation(line(element.line));
    auto end = end_of(element.line);
    for (auto next = element.line + 1; next < begins_.size(); ++next) {
      const auto text = line(next);
      const auto indented = indentation(text);
      if (indented == text.size()) {
        continue;  // blank
      }
      if (indented <= dash) {
        if (text[indented] == '#') {
          continue;
        }
        break;
      }
      end = end_of(next);
    }
    return {begin, std::max(end, begin) - begin};
  }

 private:
  std::string_view line(std::size_t number) const {
    const auto end = number + 1 < begins_.size() ? begins_[number + 1] : bytes_.size();
    auto text = bytes_.substr(begins_[number], end - begins_[number]);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
      text.remove_suffix(1);
    }
    return text;
  }
  std::size_t end_of(std::size_t number) const { return begins_[number] + line(number).size(); }
  static std::size_t indentation(std::string_view text) {
    return std::min(text.find_first_not_of(' '), text.size());
  }

  std::string_view bytes_;
  std::vector<std::size_t> begins_;
};

std::vector<Piece> pieces_of(std::string_view bytes, const ChangelogTree& tree) {
  std::vector<Piece> pieces;
  const BlockElements blocks(bytes);
  for (const auto& element : tree.elements()) {
    if (!tree.flow()) {
      pieces.push_back(blocks.piece_of(element));
      continue;
    }
    const auto begin = blocks.begin_of(element);
    pieces.push_back({begin, end_of_brackets(bytes, begin) - begin});
  }
  return pieces;
}

// The parser takes some of them for the end of the file.
bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
  });
}

}  // namespace

Result<LiquibaseChangelog> parse_liquibase_yaml(std::string_view bytes) {
  const auto skipped = bytes.starts_with(bom) ? bom.size() : 0;
  const auto body = bytes.substr(skipped);
  if (valid_utf8(body) != body || has_control_characters(body)) {
    return fail(Errc::broken, "is no text in UTF-8");
  }
  ChangelogTree tree;
  try {
    std::istringstream stream{std::string(body)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(tree);
  } catch (const TooMuch&) {
    return fail(Errc::invalid, "is nested too deeply or has too many parts for a changelog");
  } catch (const YAML::Exception& error) {
    return fail(Errc::broken,
                "is no YAML that can be read: line " + std::to_string(error.mark.line + 1) + ": " +
                    error.msg);
  }
  auto pieces = pieces_of(body, tree);
  for (auto& piece : pieces) {
    piece.offset += skipped;
  }
  return liquibase_changelog_of(tree.root(), pieces, !tree.aliases());
}

}  // namespace tidemark
