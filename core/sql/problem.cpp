#include "core/sql/problem.h"

namespace tidemark {

std::string_view to_string(SqlProblem::Kind kind) {
  switch (kind) {
    case SqlProblem::Kind::transaction_control:
      return "transaction_control";
    case SqlProblem::Kind::needs_no_transaction:
      return "needs_no_transaction";
    case SqlProblem::Kind::meta_command:
      return "meta_command";
    case SqlProblem::Kind::copy_from_stdin:
      return "copy_from_stdin";
    case SqlProblem::Kind::nul_byte:
      return "nul_byte";
    case SqlProblem::Kind::too_large:
      return "too_large";
    case SqlProblem::Kind::too_deep:
      return "too_deep";
  }
  return "";
}

}  // namespace tidemark
