#include "adapters/postgres/wire.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

namespace tidemark {
namespace {

constexpr std::size_t head_size = 5;    // type and length; the length counts itself
constexpr std::size_t length_size = 4;  // of that
constexpr std::uint32_t null_length = 0xffffffffU;

// All that a server may say to a reader, and those of them that can be long.
constexpr std::string_view types = "123ACDEGHINSTWZcdnst";
constexpr std::string_view long_types = "ADENST";
constexpr std::uint32_t short_max = 30000;
constexpr std::uint32_t length_max = 0x7fffffffU;

class Writer {
 public:
  explicit Writer(std::string& bytes) : bytes_(bytes) {}
  void begin(char type) {
    bytes_ += type;
    length_at_ = bytes_.size();
    bytes_.append(length_size, '\0');
  }
  void number16(std::size_t number) {
    const auto order = htons(static_cast<std::uint16_t>(number));
    bytes_.append(reinterpret_cast<const char*>(&order), sizeof(order));
  }
  void number32(std::size_t number) {
    const auto order = htonl(static_cast<std::uint32_t>(number));
    bytes_.append(reinterpret_cast<const char*>(&order), sizeof(order));
  }
  void text(std::string_view text) {
    bytes_ += text;
    bytes_ += '\0';
  }
  void values(std::span<const std::optional<std::string>> values) {
    number16(values.size());
    for (const auto& value : values) {
      number32(value ? value->size() : null_length);
      bytes_ += value ? std::string_view(*value) : std::string_view();
    }
  }
  void end() {
    const auto length = htonl(static_cast<std::uint32_t>(bytes_.size() - length_at_));
    std::memcpy(bytes_.data() + length_at_, &length, sizeof(length));
  }

 private:
  std::string& bytes_;
  std::size_t length_at_ = 0;
};

void write(Writer& writer, const Command& command) {
  writer.begin('P');  // Parse, as the unnamed statement, and no types
  writer.text("");
  writer.text(command.sql());
  writer.number16(0);
  writer.end();
  writer.begin('B');  // Bind, as the unnamed portal, all in text
  writer.text("");
  writer.text("");
  writer.number16(0);
  writer.values(command.values);
  writer.number16(0);
  writer.end();
  writer.begin('D');  // Describe the portal
  writer.text("P");
  writer.end();
  writer.begin('E');  // Execute, all rows
  writer.text("");
  writer.number32(0);
  writer.end();
}

std::uint32_t number_at(const char* bytes) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes, sizeof(number));
  return ntohl(number);
}

bool possible(char type, std::uint32_t length) {
  return types.contains(type) && length >= length_size && length <= length_max &&
         (length <= short_max || long_types.contains(type));
}

}  // namespace

void append_pipeline(std::string& to, std::span<const Command> commands) {
  Writer writer(to);
  for (const auto& command : commands) {
    write(writer, command);
  }
  writer.begin('S');
  writer.end();
}

void MessageReader::add(std::string_view bytes) {
  if (held_.empty()) {
    rest_ = bytes;
  } else {
    held_ += bytes;
    rest_ = held_;
  }
}

std::optional<Message> MessageReader::next() {
  if (rest_.size() >= head_size && !garbage_) {
    const auto length = number_at(rest_.data() + 1);
    garbage_ = !possible(rest_[0], length);
    const auto size = std::size_t{1} + length;
    if (!garbage_ && rest_.size() >= size) {
      const Message message{rest_[0], rest_.substr(head_size, size - head_size)};
      rest_.remove_prefix(size);
      return message;
    }
  }
  return std::nullopt;
}

void MessageReader::keep() {
  if (held_.empty() || rest_.empty()) {
    held_ = std::string(rest_);  // also gives back what a long message took
  } else {
    held_.erase(0, held_.size() - rest_.size());
  }
  rest_ = {};
}

std::optional<std::uint16_t> Fields::number16() {
  const auto taken = bytes(sizeof(std::uint16_t));
  if (!taken) {
    return std::nullopt;
  }
  std::uint16_t number = 0;
  std::memcpy(&number, taken->data(), sizeof(number));
  return ntohs(number);
}

std::optional<std::uint32_t> Fields::number32() {
  const auto taken = bytes(sizeof(std::uint32_t));
  return taken ? std::optional(number_at(taken->data())) : std::nullopt;
}

std::optional<std::string_view> Fields::bytes(std::size_t count) {
  if (rest_.size() < count) {
    return std::nullopt;
  }
  const auto taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::optional<std::string_view> Fields::text() {
  const auto end = rest_.find('\0');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto taken = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return taken;
}

std::optional<ColumnName::Value> ColumnName::take(Fields& fields) {
  constexpr std::size_t about_size = 18;  // table, number, type, its size, modifier, format
  const auto name = fields.text();
  return name && fields.bytes(about_size) ? name : std::nullopt;
}

std::optional<RowValue::Value> RowValue::take(Fields& fields) {
  const auto length = fields.number32();
  if (!length) {
    return std::nullopt;
  }
  if (*length == null_length) {
    return std::make_optional<Value>();
  }
  const Value value = fields.bytes(*length);
  if (!value) {
    return std::nullopt;
  }
  return std::make_optional<Value>(value);
}

void append_row(std::string& to, std::span<const std::optional<std::string>> values) {
  Writer(to).values(values);
}

ServerError server_error(std::string_view body) {
  ServerError error;
  Fields fields(body);
  for (auto kind = fields.bytes(1); kind && (*kind)[0] != '\0'; kind = fields.bytes(1)) {
    const auto text = fields.text();
    if (!text) {
      break;
    }
    if ((*kind)[0] == 'C') {
      error.sqlstate = *text;
    } else if ((*kind)[0] == 'M') {
      error.message = *text;
    }
  }
  return error;
}

}  // namespace tidemark
