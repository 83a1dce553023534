#include "core/drift/compare.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace tidemark;

namespace {

const TimePoint noon = *parse_time("2026-04-18T12:00:00Z");
const TimePoint later = *parse_time("2026-04-18T13:00:00Z");

// "V2__orders.sql" with this content; their checksum is the content itself unless told otherwise.
Migration file(const std::string& version, const std::string& name, const std::string& text) {
  Migration m;
  m.key = {version};
  m.id = {"V" + version + "__" + name};
  m.version = Version::parse(version);
  m.version_text = version;
  m.description = name;
  m.file = m.id.value + ".sql";
  m.content = content_of(text);
  m.checksums.accepted = {text};
  return m;
}

Migration repeatable(const std::string& name, const std::string& text) {
  Migration m = file("", name, text);
  m.key = {"R__" + name};
  m.id = {"R__" + name};
  m.kind = MigrationKind::repeatable;
  m.file = m.id.value + ".sql";
  return m;
}

Migration baseline_file(const std::string& version, const std::string& text) {
  Migration m = file(version, "base", text);
  m.key = {"B" + version};
  m.id = {"B" + version + "__base"};
  m.kind = MigrationKind::baseline;
  return m;
}

Catalog files(std::vector<Migration> migrations) {
  return {"flyway", std::move(migrations), {}, {}};
}

Row row(const std::string& version, const std::string& name, std::optional<std::string> checksum) {
  Row r;
  r.key = {version};
  r.id = {"V" + version + "__" + name};
  r.version = Version::parse(version);
  r.version_text = version;
  r.description = name;
  r.at = noon;
  r.by = "flyway";
  r.checksum = std::move(checksum);
  r.token = "rank-" + version;
  return r;
}

Row row(const Migration& m, std::optional<std::string> checksum) {
  Row r = row(m.key.value, m.description, std::move(checksum));
  r.id = m.id;
  r.kind = m.kind;
  r.version = m.version;
  return r;
}

Row with(Row r, Row::State state) {
  r.state = state;
  return r;
}

std::optional<Observation> seen(std::vector<Row> rows) {
  Observation o;
  o.ledger = Observation::Ledger::read;
  o.tool = "flyway";
  o.rows = std::move(rows);
  o.as_of = noon;
  return o;
}

const std::optional<Observation> nothing_seen;
const Policy reconcile{.mode = Mode::reconcile_only, .upstream = std::nullopt};
const Policy export_only{.mode = Mode::export_only, .upstream = std::nullopt};

Record marked(const Migration& m, const std::string& text) {
  Record r;
  r.key = m.key;
  r.id = m.id;
  r.version_text = m.version_text;
  r.at = noon;
  r.recorded_at = noon;
  r.by = "ana";
  r.content = content_of(text);
  return r;
}

// The world after a poll: what it taught is recorded, then compared.
struct After {
  std::vector<Record> records;
  Standing standing;
};

After poll(const Catalog& catalog,
           std::vector<Record> records,
           const std::optional<Observation>& observation,
           const Policy& policy = reconcile) {
  for (auto& record : learn(catalog, records, observation, {}, later)) {
    records.push_back(std::move(record));
  }
  auto standing = compare(catalog, records, observation, policy);
  return {std::move(records), std::move(standing)};
}

Cell cell(const Standing& standing, const std::string& key) {
  const Line* line = standing.find({key});
  REQUIRE_MESSAGE(line != nullptr, "no line for " << key);
  return line->cell;
}

std::vector<std::string> kinds(const Standing& standing) {
  std::vector<std::string> names;
  for (const auto& finding : standing.findings) {
    names.push_back(std::string(to_string(finding.kind)) + " " + finding.key.value);
  }
  return names;
}

using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "what their ledger has and whose checksum matches the file is applied, observed and verified") {
  const auto catalog = files({file("1", "users", "a")});
  const auto after = poll(catalog, {}, seen({row("1", "users", "a")}));
  const auto c = cell(after.standing, "1");
  CHECK(c.state == CellState::applied);
  CHECK(c.evidence == Evidence::observed);
  CHECK(c.how == How::reconciled);
  CHECK(c.content == ContentVerdict::verified);
  CHECK(c.by == "flyway");
  CHECK(c.at == noon);
  CHECK(c.sha256 == content_of("a").raw);
  CHECK(after.standing.findings.empty());
}

TEST_CASE(
    "without a checksum of theirs an applied migration is unverifiable, neither verified nor "
    "drift") {
  const auto after =
      poll(files({file("1", "users", "a")}), {}, seen({row("1", "users", std::nullopt)}));
  CHECK(cell(after.standing, "1").state == CellState::applied);
  CHECK(cell(after.standing, "1").content == ContentVerdict::unverifiable);
}

TEST_CASE(
    "a file edited after it was first seen applied is one finding, edited, although their checksum "
    "differs too") {
  const auto before = poll(files({file("1", "users", "a")}), {}, seen({row("1", "users", "a")}));
  const auto after =
      poll(files({file("1", "users", "b")}), before.records, seen({row("1", "users", "a")}));
  CHECK(kinds(after.standing) == Kinds{"edited 1"});
  const auto c = cell(after.standing, "1");
  CHECK(c.state == CellState::drifted);
  CHECK(c.content == ContentVerdict::differs);
  CHECK(c.sha256 == content_of("a").raw);
  const auto& finding = after.standing.findings.front();
  CHECK(finding.severity == Severity::drift);
  CHECK(finding.details.at("recorded_sha256") == content_of("a").raw.hex());
  CHECK(finding.details.at("file_sha256") == content_of("b").raw.hex());
  CHECK(finding.details.at("their_checksum") == "differs too");
}

