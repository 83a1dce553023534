#include "adapters/tools/flyway_checksum.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "adapters/tools/hash.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

class Crc {
 public:
  void update(std::string_view bytes) {
    value_ = crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  }
  // Java prints an int: signed.
  std::string text() const {
    return std::to_string(static_cast<std::int32_t>(static_cast<std::uint32_t>(value_)));
  }

 private:
  uLong value_ = crc32_z(0, nullptr, 0);
};

std::string crc_of_file(std::string_view bytes) {
  Crc crc;
  crc.update(bytes);
  return crc.text();
}

// Flyway hashes line after line without what ended them (CR LF, LF or CR): all bytes but CR and LF.
// Put together first: in short pieces the CRC is several times as slow.
std::string crc_of_lines(std::string_view text) {
  std::string lines;
  lines.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    lines += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return crc_of_file(lines);
}

std::string_view without_bom(std::string_view text) {
  return text.starts_with(bom) ? text.substr(bom.size()) : text;
}

void append_utf8(std::string& text, std::uint32_t code_point) {
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0U | (code_point >> 6U));
    text += static_cast<char>(0x80U | (code_point & 0x3FU));
  } else {
    text += static_cast<char>(0xE0U | (code_point >> 12U));
    text += static_cast<char>(0x80U | ((code_point >> 6U) & 0x3FU));
    text += static_cast<char>(0x80U | (code_point & 0x3FU));
  }
}

std::string from_latin_1(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    append_utf8(text, static_cast<unsigned char>(c));
  }
  return text;
}

// Windows-1252 is Latin-1 but for these. Zero: no character, and Flyway's decoder refuses the file.
constexpr std::array<std::uint16_t, 32> windows_1252{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::optional<std::string> from_windows_1252(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    const bool special = byte >= 0x80 && byte <= 0x9F;
    const std::uint32_t code_point = special ? windows_1252[byte - 0x80U] : byte;
    if (special && code_point == 0) {
      return std::nullopt;
    }
    append_utf8(text, code_point);
  }
  return text;
}

}  // namespace

TheirChecksums flyway_checksums(std::string_view bytes, MigrationKind kind) {
  TheirChecksums checksums;
  const auto accept = [&](std::string checksum) {
    if (std::ranges::find(checksums.accepted, checksum) == checksums.accepted.end()) {
      checksums.accepted.push_back(std::move(checksum));
    }
  };
  if (valid_utf8(bytes) == bytes) {
    accept(crc_of_lines(without_bom(bytes)));
    if (bytes.starts_with(bom)) {
      accept(crc_of_lines(bytes));  // 6.0.0 to 6.0.3 hashed the byte-order mark too
    }
    // Beyond ASCII somebody may have told Flyway to read as something else what is UTF-8.
    if (std::ranges::any_of(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
      accept(crc_of_lines(from_latin_1(bytes)));
      if (const auto text = from_windows_1252(bytes)) {
        accept(crc_of_lines(*text));
      }
    }
  } else {
    // Somebody set flyway.encoding. These two are usual; that it is another one cannot be ruled
    // out.
    accept(crc_of_lines(from_latin_1(bytes)));
    if (const auto text = from_windows_1252(bytes)) {
      accept(crc_of_lines(*text));
    }
    checksums.complete = false;
  }
  // Up to 3.2.1, of all bytes: of a checkout whose lines end as they do here, or elsewhere.
  accept(crc_of_file(bytes));
  if (bytes.find_first_of("\r\n") != std::string_view::npos) {
    accept(crc_of_file(with_lf(bytes)));
    accept(crc_of_file(with_crlf(bytes)));
  }
  // Placeholders in repeatables are replaced before hashing, with values that only Flyway's
  // configuration knows.
  if (kind == MigrationKind::repeatable && bytes.find("${") != std::string_view::npos) {
    checksums.complete = false;
  }
  return checksums;
}

}  // namespace tidemark
