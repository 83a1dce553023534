#include "adapters/tools/observe.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

#include "adapters/postgres/answer_digest.h"
#include "adapters/tools/answer.h"
#include "adapters/tools/at_work.h"
#include "adapters/tools/privileges.h"

namespace tidemark {

namespace {

constexpr std::chrono::minutes rediscover_after{10};

// $1, $2: schema and name of the ledger.
constexpr ReadStatement select_ledger_oid = R"sql(
  SELECT c.oid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1::text AND c.relname = $2::text
)sql";

// $1, $2: schema and name of a large ledger. The counters come seconds late and start anew after a
// crash; a standby has its own, which stand still.
constexpr ReadStatement select_ledger_changes = R"sql(
  SELECT c.oid, pg_catalog.pg_relation_filenode(c.oid),
         pg_catalog.pg_stat_get_tuples_inserted(c.oid),
         pg_catalog.pg_stat_get_tuples_updated(c.oid),
         pg_catalog.pg_stat_get_tuples_deleted(c.oid)
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1::text AND c.relname = $2::text
)sql";

// Up to here all rows cost no more than anything that could be asked instead.
constexpr std::size_t small_ledger_rows = 100;

constexpr std::string_view insufficient_privilege = "42501";
constexpr std::string_view lock_not_available = "55P03";

// The ledger is not what it was when it was found: look for it again.
bool not_as_found(const ReadFailure& failure) {
  constexpr std::array<std::string_view, 6> states{
      "42P01",  // no such table
      "3F000",  // no such schema
      "42703",  // no such column
      "42883",  // a column of another type, for which there is no such function
      "0A000",  // a type changed under a plan
      insufficient_privilege};
  return std::ranges::find(states, failure.sqlstate) != states.end();
}

bool is_old(const std::optional<TimePoint>& at, TimePoint now) {
  return !at || now < *at || now - *at >= rediscover_after;
}

// The table beside the ledger in which its tool says that it works.
std::optional<TableName> lock_of(const RecognisedLedger& ledger,
                                 std::span<const Relation> relations) {
  TableName name{ledger.relation.name.schema, ledger.tool->lock_table(ledger.relation)};
  const auto found = std::ranges::find(relations, name, &Relation::name);
  const bool readable = found != relations.end() && found->can_use && found->can_select &&
                        !found->row_security && ledger.tool->select_lock(*found).has_value();
  return readable ? std::optional(std::move(name)) : std::nullopt;
}

// The ledger, and what its tool reads beside it.
std::vector<Relation> read_for(const RecognisedLedger& ledger,
                               std::span<const Relation> relations) {
  std::vector<Relation> read{ledger.relation};
  for (auto& table : ledger.tool->tables_beside()) {
    const TableName name{ledger.relation.name.schema, std::move(table)};
    if (const auto at = std::ranges::find(relations, name, &Relation::name);
        at != relations.end()) {
      read.push_back(*at);
    }
  }
  return read;
}

// Known without trying, which would leave an error in the server's log at every look.
bool refused_beforehand(const Relation& relation) {
  return !relation.can_use || !relation.can_select || relation.row_security;
}

}  // namespace

bool Observer::due(TimePoint now) const {
  // Without a ledger to read each look searches, so that a first migration or a grant shows at
  // once.
  return !readable() || is_old(discovered_at_, now);
}

void Observer::connected() {
  discovered_at_.reset();
  privileges_asked_at_.reset();
}

void Observer::expect(std::string_view layout) {
  if (layout != layout_) {
    layout_ = layout;
    discovered_at_.reset();
  }
}

Awaitable<Looked> Observer::look(ReadSession& session, TimePoint now) {
  Attempt<Sight> sight = co_await find_and_see(session, now);
  const bool gone = sight && had_rows_ && !choice_.uncertain && sight->rows.rows.empty() &&
                    sight->at_work.empty();
  if (gone) {
    sight = co_await see_again(session, now);
  }
  if (sight && sight->moved) {
    const auto words = "the ledger " + choice_.ledger->relation.name.text() + " is being replaced";
    sight = std::unexpected(ReadFailure{{Errc::retry, words}, ""});
    discovered_at_.reset();
  }
  if (!sight && sight.error().sqlstate == lock_not_available && readable()) {
    sight = co_await locked_out(session, std::move(sight.error()));
  }
  if (!sight) {
    co_return looked(std::unexpected(sight.error()));
  }
  const Done found = co_await find_invalid_indexes(session, *sight);
  if (!found) {
    co_return looked(std::unexpected(found.error()));
  }
  Observation seen = co_await observation(std::move(*sight), now);
  co_return looked(std::move(seen));
}

