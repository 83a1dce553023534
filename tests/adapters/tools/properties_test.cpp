// What holds of every directory of a tool and of every ledger beside it, whatever people call their
// files: made up at random, with the order and the rows of the tool as these tests know them.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include "adapters/tools/custom.h"
#include "adapters/tools/hash.h"
#include "core/drift/naming.h"
#include "tests/adapters/tools/polled.h"

using namespace tidemark;
using namespace tidemark::test;

namespace {

// A migration as its tool keeps it: in a file, which has the word BODY somewhere, and once it ran
// in a row.
struct Written {
  std::string path;
  std::string bytes;
  Values row;
  Strings after{};  // paths
};

struct Project {
  std::vector<Written> written;  // in the order in which the tool runs them
  Files others{};

  Files files() const {
    Files all = others;
    for (const auto& each : written) {
      all[each.path] = each.bytes;
    }
    return all;
  }
};

struct Case {
  std::string tool;
  Project (*make)();
  bool runs_in_order = false;  // what ran is all up to one
};

int below(int end) {
  return *rc::gen::inRange(0, end);
}

std::string some(const std::string& letters, int most) {
  return *rc::gen::resize(most, rc::gen::container<std::string>(rc::gen::elementOf(letters)));
}

std::string word() {
  return some("abC_-2", 5);
}

// Of various lengths, with zeros in front.
std::string number() {
  return *rc::gen::element<std::string>("0", "1", "00", "2", "10") + some("0129", 3);
}

// Names that begin alike are ordered by what comes behind, an ending among it.
std::string longer_or_another(const std::string& name) {
  const auto separator = *rc::gen::element<std::string>("_", "-");
  return (name.empty() || below(2) == 0 ? number() : name) + separator + word();
}

std::string id_of(const Project& project) {
  return std::to_string(project.written.size() + 1);
}

std::string some_ms(const Project& project) {
  return std::to_string(1776513600000 + static_cast<std::int64_t>(project.written.size()));
}

Project dbmate() {
  std::map<std::string, Written> by_name;  // its order: that of the names as bytes
  std::set<std::string> versions;
  for (int count = 1 + below(7); count > 0; --count) {
    const auto version = number();
    if (versions.insert(version).second) {
      const auto name = version + *rc::gen::element<std::string>("_", "-") + word() + ".sql";
      by_name[name] = {*rc::gen::element<std::string>("", "a/", "z/") + name,
                       "-- migrate:up\nSELECT 'BODY';\n",
                       {version, std::to_string(700 + count)}};
    }
  }
  Project project;
  for (auto& [name, written] : by_name) {
    project.written.push_back(std::move(written));
  }
  return project;
}

// Numbers, compared as such; single files or pairs.
Project sqlx() {
  std::map<int, std::string> by_number;
  for (int count = 1 + below(7); count > 0; --count) {
    by_number[below(2000)] = word();
  }
  Project project;
  for (const auto& [number, name] : by_number) {
    const auto zeros = std::string(static_cast<std::size_t>(below(4)), '0');
    const bool pair = below(3) == 0;
    const auto stem = zeros + std::to_string(number) + "_" + name;
    const std::string bytes =
        *rc::gen::element<std::string>("SELECT\n'BODY';\n", "SELECT\r\n'BODY';\r\n");
    project.written.push_back(
        {stem + (pair ? ".up.sql" : ".sql"),
         bytes,
         {std::to_string(number), name, "t", hex_hash("SHA384", bytes), some_ms(project)}});
    if (pair) {
      project.others[stem + ".down.sql"] = "SELECT 'back';\n";
    }
  }
  return project;
}

// A folder for each, in the order of what is in front as text, dashes aside.
Project diesel() {
  std::map<std::string, std::string> by_version;
  for (int count = 1 + below(7); count > 0; --count) {
    by_version[number()] = word();
  }
  Project project;
  for (const auto& [version, name] : by_version) {
    const auto dashed = version.substr(0, 1) + (below(2) == 0 ? "-" : "") + version.substr(1);
    const auto folder = *rc::gen::element<std::string>("", "migrations/") + dashed + "_" + name;
    project.written.push_back(
        {folder + "/up.sql", "SELECT\n'BODY';\n", {version, some_ms(project)}});
    if (below(2) == 0) {
      project.others[folder + "/down.sql"] = "SELECT 'back';\n";
    }
  }
  return project;
}

// Both know a file by its name, and order by that.
Project scripts(const std::string& bytes, Values (*row)(const Project&, const std::string&)) {
  const auto extension = [] { return *rc::gen::element<std::string>(".js", ".ts", ".mjs"); };
  std::map<std::string, std::string> stems;
  std::set<std::string> taken;
  std::string last;
  for (int count = 1 + below(7); count > 0; --count) {
    last = longer_or_another(last);
    if (taken.insert(last).second) {
      stems[last + extension()] = last;
    }
  }
  Project project;
  for (const auto& [name, stem] : stems) {
    // Where it is compiled the ledger has another ending than the directory.
    auto values = row(project, stem + extension());
    project.written.push_back(
        {*rc::gen::element<std::string>("", "a/", "z/") + name, bytes, std::move(values)});
  }
  return project;
}

Project knex() {
  return scripts("exports.up = (knex) => knex.raw('BODY');\nexports.down = () => {};\n",
                 [](const Project& project, const std::string& name) -> Values {
                   return {id_of(project), name, "1", some_ms(project)};
                 });
}

Project sequelize() {
  return scripts(
      "module.exports = {\n  up: (queryInterface) => queryInterface.sequelize.query('BODY'),\n"
      "  down: () => {},\n};\n",
      [](const Project& project, const std::string& name) -> Values {
        return {name, id_of(project), some_ms(project)};
      });
}

// The class counts, and not the file.
Project typeorm() {
  std::map<int, std::string> by_time;
  for (int count = 1 + below(7); count > 0; --count) {
    by_time[below(100000)] = "A" + some("abC", 4);
  }
  Project project;
  for (const auto& [since, name] : by_time) {
    const auto time = std::to_string(1600000000000 + since);
    project.written.push_back({std::to_string(9 - project.written.size()) + word() + ".ts",
                               "import {MigrationInterface, QueryRunner} from 'typeorm';\n"
                               "export class " +
                                   name + time +
                                   " implements MigrationInterface {\n"
                                   "  async up(queryRunner: QueryRunner) {\n"
                                   "    await queryRunner.query(`BODY`);\n  }\n}\n",
                               {id_of(project), time, name + time}});
  }
  return project;
}

constexpr std::int64_t half_past_two = 1776522600000;  // 20260418143000

std::string sql_of_drizzle() {
  return (below(4) == 0 ? "\xEF\xBB\xBF" : "") +
         *rc::gen::element<std::string>(
             "SELECT\n'BODY';\n", "SELECT\r\n'BODY';\r\n", "SELECT\r\n'BODY';\n");
}

// With a journal, the times in which only go on; several may be of one second.
Project drizzle_of_0() {
  Project project;
  std::string journal;
  std::int64_t when = half_past_two;
  for (int count = 1 + below(7); count > 0; --count) {
    when += 1 + below(700);
    const auto tag = "000" + std::to_string(project.written.size()) + "_" + word();
    const auto bytes = sql_of_drizzle();
    journal += (journal.empty() ? "" : ",") + std::string(R"({"when":)") + std::to_string(when) +
               R"(,"tag":")" + tag + R"("})";
    project.written.push_back(
        {tag + ".sql",
         bytes,
         {id_of(project), sha256(bytes).hex(), std::to_string(when), std::nullopt, std::nullopt}});
  }
  project.others["meta/_journal.json"] = R"({"entries":[)" + journal + "]}";
  return project;
}

// With a folder for each, which begins with its second.
Project drizzle_of_1() {
  std::map<int, std::string> by_second;
  for (int count = 1 + below(7); count > 0; --count) {
    by_second[10 + below(50)] = word();
  }
  Project project;
  for (const auto& [second, rest] : by_second) {
    const auto name = "202604181430" + std::to_string(second) + "_" + rest;
    const auto bytes = sql_of_drizzle();
    project.written.push_back({name + "/migration.sql",
                               bytes,
                               {id_of(project),
                                sha256(bytes).hex(),
                                std::to_string(half_past_two + second * 1000),
                                name,
                                some_ms(project)}});
  }
  return project;
}

std::string python(const std::string& dependencies, const std::string& more = "") {
  return "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n" + more +
         "    dependencies = [" + dependencies +
         "]\n    operations = [migrations.RunSQL('BODY')]\n";
}

// Of two apps; each comes after some of those that were written before it.
Project django() {
  Project project;
  for (int count = 1 + below(7); count > 0; --count) {
    const std::string app = *rc::gen::element<std::string>("shop", "cart");
    const auto name = *rc::gen::element<std::string>("0002_", "0010_") + word() + id_of(project);
    Written next{
        app + "/migrations/" + name + ".py", "", {id_of(project), app, name, some_ms(project)}};
    std::string dependencies;
    for (const auto& before : project.written) {
      if (below(3) == 0) {
        dependencies += "('" + *before.row[1] + "', '" + *before.row[2] + "'), ";
        next.after.push_back(before.path);
      }
    }
    next.bytes = python(dependencies);
    project.written.push_back(std::move(next));
  }
  return project;
}

const std::vector<Case> cases{{"dbmate", dbmate},
                              {"sqlx", sqlx},
                              {"diesel", diesel},
                              {"knex", knex},
                              {"sequelize", sequelize},
                              {"typeorm", typeorm},
                              {"drizzle", drizzle_of_0, true},
                              {"drizzle", drizzle_of_1},
                              {"django", django}};

template <class T>
std::vector<T> shuffled(std::vector<T> all) {
  std::ranges::shuffle(all, std::mt19937(*rc::gen::arbitrary<std::uint32_t>()));
  return all;
}

// Which of them ran.
std::set<std::string> some_paths(const Case& of, const Project& project) {
  const auto up_to = static_cast<std::size_t>(below(static_cast<int>(project.written.size()) + 1));
  std::set<std::string> paths;
  for (std::size_t i = 0; i < project.written.size(); ++i) {
    if (of.runs_in_order ? i < up_to : below(2) == 0) {
      paths.insert(project.written[i].path);
    }
  }
  // What another one comes after ran before it.
  for (auto at = project.written.rbegin(); at != project.written.rend(); ++at) {
    if (paths.contains(at->path)) {
      paths.insert(at->after.begin(), at->after.end());
    }
  }
  return paths;
}

std::vector<Values> rows_of(const Project& project, const std::set<std::string>& paths) {
  std::vector<Values> rows;
  for (const auto& written : project.written) {
    if (paths.contains(written.path)) {
      rows.push_back(written.row);
    }
  }
  return rows;
}

std::set<std::string> all_paths(const Project& project) {
  std::set<std::string> paths;
  for (const auto& written : project.written) {
    paths.insert(written.path);
  }
  return paths;
}

// The files of the lines that are applied, and nothing is said against.
std::set<std::string> applied_in(const Polled& polled, const Catalog& catalog) {
  std::set<std::string> paths;
  for (const auto& migration : catalog.migrations) {
    if (polled.state(migration.key.value) == "applied") {
      paths.insert(migration.file);
    }
  }
  return paths;
}

std::string with_crlf(const std::string& bytes) {
  std::string all;
  for (const char c : bytes) {
    all += c == '\r' ? "" : c == '\n' ? "\r\n" : std::string(1, c);
  }
  return all;
}

std::string with_lf(std::string bytes) {
  std::erase(bytes, '\r');
  return bytes;
}

const std::string byte_order_mark = "\xEF\xBB\xBF";

std::string without_mark(const std::string& bytes) {
  return bytes.starts_with(byte_order_mark) ? bytes.substr(byte_order_mark.size()) : bytes;
}

// The same as an editor or a checkout may leave it.
std::string rewritten(const std::string& bytes) {
  const auto text = without_mark(bytes);
  return (below(2) == 0 ? byte_order_mark : "") + (below(2) == 0 ? with_crlf(text) : with_lf(text));
}

bool any_mixed(const Project& project) {
  return std::ranges::any_of(project.written, [](const Written& each) {
    return each.bytes != with_lf(each.bytes) && each.bytes != with_crlf(each.bytes);
  });
}

// With one character more, less, or another one, in what it does.
std::string edited(const std::string& bytes) {
  const std::string letter = *rc::gen::element<std::string>("x", "7", ";");
  const auto less = static_cast<std::size_t>(below(2));
  const std::string more = less == 1 && below(3) == 0 ? "" : letter;
  auto text = bytes;
  return text.replace(bytes.find("BODY") + static_cast<std::size_t>(below(4)), less, more);
}

}  // namespace

