#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/sql/script.h"

namespace tidemark {

// What the daemon and its parser say to each other: a file, as the count of its bytes in 4 bytes,
// the highest first, and the bytes; for each of them one answer in the same form, a JSON document.
constexpr std::size_t count_size = 4;
constexpr std::size_t sql_bytes_max = std::size_t{16} << 20;     // of a file
constexpr std::size_t answer_bytes_max = std::size_t{16} << 20;  // of an answer

std::string count_bytes(std::size_t count);
std::size_t count_of(std::string_view bytes);  // of the first count_size of them

std::string answer_text(const ParsedSql& parsed);

// `broken` for what no parser of ours says of a text of that size.
Result<ParsedSql> read_answer(std::string_view answer, std::size_t text_size);

}  // namespace tidemark