Awaitable<Observer::Attempt<Observer::Sight>> Observer::find_and_see(ReadSession& session,
                                                                     TimePoint now) {
  const bool searched = due(now);
  if (searched) {
    const Done done = co_await discover(session, now);
    if (!done) {
      co_return std::unexpected(done.error());
    }
  }
  Attempt<Sight> sight = co_await see(session, now);
  const auto denied = [&] { return !sight && sight.error().sqlstate == insufficient_privilege; };
  const bool changed = sight ? sight->moved : not_as_found(sight.error());
  if (changed && !(searched && denied())) {
    const Done done = co_await discover(session, now);
    if (!done) {
      co_return std::unexpected(done.error());
    }
    sight = co_await see(session, now);
  }
  if (denied() && readable()) {
    refuse(sight.error().error.detail);
    sight = co_await see(session, now);
  }
  if (!sight && not_as_found(sight.error())) {
    discovered_at_.reset();
  }
  co_return sight;
}

// Some tools empty their ledger, or drop and create it, and fill it again in a later transaction.
// That all is gone is believed only when a second transaction says so too.
Awaitable<Observer::Attempt<Observer::Sight>> Observer::see_again(ReadSession& session,
                                                                  TimePoint now) {
  if (!choice_.ledger) {
    const Done done = co_await discover(session, now);
    if (!done) {
      co_return std::unexpected(done.error());
    }
  }
  co_return co_await see(session, now);
}

Awaitable<Observer::Done> Observer::discover(ReadSession& session, TimePoint now) {
  discovered_at_.reset();
  std::vector<ReadQuery> queries;
  queries.push_back(IdentityReader::abilities());
  queries.push_back(discovery_query(settings_.their_ledger.table, settings_.schema));
  ReadSession::Answer answer = co_await session.read(std::move(queries), settings_.limits);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  const auto relations = parse_relations(answer->at(1));
  if (!relations) {
    co_return std::unexpected(ReadFailure{relations.error(), ""});
  }
  const Done learnt = co_await identity_.learn(session, std::move(answer->front()), now);
  if (!learnt) {
    co_return std::unexpected(learnt.error());
  }
  auto discovered = recognise_ledgers(*relations);
  choice_ =
      choose_ledger(discovered, *relations, settings_.their_ledger, settings_.schema, layout_);
  rejected_ = std::move(discovered.rejected);
  if (choice_.ledger && !choice_.uncertain) {
    const std::string tool(choice_.ledger->tool->name());
    last_ledger_ = {
        nullptr, choice_.ledger->relation.name, "was its ledger, of " + tool + ", and is gone"};
  } else if (!choice_.ledger && last_ledger_) {
    rejected_.push_back(*last_ledger_);
  }
  std::ranges::move(not_chosen(discovered, choice_), std::back_inserter(rejected_));
  read_ = choice_.ledger ? read_for(*choice_.ledger, *relations) : std::vector<Relation>{};
  lock_ = choice_.ledger ? lock_of(*choice_.ledger, *relations) : std::nullopt;
  if (std::ranges::any_of(read_, refused_beforehand)) {
    refuse("");
  }
  if (is_old(privileges_asked_at_, now)) {
    const Done asked = co_await ask_privileges(session, now);
    if (!asked) {
      co_return std::unexpected(asked.error());
    }
  }
  discovered_at_ = now;
  co_return std::monostate{};
}

// What the server refuses to tell here is no failure of the look.
Awaitable<Observer::Done> Observer::ask_privileges(ReadSession& session, TimePoint now) {
  const TableName ledger = choice_.ledger ? choice_.ledger->relation.name : TableName{};
  auto excess = co_await excess_privileges(session, ledger, settings_.limits);
  if (!excess && excess.error().sqlstate.empty()) {
    co_return std::unexpected(excess.error());
  }
  if (excess) {
    excess_privileges_ = std::move(*excess);
  }
  privileges_asked_at_ = now;
  co_return std::monostate{};
}