TEST_CASE("a catalog is in its tool's order, whatever order its files were found in") {
  for (const auto& of : cases) {
    CAPTURE(of.tool);
    CHECK(rc::check(of.tool + ": order", [&] {
      const auto& tool = *find_tool(of.tool);
      const auto project = of.make();
      const auto files = project.files();
      const auto read = [&](const ScannedFile& file) -> Result<std::string> {
        return files.at(file.path);
      };
      const auto catalog = tool.arrange(shuffled(scanned(tool, files)), read);
      RC_ASSERT(catalog);
      RC_ASSERT(*catalog == *tool.arrange(scanned(tool, files), read));
      Strings paths;
      std::map<std::string, std::size_t> position;
      for (const auto& migration : catalog->migrations) {
        position[migration.file] = paths.size();
        paths.push_back(migration.file);
      }
      RC_ASSERT(position.size() == project.written.size());
      for (std::size_t i = 0; i < project.written.size(); ++i) {
        const auto& written = project.written[i];
        RC_ASSERT(of.tool == "django" || paths[i] == written.path);
        for (const auto& before : written.after) {
          RC_ASSERT(position.at(before) < position.at(written.path));
        }
      }
    }));
  }
}

TEST_CASE(
    "what a tool recorded of its files is applied, and nothing else is, nor is anything wrong") {
  for (const auto& of : cases) {
    CAPTURE(of.tool);
    CHECK(rc::check(of.tool + ": round trip", [&] {
      const auto& tool = *find_tool(of.tool);
      const auto project = of.make();
      const auto catalog = catalog_of(tool, project.files());
      const auto ran = some_paths(of, project);
      const auto polled = poll(catalog, seen(tool, rows_of(project, ran)));
      RC_ASSERT(polled.findings() == "");
      RC_ASSERT(polled.standing.lines.size() == project.written.size());
      RC_ASSERT(applied_in(polled, catalog) == ran);
    }));
  }
}

