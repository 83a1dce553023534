#include "adapters/postgres/result_reader.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/postgres/failure.h"

namespace tidemark {
namespace {

constexpr std::size_t bytes_max = 1U << 20U;
constexpr std::size_t notices_max = 100;
constexpr std::size_t tags_max = 10;

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string line(const PGresult* result, int code) {
  return one_line(field(result, code));
}

std::optional<std::size_t> position_in(const PGresult* result) {
  const auto text = field(result, PG_DIAG_STATEMENT_POSITION);
  std::size_t position = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), position);
  return parsed.ec == std::errc() ? std::optional(position) : std::nullopt;
}

WriteFailure failure_in(const PGresult* result) {
  const auto sqlstate = line(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) {
    return {.error = lost_connection(PQresultErrorMessage(result)).error};
  }
  WriteFailure failure{.error = {meaning_of(sqlstate), ""},
                       .sqlstate = sqlstate,
                       .message = line(result, PG_DIAG_MESSAGE_PRIMARY),
                       .detail = line(result, PG_DIAG_MESSAGE_DETAIL),
                       .hint = line(result, PG_DIAG_MESSAGE_HINT),
                       .context = line(result, PG_DIAG_CONTEXT),
                       .position = position_in(result)};
  failure.error.detail = failure.message + " (" + sqlstate + ")";
  return failure;
}

}  // namespace

void ResultReader::take(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
      take_row(result);
      return;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      begin();
      ran_.tag = PQcmdStatus(const_cast<PGresult*>(result));  // which it only reads
      if (ran_.tags.size() < tags_max) {
        ran_.tags.push_back(ran_.tag);
      }
      ended_ = true;
      return;
    default:
      take_error(result);
      return;
  }
}

// One that libpq makes up carries no SQLSTATE: the server's answer was not understood, or is no
// more.
void ResultReader::take_error(const PGresult* result) {
  auto failure = failure_in(result);
  if (failure.sqlstate.empty()) {
    give_up(std::move(failure));
  } else {
    keep_first(std::move(failure));
  }
}

void ResultReader::give_up(WriteFailure failure) {
  hopeless_ = true;
  keep_first(std::move(failure));
}

void ResultReader::note(const PGresult* notice) {
  if (ran_.notices.size() == notices_max) {
    ++ran_.notices_dropped;
    return;
  }
  ran_.notices.push_back({.severity = line(notice, PG_DIAG_SEVERITY_NONLOCALIZED),
                          .sqlstate = line(notice, PG_DIAG_SQLSTATE),
                          .message = line(notice, PG_DIAG_MESSAGE_PRIMARY),
                          .detail = line(notice, PG_DIAG_MESSAGE_DETAIL),
                          .hint = line(notice, PG_DIAG_MESSAGE_HINT)});
}

void ResultReader::keep_first(WriteFailure failure) {
  if (!failure_) {
    failure_ = std::move(failure);
  }
}

std::expected<Ran, WriteFailure> ResultReader::answer() && {
  if (failure_) {
    failure_->tags = std::move(ran_.tags);
    return std::unexpected(std::move(*failure_));
  }
  return std::move(ran_);
}

void ResultReader::begin() {
  if (std::exchange(ended_, false)) {
    ran_.rows.clear();
    ran_.shortened = false;
    bytes_ = 0;
    full_ = false;
  }
}

void ResultReader::take_row(const PGresult* result) {
  begin();
  if (full_ || ran_.rows.size() == rows_max_) {
    full_ = true;
    ran_.shortened = true;
    return;
  }
  std::vector<std::optional<std::string>> row;
  for (int column = 0; column < PQnfields(result); ++column) {
    if (PQgetisnull(result, 0, column) != 0) {
      row.emplace_back();
      continue;
    }
    const auto size = static_cast<std::size_t>(PQgetlength(result, 0, column));
    bytes_ += size;
    if (bytes_ > bytes_max) {
      full_ = true;
      ran_.shortened = true;
      return;
    }
    row.emplace_back(std::in_place, PQgetvalue(result, 0, column), size);
  }
  ran_.rows.push_back(std::move(row));
}

}  // namespace tidemark