Awaitable<Observer::Done> Observer::find_invalid_indexes(ReadSession& session, Sight& sight) {
  if (!sight.invalid_indexes) {
    co_return std::monostate{};
  }
  auto any = std::move(*sight.invalid_indexes);
  const Done found = co_await invalid_indexes_.find(session, std::move(any), sight.standby);
  if (!invalid_indexes_.decided()) {
    known_.reset();
  }
  co_return found;
}

// Which database it is, whether an index is invalid, whether the tool says that it works, which
// table, and of a large ledger what shows that it changed; of a small one all rows.
std::vector<ReadQuery> Observer::glance_queries() const {
  std::vector<ReadQuery> queries;
  identity_.ask(queries);
  queries.push_back(InvalidIndexes::any());
  if (!readable()) {
    return queries;
  }
  const auto& relation = choice_.ledger->relation;
  const auto& tool = *choice_.ledger->tool;
  if (lock_) {
    Relation lock;
    lock.name = *lock_;
    queries.push_back(*tool.select_lock(lock));
  }
  const auto tail = large_ ? tool.select_tail(relation) : std::nullopt;
  queries.push_back({tail ? select_ledger_changes : select_ledger_oid,
                     std::nullopt,
                     {relation.name.schema, relation.name.name}});
  queries.push_back(tail ? *tail : tool.select_rows(relation));
  return queries;
}

Awaitable<Observer::Attempt<Observer::Sight>> Observer::see(ReadSession& session, TimePoint now) {
  known_.reset();
  note_.clear();
  auto glance = glance_queries();
  const auto glanced = glance.size();
  auto queries = glance;
  // Before the rest and after it: who ends or begins in between leaves what is half done.
  bool asks_who = false;
  if (readable()) {
    const auto& relation = choice_.ledger->relation;
    const auto& tool = *choice_.ledger->tool;
    if (large_ && tool.select_tail(relation)) {
      queries.push_back(tool.select_rows(relation));
    }
    if (auto who = select_advisory_holders(tool, relation, identity_.database())) {
      queries.insert(queries.begin(), *who);
      queries.push_back(std::move(*who));
      asks_who = true;
    }
  }
  ReadSession::Answer answer = co_await session.read(std::move(queries), settings_.limits);
  if (!answer) {
    co_return std::unexpected(answer.error());
  }
  std::vector<ResultSet> who;
  if (asks_who) {
    who = {std::move(answer->front()), std::move(answer->back())};
    answer->erase(answer->begin());
    answer->pop_back();
  }
  auto told = identity_.read(*answer);
  Sight sight{std::move(told.identity), told.standby, false, "", {}, {}};
  auto next = told.answers;
  sight.invalid_indexes = answer->at(next);
  ++next;
  if (readable()) {
    if (lock_) {
      note_lock(answer->at(next), sight, now);
      ++next;
    }
    for (const auto& holding : who) {
      note_holders(holding, sight);
    }
    sight.moved = number_of(value_of(answer->at(next))) != choice_.ledger->relation.oid;
    const bool large = answer->back().rows.size() > small_ledger_rows;
    // Else the next look knows how to glance, or that whoever is at work has ended.
    if (!sight.moved && large == large_ && sight.at_work.empty()) {
      if (auto again = ReadBatch::make(std::move(glance), settings_.limits)) {
        known_ = Known{std::move(*again), digest_of(std::span(*answer).first(glanced))};
      }
    }
    large_ = large;
    sight.rows = std::move(answer->back());
  }
  co_return sight;
}

void Observer::note_holders(const ResultSet& answer, Sight& sight) {
  if (auto words = holders(answer); !words.empty()) {
    sight.at_work = std::move(words);
  }
  if (const auto words = holders(answer, Holder::forgot_it); !words.empty()) {
    note_ = words + " has held the lock of " + std::string(choice_.ledger->tool->name()) +
            " for more than an hour and does nothing: it keeps the next run from starting";
  }
}

void Observer::note_lock(const ResultSet& answer, Sight& sight, TimePoint now) {
  auto lock = lock_row(answer);
  if (lock.words.empty() || (locked_since_ && now < *locked_since_)) {
    locked_since_.reset();
  }
  if (!lock.words.empty() && !lock.dated) {
    locked_since_ = locked_since_.value_or(now);
    lock.abandoned = now - *locked_since_ >= abandoned_after;
  }
  if (lock.abandoned) {
    note_ = lock_->text() + " is locked by " + lock.words +
            ": a run that died leaves it so, and keeps the next one from starting";
  } else {
    sight.at_work = std::move(lock.words);
  }
}

