#include "adapters/postgres/question.h"

#include <algorithm>
#include <utility>

namespace tidemark {

Awaitable<Asked<std::vector<Values>>> ask_rows(WriteSession& session,
                                               ReadStatement statement,
                                               Values values,
                                               std::size_t columns) {
  auto answer = co_await session.ask(statement, std::move(values), question_deadline);
  if (!answer) {
    co_return std::unexpected(std::move(answer.error()));
  }
  const auto fits = [columns](const Values& row) { return row.size() == columns; };
  if (answer->shortened || !std::ranges::all_of(answer->rows, fits)) {
    co_return std::unexpected(not_understood(session));
  }
  co_return std::move(answer->rows);
}

Awaitable<Asked<Values>> ask_row(WriteSession& session,
                                 ReadStatement statement,
                                 Values values,
                                 std::size_t columns) {
  auto rows = co_await ask_rows(session, statement, std::move(values), columns);
  if (!rows) {
    co_return std::unexpected(std::move(rows.error()));
  }
  if (rows->size() != 1) {
    co_return std::unexpected(not_understood(session));
  }
  co_return std::move(rows->front());
}

Awaitable<Asked<bool>> ask_whether(WriteSession& session, ReadStatement statement, Values values) {
  const auto row = co_await ask_row(session, statement, std::move(values), 1);
  if (!row) {
    co_return std::unexpected(row.error());
  }
  co_return is_true(row->front());
}

std::optional<WriteFailure> must_be_in_none(const WriteSession& session) {
  if (session.transaction() == WriteSession::Transaction::none) {
    return std::nullopt;
  }
  return WriteFailure{
      .error = {Errc::internal, session.where() + ": asked within a transaction what must not be"}};
}

WriteFailure not_understood(const WriteSession& session) {
  return {.error = {Errc::broken,
                    session.where() + ": the answer to a question is not what PostgreSQL says"}};
}

}  // namespace tidemark
