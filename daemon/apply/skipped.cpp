// What IF NOT EXISTS left as it was, and whether that is what the migration asks for.

#include <algorithm>
#include <array>

#include "adapters/postgres/twin_questions.h"
#include "core/apply/twin.h"
#include "core/text/printable.h"
#include "daemon/apply/run.h"
#include "daemon/control/document_parts.h"

namespace tidemark {

namespace {

// What IF NOT EXISTS says when it leaves what is there.
constexpr std::array<std::string_view, 6> skipping{
    "42P07", "42701", "42710", "42P06", "42723", "42P16"};

// The migration's locks are held meanwhile.
constexpr std::chrono::seconds compared_within{2};

// What our ledger keeps of it.
constexpr std::size_t objects_max = 50;
constexpr std::size_t words_max = 2'000;

std::string in_short(std::string words) {
  if (words.size() > words_max) {
    words = valid_utf8(words.substr(0, words_max)) + "…";
  }
  return words;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

bool can_be_looked_at(const Twin& twin) {
  const auto& kind = twin.object.kind;
  return kind == "table" || kind == "column" || kind == "index";
}

}  // namespace

std::optional<Run::Skip> Run::skip_in(std::size_t statement, std::vector<Notice> notices) {
  Skip skip;
  skip.statement = statement;
  for (auto& notice : notices) {
    if (std::ranges::find(skipping, notice.sqlstate) != skipping.end()) {
      skip.messages.push_back(std::move(notice.message));
    }
  }
  return skip.messages.empty() ? std::nullopt : std::optional(std::move(skip));
}

// Where names were looked for is what it is compared with later.
Awaitable<Run::Tried<void>> Run::note_skipped(std::size_t statement, std::vector<Notice> notices) {
  auto skip = skip_in(statement, std::move(notices));
  if (!skip) {
    co_return Tried<void>{};
  }
  const auto seen = co_await surroundings(*sessions_.work);
  if (seen) {
    skip->search_path = seen->search_path;
  }
  skips_.push_back(std::move(*skip));
  // In a transaction nothing else can go on either.
  if (!seen && sessions_.work->transaction() != WriteSession::Transaction::none) {
    co_return std::unexpected(trouble_of(seen.error()));
  }
  co_return Tried<void>{};
}

// Once all of the migration has run: what one statement asks for may be there after another only.
// Nobody knows any more what the first `done_before` statements said, which another attempt ran.
Awaitable<Run::Tried<void>> Run::compare_skipped(Attempt& attempt, std::size_t done_before) {
  attempt.no_op = false;
  attempt.differences.clear();
  const auto& statements = migration().script.statements;
  if (skips_.empty() && std::ranges::none_of(statements, &Statement::if_not_exists)) {
    co_return Tried<void>{};
  }
  const auto seen = co_await surroundings(*sessions_.work);
  if (!seen) {
    co_return std::unexpected(trouble_of(seen.error()));
  }
  bool no_op = true;
  for (std::size_t k = 0; k < statements.size(); ++k) {
    const auto& statement = statements[k];
    const auto known = std::ranges::find(skips_, k, &Skip::statement);
    if (known != skips_.end()) {
      no_op = no_op && !statement.does_more && known->messages.size() == statement.twins.size();
      continue;
    }
    no_op = no_op && asks_for_nothing(statement);
    if (statement.if_not_exists && (k < done_before || !seen->notices_come)) {
      Skip perhaps;
      perhaps.statement = k;
      perhaps.search_path = seen->search_path;
      skips_.push_back(std::move(perhaps));
    }
  }
  std::ranges::sort(skips_, {}, &Skip::statement);
  no_op = no_op && !skips_.empty();
  const auto until = std::chrono::steady_clock::now() + compared_within;
  std::size_t told = 0;
  for (; told < skips_.size(); ++told) {
    auto compared = co_await compare_one(skips_[told], until);
    if (!compared) {
      skips_.erase(skips_.begin(), skips_.begin() + static_cast<std::ptrdiff_t>(told));
      co_return std::unexpected(std::move(compared.error()));
    }
    tell_skipped(skips_[told], &*compared);
    no_op = no_op && compared->differences.empty() && compared->not_compared.empty();
    for (const auto& [object, words] : compared->differences) {
      if (attempt.differences.size() < objects_max) {
        auto& all = attempt.differences[object];
        all = in_short(all.empty() ? words : all + "; " + words);
      }
    }
  }
  skips_.clear();
  attempt.no_op = no_op;
  co_return Tried<void>{};
}

Awaitable<Run::Tried<Run::Compared>> Run::compare_one(Skip skip,
                                                      std::chrono::steady_clock::time_point until) {
  Compared compared;
  const auto& script = migration().script;
  const bool analysed = skip.statement < script.statements.size();
  if (!analysed || script.statements[skip.statement].twins.empty()) {
    compared.not_compared = analysed ? "code that it runs has skipped it" : "it is not analysed";
    co_return compared;
  }
  for (const auto& twin : script.statements[skip.statement].twins) {
    if (!can_be_looked_at(twin)) {
      compared.not_compared = twin.cannot;
      continue;
    }
    if (std::chrono::steady_clock::now() >= until) {
      compared.not_compared = "it took too long";
      continue;
    }
    const auto elsewhere = altered_elsewhere(script, skip.statement, twin.object);
    if (twin.object.kind == "column" && elsewhere.columns.contains(twin.object.name)) {
      compared.not_compared = "another statement of the migration alters it, too";
    } else {
      const auto made = co_await likeness(*sessions_.work, skip.search_path, twin);
      if (!made) {
        co_return std::unexpected(trouble_of(made.error()));
      }
      compare(twin, *made, elsewhere, compared);
    }
  }
  co_return compared;
}

void Run::compare(const Twin& twin,
                  const Asked<Likeness>& made,
                  const Elsewhere& elsewhere,
                  Compared& compared) {
  if (!made) {
    const auto& failure = made.error();
    compared.not_compared = failure.message.empty() ? failure.error.detail : failure.message;
    return;
  }
  if (!made->there.there) {
    compared.not_compared = "it is not there any more";
    return;
  }
  const auto words = made->asked.there ? differences(twin, made->there, made->asked, elsewhere)
                                       : differences_in_kind(twin, made->there);
  if (!words.empty() && elsewhere.code) {
    compared.not_compared =
        "code that the migration runs may have altered it: " + in_short(joined(words));
  } else if (!words.empty()) {
    auto& all = compared.differences[name_of(twin.object)];
    all = in_short(all.empty() ? joined(words) : all + "; " + joined(words));
  } else if (!made->asked.there) {
    compared.not_compared = twin.cannot.empty() ? "its twin is not there" : twin.cannot;
  }
}

// `compared` is none when the migration failed before it came to that.
void Run::tell_skipped(const Skip& skip, const Compared* compared) {
  if (skip.messages.empty() && (compared == nullptr || compared->differences.empty())) {
    return;  // nobody knows that anything was skipped, and nothing is wrong
  }
  const auto message =
      skip.messages.empty() ? "what it asks for may have been there" : joined(skip.messages);
  boost::json::object told{{"migration", text(migration().id.value)},
                           {"statement", skip.statement + 1},
                           {"message", text(in_short(message))},
                           {"same", nullptr},
                           {"differences", boost::json::array()},
                           {"not_compared", nullptr}};
  skipped_ += (skipped_.empty() ? "skipped: " : "; ") + message;
  if (compared != nullptr) {
    auto& list = told["differences"].get_array();
    for (const auto& [object, words] : compared->differences) {
      list.push_back(text(object + ": " + words));
      skipped_ += ", and " + object + " differs: " + words;
    }
    if (!list.empty()) {
      told["same"] = false;
    } else if (compared->not_compared.empty()) {
      told["same"] = true;
      skipped_ += ", and what is there is the same";
    }
    if (!compared->not_compared.empty()) {
      told["not_compared"] = text(compared->not_compared);
      skipped_ += ", and was not compared: " + compared->not_compared;
    }
  }
  progress_->tell("skipped", std::move(told));
}

// Of a migration that failed on its way.
void Run::tell_skipped_at_least() {
  for (const auto& skip : std::exchange(skips_, {})) {
    tell_skipped(skip, nullptr);
  }
}

}  // namespace tidemark