TEST_CASE("people's own ledger may name the files of any tool, by path or by id") {
  const CustomColumns columns{.key = "name",
                              .version = "",
                              .checksum = "sum",
                              .algorithm = "sha256",
                              .applied_at = "",
                              .applied_by = "",
                              .success_column = "",
                              .success_equals = ""};
  const auto tool = custom_ledger(columns);
  for (const auto& of : cases) {
    CAPTURE(of.tool);
    CHECK(rc::check(of.tool + ": named by people", [&] {
      const auto project = of.make();
      const auto files = project.files();
      auto catalog = catalog_of(*find_tool(of.tool), files);
      const auto ran = some_paths(of, project);
      std::vector<Values> rows;
      for (auto& migration : catalog.migrations) {
        const auto& bytes = files.at(migration.file);
        migration.checksums.accepted = custom_checksums("sha256", bytes);
        migration.checksums.complete = true;
        if (ran.contains(migration.file)) {
          const auto& name = below(2) == 0 ? migration.file : migration.id.value;
          auto sum = sha256(below(2) == 0 ? with_lf(without_mark(bytes)) : bytes).hex();
          rows.push_back({name, {}, below(2) == 0 ? "\\x" + sum : sum, {}, {}, {}, name});
        }
      }
      catalog.rules.late = LayoutRules::Late::runs;
      const auto polled = poll(catalog, seen(*tool, shuffled(rows)));
      RC_ASSERT(polled.findings() == "");
      RC_ASSERT(applied_in(polled, catalog) == ran);
    }));
  }
}

