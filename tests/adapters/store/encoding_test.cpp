#include "adapters/store/encoding.h"

#include <doctest/doctest.h>

#include "adapters/store/database.h"
#include "adapters/store/deflate.h"

using namespace tidemark;

TEST_CASE("details come back byte for byte, whatever is in them") {
  const std::map<std::string, std::string> details{{"", "empty name"},
                                                   {"quote\"\n", std::string("nul \0 in it", 11)},
                                                   {"not utf-8", "\xff\xc3"},
                                                   {"z", "\xc3\xa9"}};
  const auto text = encode_details(details);
  CHECK(decode_details(text) == details);
  CHECK(encode_details(decode_details(text)) == text);
}

TEST_CASE("an observation comes back as it was, but for its time") {
  Observation seen;
  seen.ledger = Observation::Ledger::read;
  seen.tool = "flyway";
  seen.table = "public.\"flyway schema\"";
  seen.trouble = "\xff broken";
  seen.standby = true;
  seen.identity = {.system_identifier = "7300000000000000001",
                   .timeline = 4294967295,
                   .database_oid = 5,
                   .schema_oid = 6};
  Row full;
  full.key.value = "1.10";
  full.id.value = "V1.10__orders";
  full.version = Version::parse("01.10");
  full.version_text = "01.10";
  full.description = "orders";
  full.state = Row::State::undone;
  full.at = TimePoint{std::chrono::milliseconds{-5}};
  full.by = "flyway";
  full.checksum = "-1206";
  full.token = "17";
  full.path_in_key = 4;
  full.rests_on = "-1205";
  full.checksum_of_bytes = true;
  Row bare;
  bare.kind = MigrationKind::repeatable;
  bare.state = Row::State::failed;
  seen.rows = {full, bare};
  seen.invalid_indexes = {{"public", "users_by_\xff", "users", 4294967295}, {}};
  CHECK(decode_sight(encode_sight(seen)) == seen);

  auto later = seen;
  later.as_of = TimePoint{std::chrono::milliseconds{99}};
  CHECK(encode_sight(later) == encode_sight(seen));
}

TEST_CASE("an observation from before invalid indexes were looked for has none") {
  Observation seen;
  seen.tool = "flyway";
  const auto text = encode_sight(seen);
  CHECK(text.find("invalid_indexes") == std::string::npos);
  CHECK(decode_sight(text).invalid_indexes.empty());
}

TEST_CASE("every word of an observation has a spelling of its own") {
  for (const auto ledger :
       {Observation::Ledger::none, Observation::Ledger::read, Observation::Ledger::unreadable}) {
    Observation seen;
    seen.ledger = ledger;
    CHECK(decode_sight(encode_sight(seen)) == seen);
  }
  for (const auto kind :
       {MigrationKind::versioned, MigrationKind::repeatable, MigrationKind::baseline}) {
    for (const auto state :
         {Row::State::applied, Row::State::failed, Row::State::baseline, Row::State::undone}) {
      Observation seen;
      seen.rows.resize(1);
      seen.rows[0].kind = kind;
      seen.rows[0].state = state;
      CHECK(decode_sight(encode_sight(seen)) == seen);
    }
  }
}

TEST_CASE("what is not ours is damage and not a guess") {
  for (const char* text : {"", "[]", "{", "{\"a\":1}", "nonsense"}) {
    CHECK_THROWS_AS(decode_details(text), DamagedLedger);
  }
  for (const char* text : {"{}", "{\"ledger\":\"read\",\"rows\":[],\"standby\":false}"}) {
    CHECK_THROWS_AS(decode_sight(text), DamagedLedger);
  }
}

TEST_CASE("deflated bytes inflate to themselves, and damaged ones to nothing") {
  for (const auto& bytes : {std::string(), std::string("x"), std::string(100'000, 'a')}) {
    const auto small = deflated(bytes);
    CHECK(inflated(small, bytes.size()) == bytes);
    CHECK(inflated(small, bytes.size() + 1) == std::nullopt);
    CHECK(inflated(small.substr(0, small.size() - 1), bytes.size()) == std::nullopt);
  }
  CHECK(inflated(deflated("four"), 3) == std::nullopt);
}
