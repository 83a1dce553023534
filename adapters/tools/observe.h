#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/loop/asio.h"
#include "adapters/postgres/read_session.h"
#include "adapters/tools/choice.h"
#include "adapters/tools/identity.h"
#include "adapters/tools/invalid_indexes.h"
#include "core/ledger/observation.h"
#include "core/time.h"

namespace tidemark {

// What was recognised in an environment's database, and why.
struct LedgerShape {
  bool looked = false;  // since the start: else this is all empty
  std::string tool;
  std::string table;
  std::string evidence;
  std::string note;    // why there is none although something looks like one, or one is configured
  std::string layout;  // of the files that it was chosen for
  std::vector<RejectedTable> rejected;
  friend bool operator==(const LedgerShape&, const LedgerShape&) = default;
};

// A failure says nothing about the environment: its last observation stays what is known. What the
// server does say, that there is no ledger or that we may not read it, is an observation.
struct Looked {
  std::expected<Observation, ReadFailure> observation;
  LedgerShape shape;
  // What the credential could do beyond reading, in words; nullopt: not asked this time.
  std::optional<std::string> excess_privileges{};
};

// Looks at one environment, again and again; remembers between looks where its ledger is, so that a
// look is one round trip. Not for two looks at a time.
class Observer {
 public:
  struct Settings {
    LedgerSetting their_ledger;
    std::string schema;  // empty: the whole database
    ReadLimits limits;
  };

  // Many rows are made sense of on the pool.
  Observer(Settings settings, Pool& pool)
      : settings_(std::move(settings)),
        pool_(pool),
        identity_(settings_.schema, settings_.limits),
        invalid_indexes_(settings_.schema, settings_.limits) {}

  // The next look is on a new connection, perhaps to another server, as another role: it searches
  // for the ledger again, and asks what the role may do.
  void connected();

  // The tool whose files the app has; empty: not known, or none are there. With another one the
  // next look searches anew.
  void expect(std::string_view layout);

  // `session` must outlive the look, and may be another one each time.
  Awaitable<Looked> look(ReadSession& session, TimePoint now);

  // Whether a look would see what the last one saw, for less than a look: of a large ledger only
  // its tail is read and what the server counts of its changes. That proves no change in the middle
  // of it: a look now and then does. False also when only a look can tell.
  Awaitable<std::expected<bool, ReadFailure>> glance(ReadSession& session, TimePoint now);

 private:
  // What one transaction saw.
  struct Sight {
    Identity identity;
    bool standby = false;
    bool moved = false;  // the ledger's name is another table's by now, or nobody's
    std::string at_work;
    ResultSet rows;
    std::optional<ResultSet> invalid_indexes;  // whether any are; nullopt: not asked
  };
  template <class T>
  using Attempt = std::expected<T, ReadFailure>;
  using Done = Attempt<std::monostate>;

  bool due(TimePoint now) const;
  bool readable() const { return choice_.ledger && !choice_.uncertain; }
  Awaitable<Attempt<Sight>> find_and_see(ReadSession& session, TimePoint now);
  Awaitable<Done> discover(ReadSession& session, TimePoint now);
  Awaitable<Done> ask_privileges(ReadSession& session, TimePoint now);
  Awaitable<Attempt<Sight>> see(ReadSession& session, TimePoint now);
  std::vector<ReadQuery> glance_queries() const;
  Awaitable<Attempt<Sight>> see_again(ReadSession& session, TimePoint now);
  Awaitable<Done> find_invalid_indexes(ReadSession& session, Sight& sight);
  void refuse(const std::string& words);
  void note_holders(const ResultSet& answer, Sight& sight);
  void note_lock(const ResultSet& answer, Sight& sight, TimePoint now);
  Awaitable<Attempt<Sight>> locked_out(ReadSession& session, ReadFailure failure);
  Awaitable<Observation> observation(Sight sight, TimePoint now);
  Awaitable<Result<std::vector<Row>>> rows_in(ResultSet answer);
  Looked looked(Attempt<Observation> result);

  Settings settings_;
  Pool& pool_;
  IdentityReader identity_;
  InvalidIndexes invalid_indexes_;
  std::optional<TimePoint> discovered_at_;  // empty: discover before the next look
  LedgerChoice choice_;
  std::optional<RejectedTable> last_ledger_;  // what to tell of it when it is gone
  std::vector<RejectedTable> rejected_;
  std::string layout_;             // as chosen by
  std::vector<Relation> read_;     // the ledger, and what its tool reads beside it
  std::optional<TableName> lock_;  // the ledger's, where the tool has one and it can be read
  std::optional<TimePoint>
      locked_since_;  // when it was first seen locked, where it does not say since when it is
  std::string note_;  // what people should know of the last look
  std::optional<TimePoint> privileges_asked_at_;  // not at each search: it costs more
  std::optional<std::string> excess_privileges_;  // as asked since the last look
  bool had_rows_ = false;
  bool large_ = false;  // the ledger is, as last read
  // A part of the last look that tells whether anything changed, and what it told.
  struct Known {
    ReadBatch glance;
    AnswerDigest::Value digest;
  };
  std::optional<Known> known_;
};

}  // namespace tidemark