TEST_CASE(
    "one edit of an applied file is told of that file alone, and other line endings of none") {
  for (const auto& of : cases) {
    CAPTURE(of.tool);
    CHECK(rc::check(of.tool + ": edit", [&] {
      const auto& tool = *find_tool(of.tool);
      const auto project = of.make();
      auto files = project.files();
      const auto observation = seen(tool, rows_of(project, all_paths(project)));
      const auto before = catalog_of(tool, files);
      const auto records = poll(before, observation).records;
      for (const auto& written : project.written) {
        files[written.path] = rewritten(written.bytes);
      }
      const auto after = catalog_of(tool, files);
      RC_ASSERT(poll(after, observation, records).findings() == "");
      // Whoever comes now and sees only this cannot know which line ended in what.
      RC_ASSERT(any_mixed(project) || poll(after, observation).findings() == "");

      const auto& chosen = before.migrations[static_cast<std::size_t>(
          below(static_cast<int>(before.migrations.size())))];
      files[chosen.file] = edited(files.at(chosen.file));
      RC_ASSERT(poll(catalog_of(tool, files), observation, records).findings() ==
                "edited " + chosen.key.value);
    }));
  }
}

TEST_CASE("a checksum that people keep is that of one content, whatever its line endings") {
  CHECK(rc::check([] {
    const auto algorithms = custom_algorithms();
    const std::string algorithm(
        algorithms[static_cast<std::size_t>(below(static_cast<int>(algorithms.size())))]);
    const auto text = some("ab \n", 30) + "BODY" + some("ab \n", 30);
    const auto stored = custom_checksums(algorithm, below(2) == 0 ? text : with_crlf(text)).front();
    const auto accepts = [&](const std::string& bytes) {
      const auto all = custom_checksums(algorithm, bytes);
      return std::ranges::find(all, stored) != all.end();
    };
    RC_ASSERT(accepts(rewritten(text)));
    RC_ASSERT_FALSE(accepts(rewritten(edited(text))));
  }));
}

