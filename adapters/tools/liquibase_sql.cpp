// Formatted SQL: changesets between lines that are comments to everybody else.

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "adapters/tools/file_name.h"
#include "adapters/tools/liquibase_changelog.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

struct Line {
  std::string_view text;  // without what ends it
  std::size_t begin = 0;
  std::size_t end = 0;  // behind what ends it
};

// LF, CR LF and CR end a line.
std::optional<Line> take_line(std::string_view bytes, std::size_t& at) {
  if (at >= bytes.size()) {
    return std::nullopt;
  }
  const auto stop = std::min(bytes.find_first_of("\r\n", at), bytes.size());
  Line line{bytes.substr(at, stop - at), at, stop};
  if (stop < bytes.size()) {
    line.end += bytes.substr(stop).starts_with("\r\n") ? 2 : 1;
  }
  at = line.end;
  return line;
}

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// All that Java's trim() takes off.
std::string_view trimmed(std::string_view text) {
  const auto white = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!text.empty() && white(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && white(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view without_blanks_before(std::string_view text) {
  text.remove_prefix(
      static_cast<std::size_t>(std::ranges::find_if_not(text, is_blank) - text.begin()));
  return text;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && lower_case(text.substr(0, word.size())) == word;
}

// What follows the two dashes and, perhaps behind blanks, `word`; nullopt when that is not how the
// line begins.
std::optional<std::string_view> directive(std::string_view line, std::string_view word) {
  auto rest = line;
  if (!rest.starts_with("--")) {
    return std::nullopt;
  }
  rest = without_blanks_before(rest.substr(2));
  if (!starts_with_word(rest, word)) {
    return std::nullopt;
  }
  return rest.substr(word.size());
}

std::optional<std::string_view> indented_directive(std::string_view line, std::string_view word) {
  return directive(without_blanks_before(line), word);
}

bool has_blank_first(std::string_view text) {
  return !text.empty() && is_blank(text.front());
}

// A quoted word or one up to what `ends` it, taken off `text`.
template <class Ends>
std::string_view take_word(std::string_view& text, Ends ends) {
  if (text.starts_with('"')) {
    if (const auto close = text.find('"', 1); close != std::string_view::npos) {
      const auto word = text.substr(1, close - 1);
      text.remove_prefix(close + 1);
      return word;
    }
  }
  const auto size = static_cast<std::size_t>(std::ranges::find_if(text, ends) - text.begin());
  const auto word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_not_blank(char c) {
  return !is_blank(c);
}

// The value of the last "name:value" in a line that has a value; `name` is in lower case. Liquibase
// does not mind quotes, nor what stands in front of a name: rollbackEndDelimiter sets endDelimiter.
template <class Belongs>
std::optional<std::string> attribute(std::string_view line,
                                     std::string_view name,
                                     Belongs belongs,
                                     bool may_be_empty = false,
                                     bool blanks_before = false) {
  const auto wanted = std::string(name) + ":";
  auto lower = lower_case(line);
  for (auto at = lower.rfind(wanted); at != std::string::npos; at = lower.rfind(wanted)) {
    auto rest = line.substr(at + wanted.size());
    rest = blanks_before ? without_blanks_before(rest) : rest;
    const auto end = std::ranges::find_if_not(rest, belongs);
    if (end != rest.begin() || may_be_empty) {
      return std::string(rest.begin(), end);
    }
    lower.resize(at);
  }
  return std::nullopt;
}

std::optional<std::string> text_attribute(std::string_view line, std::string_view name) {
  return attribute(line, name, is_not_blank);
}

std::optional<std::string> word_attribute(std::string_view line, std::string_view name) {
  return attribute(line, name, is_word_character);
}

// "name: value" is as good.
std::optional<std::string> property_attribute(std::string_view line, std::string_view name) {
  return attribute(line, name, is_not_blank, false, true);
}

// Names behind a first character that may be anything.
std::string dbms_attribute(std::string_view line) {
  bool first = true;
  return attribute(line,
                   "dbms",
                   [&first](char c) {
                     const bool begins = std::exchange(first, false);
                     return begins ? c != ',' : is_word_character(c) || c == '!' || c == ',';
                   })
      .value_or("");
}

bool is_true(const std::optional<std::string>& value) {
  return value && lower_case(*value) == "true";
}

// Two colons with a blank between them: then the line is no SQL, whatever it says.
bool has_two_attributes(std::string_view text) {
  text.remove_prefix(std::min(text.find(':'), text.size()));
  text.remove_prefix(static_cast<std::size_t>(std::ranges::find_if(text, is_blank) - text.begin()));
  return text.find(':') != std::string_view::npos;
}

struct Heading {
  std::string author;
  std::string id;
  std::string_view attributes;
};

// "--changeset author:id attributes".
std::optional<Heading> changeset_heading(std::string_view line) {
  auto rest = indented_directive(line, "changeset");
  if (!rest || !has_blank_first(*rest)) {
    return std::nullopt;
  }
  auto text = without_blanks_before(*rest);
  const auto author = take_word(text, [](char c) { return c == ':'; });
  if (author.empty() || !text.starts_with(':')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const auto id = take_word(text, is_blank);
  if (id.empty()) {
    return std::nullopt;
  }
  return Heading{std::string(author), std::string(id), text};
}

// What is meant for a heading and is none: "--changeset bob", "-changeset bob:1". Today's Liquibase
// refuses the file, older ones took the line for a comment of the changeset before.
bool is_broken_heading(std::string_view line) {
  if (indented_directive(line, "changeset")) {
    return true;
  }
  if (!line.starts_with('-')) {
    return false;
  }
  const auto words = without_blanks_before(line.substr(1));
  return starts_with_word(words, "changeset") && has_blank_first(words.substr(9));
}

// "start", "end" or a number of lines; nullopt where a line says nothing of the kind. Nothing else
// may stand in it.
std::optional<std::string_view> ignored_lines(std::string_view line) {
  const auto what = directive(line, "ignorelines:");
  return what && std::ranges::all_of(*what, is_word_character) && !what->empty() ? what
                                                                                 : std::nullopt;
}

// How the first line begins that every version knows: up to 4.23 nothing may stand before it and
// one blank has to be between the words, up to 4.16 they are in lower case.
bool is_heading_of_every_version(std::string_view line) {
  return line.starts_with("--") &&
         without_blanks_before(line.substr(2)).starts_with("liquibase formatted");
}

// Which lines are not part of the SQL, and for whom.
enum class LineIs {
  sql,
  directive,
  newer,     // a directive that older versions of Liquibase take for SQL
  doubtful,  // for one of the ways in which versions read it
};

class FormattedSql {
 public:
  explicit FormattedSql(std::string_view bytes) : bytes_(bytes) {}

  LiquibaseChangelog run() {
    std::size_t at = bytes_.starts_with(bom) ? bom.size() : 0;
    bool headed = false;
    while (const auto line = take_line(bytes_, at)) {
      ++number_;
      if (!headed && !trimmed(line->text).empty()) {
        headed = true;
        // Versions up to 4.7 look no further than the first line.
        changelog_.plain_to_some = number_ > 1 || !is_heading_of_every_version(line->text);
        changelog_.logical_path = text_attribute(line->text, "logicalfilepath").value_or("");
      } else {
        take(*line);
      }
    }
    finish(bytes_.size());
    if (last_ != nullptr) {
      end_with_slash(*last_);
    }
    return std::move(changelog_);
  }

 private:
  void take(const Line& line) {
    if (skip_ > 0) {
      --skip_;
      return;
    }
    if (skipping_) {
      skipping_ = ignored_lines(line.text) != "end";
      return;
    }
    if (!in_rollback_) {
      if (auto heading = changeset_heading(line.text)) {
        finish(line.begin);
        begin(*heading, line);
        return;
      }
    }
    const bool in_rollback = in_rollback_;
    const auto is = look_at(line.text);
    if (!in_rollback && is_broken_heading(line.text)) {
      tell_broken_heading();
    }
    if (!open_) {
      return;
    }
    append(text_, line, is == LineIs::sql);
    append(older_text_, line, is == LineIs::sql || is == LineIs::newer);
    append(doubtful_text_, line, is == LineIs::sql || is == LineIs::doubtful);
  }

  void tell_broken_heading() {
    constexpr std::size_t problems_max = 10;
    if (changelog_.problems.size() < problems_max) {
      changelog_.problems.push_back("line " + std::to_string(number_) +
                                    " begins like a changeset and is none: Liquibase expects "
                                    "--changeset AUTHOR:ID");
    }
  }

  static void append(std::string& text, const Line& line, bool belongs) {
    if (belongs) {
      text += line.text;
      text += '\n';
    }
  }

  LineIs look_at(std::string_view line) {
    if (in_rollback_) {
      in_rollback_ = !trimmed(line).ends_with("*/");
      return LineIs::newer;
    }
    const auto begin = without_blanks_before(line);
    if (begin.starts_with("/*")) {
      const auto words = without_blanks_before(begin.substr(2));
      const bool begins = starts_with_word(words, "liquibase") &&
                          lower_case(trimmed(words.substr(9))) == "rollback";
      if (begins) {
        in_rollback_ = true;
        return LineIs::newer;
      }
    }
    if (!begin.starts_with("--")) {
      return LineIs::sql;
    }
    return look_at_comment(line, begin);
  }

  LineIs look_at_comment(std::string_view line, std::string_view begin) {
    if (const auto rest = directive(begin, "rollback")) {
      if (rest->empty()) {
        return LineIs::doubtful;
      }
      return rest->starts_with(' ') ? LineIs::directive : LineIs::sql;
    }
    if (directive(begin, "preconditions") || directive(begin, "precondition-")) {
      return LineIs::directive;
    }
    if (const auto rest = directive(begin, "property"); rest && has_blank_first(*rest)) {
      if (!has_two_attributes(*rest)) {
        return LineIs::sql;
      }
      take_property(*rest);
      return LineIs::newer;
    }
    if (const auto what = ignored_lines(line)) {
      take_ignore(*what);
      return LineIs::directive;
    }
    for (const std::string_view word : {"comment", "validchecksum"}) {
      auto rest = directive(line, word);
      if (!rest) {
        continue;
      }
      rest->remove_prefix(rest->starts_with(':') ? 1 : 0);
      if (!rest->starts_with(' ')) {
        return LineIs::sql;
      }
      note(word, std::string(trimmed(*rest)));
      return starts_with_word(line.substr(2), word) ? LineIs::directive : LineIs::doubtful;
    }
    return LineIs::sql;
  }

  void note(std::string_view word, std::string text) {
    if (!open_) {
      return;
    }
    if (word == "comment") {
      set_.comment = std::move(text);
    } else {
      set_.valid_checksums.push_back(std::move(text));
    }
  }

  void take_property(std::string_view attributes) {
    const auto name = property_attribute(attributes, "name");
    const auto value = property_attribute(attributes, "value");
    if (!name || !value) {
      return;
    }
    const auto global = word_attribute(attributes, "global");
    if (is_for_postgresql(text_attribute(attributes, "dbms").value_or(""))) {
      changelog_.steps.emplace_back(LiquibaseProperty{*name, *value, !global || is_true(global)});
    }
  }

  void take_ignore(std::string_view what) {
    if (what == "start") {
      skipping_ = true;
    } else {
      std::size_t lines = 0;
      std::from_chars(what.data(), what.data() + what.size(), lines);
      skip_ = lines;
    }
  }

  void begin(const Heading& heading, const Line& line) {
    open_ = true;
    begin_ = line.begin;
    set_ = {};
    set_.id = heading.id;
    set_.author = heading.author;
    const auto of = [&](std::string_view name) { return word_attribute(heading.attributes, name); };
    set_.logical_path = text_attribute(heading.attributes, "logicalfilepath").value_or("");
    set_.dbms = dbms_attribute(heading.attributes);
    set_.repeats = is_true(of("runonchange")) || is_true(of("runalways"));
    set_.ignored = is_true(of("ignore"));
    for (const std::string_view name : {"context", "contextfilter", "labels"}) {
      set_.conditional = set_.conditional || text_attribute(heading.attributes, name).has_value();
    }
    sql_ = {};
    sql_.strip = true;
    if (const auto split = of("splitstatements")) {
      sql_.split = is_true(split);
    }
    if (const auto strip = of("stripcomments")) {
      sql_.strip = is_true(strip);
    }
    sql_.end_delimiter = attribute(heading.attributes, "enddelimiter", is_not_blank, true);
    text_.clear();
    older_text_.clear();
    doubtful_text_.clear();
  }

  void finish(std::size_t end) {
    if (!open_) {
      return;
    }
    open_ = false;
    sql_.text = trimmed(text_);
    set_.changes.push_back({LiquibaseChange::Kind::sql, sql_, "", false});
    for (const auto* other : {&older_text_, &doubtful_text_}) {
      if (*other != text_) {
        auto sql = sql_;
        sql.text = trimmed(*other);
        set_.otherwise.push_back(std::move(sql));
      }
    }
    const auto whole = bytes_.substr(begin_, end - begin_);
    auto size = whole.size();
    while (size > 0 && static_cast<unsigned char>(whole[size - 1]) <= 0x20) {
      --size;
    }
    set_.piece = {begin_, size};
    changelog_.steps.emplace_back(std::move(set_));
    last_ = &changelog_.steps;
  }

  // A slash that ends the file ends the last changeset's statement, too.
  static void end_with_slash(decltype(LiquibaseChangelog::steps)& steps) {
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      auto* set = std::get_if<LiquibaseChangeSet>(&*step);
      if (set == nullptr) {
        continue;
      }
      const auto end = [](LiquibaseSql& sql) {
        if (!sql.end_delimiter && sql.text.ends_with("\n/")) {
          sql.end_delimiter = "\n/$";
        }
      };
      end(set->changes.front().sql);
      std::ranges::for_each(set->otherwise, end);
      return;
    }
  }

  std::string_view bytes_;
  LiquibaseChangelog changelog_;
  decltype(LiquibaseChangelog::steps)* last_ = nullptr;
  LiquibaseChangeSet set_;
  LiquibaseSql sql_;
  std::string text_;
  std::string older_text_;
  std::string doubtful_text_;
  std::size_t number_ = 0;  // of the line
  std::size_t begin_ = 0;
  std::size_t skip_ = 0;
  bool open_ = false;
  bool skipping_ = false;
  bool in_rollback_ = false;
};

}  // namespace

bool is_formatted_liquibase_sql(std::string_view bytes) {
  std::size_t at = bytes.starts_with(bom) ? bom.size() : 0;
  while (const auto line = take_line(bytes, at)) {
    if (trimmed(line->text).empty()) {
      continue;
    }
    const auto rest = indented_directive(line->text, "liquibase");
    return rest && starts_with_word(without_blanks_before(*rest), "formatted");
  }
  return false;
}

LiquibaseChangelog parse_liquibase_sql(std::string_view bytes) {
  auto changelog = FormattedSql(bytes).run();
  if (valid_utf8(bytes) != bytes) {
    for (auto& step : changelog.steps) {
      if (auto* set = std::get_if<LiquibaseChangeSet>(&step)) {
        set->certain = false;  // it was read in an encoding that only people know
      }
    }
  }
  return changelog;
}

LiquibaseChangelog plain_sql_as_changelog(std::string_view bytes) {
  LiquibaseChangeSet set;
  set.id = plain_sql_id;
  set.author = plain_sql_author;
  LiquibaseSql sql;
  sql.split = false;
  sql.text = bytes;
  if (bytes.starts_with(bom)) {
    auto bare = sql;
    bare.text.erase(0, bom.size());
    set.otherwise.push_back(std::move(bare));
  }
  set.changes.push_back({LiquibaseChange::Kind::sql, std::move(sql), "", false});
  set.certain = valid_utf8(bytes) == bytes;
  set.piece = {0, bytes.size()};
  LiquibaseChangelog changelog;
  changelog.steps.emplace_back(std::move(set));
  return changelog;
}

}  // namespace tidemark