TEST_CASE("an edit that their weak checksum cannot see is edited all the same") {
  auto edited = file("1", "users", "b");
  edited.checksums.accepted = {"a"};
  const auto before = poll(files({file("1", "users", "a")}), {}, seen({row("1", "users", "a")}));
  const auto after = poll(files({edited}), before.records, seen({row("1", "users", "a")}));
  CHECK(kinds(after.standing) == Kinds{"edited 1"});
  CHECK(after.standing.findings.front().details.at("their_checksum") == "still matches");
}

TEST_CASE("putting the old content back ends the edit") {
  const auto before = poll(files({file("1", "users", "a")}), {}, seen({row("1", "users", "a")}));
  const auto edited =
      poll(files({file("1", "users", "b")}), before.records, seen({row("1", "users", "a")}));
  const auto after =
      poll(files({file("1", "users", "a")}), edited.records, seen({row("1", "users", "a")}));
  CHECK(after.standing.findings.empty());
  CHECK(cell(after.standing, "1").state == CellState::applied);
}

TEST_CASE("copies that differ in line endings or a byte-order mark only are verified with a note") {
  const auto unix_file = file("1", "users", "a\nb\n");
  auto dos_file = file("1",
                       "users",
                       "\xEF\xBB\xBF"
                       "a\r\nb\r\n");
  dos_file.checksums = unix_file.checksums;
  const auto before = poll(files({unix_file}), {}, seen({row("1", "users", "a\nb\n")}));
  const auto after = poll(files({dos_file}), before.records, seen({row("1", "users", "a\nb\n")}));
  CHECK(after.standing.findings.empty());
  CHECK(cell(after.standing, "1").content == ContentVerdict::verified);
  CHECK(cell(after.standing, "1").note == "line_endings");
}

TEST_CASE(
    "a checksum of the bytes proves no edit where only line endings are other ones than we saw") {
  // Of several kinds, which nobody can make again of a file that has one.
  const auto mixed = file("1", "users", "a\r\nb\nc");
  const auto observation = seen({row("1", "users", "a\r\nb\nc")});
  const auto before = poll(files({mixed}), {}, observation);
  const auto after = poll(files({file("1", "users", "a\nb\nc")}), before.records, observation);
  CHECK(after.standing.findings.empty());
  CHECK(cell(after.standing, "1").content == ContentVerdict::unverifiable);
  CHECK(cell(after.standing, "1").note == "line_endings");
  CHECK(kinds(poll(files({file("1", "users", "a\nb\nC")}), before.records, observation).standing) ==
        Kinds{"edited 1"});
  CHECK(kinds(poll(files({file("1", "users", "a\nb\nc")}), {}, observation).standing) ==
        Kinds{"checksum 1"});
}

TEST_CASE(
    "a file that never matched their checksum is checksum, and its content is not taken for what "
    "was applied") {
  const auto after = poll(files({file("1", "users", "b")}), {}, seen({row("1", "users", "a")}));
  CHECK(kinds(after.standing) == Kinds{"checksum 1"});
  CHECK(cell(after.standing, "1").content == ContentVerdict::differs);
  REQUIRE(after.records.size() == 1);
  CHECK_FALSE(after.records.front().content);

  SUBCASE("and it ends when the file becomes what was applied") {
    const auto fixed =
        poll(files({file("1", "users", "a")}), after.records, seen({row("1", "users", "a")}));
    CHECK(fixed.standing.findings.empty());
    CHECK(cell(fixed.standing, "1").content == ContentVerdict::verified);
    CHECK(fixed.records.back().content == content_of("a"));
  }
}

TEST_CASE("a mismatch that proves nothing is unverifiable") {
  auto m = file("1", "users", "b");
  m.checksums.complete = false;
  const auto after = poll(files({m}), {}, seen({row("1", "users", "a")}));
  CHECK(after.standing.findings.empty());
  CHECK(cell(after.standing, "1").content == ContentVerdict::unverifiable);
}

TEST_CASE("applied there and unknown to the directory is foreign") {
  const auto after = poll(files({file("1", "users", "a")}),
                          {},
                          seen({row("1", "users", "a"), row("147", "hotfix", "x")}));
  CHECK(kinds(after.standing) == Kinds{"foreign 147"});
  CHECK(cell(after.standing, "147").state == CellState::drifted);
  CHECK(after.standing.find({"147"})->id.value == "V147__hotfix");
}

TEST_CASE("a file that is there and could not be read is neither removed nor foreign") {
  const auto users = file("1", "users", "a");
  const auto before = poll(files({users}), {}, seen({row(users, "a")}));
  auto catalog = files({});
  SUBCASE("by its name") {
    catalog.unread.keys.insert({"1"});
    catalog.unread.keys.insert({"2"});
  }
  SUBCASE("in a folder that could not be listed") {
    catalog.unread.any = true;
  }
  const auto both = seen({row(users, "a"), row("2", "orders", "b")});
  const auto after = poll(catalog, before.records, both);
  CHECK(kinds(after.standing).empty());
  CHECK(cell(after.standing, "1").state == CellState::unknown);
  CHECK(cell(after.standing, "1").reason == "file_unread");
  CHECK(cell(after.standing, "2").state == CellState::unknown);

  // What was found before is neither over nor new.
  const auto gone = poll(files({}), before.records, seen({row(users, "a")}));
  REQUIRE(gone.standing.findings.size() == 1);
  StoredFinding open;
  open.id = "f_1";
  open.finding = gone.standing.findings.front();
  CHECK(changes(std::vector{open}, after.standing, later).empty());
}

