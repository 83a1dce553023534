#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/question.h"
#include "core/sql/statement.h"

namespace tidemark {

// What applying has to know of what is in a database.

// Whether there is nothing of anybody's in a schema, or, when that is empty, in the whole database:
// no relation, type or function. What the server and extensions bring along does not count, nor
// what is temporary.
Awaitable<Asked<bool>> is_empty(WriteSession& session, std::string schema);

struct IndexState {
  enum class Kind { absent, invalid, valid } kind = Kind::absent;
  std::uint32_t oid = 0;
  friend bool operator==(const IndexState&, const IndexState&) = default;
};
// Of no schema: the one that its name alone means. An index that was not built to its end stays,
// invalid.
Awaitable<Asked<IndexState>> index_state(WriteSession& session,
                                         std::string schema,
                                         std::string name);

struct InvalidOne {
  std::string name;      // as SQL names it
  bool at_work = false;  // somebody builds, rebuilds or drops it
  friend bool operator==(const InvalidOne&, const InvalidOne&) = default;
};
// Of a table and its partitions, of an index's table, of a schema, or of all the database, by the
// object's kind; what is too large for its table (TOAST) belongs to it. Of no schema: as above.
Awaitable<Asked<std::vector<InvalidOne>>> invalid_indexes(WriteSession& session, SqlObject where);

}  // namespace tidemark
