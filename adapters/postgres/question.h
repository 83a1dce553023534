#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/statement.h"
#include "adapters/postgres/write_session.h"

namespace tidemark {

template <class T>
using Asked = std::expected<T, WriteFailure>;

// What questions are made of. They wait this long for an answer.
constexpr std::chrono::milliseconds question_deadline{10'000};

using Value = std::optional<std::string>;
using Values = std::vector<Value>;

// The rows of an answer, each of just so many columns.
Awaitable<Asked<std::vector<Values>>> ask_rows(WriteSession& session,
                                               ReadStatement statement,
                                               Values values,
                                               std::size_t columns);

// The one row that there always is.
Awaitable<Asked<Values>> ask_row(WriteSession& session,
                                 ReadStatement statement,
                                 Values values,
                                 std::size_t columns);

// The one value that there always is: whether it is true.
Awaitable<Asked<bool>> ask_whether(WriteSession& session, ReadStatement statement, Values values);

// Nothing, where something would go wrong in a transaction.
std::optional<WriteFailure> must_be_in_none(const WriteSession& session);

WriteFailure not_understood(const WriteSession& session);

inline bool is_true(const Value& value) {
  return value == "t";
}

// 0 for NULL, and for what is none.
template <class T>
T number_in(const Value& value, int base = 10) {
  T number = 0;
  if (value) {
    std::from_chars(value->data(), value->data() + value->size(), number, base);
  }
  return number;
}

template <class T>
std::optional<T> number_if_any(const Value& value) {
  return value ? std::optional(number_in<T>(value)) : std::nullopt;
}

}  // namespace tidemark