TEST_CASE("applied, and the file that we knew is gone: removed, not foreign") {
  const auto before = poll(files({file("1", "users", "a")}), {}, seen({row("1", "users", "a")}));
  const auto after = poll(files({}), before.records, seen({row("1", "users", "a")}));
  CHECK(kinds(after.standing) == Kinds{"removed 1"});
  CHECK(after.standing.findings.front().details.at("recorded_sha256") == content_of("a").raw.hex());
}

TEST_CASE(
    "a foreign migration whose file arrives is applied with the content that it arrives with") {
  const auto before = poll(files({}), {}, seen({row("1", "users", std::nullopt)}));
  CHECK(kinds(before.standing) == Kinds{"foreign 1"});
  const auto after = poll(
      files({file("1", "users", "a")}), before.records, seen({row("1", "users", std::nullopt)}));
  CHECK(after.standing.findings.empty());
  CHECK(after.records.back().content == content_of("a"));
}

TEST_CASE("recorded as applied and gone from their ledger is vanished") {
  const auto catalog = files({file("1", "users", "a")});
  const auto before = poll(catalog, {}, seen({row("1", "users", "a")}));
  SUBCASE("deleted by hand") {
    const auto after = poll(catalog, before.records, seen({}));
    CHECK(kinds(after.standing) == Kinds{"vanished 1"});
    CHECK(cell(after.standing, "1").state == CellState::drifted);
  }
  SUBCASE("undone, and their ledger says so") {
    const auto after =
        poll(catalog, before.records, seen({with(row("1", "users", "a"), Row::State::undone)}));
    CHECK(kinds(after.standing) == Kinds{"vanished 1"});
    CHECK(after.standing.findings.front().summary.find("undone") != std::string::npos);
  }
  SUBCASE("the table itself is gone") {
    auto observation = seen({});
    observation->ledger = Observation::Ledger::none;
    const auto after = poll(catalog, before.records, observation);
    CHECK(kinds(after.standing) == Kinds{"vanished 1"});
  }
  SUBCASE("a standby may merely be behind") {
    auto observation = seen({});
    observation->standby = true;
    const auto after = poll(catalog, before.records, observation);
    CHECK(after.standing.findings.empty());
    CHECK(cell(after.standing, "1").state == CellState::applied);
  }
  SUBCASE("and a person who unmarks it makes it pending again") {
    auto records = before.records;
    auto unmarked = records.back();
    unmarked.applied = false;
    unmarked.how = How::marked;
    records.push_back(unmarked);
    const auto after = poll(catalog, records, seen({}));
    CHECK(after.standing.findings.empty());
    CHECK(cell(after.standing, "1").state == CellState::pending);
  }
}

TEST_CASE("an unreadable ledger says nothing about what is applied") {
  auto observation = seen({});
  observation->ledger = Observation::Ledger::unreadable;
  const auto after = poll(files({file("1", "users", "a")}), {}, observation);
  CHECK(cell(after.standing, "1").state == CellState::unknown);
  CHECK(cell(after.standing, "1").reason == "unreadable");
}

TEST_CASE(
    "a ledger that became unreadable keeps what was last read, and is a finding of the "
    "environment") {
  const auto catalog = files({file("1", "users", "a")});
  auto observation = seen({row("1", "users", "a")});
  observation->table = "public.flyway_schema_history";
  observation->trouble = "permission denied";
  const auto after = poll(catalog, {}, observation);
  CHECK(cell(after.standing, "1").state == CellState::applied);
  REQUIRE(after.standing.findings.size() == 1);
  CHECK(after.standing.findings.front().kind == FindingKind::unreadable);
  CHECK(after.standing.findings.front().environmental);
  CHECK(after.standing.findings.front().severity == Severity::warning);
}

TEST_CASE("an environment that was never read is unknown, an export_only one is not") {
  const auto catalog = files({file("1", "users", "a")});
  CHECK(cell(compare(catalog, {}, nothing_seen, reconcile), "1").state == CellState::unknown);
  CHECK(cell(compare(catalog, {}, nothing_seen, export_only), "1").state == CellState::pending);
}

TEST_CASE("a failed row is dirty") {
  const auto after = poll(files({file("1", "users", "a")}),
                          {},
                          seen({with(row("1", "users", "a"), Row::State::failed)}));
  CHECK(kinds(after.standing) == Kinds{"dirty 1"});
  CHECK(cell(after.standing, "1").state == CellState::drifted);
  CHECK(after.records.empty());
}

