#include "adapters/tools/liquibase_tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>

#include <boost/json/serialize.hpp>

#include "adapters/tools/file_name.h"

namespace tidemark {

namespace json = boost::json;

namespace {

// As Java writes a number with a fraction: 1.0, 0.5, 2.0E7.
std::string java_text(double value) {
  std::array<char, 32> buffer{};
  const auto written = std::to_chars(
      buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  const auto e = text.find('e');
  if (e == std::string_view::npos) {
    return std::string(text);  // infinite, or no number
  }
  int exponent = 0;
  const auto behind = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
  std::from_chars(behind.data(), behind.data() + behind.size(), exponent);
  std::string digits;
  std::ranges::copy_if(
      text.substr(0, e), std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  const std::string sign = text.front() == '-' ? "-" : "";
  const auto fraction = [&](std::size_t from) {
    return from < digits.size() ? digits.substr(from) : std::string("0");
  };
  if (exponent < -3 || exponent > 6) {
    return sign + digits.front() + "." + fraction(1) + "E" + std::to_string(exponent);
  }
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  digits.resize(std::max(digits.size(), whole), '0');
  return sign + digits.substr(0, whole) + "." + fraction(whole);
}

std::string text_of(const json::value* value) {
  if (value == nullptr || value->is_null() || value->is_structured()) {
    return "";
  }
  if (const auto* text = value->if_string()) {
    return {text->data(), text->size()};
  }
  if (const auto* number = value->if_double()) {
    return java_text(*number);
  }
  const auto text = json::serialize(*value);
  return {text.data(), text.size()};
}

std::string of(const json::object& object, std::string_view name) {
  return text_of(object.if_contains(json::string_view(name.data(), name.size())));
}

bool is_true(const json::object& object, std::string_view name, bool otherwise = false) {
  const auto text = lower_case(of(object, name));
  return text.empty() ? otherwise : text == "true";
}

bool is_conditional(const json::object& object) {
  return !of(object, "context").empty() || !of(object, "contextFilter").empty() ||
         !of(object, "labels").empty();
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

std::size_t number_of(const json::object& object, std::string_view name, std::size_t otherwise) {
  const auto text = of(object, name);
  return all_digits(text) && text.size() < 10 ? std::stoul(text) : otherwise;
}

LiquibaseInclude include_of(const json::object& object, bool all) {
  LiquibaseInclude include;
  include.path = of(object, all ? "path" : "file");
  include.all = all;
  include.relative = is_true(object, "relativeToChangelogFile");
  include.optional = !is_true(object, all ? "errorIfMissingOrEmpty" : "errorIfMissing", true);
  include.ignored = is_true(object, "ignore");
  // Whether a file passes a filter only that class can tell.
  include.conditional =
      is_conditional(object) ||
      (all && (!of(object, "filter").empty() || !of(object, "resourceFilter").empty()));
  include.logical_path = of(object, "logicalFilePath");
  include.suffix = of(object, "endsWithFilter");
  include.depth_min = number_of(object, "minDepth", 0);
  include.depth_max = number_of(object, "maxDepth", SIZE_MAX);
  return include;
}

// {"sql": {"sql": "…"}}, {"createTable": {…}}.
LiquibaseChange change_of(const json::object& wrapped) {
  LiquibaseChange change;
  const auto& [name, value] = *wrapped.begin();
  const auto* body = value.if_object();
  if ((name != "sql" && name != "sqlFile") || wrapped.size() != 1 ||
      (body == nullptr && name == "sqlFile")) {
    change.kind = LiquibaseChange::Kind::other;
    change.sql.text = json::serialize(wrapped);
    return change;
  }
  if (body == nullptr) {
    change.sql.text = trimmed(text_of(&value));
    return change;
  }
  change.sql.split = is_true(*body, "splitStatements", true);
  change.sql.strip = is_true(*body, "stripComments");
  if (body->contains("endDelimiter")) {
    change.sql.end_delimiter = of(*body, "endDelimiter");
  }
  change.sql.dbms = of(*body, "dbms");
  if (name == "sql") {
    change.sql.text = trimmed(of(*body, "sql"));
  } else {
    change.kind = LiquibaseChange::Kind::sql_file;
    change.file = of(*body, "path");
    change.relative = is_true(*body, "relativeToChangelogFile");
  }
  return change;
}

void add_checksums(const json::value* value, std::vector<std::string>& checksums) {
  if (value == nullptr) {
    return;
  }
  if (const auto* list = value->if_array()) {
    for (const auto& each : *list) {
      const auto* object = each.if_object();
      checksums.push_back(
          trimmed(object != nullptr ? of(*object, "validCheckSum") : text_of(&each)));
    }
  } else {
    checksums.push_back(trimmed(text_of(value)));
  }
}

LiquibaseChangeSet changeset_of(const json::object& object, Piece piece, bool certain) {
  LiquibaseChangeSet set;
  set.id = of(object, "id");
  set.author = of(object, "author");
  set.logical_path = of(object, "logicalFilePath");
  set.dbms = of(object, "dbms");
  set.comment = trimmed(of(object, "comment"));
  set.repeats = is_true(object, "runOnChange") || is_true(object, "runAlways");
  set.ignored = is_true(object, "ignore");
  set.conditional = is_conditional(object);
  set.run_order = liquibase_run_order(of(object, "runOrder"));
  set.certain = certain && !object.contains("modifySql");
  set.piece = piece;
  add_checksums(object.if_contains("validCheckSum"), set.valid_checksums);
  add_checksums(object.if_contains("validCheckSums"), set.valid_checksums);
  const auto* changes = object.if_contains("changes");
  if (changes != nullptr && changes->is_array()) {
    for (const auto& change : changes->get_array()) {
      if (const auto* wrapped = change.if_object(); wrapped != nullptr && !wrapped->empty()) {
        set.changes.push_back(change_of(*wrapped));
      }
    }
  }
  return set;
}

void add_step(const json::object& step, Piece piece, bool certain, LiquibaseChangelog& changelog) {
  for (const auto& [name, value] : step) {
    const auto* object = value.if_object();
    if (name == "logicalFilePath") {
      changelog.logical_path = text_of(&value);
    } else if (name == "context" || name == "contextFilter") {
      changelog.conditional = changelog.conditional || !text_of(&value).empty();
    } else if (object == nullptr) {
      continue;
    } else if (name == "changeSet") {
      changelog.steps.emplace_back(changeset_of(*object, piece, certain));
    } else if (name == "include" || name == "includeAll") {
      changelog.steps.emplace_back(include_of(*object, name == "includeAll"));
    } else if (name == "property" && object->contains("name") && object->contains("value") &&
               is_for_postgresql(of(*object, "dbms"))) {
      changelog.steps.emplace_back(LiquibaseProperty{
          of(*object, "name"), of(*object, "value"), is_true(*object, "global", true)});
    }
  }
}

}  // namespace

Result<LiquibaseChangelog> liquibase_changelog_of(const json::value& root,
                                                  const std::vector<Piece>& pieces,
                                                  bool certain) {
  const auto* object = root.if_object();
  const auto* list = object == nullptr ? nullptr : object->if_contains("databaseChangeLog");
  if (list == nullptr) {
    return fail(Errc::not_found, "is no changelog");
  }
  LiquibaseChangelog changelog;
  const auto* steps = list->if_array();
  for (std::size_t i = 0; steps != nullptr && i < steps->size(); ++i) {
    if (const auto* step = (*steps)[i].if_object()) {
      add_step(*step, i < pieces.size() ? pieces[i] : Piece{}, certain, changelog);
    }
  }
  return changelog;
}

namespace {

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

constexpr std::string_view digits_and_gaps = "0123456789_";

std::optional<std::string> number_in_base(int base, std::string_view bare) {
  std::uint64_t value = 0;
  const auto* end = bare.data() + bare.size();
  const auto [stop, error] = std::from_chars(bare.data(), end, value, base);
  const bool whole = error == std::errc() && stop == end;
  return whole ? std::optional(std::to_string(value)) : std::nullopt;
}

// Of "1:30", sixty to one.
std::optional<std::string> number_in_sixties(std::string_view bare) {
  constexpr std::uint64_t most = std::uint64_t{1} << 50U;
  std::uint64_t value = 0;
  for (bool first = true;; first = false) {
    const auto colon = bare.find(':');
    const auto part = bare.substr(0, colon);
    std::uint64_t number = 0;
    if (!all_digits(part) || part.size() > 15) {
      return std::nullopt;
    }
    std::from_chars(part.data(), part.data() + part.size(), number);
    if ((!first && (number >= 60 || part.size() > 2)) || value > most) {
      return std::nullopt;
    }
    value = value * 60 + number;
    if (colon == std::string_view::npos) {
      return first ? std::nullopt : std::optional(std::to_string(value));
    }
    bare.remove_prefix(colon + 1);
  }
}

// `number` has no sign, and `bare` is `number` without what people put between digits.
std::optional<std::string> whole_number(std::string_view number, std::string_view bare) {
  if (number.starts_with("0b") && consists_of(number.substr(2), "01_")) {
    return number_in_base(2, bare.substr(2));
  }
  if (number.starts_with("0x") && consists_of(number.substr(2), "0123456789abcdefABCDEF_")) {
    return number_in_base(16, bare.substr(2));
  }
  if (number.starts_with('0') && consists_of(number.substr(1), "01234567_")) {
    return number_in_base(8, bare);
  }
  if (number == "0") {
    return std::string(number);
  }
  if (number.empty() || number.front() < '1' || number.front() > '9') {
    return std::nullopt;
  }
  return consists_of(number, digits_and_gaps) ? std::string(bare) : number_in_sixties(bare);
}

// "1.5", "1.", ".5", "1e3".
bool has_fraction(std::string_view number) {
  const auto e = std::min(number.find_first_of("eE"), number.size());
  if (e < number.size()) {
    auto exponent = number.substr(e + 1);
    exponent.remove_prefix(exponent.starts_with('+') || exponent.starts_with('-') ? 1 : 0);
    if (!all_digits(exponent)) {
      return false;
    }
  }
  const auto digits = number.substr(0, e);
  const auto point = digits.find('.');
  if (point == std::string_view::npos) {
    return e < number.size() && consists_of(digits, digits_and_gaps) && digits.front() != '_';
  }
  const auto before = digits.substr(0, point);
  const auto behind = digits.substr(point + 1);
  const auto plain = [](std::string_view text) {
    return consists_of(text, digits_and_gaps) && text.front() != '_';
  };
  return before.empty() ? plain(behind)
                        : plain(before) && (behind.empty() || consists_of(behind, digits_and_gaps));
}

std::optional<std::string> truth(std::string_view plain) {
  constexpr std::array<std::string_view, 3> yes{"yes", "true", "on"};
  constexpr std::array<std::string_view, 3> no{"no", "false", "off"};
  const auto lower = lower_case(plain);
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const bool in_one_case = std::ranges::all_of(plain, upper) ||
                           std::ranges::none_of(plain.substr(plain.empty() ? 0 : 1), upper);
  if (!in_one_case) {
    return std::nullopt;
  }
  return std::ranges::find(yes, lower) != yes.end() ? std::optional<std::string>("true")
         : std::ranges::find(no, lower) != no.end() ? std::optional<std::string>("false")
                                                    : std::nullopt;
}

}  // namespace

namespace {

// A number of so many digits, taken off `text`.
std::optional<unsigned> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  const auto size = std::min(text.find_first_not_of("0123456789"), text.size());
  if (size < least || size > most) {
    return std::nullopt;
  }
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + size, value);
  text.remove_prefix(size);
  return value;
}

bool take_one_of(std::string_view& text, std::string_view characters) {
  const bool there = !text.empty() && characters.find(text.front()) != std::string_view::npos;
  text.remove_prefix(there ? 1 : 0);
  return there;
}

std::optional<std::chrono::year_month_day> take_day(std::string_view& text) {
  const auto year = take_number(text, 4, 4);
  const auto month = year && take_one_of(text, "-") ? take_number(text, 1, 2) : std::nullopt;
  const auto day = month && take_one_of(text, "-") ? take_number(text, 1, 2) : std::nullopt;
  if (!day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month),
                                         std::chrono::day(*day)};
  return date.ok() ? std::optional(date) : std::nullopt;
}

std::string two_digits(unsigned number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

// Of "2024-01-15", as Java writes that moment in UTC: in the zone of whoever runs Liquibase.
std::string java_text(const std::chrono::year_month_day& date) {
  constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::weekday day{std::chrono::sys_days(date)};
  return std::string(days[day.c_encoding()]) + " " +
         std::string(months[static_cast<unsigned>(date.month()) - 1]) + " " +
         two_digits(static_cast<unsigned>(date.day())) + " 00:00:00 UTC " +
         std::to_string(static_cast<int>(date.year()));
}

// " 10:30:00" of "T10:30:00" and the like, where no zone is named but Z, which Liquibase passes
// over as it does fractions.
std::optional<std::string> time_without_zone(std::string_view text) {
  const auto blanks = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(blanks);
  if (blanks == 0 && !take_one_of(text, "Tt")) {
    return std::nullopt;
  }
  const auto hour = take_number(text, 1, 2);
  const auto minute = hour && take_one_of(text, ":") ? take_number(text, 2, 2) : std::nullopt;
  const auto second = minute && take_one_of(text, ":") ? take_number(text, 2, 2) : std::nullopt;
  if (!second || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  if (take_one_of(text, ".")) {
    text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
  }
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  take_one_of(text, "Z");
  return text.empty() ? std::optional(" " + two_digits(*hour) + ":" + two_digits(*minute) + ":" +
                                      two_digits(*second))
                      : std::nullopt;
}

std::optional<std::string> moment(std::string_view plain) {
  auto rest = plain;
  const auto date = take_day(rest);
  if (!date) {
    return std::nullopt;
  }
  if (rest.empty()) {
    const bool whole = plain.size() == std::string_view("2024-01-15").size();
    return whole ? std::optional(java_text(*date)) : std::nullopt;
  }
  const auto time = time_without_zone(rest);
  return time ? std::optional(std::string(plain.substr(0, 5)) +
                              two_digits(static_cast<unsigned>(date->month())) + "-" +
                              two_digits(static_cast<unsigned>(date->day())) + *time)
              : std::nullopt;
}

}  // namespace

std::string liquibase_yaml_word(std::string_view plain) {
  constexpr std::size_t longest = 64;  // what is longer is text
  if (plain.empty() || plain.size() > longest) {
    return std::string(plain);
  }
  if (auto told = truth(plain)) {
    return *told;
  }
  const bool has_sign = plain.front() == '+' || plain.front() == '-';
  const auto number = plain.substr(has_sign ? 1 : 0);
  std::string bare(number);
  std::erase(bare, '_');
  const std::string sign = plain.front() == '-' ? "-" : "";
  if (const auto whole = whole_number(number, bare)) {
    return *whole == "0" ? *whole : sign + *whole;
  }
  double value = 0;
  if (has_fraction(number)) {
    const auto read = std::from_chars(bare.data(), bare.data() + bare.size(), value);
    if (read.ec == std::errc()) {
      return sign + java_text(value);
    }
  }
  return moment(plain).value_or(std::string(plain));
}

std::size_t end_of_brackets(std::string_view bytes, std::size_t begin) {
  std::size_t depth = 0;
  if (begin >= bytes.size() || (bytes[begin] != '{' && bytes[begin] != '[')) {
    return std::min(begin, bytes.size());
  }
  for (auto at = begin; at < bytes.size(); ++at) {
    const char c = bytes[at];
    // Elsewhere an apostrophe is one.
    const bool opens =
        (c == '"' || c == '\'') &&
        std::string_view(" \t\r\n{[,:").find(bytes[at - 1]) != std::string_view::npos;
    if (opens) {
      // Two single quotes in a row are the end of a text and the begin of the next: as good.
      for (++at; at < bytes.size() && bytes[at] != c; ++at) {
        at += c == '"' && bytes[at] == '\\' ? 1 : 0;
      }
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return bytes.size();
}

}  // namespace tidemark
