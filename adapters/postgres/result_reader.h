#pragma once

#include <cstddef>
#include <expected>
#include <optional>

#include <libpq-fe.h>

#include "adapters/postgres/write_result.h"

namespace tidemark {

// Understands what libpq makes of a server's answer to what was sent, one row at a time, and keeps
// little of it.
class ResultReader {
 public:
  explicit ResultReader(std::size_t rows_max = 0) : rows_max_(rows_max) {}
  void take(const PGresult* result);
  void note(const PGresult* notice);
  // The first error stands: a backend that is terminated says why, and then that it is lost.
  void keep_first(WriteFailure failure);
  // The same, and the connection must be closed.
  void give_up(WriteFailure failure);
  // What became of what was sent cannot be learnt from this connection any more.
  bool hopeless() const { return hopeless_; }
  std::expected<Ran, WriteFailure> answer() &&;

 private:
  void begin();
  void take_row(const PGresult* result);
  void take_error(const PGresult* result);

  std::size_t rows_max_;
  Ran ran_;
  std::size_t bytes_ = 0;  // kept of rows
  bool full_ = false;      // no further rows are kept
  bool ended_ = false;     // what comes next answers the next statement
  bool hopeless_ = false;
  std::optional<WriteFailure> failure_;
};

}  // namespace tidemark