TEST_CASE(
    "applied after a later one is out of order: a warning, or drift where the app forbids it") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b"), file("3", "c", "c")});
  const auto observation = seen({row("1", "a", "a"), row("3", "c", "c"), row("2", "b", "b")});
  const auto warned = poll(catalog, {}, observation);
  CHECK(kinds(warned.standing) == Kinds{"out_of_order 2"});
  CHECK(warned.standing.findings.front().severity == Severity::warning);
  CHECK(cell(warned.standing, "2").state == CellState::applied);

  auto strict = reconcile;
  strict.out_of_order_forbidden = true;
  const auto forbidden = poll(catalog, {}, observation, strict);
  CHECK(forbidden.standing.findings.front().severity == Severity::drift);
  CHECK(cell(forbidden.standing, "2").state == CellState::drifted);
}

TEST_CASE("where the tool runs late files as a matter of course, order is worth no warning") {
  auto catalog = files({file("1", "a", "a"), file("2", "b", "b"), file("3", "c", "c")});
  catalog.rules.late = LayoutRules::Late::runs;
  const auto observation = seen({row("1", "a", "a"), row("3", "c", "c"), row("2", "b", "b")});
  CHECK(poll(catalog, {}, observation).standing.findings.empty());

  auto strict = reconcile;
  strict.out_of_order_forbidden = true;
  CHECK(kinds(poll(catalog, {}, observation, strict).standing) == Kinds{"out_of_order 2"});
}

TEST_CASE("a repeatable whose file changed is pending, never edited") {
  const auto before =
      poll(files({repeatable("views", "a")}), {}, seen({row(repeatable("views", "a"), "a")}));
  CHECK(cell(before.standing, "R__views").state == CellState::applied);
  CHECK(cell(before.standing, "R__views").content == ContentVerdict::verified);
  const auto after = poll(files({repeatable("views", "b")}),
                          before.records,
                          seen({row(repeatable("views", "a"), "a")}));
  CHECK(after.standing.findings.empty());
  CHECK(cell(after.standing, "R__views").state == CellState::pending);

  SUBCASE("and applied again when their ledger has run it again") {
    auto again = row(repeatable("views", "b"), "b");
    again.token = "rank-9";
    const auto rerun = poll(files({repeatable("views", "b")}), after.records, seen({again}));
    CHECK(cell(rerun.standing, "R__views").state == CellState::applied);
    CHECK(rerun.records.back().content == content_of("b"));
  }
  SUBCASE("but only where it is due") {
    auto downstream = reconcile;
    downstream.upstream.emplace();
    const auto waiting = poll(files({repeatable("views", "b")}),
                              before.records,
                              seen({row(repeatable("views", "a"), "a")}),
                              downstream);
    CHECK(cell(waiting.standing, "R__views").state == CellState::not_due);
    CHECK(cell(waiting.standing, "R__views").reason == "outdated");
  }
}

TEST_CASE("a repeatable with placeholders is judged by our own hash") {
  auto m = repeatable("views", "${x}");
  m.checksums.complete = false;
  const auto before = poll(files({m}), {}, seen({row(m, "replaced")}));
  CHECK(cell(before.standing, "R__views").state == CellState::applied);
  CHECK(cell(before.standing, "R__views").content == ContentVerdict::unverifiable);
  auto changed = repeatable("views", "${y}");
  changed.checksums.complete = false;
  const auto after = poll(files({changed}), before.records, seen({row(m, "replaced")}));
  CHECK(cell(after.standing, "R__views").state == CellState::pending);
}

TEST_CASE("a baseline covers what is below it as applied, observed") {
  auto base = row("2", "base", std::nullopt);
  base.key = {"baseline:2"};
  base.state = Row::State::baseline;
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b"), file("3", "c", "c")});
  const auto after = poll(catalog, {}, seen({base}));
  for (const auto* key : {"1", "2"}) {
    CHECK(cell(after.standing, key).state == CellState::applied);
    CHECK(cell(after.standing, key).evidence == Evidence::observed);
    CHECK(cell(after.standing, key).content == ContentVerdict::unverifiable);
    CHECK(cell(after.standing, key).reason == "below_baseline");
  }
  CHECK(cell(after.standing, "3").state == CellState::pending);
  CHECK(after.standing.find({"baseline:2"}) == nullptr);

  SUBCASE("a row below it without a file is archived, not drift") {
    const auto squashed = poll(files({file("3", "c", "c")}), {}, seen({row("1", "a", "a"), base}));
    CHECK(squashed.standing.findings.empty());
    CHECK(cell(squashed.standing, "1").reason == "archived");
  }
  SUBCASE("their checksum is not compared below it, because their tool does not either") {
    const auto relaxed = poll(catalog, {}, seen({row("1", "a", "other"), base}));
    CHECK(relaxed.standing.findings.empty());
  }
}

TEST_CASE("a baseline file is due on an empty database only, in the place of what it stands for") {
  const auto catalog = files({file("1", "a", "a"), baseline_file("2", "ab"), file("3", "c", "c")});
  const auto empty = poll(catalog, {}, seen({}));
  CHECK(cell(empty.standing, "1").state == CellState::not_due);
  CHECK(cell(empty.standing, "1").reason == "below_baseline");
  CHECK(cell(empty.standing, "B2").state == CellState::pending);
  CHECK(cell(empty.standing, "3").state == CellState::pending);
  const auto old = poll(catalog, {}, seen({row("1", "a", "a")}));
  CHECK(cell(old.standing, "B2").state == CellState::not_due);
  CHECK(cell(old.standing, "B2").reason == "skipped");
  CHECK(cell(old.standing, "1").state == CellState::applied);
}

