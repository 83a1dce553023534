#include "tests/adapters/postgres/messages.h"

#include <cstdint>

#include <arpa/inet.h>

#include "tests/adapters/postgres/fake_server.h"

namespace tidemark::test {
namespace {

std::string asks_for(char kind, const std::string& more = "") {
  return message('R', std::string("\0\0\0", 3) + kind + more);
}

}  // namespace

std::string asks_in_clear() {
  return asks_for(3);
}

std::string asks_for_md5() {
  return asks_for(5, "salt");
}

std::string asks_for_scram() {
  return asks_for(10, std::string("SCRAM-SHA-256\0\0", 15));
}

std::string lets_in() {
  return asks_for(0);
}

std::string parameter(const std::string& name, const std::string& value) {
  return message('S', name + '\0' + value + '\0');
}

std::string notice(const std::string& text) {
  return message('N', error_fields("01000", text));
}

std::string beginning() {
  const auto complete = [](const std::string& tag) { return message('C', tag + '\0'); };
  const std::string bound = message('1', "") + message('2', "");
  std::string column("c\0", 2);
  column.append(6, '\0').append("\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0", 12);
  const auto columns = message('T', std::string("\0\1", 2) + column);
  return bound + message('n', "") + complete("BEGIN") + bound + columns + complete("SELECT 0") +
         bound + columns;
}

std::string row_of(const std::string& value) {
  const auto length = htonl(static_cast<std::uint32_t>(value.size()));
  std::string cells("\0\1", 2);
  cells.append(reinterpret_cast<const char*>(&length), sizeof(length)).append(value);
  return message('D', cells);
}

}  // namespace tidemark::test
