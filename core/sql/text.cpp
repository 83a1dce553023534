#include "core/sql/text.h"

#include <algorithm>
#include <utility>

#include "core/sql/scanner.h"

namespace tidemark {

namespace {

constexpr std::size_t comment_steps_max = 100'000'000;  // a quarter of a second
constexpr std::size_t problems_max = 100;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t shown_max = 40;

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

// Whether what goes by is COPY … FROM STDIN, word by word.
class CopyWatch {
 public:
  void see(const SqlToken& token, std::string_view text) {
    if (token.kind == SqlToken::Kind::blank || token.kind == SqlToken::Kind::comment) {
      return;
    }
    depth_ += token.kind == SqlToken::Kind::opening ? 1 : 0;
    depth_ -= token.kind == SqlToken::Kind::closing ? 1 : 0;
    const bool word = token.kind == SqlToken::Kind::word;
    if (first_) {
      copy_ = word && same_word(text, "copy");
      first_ = false;
    }
    from_stdin_ |= copy_ && after_from_ && word && same_word(text, "stdin");
    after_from_ = depth_ == 0 && word && same_word(text, "from");
  }
  bool from_stdin() const { return from_stdin_; }

 private:
  bool first_ = true;
  bool copy_ = false;
  bool after_from_ = false;
  bool from_stdin_ = false;
  int depth_ = 0;
};

// What PostgreSQL's lexer spends on comments: at each /* it looks at all the operator characters
// that follow, so /*/*/*… and /**//**/… without a blank cost it their length's square. A banner
// of stars costs nothing.
class CommentSteps {
 public:
  void see(const SqlToken& token, std::string_view text) {
    if (token.kind != SqlToken::Kind::comment && token.kind != SqlToken::Kind::other) {
      end_run();
      return;
    }
    for (std::size_t k = 0; k < text.size(); ++k) {
      if (operators.find(text[k]) == std::string_view::npos) {
        end_run();
        continue;
      }
      ++length_;
      begins_ += text.substr(k).starts_with("/*") ? 1U : 0U;
    }
  }
  bool are_too_many() const { return steps_ + begins_ * length_ > comment_steps_max; }

 private:
  static constexpr std::string_view operators = "~!@#^&|`?+-*/%<>=";

  void end_run() {
    steps_ += begins_ * length_;
    begins_ = 0;
    length_ = 0;
  }

  std::size_t steps_ = 0;
  std::size_t begins_ = 0;
  std::size_t length_ = 0;
};

class Reading {
 public:
  explicit Reading(std::string_view file) : file_(file) {
    answer_.text = file;
    if (file.starts_with(byte_order_mark)) {
      answer_.begin = byte_order_mark.size();
      blank(0, answer_.begin);
    }
    places_ = SqlPlaces(file_, answer_.begin);
  }

  SqlText read() && {
    // What is blanked on the way is blank to the scanner, too.
    SqlScanner scanner(answer_.text, answer_.begin);
    CopyWatch copy;
    CommentSteps steps;
    while (const auto token = scanner.next()) {
      const auto word = std::string_view(answer_.text).substr(token->offset, token->size);
      steps.see(*token, word);
      if (steps.are_too_many()) {
        tell(SqlProblem::Kind::too_deep,
             token->offset,
             "too many comments that touch one another: put blanks between them");
        answer_.readable = false;
        break;
      }
      if (token->kind == SqlToken::Kind::backslash) {
        take_meta_command(token->offset);
      }
      copy.see(*token, word);
      if (token->kind == SqlToken::Kind::semicolon) {
        if (copy.from_stdin()) {
          blank_data(token->end());
        }
        copy = {};
      }
    }
    return std::move(answer_);
  }

 private:
  void take_meta_command(std::size_t offset) {
    const auto end = std::min(file_.find_first_of("\r\n", offset), file_.size());
    const auto line = file_.substr(offset, end - offset);
    const auto word = line.substr(0, std::min(line.find_first_of(" \t"), shown_max));
    tell(SqlProblem::Kind::meta_command,
         offset,
         std::string(word) +
             " is a command of psql and no SQL: remove it, or write what it does in SQL");
    blank(offset, end);
  }

  // The lines that psql would send as data, with the \. that ends them. Without such an end nothing
  // is taken for data.
  void blank_data(std::size_t from) {
    const auto line_end = std::min(file_.find('\n', from), file_.size());
    const auto begin = std::max(line_end + 1, data_end_);
    auto at = begin;
    while (at < file_.size()) {
      const auto end = std::min(file_.find('\n', at), file_.size());
      const auto line = file_.substr(at, end - at);
      at = end + 1;
      if (line == "\\." || line == "\\.\r") {
        blank(begin, end);
        data_end_ = at;
        return;
      }
    }
    data_end_ = file_.size();  // nobody need look again
  }

  void blank(std::size_t begin, std::size_t end) {
    for (auto at = begin; at < end; ++at) {
      auto& byte = answer_.text[at];
      byte = byte == '\n' || byte == '\r' ? byte : ' ';
    }
  }

  void tell(SqlProblem::Kind kind, std::size_t offset, std::string message) {
    if (answer_.problems.size() < problems_max) {
      answer_.problems.push_back({kind, places_.at(offset), std::move(message)});
    }
  }

  std::string_view file_;
  SqlText answer_;
  SqlPlaces places_{""};
  std::size_t data_end_ = 0;
};

SqlText unreadable(SqlProblem::Kind kind, SqlPlace place, std::string message) {
  SqlText text;
  text.problems.push_back({kind, place, std::move(message)});
  text.readable = false;
  return text;
}

}  // namespace

SqlText sql_text(std::string_view file, std::size_t bytes_max) {
  if (file.size() > bytes_max) {
    return unreadable(SqlProblem::Kind::too_large,
                      {},
                      "the file has " + std::to_string(file.size()) + " bytes, and at most " +
                          std::to_string(bytes_max) + " are read: make several of it");
  }
  if (const auto nul = file.find('\0'); nul != std::string_view::npos) {
    const std::size_t begin = file.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    return unreadable(SqlProblem::Kind::nul_byte,
                      SqlPlaces(file, begin).at(nul),
                      "a NUL byte, where PostgreSQL would stop reading: save the file as UTF-8");
  }
  return Reading(file).read();
}

}  // namespace tidemark