TEST_CASE("a migration is due when it is applied without drift upstream") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b")});
  auto downstream = export_only;
  downstream.upstream = Settled{{{"1"}, noon}};
  const auto standing = compare(catalog, {}, nothing_seen, downstream);
  CHECK(cell(standing, "1").state == CellState::pending);
  CHECK(cell(standing, "2").state == CellState::not_due);
  const auto upstream = poll(catalog, {}, seen({row("1", "a", "a"), row("2", "b", "changed")}));
  const auto settled_there = settled(upstream.standing, upstream.records);
  CHECK(settled_there.contains({"1"}));
  CHECK(settled_there.size() == 1);
}

TEST_CASE("on a standby nothing is pending") {
  auto observation = seen({});
  observation->standby = true;
  const auto after = poll(files({file("1", "a", "a")}), {}, observation);
  CHECK(cell(after.standing, "1").state == CellState::not_due);
  CHECK(cell(after.standing, "1").reason == "standby");
}

TEST_CASE("a mark is applied, attested, and verified against the pinned content") {
  const auto m = file("1", "a", "a");
  const auto same = compare(files({m}), std::vector{marked(m, "a")}, nothing_seen, export_only);
  CHECK(cell(same, "1").state == CellState::applied);
  CHECK(cell(same, "1").evidence == Evidence::attested);
  CHECK(cell(same, "1").content == ContentVerdict::verified);
  CHECK(cell(same, "1").by == "ana");
  const auto edited =
      compare(files({file("1", "a", "b")}), std::vector{marked(m, "a")}, nothing_seen, export_only);
  CHECK(kinds(edited) == Kinds{"edited 1"});
}

TEST_CASE("what a person attested counts in a watched environment until their ledger confirms it") {
  const auto m = file("1", "a", "a");
  const auto attested = poll(files({m}), {marked(m, "a")}, seen({}));
  CHECK(cell(attested.standing, "1").evidence == Evidence::attested);
  const auto confirmed = poll(files({m}), attested.records, seen({row("1", "a", "a")}));
  CHECK(cell(confirmed.standing, "1").evidence == Evidence::observed);
}

TEST_CASE("with an uncertain history only what their ledger says is believed") {
  const auto a = file("1", "a", "a");
  const auto b = file("2", "b", "b");
  auto doubtful = reconcile;
  doubtful.history_certain = false;
  const auto watched = poll(files({a, b}), {marked(b, "b")}, seen({row("1", "a", "a")}), doubtful);
  CHECK(cell(watched.standing, "1").state == CellState::applied);
  CHECK(cell(watched.standing, "2").state == CellState::unknown);
  CHECK(cell(watched.standing, "2").reason == "history_uncertain");

  auto doubtful_export = export_only;
  doubtful_export.history_certain = false;
  const auto exported =
      compare(files({a, b}), std::vector{marked(a, "a")}, nothing_seen, doubtful_export);
  CHECK(cell(exported, "1").state == CellState::unknown);
  CHECK(cell(exported, "2").state == CellState::unknown);
}

TEST_CASE("renaming a file is a note, not drift") {
  const auto before = poll(files({file("1", "users", "a")}), {}, seen({row("1", "users", "a")}));
  const auto after =
      poll(files({file("1", "accounts", "a")}), before.records, seen({row("1", "users", "a")}));
  CHECK(after.standing.findings.empty());
  CHECK(cell(after.standing, "1").note == "renamed");
}

TEST_CASE("a ledger that stores numbers alone does not say that a file was renamed") {
  auto number = row("1", "users", std::nullopt);
  number.id = {"1"};
  const auto before = poll(files({file("1", "users", "a")}), {}, seen({number}));
  CHECK(cell(before.standing, "1").note.empty());
  const auto after = poll(files({file("1", "accounts", "a")}), before.records, seen({number}));
  CHECK(cell(after.standing, "1").note == "renamed");  // by what we had recorded ourselves
}

TEST_CASE("a ledger that stores a number without its zeros does not say that a file was renamed") {
  auto source = file("1", "users", "a");
  source.id = {"0001_users"};
  auto applied = row("1", "users", "a");
  applied.id = {"1_users"};
  CHECK(cell(poll(files({source}), {}, seen({applied})).standing, "1").note.empty());
  applied.id = {"1_accounts"};
  CHECK(cell(poll(files({source}), {}, seen({applied})).standing, "1").note == "renamed");
}

TEST_CASE(
    "a ledger that keeps no more than the key, or a name that ends in what the file was compiled "
    "to, does not say that the file was renamed") {
  auto source = file("1", "users", "a");
  source.id = {"1.ts"};
  for (const auto* told : {"1", "1.js", "1.ts"}) {
    CAPTURE(told);
    auto applied = row("1", "users", "a");
    applied.id = {told};
    const auto first = poll(files({source}), {}, seen({applied}));
    CHECK(cell(first.standing, "1").note.empty());
    CHECK(cell(poll(files({source}), first.records, seen({applied})).standing, "1").note.empty());
  }
  auto other = row("1", "users", "a");
  other.id = {"11.js"};
  CHECK(cell(poll(files({source}), {}, seen({other})).standing, "1").note == "renamed");
}