namespace {

// What a server may send for a column: nothing, what belongs there in this or another row, or
// anything else that fits into text.
std::optional<std::string> some_value(const Project& project, std::size_t column) {
  const int kind = below(4);
  if (kind == 0) {
    return std::nullopt;
  }
  if (kind == 1) {
    return some("01-9.,\\x_ab\xC3\xA4\n", 20);
  }
  const auto& rows = project.written;
  return rows.empty()
             ? std::optional(number())
             : rows[static_cast<std::size_t>(below(static_cast<int>(rows.size())))].row[column];
}

std::vector<Values> some_rows(const Project& project, std::size_t columns) {
  std::vector<Values> rows;
  for (int count = 1 + below(7); count > 0; --count) {
    Values values;
    for (std::size_t column = 0; column < columns; ++column) {
      values.push_back(some_value(project, column));
    }
    rows.push_back(std::move(values));
  }
  return rows;
}

// Each of these rows, and each file, is in one line; and to look again says nothing new.
void check_lines(const Catalog& catalog, const std::optional<Observation>& observation) {
  const auto polled = poll(catalog, observation);
  std::multiset<Key> lines;
  for (const auto& line : polled.standing.lines) {
    lines.insert(line.key);
  }
  std::set<std::string> groups;
  for (const auto& migration : catalog.migrations) {
    RC_ASSERT(lines.count(migration.key) == 1U);
    groups.insert(migration.group);
  }
  // Those of apps elsewhere are in none; with dots in its name such an app's key may be another's.
  std::set<Key> here;
  std::set<Key> elsewhere;
  const auto named = find_by_any_name(catalog, observation->rows);
  for (const auto& row : observation->rows) {
    const auto at = named.find(&row);
    const bool known = row.group.empty() || groups.contains(row.group);
    (known ? here : elsewhere).insert(at == named.end() ? row.key : at->second.key);
  }
  for (const auto& key : here) {
    RC_ASSERT(lines.count(key) == 1U);
  }
  for (const auto& key : elsewhere) {
    RC_ASSERT(here.contains(key) || !lines.contains(key));
  }
  const auto again = poll(catalog, observation, polled.records);
  RC_ASSERT(again.standing == polled.standing);
  RC_ASSERT(again.records == polled.records);
}

}  // namespace

