#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

#include "tests/adapters/config/bad_configs.h"
#include "tests/adapters/config/configs.h"

using namespace tidemark;

namespace {

const std::filesystem::path folder = CONFIG_DIRECTORY;
const std::string python = "/usr/bin/python3";

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string output_of(const std::string& command) {
  std::string output;
  std::array<char, 4096> buffer{};
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), got);
  }
  REQUIRE(::pclose(pipe) == 0);
  return output;
}

// "good" or "bad" for each document, by the schema.
std::vector<std::string> verdicts(const std::vector<std::string>& documents) {
  const auto input =
      std::filesystem::temp_directory_path() / ("schema-" + std::to_string(::getpid()));
  std::ofstream out(input, std::ios::binary);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    out << (i > 0 ? std::string("\0\n", 2) : "") << documents[i];
  }
  out.close();
  const auto output =
      output_of(python + " '" SCHEMA_VERDICTS "' '" + (folder / "tidemark.schema.json").string() +
                "' < '" + input.string() + "'");
  std::filesystem::remove(input);
  std::vector<std::string> result;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    result.push_back(line);
  }
  REQUIRE(result.size() == documents.size());
  return result;
}

bool python_can_check() {
  const bool can = std::system((python + " -c 'import jsonschema, yaml' 2>/dev/null").c_str()) == 0;
  if (!can) {
    MESSAGE("SKIPPED: needs the packages python3-jsonschema and python3-yaml");
  }
  return can;
}

const std::vector<std::string> good_configs{
    minimal,
    content(folder / "tidemark.example.yaml"),
    "apps: [{name: 'a.b-c_1', repo: {paths: [/a, /b/]}, environments: [{name: '1', mode: "
    "export_only}]}]\n",
    minimal + "ledger: sqlite:/a\nretention: 1d\naccess: []\n",
    minimal + "control: {}\nhttp: {}\nlog: {}\ndefaults: {}\n",
    minimal + "control: {socket: /x, mode: '660', group: a b}\n",
    minimal +
        "http: {listen: 'localhost:1', hosts: [a, b.c, '[::1]', 10.0.0.1], expose: summary}\n",
    minimal + "http: {listen: ['0.0.0.0:0', '[::]:65535']}\n",
    minimal + "limits: {}\n",
    minimal + "limits: {connections_per_server: 1}\ndefaults: {connection: keep}\n",
    minimal + "log: {level: error, format: journal}\ndefaults: {poll: 1500ms}\n",
    minimal + "access: [{user: '1000', role: viewer, environments: ['*', '*/prod', 'shop/*']}]\n",
    minimal + "        after: []\n        renamed_from: qa\n        schema: \"a b\"\n",
    minimal + "        database: host=h\n        password: {command: [/bin/a, b, '1']}\n",
    minimal + "        database: host=h\n        password: {credential: a.b}\n",
    minimal + "        database: host=h\n        password: {file: /a//b/}\n",
    minimal + "        database: host=h\n        password: {env: _A1}\n        mode: managed\n",
    minimal + "        database: host=pool\n        direct: host=db\n        password: {env: P}\n",
    minimal + "        database: host=h\n        mode: managed\n        apply: auto\n",
    minimal + "        mode: export_only\n        apply: manual\n        receipts: False\n",
    minimal +
        "        lock_timeout: 10ms\n        lock_retries: 0\n        statement_timeout: 0\n"
        "defaults: {apply: auto, lock_timeout: 5m, lock_retries: 1000, statement_timeout: 7d, "
        "receipts: true}\n",
    minimal + "        their_ledger: {tool: auto, table: '\"a.b\".\"c\"\"d\"'}\n",
    minimal + "        their_ledger: none\n",
    minimal + "        their_ledger: {custom: {table: ops.changes, key: name}}\n",
    minimal + "        their_ledger: {custom: {table: ops.level, key: n, rows: last}}\n",
    minimal + "        their_ledger: {custom: {table: ops.changes, key: n, rows: each}}\n",
    minimal +
        "        their_ledger: {custom: {table: changes, key: name, version: rev, checksum: sha, "
        "algorithm: sha256, applied_at: ts, applied_by: who, success: {column: status, equals: "
        "ok}}}\n",
    "apps: [{name: a, repo: {path: /a..b/.c, layout: own, settle: 0s, ignore: ['*.bak']}, "
    "out_of_order: warn, "
    "environments: [{name: yes}, {name: b, after: ['yes']}]}]\n",
};