TEST_CASE(
    "a repair of their ledger that matches the file is their word for the new content, and is "
    "recorded") {
  const auto before = poll(files({file("1", "a", "a")}), {}, seen({row("1", "a", "a")}));
  const auto edited =
      poll(files({file("1", "a", "b")}), before.records, seen({row("1", "a", "a")}));
  CHECK(kinds(edited.standing) == Kinds{"edited 1"});
  const auto repaired =
      poll(files({file("1", "a", "b")}), edited.records, seen({row("1", "a", "b")}));
  CHECK(repaired.standing.findings.empty());
  CHECK(repaired.records.back().reason.find("rewritten") != std::string::npos);

  SUBCASE("one that does not match the file leaves the edit standing") {
    const auto other =
        poll(files({file("1", "a", "b")}), edited.records, seen({row("1", "a", "c")}));
    CHECK(kinds(other.standing) == Kinds{"edited 1"});
  }
}

TEST_CASE("comparing again the same says the same, and learns nothing twice") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b"), repeatable("v", "r")});
  const auto observation =
      seen({row("1", "a", "a"), row("9", "x", "x"), row(repeatable("v", "r"), "r")});
  const auto first = poll(catalog, {}, observation);
  const auto second = poll(catalog, first.records, observation);
  CHECK(first.records == second.records);
  CHECK(first.standing == second.standing);
}

TEST_CASE("lines keep the directory's order, and strangers are sorted in by version") {
  const auto after = poll(files({file("1", "a", "a"), file("3", "c", "c"), repeatable("v", "r")}),
                          {},
                          seen({row("1", "a", "a"), row("2", "x", "x"), row("10", "y", "y")}));
  std::vector<std::string> order;
  for (const auto& line : after.standing.lines) {
    order.push_back(line.key.value);
  }
  CHECK(order == std::vector<std::string>{"1", "2", "3", "10", "R__v"});
}

TEST_CASE(
    "a migration not applied below a later one is pending, and says that it is out of order") {
  const auto after =
      poll(files({file("1", "a", "a"), file("2", "b", "b")}), {}, seen({row("2", "b", "b")}));
  CHECK(cell(after.standing, "1").state == CellState::pending);
  CHECK(cell(after.standing, "1").reason == "out_of_order");
}

namespace {

const Policy managed{.mode = Mode::managed, .upstream = std::nullopt};

std::vector<Record> adopted(std::vector<Record> records) {
  for (auto& record : adoption(records, "we apply from now on", later)) {
    records.push_back(std::move(record));
  }
  return records;
}

std::optional<Observation> no_ledger() {
  auto nothing = seen({});
  nothing->ledger = Observation::Ledger::none;
  return nothing;
}

}  // namespace

TEST_CASE("what was adopted stays applied when their ledger is dropped, and is not learnt twice") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b")});
  const auto theirs = seen({row("1", "a", "a")});
  const auto before = poll(catalog, {}, theirs, managed);
  const auto ours = adopted(before.records);
  CHECK(ours.size() == 2);
  CHECK(ours.back().how == How::adopted);
  CHECK(ours.back().evidence == Evidence::observed);
  CHECK(poll(catalog, ours, theirs, managed).records == ours);
  CHECK(adopted(ours) == ours);
  const auto dropped = poll(catalog, ours, no_ledger(), managed);
  CHECK(dropped.standing.findings.empty());
  CHECK(cell(dropped.standing, "1").state == CellState::applied);
  CHECK(cell(dropped.standing, "1").how == How::adopted);
}

TEST_CASE("a row that is missed from a ledger that is still there is missed, adopted or not") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b")});
  const auto before = poll(catalog, {}, seen({row("1", "a", "a"), row("2", "b", "b")}), managed);
  const auto after = poll(catalog, adopted(before.records), seen({row("1", "a", "a")}), managed);
  CHECK(kinds(after.standing) == Kinds{"vanished 2"});
}

TEST_CASE("what their tool applies where tidemark is the one to apply is unrecorded") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b")});
  const auto before = poll(catalog, {}, seen({row("1", "a", "a")}), managed);
  CHECK(before.standing.findings.empty());  // tidemark has not begun to
  const auto both = seen({row("1", "a", "a"), row("2", "b", "b")});
  CHECK(poll(catalog, before.records, both, managed).standing.findings.empty());

  const auto outside = poll(catalog, adopted(before.records), both, managed);
  CHECK(kinds(outside.standing) == Kinds{"unrecorded 2"});
  CHECK(cell(outside.standing, "2").state == CellState::drifted);
  CHECK(poll(catalog, adopted(outside.records), both, managed).standing.findings.empty());
}

TEST_CASE("what their tool had applied before tidemark first applied something is history") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b"), file("3", "c", "c")});
  const auto before = poll(catalog, {}, seen({row("1", "a", "a")}), managed);
  auto records = before.records;
  records.push_back(records.front());
  records.back().key = {"2"};
  records.back().id = catalog.migrations[1].id;
  records.back().content = catalog.migrations[1].content;
  records.back().how = How::managed;
  records.back().evidence = Evidence::executed;
  records.back().their_row.clear();
  records.back().recorded_at += std::chrono::seconds{1};
  CHECK(poll(catalog, records, seen({row("1", "a", "a")}), managed).standing.findings.empty());
  auto third = poll(catalog, records, seen({row("1", "a", "a"), row("3", "c", "c")}), managed);
  third.records.back().recorded_at += std::chrono::seconds{2};
  CHECK(kinds(poll(catalog, third.records, seen({row("1", "a", "a"), row("3", "c", "c")}), managed)
                  .standing) == Kinds{"unrecorded 3"});
}