TEST_CASE("whatever rows a ledger has, each ends in one line, and none is learnt twice") {
  const std::map<std::string, std::size_t> columns{{"dbmate", 2},
                                                   {"sqlx", 5},
                                                   {"diesel", 2},
                                                   {"knex", 4},
                                                   {"sequelize", 3},
                                                   {"typeorm", 3},
                                                   {"drizzle", 5},
                                                   {"django", 4}};
  for (const auto& of : cases) {
    CAPTURE(of.tool);
    CHECK(rc::check(of.tool + ": any rows", [&] {
      const auto& tool = *find_tool(of.tool);
      const auto project = of.make();
      const auto width = columns.at(of.tool);
      const auto catalog = catalog_of(tool, project.files());
      const auto rows = tool.rows({{}, some_rows(project, width)});
      RC_ASSERT(rows);
      check_lines(catalog, observed(tool, *rows));
      RC_ASSERT_FALSE(tool.rows({{}, {Values(width + 1)}}));
    }));
  }
}

TEST_CASE(
    "whatever rows people's own ledger has, each ends in one line, and none is learnt twice") {
  CHECK(rc::check([] {
    const auto& of = cases[static_cast<std::size_t>(below(static_cast<int>(cases.size())))];
    const auto project = of.make();
    const auto catalog = catalog_of(*find_tool(of.tool), project.files());
    auto rows = some_rows({}, 7);
    for (auto& row : rows) {
      if (!catalog.migrations.empty() && below(2) == 0) {
        const auto& migration = catalog.migrations[static_cast<std::size_t>(
            below(static_cast<int>(catalog.migrations.size())))];
        row[0] = *rc::gen::element(
            migration.key.value, migration.id.value, migration.file, migration.version_text);
      }
    }
    const CustomColumns columns{.key = "a",
                                .version = "b",
                                .checksum = "c",
                                .algorithm = *rc::gen::element<std::string>("crc32", "md5"),
                                .applied_at = "d",
                                .applied_by = "e",
                                .success_column = below(2) == 0 ? "f" : "",
                                .success_equals = "1"};
    const auto tool = custom_ledger(columns);
    const auto algorithm = columns.algorithm;
    for (auto& row : rows) {
      if (row[2] && below(2) == 0) {
        row[2] = custom_checksums(algorithm, *row[2]).front().substr(algorithm.size() + 1);
      }
    }
    const auto read = tool->rows({{}, rows});
    if (!read) {
      RC_ASSERT(read.error().code == Errc::invalid);
      return;
    }
    check_lines(catalog, observed(*tool, *read));
  }));
}

namespace {

// How Django goes about squashes, for one app whose migrations 1 to `count` come one after the
// other: what it would run, and whether it refuses.
class DjangoOfSquashes {
 public:
  using Names = std::set<std::string>;
  std::map<std::string, Strings> replaces;    // of each squash
  std::map<std::string, std::string> before;  // what each file depends on
  Names applied;

  void resolve() {
    for (const auto& [squash, replaced] : replaces) {
      const auto ends = ends_of(squash);
      const auto count = static_cast<std::size_t>(
          std::ranges::count_if(ends, [&](const auto& end) { return applied.contains(end); }));
      if (count == ends.size()) {
        done.insert(squash);
      }
      if (count == ends.size() || count == 0) {
        gone.insert(replaced.begin(), replaced.end());
      } else {
        gone.insert(squash);
      }
    }
  }

