#include "core/sql/script.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace tidemark;

namespace {

using Kind = SqlProblem::Kind;
using Control = TransactionControl;

// A file of one statement a line, each "kind", and what a parser makes of it.
class File {
 public:
  File& line(std::string kind, Control control = Control::none, std::string no_transaction = "") {
    Statement statement;
    statement.offset = text_.size();
    statement.size = kind.size();
    statement.kind = kind;
    statement.control = control;
    statement.no_transaction = std::move(no_transaction);
    parsed_.statements.push_back(std::move(statement));
    text_ += kind + ";\n";
    return *this;
  }
  File& begin() { return line("BEGIN", Control::begin); }
  File& commit() { return line("COMMIT", Control::commit); }
  File& concurrently() {
    return line("CREATE INDEX CONCURRENTLY", Control::none, "takes its time");
  }
  File& copy() {
    line("COPY");
    parsed_.statements.back().copy_from_stdin = true;
    return *this;
  }
  Script script() const { return script_of(sql_text(text_, 1 << 20), parsed_); }

 private:
  std::string text_;
  ParsedSql parsed_;
};

std::vector<std::string> kinds(const Script& script) {
  std::vector<std::string> all;
  for (const auto& each : script.statements) {
    all.push_back(each.kind + ":" + std::to_string(each.line));
  }
  return all;
}

std::vector<std::string> told(const Script& script) {
  std::vector<std::string> all;
  for (const auto& each : script.problems) {
    all.push_back(std::string(to_string(each.kind)) + ":" + std::to_string(each.place.line));
  }
  return all;
}

using Words = std::vector<std::string>;

Script refused(std::string_view text, std::size_t offset, std::string message) {
  ParsedSql parsed;
  parsed.refused = {offset, std::move(message)};
  return script_of(sql_text(text, 1 << 20), parsed);
}

}  // namespace

TEST_CASE("statements have the lines that they begin in") {
  const auto script = File().line("CREATE TABLE").line("CREATE INDEX").script();
  CHECK(kinds(script) == Words{"CREATE TABLE:1", "CREATE INDEX:2"});
  CHECK(!script.wrapped);
  CHECK(script.problems.empty());
  CHECK(script.transactional());
}

TEST_CASE("the file's own BEGIN and COMMIT around everything are folded") {
  const auto script = File().begin().line("CREATE TABLE").line("UPDATE").commit().script();
  CHECK(script.wrapped);
  CHECK(kinds(script) == Words{"CREATE TABLE:2", "UPDATE:3"});
  CHECK(script.problems.empty());
}

TEST_CASE("a wrapper around nothing leaves nothing") {
  const auto script = File().begin().commit().script();
  CHECK(script.wrapped);
  CHECK(script.statements.empty());
  CHECK(script.problems.empty());
}

TEST_CASE("a file of nothing is a script of nothing") {
  CHECK(File().script() == Script{});
}

TEST_CASE("transaction control anywhere else is told with its line") {
  CHECK(told(File().begin().script()) == Words{"transaction_control:1"});
  CHECK(told(File().commit().script()) == Words{"transaction_control:1"});
  CHECK(told(File().commit().begin().script()) ==
        Words{"transaction_control:1", "transaction_control:2"});
  CHECK(told(File().line("A").begin().line("B").commit().script()) ==
        Words{"transaction_control:2", "transaction_control:4"});
  CHECK(told(File().begin().line("A").commit().line("B").script()) ==
        Words{"transaction_control:1", "transaction_control:3"});
  CHECK(told(File().begin().line("A").line("ROLLBACK", Control::rollback).script()) ==
        Words{"transaction_control:1", "transaction_control:3"});
}

TEST_CASE("within a wrapper only what is between is told") {
  CHECK(told(File().begin().line("SAVEPOINT", Control::savepoint).commit().script()) ==
        Words{"transaction_control:2"});
  CHECK(told(File().begin().line("A").commit().begin().line("B").commit().script()) ==
        Words{"transaction_control:3", "transaction_control:4"});
  CHECK(told(File().line("PREPARE TRANSACTION", Control::prepared).script()) ==
        Words{"transaction_control:1"});
}

