#include "adapters/postgres/replies.h"

#include <utility>

namespace tidemark {
namespace {

constexpr std::string_view in_no_transaction = "I";

ReadFailure told_in(std::string_view body) {
  const auto error = server_error(body);
  const auto sqlstate = std::string(error.sqlstate.substr(0, 5));
  if (sqlstate.empty()) {
    return lost_connection(error.message);
  }
  const auto message = one_line(error.message);
  return {{meaning_of(sqlstate), message + " (" + one_line(sqlstate) + ")"}, sqlstate};
}

}  // namespace

void AnswerSink::begin(std::size_t answer, const Columns& columns) {
  auto& names = answers_[answer].columns;
  names.reserve(columns.count());
  columns.for_each([&](std::string_view name) { names.emplace_back(name); });
}

std::uint64_t AnswerSink::take(std::size_t answer, const RowValues& row) {
  auto& cells = answers_[answer].rows.emplace_back();
  cells.reserve(row.count());
  std::uint64_t bytes = 0;
  row.for_each([&](const RowValues::Value& value) {
    cells.emplace_back(value);
    bytes += sizeof(cells.back()) + (value ? value->size() : 0);
  });
  return bytes;
}

std::uint64_t DigestSink::take(std::size_t /*answer*/, const RowValues& row) {
  digest_.add_row(row.bytes());
  return row.bytes().size();
}

ReplyReader::ReplyReader(MessageReader& messages,
                         std::size_t commands,
                         AnswerBounds bounds,
                         RowSink* sink)
    : messages_(messages), commands_(commands), bounds_(bounds), sink_(sink) {}

void ReplyReader::read(std::string_view bytes) {
  come_ += bytes.size();
  messages_.add(bytes);
  while (!done_ && !hopeless_) {
    const auto message = messages_.next();
    if (!message) {
      break;
    }
    take(*message);
  }
  messages_.keep();
  if (messages_.garbage() && !done_) {
    not_understood("a message");
  } else if (come_ > bounds_.bytes_max && !done_) {
    give_up_of(bounds_.bytes_max, "bytes");
  }
}

void ReplyReader::take(const Message& message) {
  switch (message.type) {
    case '1':  // parsed
    case '2':  // bound
    case 'n':  // will have no rows
    case 'N':  // a notice
    case 'S':  // a parameter
    case 'A':  // a notification
      return;
    case 'T':
      take_columns(message.body);
      return;
    case 'D':
      take_row(message.body);
      return;
    case 'C':
      take_end(message.body);
      return;
    case 'E':
      take_error(message.body);
      return;
    case 'Z':
      take_sync(message.body);
      return;
    default:
      give_up("the server answered with something else than rows");
  }
}

void ReplyReader::take_columns(std::string_view body) {
  const auto columns = Columns::of(body);
  if (!columns || columns_) {
    not_understood("the columns of an answer");
    return;
  }
  columns_ = columns->count();
  if (wanted()) {
    sink_->begin(sink_->answer_to(at_), *columns);
  }
}

void ReplyReader::take_row(std::string_view body) {
  const auto row = RowValues::of(body);
  if (!row || columns_ != row->count()) {
    not_understood("a row");
    return;
  }
  if (!wanted()) {
    return;
  }
  ++rows_;
  bytes_ += sink_->take(sink_->answer_to(at_), *row);
  if (rows_ > bounds_.rows_max) {
    give_up_of(bounds_.rows_max, "rows");
  } else if (bytes_ > bounds_.bytes_max) {
    give_up_of(bounds_.bytes_max, "bytes");
  }
}

void ReplyReader::take_end(std::string_view body) {
  const auto tag = Fields(body).text();
  if (!tag || at_ >= commands_ || failure_) {
    give_up("the server answered more than it was asked");
    return;
  }
  if (wanted()) {
    sink_->end(sink_->answer_to(at_));
  }
  columns_.reset();
  if (++at_ == commands_) {
    last_tag_ = *tag;
  }
}

// The server skips all commands up to the Sync.
void ReplyReader::take_error(std::string_view body) {
  keep_first(told_in(body));
}

void ReplyReader::take_sync(std::string_view body) {
  if (at_ != commands_ && !failure_) {
    give_up("the server answered less than it was asked");
    return;
  }
  done_ = true;
  idle_ = body == in_no_transaction;
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

void ReplyReader::not_understood(const char* what) {
  give_up(std::string(what) + " of the server is not what PostgreSQL says");
}

}  // namespace tidemark