  Names to_run() const {
    Names names;
    for (const auto& [name, dependency] : before) {
      if (!gone.contains(name) && !applied.contains(name) && !done.contains(name)) {
        names.insert(name);
      }
    }
    return names;
  }

 private:
  Names ends_of(const std::string& squash) const {
    Names ends;
    for (const auto& name : replaces.at(squash)) {
      if (replaces.contains(name)) {
        ends.merge(ends_of(name));
      } else {
        ends.insert(name);
      }
    }
    return ends;
  }

  Names done;
  Names gone;  // from what is to run
};

}  // namespace

TEST_CASE("Django: of squashes and what they replace that is pending which Django would run") {
  CHECK(rc::check([] {
    DjangoOfSquashes world;
    const int count = 2 + below(5);
    const auto name_of = [](int number) { return "000" + std::to_string(number) + "_x"; };
    for (int number = 1; number <= count; ++number) {
      world.before[name_of(number)] = number == 1 ? "" : name_of(number - 1);
    }
    // Squashes from the first on, each of the one before and what follows.
    int squashed = 0;
    std::string last;
    while (squashed < count && below(3) != 0) {
      Strings replaced;
      if (!last.empty()) {
        replaced.push_back(last);
      }
      const int first = squashed + 1;
      squashed = std::min(count, first + below(3));
      for (int number = first; number <= squashed; ++number) {
        replaced.push_back(name_of(number));
      }
      last = "0001_squashed_" + name_of(squashed);
      world.replaces[last] = replaced;
      world.before[last] = "";
      // What follows is made to come after the squash, or left as it was.
      if (squashed < count && below(2) == 0) {
        world.before[name_of(squashed + 1)] = last;
      }
    }
    const int applied_up_to = below(count + 1);
    for (int number = 1; number <= applied_up_to; ++number) {
      world.applied.insert(name_of(number));
    }
    world.resolve();

    Files files;
    for (const auto& [name, before] : world.before) {
      std::string replaces;
      for (const auto& replaced :
           world.replaces.contains(name) ? world.replaces[name] : Strings()) {
        replaces += "('shop', '" + replaced + "'), ";
      }
      files["shop/migrations/" + name + ".py"] =
          python(before.empty() ? "" : "('shop', '" + before + "')",
                 replaces.empty() ? "" : "    replaces = [" + replaces + "]\n");
    }
    std::vector<Values> rows;
    for (const auto& name : world.applied) {
      rows.push_back({std::to_string(rows.size() + 1), "shop", name, "1776513600000"});
    }
    const auto& tool = *find_tool("django");
    const auto polled = poll(catalog_of(tool, files), seen(tool, rows));
    std::set<std::string> pending;
    for (const auto& line : polled.standing.lines) {
      if (line.cell.state == CellState::pending) {
        pending.insert(line.key.value.substr(std::string("shop.").size()));
      }
    }
    RC_ASSERT(pending == world.to_run());
    RC_ASSERT(polled.findings() == "");
  }));
}

namespace {

// How Django builds its graph of one app with one squash, whatever rows there are, and what it then
// makes of the rows.
class DjangoGraphOfOneSquash {
 public:
  using Names = std::set<std::string>;