TEST_CASE("a BEGIN with modes and a COMMIT that goes on are no wrapper") {
  const auto modes = File().line("BEGIN", Control::begin_with_modes).line("A").commit().script();
  CHECK(told(modes) == Words{"transaction_control:1", "transaction_control:3"});
  CHECK(modes.problems[0].message.starts_with("BEGIN with transaction modes: "));
  const auto chain = File().begin().line("A").line("COMMIT", Control::commit_and_chain).script();
  CHECK(!chain.wrapped);
  CHECK(chain.problems[1].message.starts_with("COMMIT AND CHAIN: "));
}

TEST_CASE("what cannot run in a transaction is told where the file begins one") {
  const auto script = File().begin().line("A").concurrently().commit().script();
  CHECK(told(script) == Words{"needs_no_transaction:3"});
  CHECK(script.problems[0].message ==
        "CREATE INDEX CONCURRENTLY cannot run in a transaction (it takes its time), and this file "
        "begins one in line 1: remove BEGIN and COMMIT, or give it a file of its own");
  CHECK(!script.transactional());
}

TEST_CASE("what cannot run in a transaction is fine where the file begins none") {
  const auto script = File().line("A").concurrently().script();
  CHECK(script.problems.empty());
  CHECK(!script.transactional());
}

TEST_CASE("between two transactions of a file it is not what is wrong") {
  CHECK(told(File().begin().commit().concurrently().begin().commit().script()) ==
        Words{"transaction_control:2", "transaction_control:4"});
}

TEST_CASE("COPY FROM STDIN is told with what to write instead") {
  const auto script = File().copy().script();
  CHECK(told(script) == Words{"copy_from_stdin:1"});
  CHECK(script.problems[0].message.find("write INSERT") != std::string::npos);
}

TEST_CASE("problems come in the order of the file") {
  const std::string file = "COMMIT;\n\\x\nCOMMIT;";
  ParsedSql parsed;
  for (const std::size_t offset : {0U, 11U}) {
    Statement commit;
    commit.offset = offset;
    commit.size = 6;
    commit.kind = "COMMIT";
    commit.control = Control::commit;
    parsed.statements.push_back(commit);
  }
  CHECK(told(script_of(sql_text(file, 100), parsed)) ==
        Words{"transaction_control:1", "meta_command:2", "transaction_control:3"});
}

TEST_CASE("a grammar that is not known is told with its place and the word there") {
  const auto script = refused("\xEF\xBB\xBFé\nü VIRTUAL", 9, "syntax error at or near \"VIRTUAL\"");
  CHECK(script.unanalysed == Unanalysed{{2, 3}, "syntax error", "VIRTUAL"});
  CHECK(script.statements.empty());
  CHECK(script.problems.empty());
}

TEST_CASE("an end that comes too early has no word") {
  CHECK(refused("SELECT", 6, "syntax error at end of input").unanalysed ==
        Unanalysed{{1, 7}, "syntax error at end of input", ""});
}

TEST_CASE("the word is cut between characters when it is long") {
  std::string word;
  for (int k = 0; k < 60; ++k) {
    word += "xé";
  }
  const auto script = refused(word, 0, "unterminated quoted string at or near \"" + word + "\"");
  CHECK(script.unanalysed->near == word.substr(0, 79));
}

TEST_CASE("a limit of the parser is a problem of the file") {
  ParsedSql parsed;
  parsed.too_deep = "takes more than 10 s of the parser's time";
  const auto script = script_of(sql_text("SELECT 1", 100), parsed);
  CHECK(told(script) == Words{"too_deep:1"});
  CHECK(script.problems[0].message ==
        "takes more than 10 s of the parser's time: make several files of it");
}

TEST_CASE("locks and kinds of transaction control are the same in words and back") {
  for (int k = 0; k <= static_cast<int>(LockClass::unknown); ++k) {
    const auto lock = static_cast<LockClass>(k);
    CHECK(!to_string(lock).empty());
    CHECK(parse_lock_class(to_string(lock)) == lock);
  }
  for (int k = 0; k <= static_cast<int>(Control::prepared); ++k) {
    const auto control = static_cast<Control>(k);
    CHECK(!to_string(control).empty());
    CHECK(parse_transaction_control(to_string(control)) == control);
  }
  CHECK(!parse_lock_class("share me"));
  CHECK(!parse_transaction_control(""));
}
