#include "adapters/tools/python_source.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace tidemark {

namespace {

using Kind = PythonValue::Kind;

bool begins_name(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool in_name(char c) {
  return begins_name(c) || is_digit(c);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

struct Token {
  enum class Kind {
    name,
    text,      // a string of which the value is known
    opaque,    // a string of which it is not, and numbers
    mark,      // one character
    new_line,  // the end of a statement
    end,
  };
  Kind kind = Kind::end;
  std::string_view words{};  // of a name
  std::string value{};       // of a string
  char mark = 0;
  std::size_t indent = 0;  // of the line in which the statement begins
};

// Bytes as tokens, each byte looked at once or twice.
class Tokens {
 public:
  explicit Tokens(std::string_view bytes) : bytes_(bytes) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (bytes_.starts_with(byte_order_mark)) {
      at_ = byte_order_mark.size();
    }
  }

  Token next() {
    skip_blanks();
    if (at_ == bytes_.size()) {
      return {};
    }
    const char c = bytes_[at_];
    if (c == '\n' || c == '\r') {
      ++at_;
      line_began_ = false;
      return {.kind = Token::Kind::new_line};
    }
    if (c == ';' && open_ == 0) {
      ++at_;
      return {.kind = Token::Kind::new_line};
    }
    if (begins_name(c)) {
      return name_or_text();
    }
    if (c == '\'' || c == '"') {
      return text(false);
    }
    if (is_digit(c)) {
      skip_number();
      return {.kind = Token::Kind::opaque, .indent = indent_};
    }
    ++at_;
    if (c == '(' || c == '[' || c == '{') {
      ++open_;
    } else if ((c == ')' || c == ']' || c == '}') && open_ > 0) {
      --open_;
    }
    return {.kind = Token::Kind::mark, .mark = c, .indent = indent_};
  }

 private:
  bool at_end(std::size_t offset = 0) const { return at_ + offset >= bytes_.size(); }
  char peek(std::size_t offset = 0) const { return at_end(offset) ? '\0' : bytes_[at_ + offset]; }

  // Also line ends inside of brackets and behind a backslash; notes how far a line is indented.
  void skip_blanks() {
    while (!at_end()) {
      const char c = peek();
      if (!line_began_ && (c == ' ' || c == '\t' || c == '\f')) {
        column_ = c == '\t' ? (column_ / 8 + 1) * 8 : c == ' ' ? column_ + 1 : 0;
        ++at_;
      } else if (c == ' ' || c == '\t' || c == '\f') {
        ++at_;
      } else if (c == '#') {
        skip_comment();
      } else if ((c == '\n' || c == '\r') && (open_ > 0 || !line_began_)) {
        ++at_;
        column_ = 0;
      } else if (c == '\\' && (peek(1) == '\n' || peek(1) == '\r')) {
        at_ += peek(1) == '\r' && peek(2) == '\n' ? 3 : 2;
      } else {
        break;
      }
    }
    if (!line_began_ && !at_end()) {
      line_began_ = true;
      indent_ = std::exchange(column_, 0);
    }
  }

  void skip_comment() { at_ = std::min(bytes_.find_first_of("\r\n", at_), bytes_.size()); }

  void skip_number() {
    while (!at_end() && (in_name(peek()) || peek() == '.')) {
      ++at_;
    }
  }

  Token name_or_text() {
    const auto start = at_;
    while (!at_end() && in_name(peek())) {
      ++at_;
    }
    const auto words = bytes_.substr(start, at_ - start);
    const bool quote = peek() == '\'' || peek() == '"';
    const auto in_prefix = [](char c) {
      return std::string_view("rbfut").find(lower(c)) != std::string_view::npos;
    };
    if (!quote || words.size() > 2 || !std::ranges::all_of(words, in_prefix)) {
      return {.kind = Token::Kind::name, .words = words, .indent = indent_};
    }
    const auto has = [&](char prefix) {
      return std::ranges::any_of(words, [&](char c) { return lower(c) == prefix; });
    };
    auto token = text(has('r'));
    if (has('b') || has('f') || has('t')) {
      return {.kind = Token::Kind::opaque, .indent = indent_};
    }
    return token;
  }

  // A string that is not closed ends with its line, one in three quotes with the file.
  Token text(bool raw) {
    Token token{.kind = Token::Kind::text, .indent = indent_};
    const char quote = peek();
    const bool tripled = peek(1) == quote && peek(2) == quote;
    at_ += tripled ? 3 : 1;
    while (!at_end()) {
      const char c = peek();
      if (c == quote && (!tripled || (peek(1) == quote && peek(2) == quote))) {
        at_ += tripled ? 3 : 1;
        return token;
      }
      if (!tripled && (c == '\n' || c == '\r')) {
        token.kind = Token::Kind::opaque;
        return token;
      }
      if (c == '\\' && !at_end(1)) {
        escape(raw, token);
        continue;
      }
      token.value += c;
      ++at_;
    }
    token.kind = Token::Kind::opaque;
    return token;
  }

  // Names and revisions need none of them; what is not one of the plain ones makes the string one
  // of which we do not know the value.
  void escape(bool raw, Token& token) {
    const char c = peek(1);
    if (raw) {
      token.value += '\\';
      token.value += c;
    } else if (c == '\\' || c == '\'' || c == '"') {
      token.value += c;
    } else if (c == 'n') {
      token.value += '\n';
    } else if (c == '\r' && peek(2) == '\n') {
      ++at_;
    } else if (c != '\n' && c != '\r') {
      token.kind = Token::Kind::opaque;
    }
    at_ += 2;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t open_ = 0;  // brackets
  std::size_t column_ = 0;
  std::size_t indent_ = 0;
  bool line_began_ = false;  // something was in this line already
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::vector<std::string_view>& names)
      : tokens_(bytes), names_(names) {
    advance();
  }

  PythonSource run() {
    if (token_.kind == Token::Kind::text && token_.indent == 0) {
      source_.docstring = token_.value;
    }
    while (token_.kind != Token::Kind::end) {
      statement();
      skip_statement();
    }
    return std::move(source_);
  }

 private:
  // What nobody writes by hand is not taken apart further, as each level of it costs stack.
  static constexpr std::size_t depth_max = 16;
  // Nor does a migration have so many dependencies, or a file so many classes.
  static constexpr std::size_t values_max = 100'000;
  static constexpr std::size_t classes_max = 1'000;

  void advance() { token_ = tokens_.next(); }
  bool at(char mark) const { return token_.kind == Token::Kind::mark && token_.mark == mark; }
  bool at_end_of_statement() const {
    return token_.kind == Token::Kind::new_line || token_.kind == Token::Kind::end;
  }

  void statement() {
    if (token_.kind != Token::Kind::name) {
      return;
    }
    const auto indent = token_.indent;
    if (indent == 0) {
      in_class_ = false;
      if (token_.words == "class") {
        begin_class();
        return;
      }
      assignment(source_.module);
      return;
    }
    if (!in_class_) {
      return;
    }
    if (!class_indent_) {
      class_indent_ = indent;
    }
    if (indent == *class_indent_) {
      assignment(source_.classes.back().scope);
    }
  }

  void begin_class() {
    advance();
    if (token_.kind != Token::Kind::name || source_.classes.size() == classes_max) {
      return;
    }
    source_.classes.push_back({std::string(token_.words), {}});
    in_class_ = true;
    class_indent_.reset();
  }

  // name = value, name: annotation = value
  void assignment(PythonScope& scope) {
    const auto name = token_.words;
    if (std::ranges::find(names_, name) == names_.end()) {
      return;
    }
    advance();
    if (at(':')) {
      skip_to('=');
    }
    if (!at('=')) {
      // name += …, name.append(…): what it is now has to be computed.
      const bool changed = token_.kind == Token::Kind::mark && !at_end_of_statement();
      if (changed && scope.find(name) != nullptr) {
        scope.assign(name, {});
      }
      return;
    }
    advance();
    if (at('=')) {
      return;  // a comparison
    }
    auto assigned = value(0);
    if (at(',')) {
      PythonValue list{.kind = Kind::list};
      list.items.push_back(std::move(assigned));
      while (at(',')) {
        advance();
        if (!at_end_of_statement()) {
          list.items.push_back(value(0));
        }
      }
      assigned = std::move(list);
    }
    if (!at_end_of_statement()) {
      assigned = {};
    }
    scope.assign(name, std::move(assigned));
  }

  // One value, and whatever follows it up to a comma, a closing bracket or the end.
  PythonValue value(std::size_t depth) {
    auto read = atom(depth);
    if (!at_end_of_value()) {
      read = {};
      while (!at_end_of_value()) {
        skip_one();
      }
    }
    return read;
  }

  bool at_end_of_value() const {
    return at_end_of_statement() || at(',') || at(')') || at(']') || at('}') || at(':');
  }

  PythonValue atom(std::size_t depth) {
    switch (token_.kind) {
      case Token::Kind::text:
        return text();
      case Token::Kind::name:
        return name(depth);
      case Token::Kind::mark:
        if ((at('(') || at('[') || at('{')) && depth < depth_max) {
          return list(depth);
        }
        break;
      case Token::Kind::opaque:
      case Token::Kind::new_line:
      case Token::Kind::end:
        break;
    }
    return {};
  }

  // Strings side by side are one.
  PythonValue text() {
    PythonValue read{.kind = Kind::text};
    while (token_.kind == Token::Kind::text) {
      read.text += token_.value;
      advance();
    }
    return read;
  }

  PythonValue name(std::size_t depth) {
    PythonValue read{.kind = Kind::name, .text = std::string(token_.words)};
    advance();
    while (at('.')) {
      advance();
      if (token_.kind != Token::Kind::name) {
        return {};
      }
      read.text += '.';
      read.text += token_.words;
      advance();
    }
    if (at('(') && depth < depth_max) {
      read.items = in_brackets(depth).items;
      read.kind = Kind::call;
    } else if (read.text == "None") {
      return {.kind = Kind::none};
    }
    return read;
  }

  // In parentheses without a comma it is no list but the value itself.
  PythonValue list(std::size_t depth) {
    const bool parentheses = at('(');
    const bool braces = at('{');
    auto read = in_brackets(depth);
    if (!read.literal || (braces && read.items.empty())) {
      return {};
    }
    if (parentheses && !read.comma && read.items.size() == 1) {
      auto only = std::move(read.items.front());
      return only;
    }
    return {.kind = Kind::list, .items = std::move(read.items)};
  }

  struct InBrackets {
    std::vector<PythonValue> items;
    bool comma = false;
    bool literal = true;  // nothing but values between commas
  };

  InBrackets in_brackets(std::size_t depth) {
    const char closing = at('(') ? ')' : at('{') ? '}' : ']';
    InBrackets read;
    advance();
    while (!at_end_of_statement() && !at(closing)) {
      if (at(',')) {
        read.comma = true;
        advance();
      } else if (at(')') || at(']') || at('}') || at(':')) {
        read.literal = false;  // a dictionary, a slice, or brackets that do not fit
        advance();
      } else if (values_ == values_max) {
        read.literal = false;
        skip_one();
      } else {
        ++values_;
        read.items.push_back(value(depth + 1));
      }
    }
    read.literal = read.literal && at(closing);
    if (at(closing)) {
      advance();
    }
    return read;
  }

  void skip_to(char mark) {
    while (!at_end_of_statement() && !at(mark)) {
      skip_one();
    }
  }

  // A token, or a pair of brackets with all that is in it.
  void skip_one() {
    std::size_t open = 0;
    do {
      if (at('(') || at('[') || at('{')) {
        ++open;
      } else if ((at(')') || at(']') || at('}')) && open > 0) {
        --open;
      }
      advance();
    } while (open > 0 && !at_end_of_statement());
  }

  void skip_statement() {
    while (!at_end_of_statement()) {
      advance();
    }
    while (token_.kind == Token::Kind::new_line) {
      advance();
    }
  }

  Tokens tokens_;
  const std::vector<std::string_view>& names_;
  Token token_;
  PythonSource source_;
  bool in_class_ = false;
  std::optional<std::size_t> class_indent_;
  std::size_t values_ = 0;
};

}  // namespace

void PythonScope::assign(std::string_view name, PythonValue value) {
  const auto at = std::ranges::find(assignments_, name, &Assignment::name);
  if (at == assignments_.end()) {
    assignments_.push_back({std::string(name), std::move(value)});
  } else {
    at->value = std::move(value);
  }
}

const PythonValue* PythonScope::find(std::string_view name) const {
  const auto at = std::ranges::find(assignments_, name, &Assignment::name);
  return at == assignments_.end() ? nullptr : &at->value;
}

PythonSource read_python(std::string_view bytes, const std::vector<std::string_view>& names) {
  return Reader(bytes, names).run();
}

bool is_name(const PythonValue& value) {
  constexpr std::size_t longest = 255;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
  return value.kind == Kind::text && !value.text.empty() && value.text.size() <= longest &&
         std::ranges::none_of(value.text, is_control);
}

bool is_installed_package(std::string_view path) {
  return path.find("site-packages/") != std::string_view::npos ||
         path.find("dist-packages/") != std::string_view::npos;
}

}  // namespace tidemark
