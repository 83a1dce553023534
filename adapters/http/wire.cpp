#include "adapters/http/wire.h"

#include <array>
#include <charconv>
#include <ctime>

#include "adapters/http/parser.h"

namespace tidemark {
namespace {

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const auto length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), length};
}

void add_header(std::string& head, std::string_view name, std::string_view value) {
  const auto add_printable = [&head](std::string_view text) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
        head += c;
      }
    }
  };
  add_printable(name);
  head += ": ";
  add_printable(value);
  head += "\r\n";
}

}  // namespace

Framing framing_of(const Response& response, bool http_1_1) {
  if (response.status == 204 || response.status == 304) {
    return Framing::none;
  }
  if (!response.stream) {
    return Framing::length;
  }
  return http_1_1 ? Framing::chunked : Framing::to_close;
}

std::string response_head(const Response& response,
                          Framing framing,
                          bool http_1_1,
                          bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_phrase(response.status);
  head += "\r\n";
  add_header(head, "Date", http_date());
  if (framing != Framing::none) {
    add_header(head, "Content-Type", response.content_type);
  }
  if (framing == Framing::length) {
    add_header(head, "Content-Length", std::to_string(response.body.size()));
  }
  if (framing == Framing::chunked) {
    add_header(head, "Transfer-Encoding", "chunked");
  }
  for (const auto& [name, value] : response.headers) {
    add_header(head, name, value);
  }
  if (!keep_alive) {
    add_header(head, "Connection", "close");
  } else if (!http_1_1) {
    add_header(head, "Connection", "keep-alive");
  }
  return head + "\r\n";
}

std::string chunk(std::string_view piece) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16).ptr;
  std::string framed(size.data(), end);
  framed += "\r\n";
  framed += piece;
  framed += "\r\n";
  return framed;
}

}  // namespace tidemark