// A document with an unknown key in each kind of mapping; the schema's definition of that mapping.
const std::vector<std::pair<std::string, std::string>> mappings{
    {"config", "zzzzzz: 1\n"},
    {"control", "control: {zzzzzz: 1}\n"},
    {"http", "http: {zzzzzz: 1}\n"},
    {"log", "log: {zzzzzz: 1}\n"},
    {"limits", "limits: {zzzzzz: 1}\n"},
    {"defaults", "defaults: {zzzzzz: 1}\n"},
    {"lag", "defaults: {lag: {zzzzzz: 1}}\n"},
    {"rule", "access: [{zzzzzz: 1}]\n"},
    {"app", "apps: [{zzzzzz: 1}]\n"},
    {"repo", "apps: [{repo: {zzzzzz: 1}}]\n"},
    {"environment", "apps: [{environments: [{zzzzzz: 1}]}]\n"},
    {"password", "apps: [{environments: [{password: {zzzzzz: 1}}]}]\n"},
    {"their_ledger", "apps: [{environments: [{their_ledger: {zzzzzz: 1}}]}]\n"},
    {"custom", "apps: [{environments: [{their_ledger: {custom: {zzzzzz: 1}}}]}]\n"},
    {"success", "apps: [{environments: [{their_ledger: {custom: {success: {zzzzzz: 1}}}}]}]\n"},
};

// The keys that the reader says it expected.
std::set<std::string> keys_of_reader(const std::string& document) {
  const auto problems = problems_of(document);
  const auto unknown = std::ranges::find_if(problems, [](const std::string& problem) {
    return problem.find("unknown key") != std::string::npos;
  });
  REQUIRE(unknown != problems.end());
  std::istringstream words(unknown->substr(unknown->find("expected ") + 9));
  std::set<std::string> keys;
  for (std::string word; words >> word;) {
    if (word != "or") {
      keys.insert(word.substr(0, word.find(',')));
    }
  }
  return keys;
}

}  // namespace

TEST_CASE("the example is a good config, and says which schema editors should use") {
  const auto example = content(folder / "tidemark.example.yaml");
  CHECK(example.starts_with("# yaml-language-server: $schema=./tidemark.schema.json\n"));
  CHECK(problems_of(example) == std::vector<std::string>{});
}

TEST_CASE("what the example has commented out is good too") {
  // A key or a list in a comment follows its '#' directly, prose follows a space.
  std::istringstream lines(content(folder / "tidemark.example.yaml"));
  std::string text;
  int uncommented = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find_first_not_of(' ');
    if (at != std::string::npos && line[at] == '#' && at + 1 < line.size() && line[at + 1] != ' ') {
      line.erase(at, 1);
      ++uncommented;
    }
    text += line + '\n';
  }
  CHECK(uncommented >= 8);
  CHECK(problems_of(text) == std::vector<std::string>{});
}

TEST_CASE("schema and reader know the same keys") {
  const auto schema = boost::json::parse(content(folder / "tidemark.schema.json"));
  const auto& definitions = schema.at("$defs").as_object();
  std::set<std::string> checked;
  for (const auto& [name, document] : mappings) {
    CAPTURE(name);
    std::set<std::string> keys;
    for (const auto& property : definitions.at(name).at("properties").as_object()) {
      keys.insert(property.key());
    }
    CHECK(keys == keys_of_reader(document));
    checked.insert(name);
  }
  for (const auto& definition : definitions) {
    const bool is_mapping = definition.value().as_object().contains("properties");
    CHECK(is_mapping == checked.contains(definition.key()));
  }
}

TEST_CASE("schema and reader agree about good configs and bad ones") {
  if (!python_can_check()) {
    return;
  }
  std::vector<std::string> documents = good_configs;
  for (const auto& text : good_configs) {
    CAPTURE(text);
    CHECK(problems_of(text) == std::vector<std::string>{});
  }
  std::vector<std::string> expected(good_configs.size(), "good");
  for (const auto& bad : bad_configs()) {
    if (bad.schema != Schema::cannot_read) {
      documents.push_back(bad.text);
      expected.push_back(bad.schema == Schema::refuses ? "bad" : "good");
    }
  }
  const auto said = verdicts(documents);
  for (std::size_t i = 0; i < said.size(); ++i) {
    CAPTURE(documents[i]);
    CHECK(said[i] == expected[i]);
  }
}
