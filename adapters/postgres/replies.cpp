#include "adapters/postgres/replies.h"

#include <utility>

namespace tidemark {
namespace {

std::string field(const PGresult& result, int code) {
  const char* text = PQresultErrorField(&result, code);
  return text == nullptr ? "" : text;
}

ReadFailure error_in(const PGresult& result) {
  const auto sqlstate = field(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) {
    return lost_connection(PQresultErrorMessage(&result));
  }
  const auto message = one_line(field(result, PG_DIAG_MESSAGE_PRIMARY));
  return {{meaning_of(sqlstate), message + " (" + one_line(sqlstate) + ")"}, sqlstate};
}

std::optional<std::string> cell(const PGresult& result, int row, int column) {
  if (PQgetisnull(&result, row, column) != 0) {
    return std::nullopt;
  }
  return std::string(PQgetvalue(&result, row, column),
                     static_cast<std::size_t>(PQgetlength(&result, row, column)));
}

}  // namespace

ReplyCollector::ReplyCollector(std::size_t commands, Bounds bounds)
    : replies_(commands), bounds_(bounds) {}

void ReplyCollector::take(const PGresult* result) {
  if (result == nullptr) {
    ++at_;
    return;
  }
  switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
      add_rows(*result);
      return;
    case PGRES_FATAL_ERROR:
      keep_first(error_in(*result));
      return;
    case PGRES_PIPELINE_ABORTED:
      return;
    case PGRES_PIPELINE_SYNC:
      done_ = true;
      return;
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
      give_up("the server answered with something else than rows");
      return;
  }
  give_up("the server answered with something unknown");
}

void ReplyCollector::add_rows(const PGresult& result) {
  if (at_ >= replies_.size()) {
    give_up("the server answered more than it was asked");
    return;
  }
  auto& [set, tag] = replies_[at_];
  tag = PQcmdStatus(const_cast<PGresult*>(&result));  // libpq reads only
  if (at_ < bounds_.tags_only) {
    return;
  }
  const int columns = PQnfields(&result);
  for (int column = static_cast<int>(set.columns.size()); column < columns; ++column) {
    set.columns.emplace_back(PQfname(&result, column));
  }
  for (int row = 0; row < PQntuples(&result); ++row) {
    auto& cells = set.rows.emplace_back();
    cells.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      cells.push_back(cell(result, row, column));
      bytes_ += sizeof(cells.back()) + (cells.back() ? cells.back()->size() : 0);
    }
    ++rows_;
  }
  if (rows_ > bounds_.rows_max) {
    give_up_of(bounds_.rows_max, "rows");
  } else if (bytes_ > bounds_.bytes_max) {
    give_up_of(bounds_.bytes_max, "bytes");
  }
}

void ReplyCollector::note_traffic(std::uint64_t bytes) {
  if (bytes > bounds_.bytes_max) {
    give_up_of(bounds_.bytes_max, "bytes");
  }
}

void ReplyCollector::keep_first(ReadFailure failure) {
  // A backend that was terminated gives two: why, and that the connection was lost.
  if (!failure_) {
    failure_ = std::move(failure);
  }
}

void ReplyCollector::give_up(std::string why) {
  hopeless_ = true;
  keep_first({{Errc::broken, std::move(why)}, ""});
}

void ReplyCollector::give_up_of(std::uint64_t most, const char* what) {
  give_up("the answer has more than " + std::to_string(most) + " " + what);
}

}  // namespace tidemark
