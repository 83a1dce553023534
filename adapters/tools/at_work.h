#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/tools/tool.h"

namespace tidemark {

// Who is applying something in a database right now, as far as somebody can see who only reads.

// Of a tool that says so with an advisory lock; nullopt when it takes none.
std::optional<ReadQuery> select_advisory_holders(const Tool& tool,
                                                 const Relation& ledger,
                                                 std::string_view database);
// Of whoever keeps everybody from reading the ledger.
ReadQuery select_exclusive_holders(const Relation& ledger);
// Nobody applies one migration for so long without a word; a run that died leaves its row behind,
// and one that forgot its lock its session.
inline constexpr std::chrono::seconds abandoned_after{3600};

// Who of the answer to either is so, in words; empty: nobody. Whoever has held an advisory lock and
// done nothing for so long is not at work.
enum class Holder { at_work, forgot_it };
std::string holders(const ResultSet& answer, Holder which = Holder::at_work);

// What a tool's lock row says.
struct LockRow {
  std::string words;       // empty: nobody
  bool dated = false;      // it says since when
  bool abandoned = false;  // held for so long that whoever set it must have died
};
LockRow lock_row(const ResultSet& answer);

}  // namespace tidemark
