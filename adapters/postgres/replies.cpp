#include "adapters/postgres/replies.h"

#include <utility>

namespace tidemark {
namespace {

std::string field(const PGresult& result, int code) {
  const char* text = PQresultErrorField(&result, code);
  return text == nullptr ? "" : text;
}

ReadFailure error_in(const PGresult& result) {
  const auto sqlstate = field(result, PG_DIAG_SQLSTATE).substr(0, 5);
  if (sqlstate.empty()) {
    return lost_connection(PQresultErrorMessage(&result));
  }
  const auto message = one_line(field(result, PG_DIAG_MESSAGE_PRIMARY));
  return {{meaning_of(sqlstate), message + " (" + one_line(sqlstate) + ")"}, sqlstate};
}

std::optional<std::string_view> cell(const PGresult& rows, int row, int column) {
  if (PQgetisnull(&rows, row, column) != 0) {
    return std::nullopt;
  }
  return std::string_view(PQgetvalue(&rows, row, column),
                          static_cast<std::size_t>(PQgetlength(&rows, row, column)));
}

}  // namespace

RowSink::Taken AnswerSink::take(std::size_t command, const PGresult& rows) {
  if (command < first_ || command - first_ >= answers_.size()) {
    return {};
  }
  ResultSet& answer = answers_[command - first_];
  const int columns = PQnfields(&rows);
  for (int column = static_cast<int>(answer.columns.size()); column < columns; ++column) {
    answer.columns.emplace_back(PQfname(&rows, column));
  }
  Taken taken;
  for (int row = 0; row < PQntuples(&rows); ++row) {
    auto& cells = answer.rows.emplace_back();
    cells.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      const auto value = cell(rows, row, column);
      cells.emplace_back(value);
      taken.bytes += sizeof(cells.back()) + (value ? value->size() : 0);
    }
    ++taken.rows;
  }
  return taken;
}

RowSink::Taken DigestSink::take(std::size_t command, const PGresult& rows) {
  if (command < first_ || command >= end_) {
    return {};
  }
  Taken taken;
  for (int row = 0; row < PQntuples(&rows); ++row) {
    for (int column = 0; column < PQnfields(&rows); ++column) {
      const auto value = cell(rows, row, column);
      digest_.add(value);
      taken.bytes += value ? value->size() : 0;
    }
    digest_.end_row();
    ++taken.rows;
  }
  if (PQresultStatus(&rows) != PGRES_SINGLE_TUPLE) {
    digest_.end_answer();
  }
  return taken;
}

ReplyReader::ReplyReader(std::size_t commands, Bounds bounds, RowSink& sink)
    : commands_(commands), bounds_(bounds), sink_(sink) {}

void ReplyReader::take(const PGresult* result) {
  if (result == nullptr) {
    ++at_;
    return;
  }
  switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
      take_rows(*result);
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

void ReplyReader::take_rows(const PGresult& result) {
  if (at_ >= commands_) {
    give_up("the server answered more than it was asked");
    return;
  }
  if (at_ + 1 == commands_) {
    last_tag_ = PQcmdStatus(const_cast<PGresult*>(&result));  // libpq reads only
  }
  const auto taken = sink_.take(at_, result);
  rows_ += taken.rows;
  bytes_ += taken.bytes;
  if (rows_ > bounds_.rows_max) {
    give_up_of(bounds_.rows_max, "rows");
  } else if (bytes_ > bounds_.bytes_max) {
    give_up_of(bounds_.bytes_max, "bytes");
  }
}

void ReplyReader::note_traffic(std::uint64_t bytes) {
  if (bytes > bounds_.bytes_max) {
    give_up_of(bounds_.bytes_max, "bytes");
  }
}

void ReplyReader::keep_first(ReadFailure failure) {
  // A backend that was terminated gives two: why, and that the connection was lost.
  if (!failure_) {
    failure_ = std::move(failure);
  }
}

void ReplyReader::give_up(std::string why) {
  hopeless_ = true;
  keep_first({{Errc::broken, std::move(why)}, ""});
}

void ReplyReader::give_up_of(std::uint64_t most, const char* what) {
  give_up("the answer has more than " + std::to_string(most) + " " + what);
}

}  // namespace tidemark