TEST_CASE("only in a managed environment is their tool not the one to apply") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b")});
  const auto before = poll(catalog, {}, seen({row("1", "a", "a")}), managed);
  const auto both = seen({row("1", "a", "a"), row("2", "b", "b")});
  CHECK(poll(catalog, adopted(before.records), both, reconcile).standing.findings.empty());
}

TEST_CASE("a repair of a ledger that was adopted applies nothing") {
  const auto catalog = files({file("1", "a", "b")});
  const auto before = poll(files({file("1", "a", "a")}), {}, seen({row("1", "a", "a")}), managed);
  const auto repaired = poll(catalog, adopted(before.records), seen({row("1", "a", "b")}), managed);
  CHECK(repaired.records.back().how == How::adopted);
  CHECK(repaired.standing.findings.empty());
}

// Checksums that chain: each is of the file and of all before it.
TEST_CASE("of checksums that chain only the first that differs proves an edit") {
  const auto chained = [](const std::string& version, const std::string& text, const char* before) {
    auto m = file(version, "x", text);
    m.checksums.rests_on = {before};
    return m;
  };
  const auto resting = [](const std::string& version, const std::string& text, const char* before) {
    auto r = row(version, "x", text);
    r.rests_on = before;
    return r;
  };
  const auto rows =
      seen({resting("1", "a", ""), resting("2", "ab", "a"), resting("3", "abc", "ab")});
  const auto whole = poll(
      files({chained("1", "a", ""), chained("2", "ab", "a"), chained("3", "abc", "ab")}), {}, rows);
  CHECK(whole.standing.findings.empty());
  CHECK(cell(whole.standing, "3").content == ContentVerdict::verified);
  const auto edited = poll(
      files({chained("1", "a", ""), chained("2", "ax", "a"), chained("3", "axc", "ax")}), {}, rows);
  CHECK(kinds(edited.standing) == Kinds{"checksum 2"});
  CHECK(cell(edited.standing, "3").content == ContentVerdict::unverifiable);
  const auto first = poll(
      files({chained("1", "x", ""), chained("2", "xb", "x"), chained("3", "xbc", "xb")}), {}, rows);
  CHECK(kinds(first.standing) == Kinds{"checksum 1"});
}

TEST_CASE("of checksums that chain, another one than was recorded proves an edit all the same") {
  auto one = file("1", "x", "a");
  one.checksums.rests_on = {""};
  const auto catalog = files({one});
  auto other = row("1", "x", "z");
  other.rests_on = "";
  const auto first = poll(catalog, {}, seen({row("1", "x", "a")}));
  REQUIRE(first.standing.findings.empty());
  // What a person said of it, or we did ourselves, does not speak of their row.
  for (const auto evidence : {Evidence::attested, Evidence::executed}) {
    auto records = first.records;
    records.front().evidence = evidence;
    records.front().their_row.clear();
    records.front().their_checksum.clear();
    CHECK(kinds(poll(catalog, records, seen({other})).standing) == Kinds{"checksum 1"});
  }
  // Nor does what was applied before the checksum became another one.
  CHECK(kinds(poll(catalog, first.records, seen({other})).standing) == Kinds{"checksum 1"});
}

TEST_CASE("a checksum of the bytes is compared with the file, whatever its own tool would store") {
  const auto of_bytes = [](const std::string& text) {
    auto r = row("1", "a", sha256(text).hex());
    r.checksum_of_bytes = true;
    return r;
  };
  const auto verdict = [&](const std::string& applied, const std::string& text) {
    auto m = file("1", "a", text);
    m.checksums = {{"4711"}, false};
    return cell(poll(files({m}), {}, seen({of_bytes(applied)})).standing, "1").content;
  };
  CHECK(verdict("a\nb", "a\nb") == ContentVerdict::verified);
  CHECK(verdict("a\nb", "a\r\nb") == ContentVerdict::verified);
  CHECK(verdict("a\r\nb", "a\r\nb") == ContentVerdict::verified);
  CHECK(verdict("a\nb", "a\nc") == ContentVerdict::differs);
}

TEST_CASE("a row that does not know its version has that of its file") {
  const auto catalog = files({file("1", "a", "a"), file("2", "b", "b"), file("3", "c", "c")});
  auto first = row("1", "a", "a");
  auto third = row("3", "c", "c");
  first.version = third.version = {};
  const auto late = poll(catalog, {}, seen({first, third}));
  CHECK(cell(late.standing, "2").reason == "out_of_order");
  const auto mixed = poll(catalog, {}, seen({third, first}));
  CHECK(kinds(mixed.standing) == Kinds{"out_of_order 1"});
}

TEST_CASE("a row whose file is a baseline stands for everything up to it, though it says nothing") {
  auto base = baseline_file("2", "ab");
  base.key = {"2"};
  auto applied = row("2", "base", std::nullopt);
  const auto catalog = files({file("1", "a", "a"), base, file("3", "c", "c")});
  const auto after = poll(catalog, {}, seen({applied}));
  CHECK(cell(after.standing, "1").state == CellState::applied);
  CHECK(cell(after.standing, "1").reason == "below_baseline");
  CHECK(cell(after.standing, "3").state == CellState::pending);
}