// Somebody keeps everybody from reading the ledger: some tools do while they work.
Awaitable<Observer::Attempt<Observer::Sight>> Observer::locked_out(ReadSession& session,
                                                                   ReadFailure failure) {
  std::vector<ReadQuery> queries;
  queries.push_back(select_exclusive_holders(choice_.ledger->relation));
  ReadSession::Answer answer = co_await session.read(std::move(queries), settings_.limits);
  auto who = answer ? holders(answer->front()) : "";
  if (who.empty()) {
    co_return std::unexpected(std::move(failure));
  }
  Sight sight;
  sight.at_work = std::move(who) + ", which locked " + choice_.ledger->relation.name.text();
  co_return sight;
}

Awaitable<std::expected<bool, ReadFailure>> Observer::glance(ReadSession& session, TimePoint now) {
  if (!known_ || due(now)) {
    co_return false;
  }
  auto digest = co_await session.digest(known_->glance);
  if (digest) {
    co_return *digest == known_->digest;
  }
  if (not_as_found(digest.error()) || digest.error().sqlstate == lock_not_available) {
    co_return false;
  }
  co_return std::unexpected(std::move(digest.error()));
}

// There is a ledger, and the server does not let us read it.
void Observer::refuse(const std::string& words) {
  known_.reset();
  const auto& relation = choice_.ledger->relation;
  const auto& role = identity_.role();
  const auto grants = missing_privileges(read_, role);
  const auto filtered = std::ranges::find(read_, true, &Relation::row_security);
  choice_.uncertain = true;
  choice_.trouble = relation.name.text() + " (" + std::string(choice_.ledger->tool->name()) +
                    ") cannot be read by " + role;
  if (!grants.empty()) {
    choice_.trouble += ": " + grants;
  } else if (filtered != read_.end()) {
    choice_.trouble += ": " + around_row_security(*filtered, role);
  } else {
    choice_.trouble += ": " + words;
    if (const auto all = privileges_on_columns(read_, role); !all.empty()) {
      choice_.trouble += ": " + all;
    }
  }
}

Awaitable<Observation> Observer::observation(Sight sight, TimePoint now) {
  Observation seen;
  seen.standby = sight.standby;
  seen.identity = std::move(sight.identity);
  seen.as_of = now;
  seen.at_work = std::move(sight.at_work);
  seen.invalid_indexes = invalid_indexes_.left();
  if (choice_.uncertain) {
    seen.trouble = choice_.trouble;
    seen.ledger = Observation::Ledger::unreadable;
  }
  if (choice_.ledger) {
    seen.tool = choice_.ledger->tool->name();
    seen.table = choice_.ledger->relation.name.text();
  }
  const bool has_rows = !sight.rows.rows.empty();
  if (readable()) {
    auto rows = co_await rows_in(std::move(sight.rows));
    if (!rows) {
      seen.ledger = Observation::Ledger::unreadable;
      seen.trouble = rows.error().detail;
      co_return seen;
    }
    seen.ledger = Observation::Ledger::read;
    seen.rows = std::move(*rows);
  }
  had_rows_ = choice_.uncertain || !seen.at_work.empty() ? had_rows_ : has_rows;
  co_return seen;
}

Awaitable<Result<std::vector<Row>>> Observer::rows_in(ResultSet answer) {
  const Tool& tool = *choice_.ledger->tool;
  if (answer.rows.size() <= small_ledger_rows) {
    co_return tool.rows(answer);
  }
  // To free a hundred thousand rows takes as long as to read them: that is done there, too.
  auto work = [&tool, answer = std::move(answer)]() mutable {
    auto rows = tool.rows(answer);
    answer = {};
    return rows;
  };
  auto rows = co_await pool_.run(std::move(work));
  co_return rows;
}

Looked Observer::looked(Attempt<Observation> result) {
  LedgerShape shape;
  shape.looked = true;
  shape.layout = layout_;
  shape.rejected = rejected_;
  shape.note = choice_.uncertain ? "" : choice_.trouble;
  if (shape.note.empty()) {
    shape.note = note_;
  }
  if (choice_.ledger) {
    shape.tool = choice_.ledger->tool->name();
    shape.table = choice_.ledger->relation.name.text();
    shape.evidence = choice_.ledger->evidence;
  }
  return {std::move(result), std::move(shape), std::exchange(excess_privileges_, std::nullopt)};
}

}  // namespace tidemark
