#include "core/sql/script.h"

#include <algorithm>
#include <utility>

namespace tidemark {

namespace {

constexpr std::size_t problems_max = 100;
constexpr std::size_t near_max = 80;

bool is_wrapped(const std::vector<Statement>& statements) {
  return statements.size() >= 2 && statements.front().control == TransactionControl::begin &&
         statements.back().control == TransactionControl::commit;
}

std::string about_control(const Statement& statement) {
  constexpr std::string_view rule =
      "tidemark runs each file in a transaction of its own, and a file may have one plain BEGIN in "
      "front of everything with its COMMIT behind everything";
  if (statement.control == TransactionControl::begin_with_modes) {
    return statement.kind + " with transaction modes: " + std::string(rule) +
           "; write it without modes";
  }
  if (statement.control == TransactionControl::commit_and_chain) {
    return statement.kind + " AND CHAIN: " + std::string(rule) + "; remove it";
  }
  return statement.kind + " here: " + std::string(rule) + "; remove it, or make several files";
}

// The word that PostgreSQL names in its message, taken out of it.
Unanalysed unanalysed(SqlPlace place, std::string message) {
  constexpr std::string_view before = " at or near \"";
  Unanalysed told{place, std::move(message), ""};
  if (const auto at = told.message.find(before); at != std::string::npos) {
    told.near = told.message.substr(at + before.size());
    told.message.resize(at);
    if (told.near.ends_with('"')) {
      told.near.pop_back();
    }
    if (told.near.size() > near_max) {
      auto end = near_max;
      while (end > 0 && (static_cast<unsigned char>(told.near[end]) & 0xC0) == 0x80) {
        --end;  // not within a character
      }
      told.near.resize(end);
    }
  }
  return told;
}

class Judge {
 public:
  explicit Judge(const SqlText& text) : places_(text.text, text.begin) {
    script_.problems = text.problems;
  }

  Script judge(ParsedSql parsed) && {
    if (!parsed.too_deep.empty()) {
      script_.problems.push_back(
          {SqlProblem::Kind::too_deep, {}, parsed.too_deep + ": make several files of it"});
    } else if (parsed.refused) {
      script_.unanalysed =
          unanalysed(places_.at(parsed.refused->offset), std::move(parsed.refused->message));
    } else {
      take(std::move(parsed.statements));
    }
    std::ranges::sort(
        script_.problems, {}, [](const auto& each) { return std::pair(each.place, each.kind); });
    return std::move(script_);
  }

 private:
  void take(std::vector<Statement> statements) {
    script_.wrapped = is_wrapped(statements);
    const std::size_t outer = script_.wrapped ? 1 : 0;
    // With more of it in between, nobody can say what stands in whose transaction.
    const bool one_transaction =
        script_.wrapped && std::ranges::count_if(statements, [](const auto& each) {
                             return each.control != TransactionControl::none;
                           }) == 2;
    const auto begin = statements.empty() ? SqlPlace{} : places_.at(statements.front().offset);
    for (auto k = outer; k < statements.size() - outer; ++k) {
      auto& each = statements[k];
      const auto place = places_.at(each.offset);
      each.line = place.line;
      look_at(each, place, one_transaction ? std::optional(begin.line) : std::nullopt);
      script_.statements.push_back(std::move(each));
    }
  }

  void look_at(const Statement& each, SqlPlace place, std::optional<int> begin_line) {
    if (each.control != TransactionControl::none) {
      tell(SqlProblem::Kind::transaction_control, place, about_control(each));
    } else if (begin_line && !each.no_transaction.empty()) {
      tell(SqlProblem::Kind::needs_no_transaction,
           place,
           each.kind + " cannot run in a transaction (it " + each.no_transaction +
               "), and this file begins one in line " + std::to_string(*begin_line) +
               ": remove BEGIN and COMMIT, or give it a file of its own");
    }
    if (each.copy_from_stdin) {
      tell(SqlProblem::Kind::copy_from_stdin,
           place,
           "COPY FROM STDIN reads data that psql would send, and tidemark does not: write INSERT, "
           "or load the data without a migration");
    }
  }

  void tell(SqlProblem::Kind kind, SqlPlace place, std::string message) {
    if (told_++ < problems_max) {
      script_.problems.push_back({kind, place, std::move(message)});
    }
  }

  Script script_;
  SqlPlaces places_;
  std::size_t told_ = 0;
};

}  // namespace

bool Script::transactional() const {
  return std::ranges::all_of(statements,
                             [](const auto& each) { return each.no_transaction.empty(); });
}

Script script_of(const SqlText& text, ParsedSql parsed) {
  return Judge(text).judge(std::move(parsed));
}

}  // namespace tidemark
