#pragma once

#include <string>
#include <string_view>

#include "core/sql/place.h"

namespace tidemark {

// Why a file cannot be applied as it stands.
struct SqlProblem {
  enum class Kind {
    transaction_control,   // BEGIN, COMMIT and kin anywhere but around everything
    needs_no_transaction,  // inside the file's own BEGIN and COMMIT
    meta_command,          // of psql
    copy_from_stdin,
    nul_byte,
    too_large,
    too_deep,  // for the parser: nesting, length, CPU or memory
  } kind = Kind::transaction_control;
  SqlPlace place;
  std::string message;  // what is wrong, and what to do
  friend bool operator==(const SqlProblem&, const SqlProblem&) = default;
};

std::string_view to_string(SqlProblem::Kind kind);

}  // namespace tidemark
