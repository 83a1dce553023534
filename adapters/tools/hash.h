#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark {

// For comparing with what tools store; "SHA1", "SHA384", "MD5", … as OpenSSL names them. In
// lower-case hexadecimal digits.
std::string hex_hash(const char* algorithm, std::string_view bytes);

// The CRC-32 of zlib.
std::uint32_t crc32_of(std::string_view bytes);

// The bytes with every CRLF as LF, and with every LF that is not behind a CR as CRLF.
std::string with_lf(std::string_view bytes);
std::string with_crlf(std::string_view bytes);

// Without any of these letters.
std::string without_any(std::string_view bytes, std::string_view letters);

// "7" of "0007": how tools that compare numbers name what has one. "0" of "000".
std::string without_leading_zeros(std::string_view digits);

}  // namespace tidemark
