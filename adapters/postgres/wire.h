#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// What of PostgreSQL's protocol 3 a reader needs once libpq has opened a connection: a pipeline of
// commands out, messages in. Written down by us because an unchanged poll costs half of what it
// does with a PGresult for each command, and because libpq takes a message of a gigabyte into
// memory before anybody can say no.

struct Command {
  const char* literal;
  std::vector<std::optional<std::string>> values;
  std::string made;  // unless empty, of the literal, and sent instead
  std::string_view sql() const { return made.empty() ? std::string_view(literal) : made; }
};

// All commands and one Sync, as they are sent.
void append_pipeline(std::string& to, std::span<const Command> commands);

struct Message {
  char type;
  std::string_view body;
};

// Puts messages together of what comes in pieces.
class MessageReader {
 public:
  // `bytes` must live until keep().
  void add(std::string_view bytes);
  // Empty when there is none whole, or garbage.
  std::optional<Message> next();
  // Takes what was not given yet into its own memory.
  void keep();
  // What came is not the protocol, and nothing after it can be understood.
  bool garbage() const { return garbage_; }

 private:
  std::string held_;
  std::string_view rest_;  // of what was added, or of held_
  bool garbage_ = false;
};

// What is in a message, from its beginning to its end.
class Fields {
 public:
  explicit Fields(std::string_view body) : rest_(body) {}
  std::optional<std::uint16_t> number16();
  std::optional<std::uint32_t> number32();
  std::optional<std::string_view> bytes(std::size_t count);
  std::optional<std::string_view> text();  // up to a zero byte
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// A message that says how many items it has, and then has these; each gives its value once, in
// order.
template <class Item>
class Items {
 public:
  using Value = typename Item::Value;

  // Empty when that is not what it is.
  static std::optional<Items> of(std::string_view body) {
    Fields fields(body);
    const auto count = fields.number16();
    const Items items(body, fields, count.value_or(0));
    for (std::size_t i = 0; i < items.count_; ++i) {
      if (!Item::take(fields)) {
        return std::nullopt;
      }
    }
    return count && fields.at_end() ? std::optional(items) : std::nullopt;
  }

  std::size_t count() const { return count_; }
  // All of it.
  std::string_view bytes() const { return bytes_; }
  template <class Take>
  void for_each(Take take) const {
    Fields fields = fields_;
    for (std::size_t i = 0; i < count_; ++i) {
      take(*Item::take(fields));
    }
  }

 private:
  Items(std::string_view body, Fields fields, std::size_t count)
      : bytes_(body), fields_(fields), count_(count) {}

  std::string_view bytes_;
  Fields fields_;
  std::size_t count_;
};

struct ColumnName {
  using Value = std::string_view;
  static std::optional<Value> take(Fields& fields);
};
using Columns = Items<ColumnName>;

struct RowValue {
  using Value = std::optional<std::string_view>;  // NULL as nullopt
  static std::optional<Value> take(Fields& fields);
};
using RowValues = Items<RowValue>;

// A row of these values, as it is in a message.
void append_row(std::string& to, std::span<const std::optional<std::string>> values);

struct ServerError {
  std::string_view sqlstate;
  std::string_view message;
};
ServerError server_error(std::string_view body);

}  // namespace tidemark