  DjangoGraphOfOneSquash(std::map<std::string, Names> after,
                         const std::string& squash,
                         const Names& replaces,
                         const Names& rows) {
    for (const auto& [name, before] : after) {
      parents_[name].insert(before.begin(), before.end());
      files_.insert(name);
      for (const auto& each : before) {
        parents_[each];
      }
    }
    auto applied = rows;
    const auto has_row = [&](const std::string& name) { return rows.contains(name); };
    const bool all = std::ranges::all_of(replaces, has_row);
    const bool none = std::ranges::none_of(replaces, has_row);
    applied.erase(squash);
    if (all) {
      applied.insert(squash);
    }
    if (all || none) {
      put_in_place_of(replaces, squash);
    } else {
      take_away(squash, replaces);
    }
    for (const auto& [name, before] : parents_) {
      refuses_ = refuses_ || !files_.contains(name);
      if (!applied.contains(name)) {
        to_run_.insert(name);
      }
      for (const auto& each : before) {
        refuses_ = refuses_ || (has_row(name) && !has_row(each) && !(each == squash && all));
      }
    }
    never_runs_ = !all && !none && std::ranges::any_of(replaces, [&](const std::string& name) {
      return !has_row(name) && !files_.contains(name);
    });
  }

  bool refuses() const { return refuses_; }
  bool never_runs() const { return never_runs_; }
  const Names& to_run() const { return to_run_; }

 private:
  void put_in_place_of(const Names& replaces, const std::string& squash) {
    for (const auto& name : replaces) {
      for (auto& [child, before] : parents_) {
        if (before.erase(name) > 0 && !replaces.contains(child)) {
          before.insert(squash);
        }
      }
      parents_.erase(name);
    }
  }

  void take_away(const std::string& squash, const Names& replaces) {
    auto last = replaces;
    std::erase_if(last, [&](const std::string& name) { return !parents_.contains(name); });
    for (const auto& name : Names(last)) {
      for (const auto& before : parents_[name]) {
        last.erase(before);
      }
    }
    parents_.erase(squash);
    for (auto& [child, before] : parents_) {
      if (before.erase(squash) > 0) {
        before.insert(last.begin(), last.end());
      }
    }
  }

  std::map<std::string, Names> parents_;
  Names files_;
  Names to_run_;
  bool refuses_ = false;
  bool never_runs_ = false;
};

}  // namespace

TEST_CASE("Django: whatever rows there are beside a squash, what it runs and refuses is told") {
  CHECK(rc::check([] {
    using Names = std::set<std::string>;
    const int count = 2 + below(4);
    const int squashed = 2 + below(count - 1);
    const auto name_of = [](int number) { return "000" + std::to_string(number) + "_x"; };
    const auto squash = "0001_squashed_" + name_of(squashed);
    const bool originals_are_there = below(2) == 0;
    std::map<std::string, Names> after{{squash, {}}};
    Names replaces;
    Names rows;
    for (int number = 1; number <= count; ++number) {
      const auto name = name_of(number);
      if (number <= squashed) {
        replaces.insert(name);
      }
      if (number > squashed || originals_are_there) {
        const bool behind_it = number == squashed + 1 && below(2) == 0;
        after[name] = number == 1 ? Names() : Names{behind_it ? squash : name_of(number - 1)};
      }
      if (below(3) != 0) {
        rows.insert(name);
      }
    }
    if (below(2) == 0) {
      rows.insert(squash);
    }
    const DjangoGraphOfOneSquash world(after, squash, replaces, rows);

    Files files;
    for (const auto& [name, before] : after) {
      std::string more;
      for (const auto& each : name == squash ? replaces : Names()) {
        more += "('shop', '" + each + "'), ";
      }
      files["shop/migrations/" + name + ".py"] =
          python(before.empty() ? "" : "('shop', '" + *before.begin() + "')",
                 more.empty() ? "" : "    replaces = [" + more + "]\n");
    }
    std::vector<Values> values;
    for (const auto& name : rows) {
      values.push_back({std::to_string(values.size() + 1), "shop", name, "1776513600000"});
    }
    const auto& tool = *find_tool("django");
    const auto polled = poll(catalog_of(tool, files), seen(tool, values));
    RC_ASSERT(polled.findings().empty() == !(world.refuses() || world.never_runs()));
    if (!world.never_runs()) {
      Names pending;
      for (const auto& line : polled.standing.lines) {
        if (line.cell.state == CellState::pending) {
          pending.insert(line.key.value.substr(std::string("shop.").size()));
        }
      }
      RC_ASSERT(pending == world.to_run());
    }
  }));
}
