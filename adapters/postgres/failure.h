#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tidemark {

// Why a connect or a read failed. `sqlstate` is empty when no server said so.
struct ReadFailure {
  Error error;
  std::string sqlstate;
};

// What the caller can do about an error that the server reported with this SQLSTATE.
Errc meaning_of(std::string_view sqlstate);

// Whether a server that was asked by a function answered that it will not tell: no right to it, no
// such function, not supported here, not in this state, or a fault inside it. What it refuses now
// it will refuse for a while.
bool is_refusal(std::string_view sqlstate);

// What libpq says of a connect that failed, as one line. It takes libpq's verbose form, the only
// one that carries the SQLSTATE of a refused connect.
ReadFailure connect_failure(std::string_view message);

// What libpq says of a connection that broke: one line, and whether it broke because the other side
// does not speak the protocol.
ReadFailure lost_connection(std::string_view message);

// What a server or libpq says, as one line without control characters; of more than 500 bytes only
// the beginning and the end.
std::string one_line(std::string_view text);

}  // namespace tidemark