TEST_CASE("where a ledger keeps the last ones only, what was deleted before them is archived") {
  auto first = file("a1", "first", "a");
  auto second = file("b2", "second", "b");
  second.after = {first.key};
  auto head = row("b2", "second", std::nullopt);
  head.reach = Row::Reach::ancestors;
  head.token = "head";
  const auto before = poll(files({first, second}), {}, seen({head}));
  CHECK(before.records.size() == 2);
  const auto after = poll(files({second}), before.records, seen({head}));
  CHECK(after.standing.findings.empty());
  CHECK(cell(after.standing, "a1").state == CellState::applied);
  CHECK(cell(after.standing, "a1").reason == "archived");

  auto unread = files({second});
  unread.unread.keys = {first.key};
  CHECK(cell(poll(unread, before.records, seen({head})).standing, "a1").reason == "file_unread");
}

TEST_CASE("what was there already when it was applied is a no-op, or a finding that it differs") {
  const auto catalog = files({file("1", "users", "a")});
  auto record = marked(catalog.migrations[0], "a");
  record.how = How::managed;
  Attempt attempt;
  attempt.key = {"1"};
  attempt.outcome = Attempt::Outcome::applied;
  attempt.ended_at = record.at;
  attempt.no_op = true;
  std::vector<Attempt> attempts{attempt};
  const auto standing = [&] {
    const Policy policy{.mode = Mode::managed, .upstream = std::nullopt, .attempts = attempts};
    return compare(catalog, std::vector{record}, seen({}), policy);
  };
  CHECK(cell(standing(), "1").state == CellState::applied);
  CHECK(cell(standing(), "1").note == "no_op");
  attempts[0].no_op = false;
  CHECK(cell(standing(), "1").note.empty());
  attempts[0].differences = {{"table users", "column phone is missing"},
                             {"index i", "it is invalid"}};
  CHECK(cell(standing(), "1").state == CellState::drifted);
  CHECK(cell(standing(), "1").content == ContentVerdict::verified);
  CHECK(kinds(standing()) == Kinds{"schema 1"});
  const auto finding = standing().findings[0];
  CHECK(finding.summary == "index i exists already and differs: it is invalid; and 1 more");
  CHECK(finding.details == attempts[0].differences);

  // Marked by a person, or rolled back, since then; or not applied at all.
  record.how = How::marked;
  CHECK(standing().findings.empty());
  record.how = How::managed;
  attempts[0].ended_at = later;
  CHECK(standing().findings.empty());
  attempts[0].ended_at = record.at;
  attempts[0].action = Attempt::Action::rollback;
  CHECK(standing().findings.empty());
  attempts[0].action = Attempt::Action::apply;
  attempts[0].outcome = Attempt::Outcome::not_applied;
  CHECK(standing().findings.empty());
}

namespace {

Attempt attempt_of(const std::string& version, Attempt::Outcome outcome) {
  Attempt attempt;
  attempt.id = "a";
  attempt.key = {version};
  attempt.migration = {"V" + version + "__tax"};
  attempt.version_text = version;
  attempt.statements = 3;
  attempt.started_at = later;
  attempt.outcome = outcome;
  attempt.detail = "it was lost";
  return attempt;
}

}  // namespace

TEST_CASE("an attempt that nobody knows the outcome of is a line, although its file is gone") {
  const std::vector<Attempt> attempts{attempt_of("2", Attempt::Outcome::unknown),
                                      attempt_of("4", Attempt::Outcome::not_applied)};
  const Policy policy{.mode = Mode::managed, .upstream = std::nullopt, .attempts = attempts};
  const auto standing =
      compare(files({file("1", "a", "a"), file("3", "c", "c")}), {}, seen({}), policy);
  REQUIRE(standing.lines.size() == 3);
  CHECK(standing.lines[1].id.value == "V2__tax");
  CHECK(standing.lines[1].cell.state == CellState::unknown);
  CHECK(standing.lines[1].cell.reason == "outcome_unknown");
  CHECK(standing.findings.empty());
}

TEST_CASE("a rollback that did some of its statements is failed, one in a transaction is not") {
  const auto catalog = files({file("1", "tax", "a")});
  Record record;
  record.key = {"1"};
  record.id = {"V1__tax"};
  record.version_text = "1";
  record.how = How::managed;
  record.evidence = Evidence::executed;
  record.at = noon;
  record.recorded_at = noon;
  record.content = content_of("a");
  std::vector<Record> records{record};
  std::vector<Attempt> attempts{attempt_of("1", Attempt::Outcome::not_applied)};
  attempts.front().action = Attempt::Action::rollback;
  const auto cell = [&] {
    const Policy policy{.mode = Mode::managed, .upstream = std::nullopt, .attempts = attempts};
    return compare(catalog, records, seen({}), policy).find({"1"})->cell;
  };
  CHECK(cell().state == CellState::applied);
  attempts.front().journal = Journal{};
  CHECK(cell().state == CellState::applied);
  attempts.front().journal->done = 2;
  CHECK(cell().state == CellState::failed);
  CHECK(cell().reason == "rollback failed: 2 of 3 statements are done: it was lost");
  CHECK_FALSE(waits_to_be_applied(cell()));
  // Somebody has said since what is so.
  records.push_back(record);
  records.back().recorded_at = later + std::chrono::minutes{1};
  CHECK(cell().state == CellState::applied);
}
