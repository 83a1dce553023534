#include "core/apply/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/apply/half_done.h"
#include "core/apply/steps.h"
#include "core/catalog/content.h"
#include "core/drift/history.h"

namespace tidemark {

bool knows_history(const Situation& situation) {
  const bool reads_theirs = situation.observation != nullptr &&
                            situation.observation->ledger == Observation::Ledger::read;
  return reads_theirs || !situation.records.empty();
}

std::string how_to_resolve(const Attempt& attempt, const EnvironmentRef& where) {
  return "tidemark resolve " + where.text() + " " + attempt.migration.value +
         " (applied|not-applied) --reason …" +
         (attempt.action == Attempt::Action::rollback
              ? ", where `applied` says that it was rolled back, and `not-applied` that it was not"
              : "");
}

Hindrance not_empty(const EnvironmentRef& where) {
  const auto name = where.text();
  return {"not_empty",
          name + " is not empty, and nothing is known of what was applied there",
          "say what is there: tidemark mark " + name + " --baseline M --reason …, tidemark adopt " +
              name + ", or apply all of it with --from-empty"};
}

namespace {

std::string reason_option(std::string_view command, const EnvironmentRef& where) {
  return "tidemark " + std::string(command) + " " + where.text() + " --reason …";
}

std::string place_of(const PlannedMigration& migration, SqlPlace place) {
  return migration.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string what_of(const Attempt& attempt) {
  return (attempt.action == Attempt::Action::rollback ? "the rollback of " : "") +
         attempt.migration.value;
}

class Planning {
 public:
  Planning(const Situation& situation, Plan& plan, const Selection& selection)
      : situation_(situation), plan_(plan), selection_(selection) {}

  void look_at_environment() {
    const auto& where = situation_.environment;
    if (situation_.mode != Mode::managed) {
      block("not_managed",
            where.text() + " is " + std::string(to_string(situation_.mode)) +
                ": tidemark never writes there",
            "tidemark mode " + where.text() + " managed --reason …");
      return;
    }
    if (!situation_.history_certain) {
      block("history_uncertain",
            situation_.history_reason,
            "tidemark rebaseline " + where.text() + " (empty|adopt|keep) --reason …");
    }
    if (!situation_.problem.empty()) {
      block("problem", situation_.problem, "");
    }
    if (situation_.freeze && situation_.freeze->holds(situation_.now)) {
      const auto& freeze = *situation_.freeze;
      block("frozen",
            "frozen by " + freeze.by + " since " + format_time(freeze.at) +
                (freeze.until ? " until " + format_time(*freeze.until) : "") + ": " + freeze.reason,
            reason_option("unfreeze", where));
    }
    look_at_observation();
    look_at_attempts();
    look_at_findings();
  }

  void look_at_migrations() {
    for (auto& migration : plan_.migrations) {
      look_at_what_is_done(migration);
      for (const auto& problem : migration.script.problems) {
        block("cannot_run", place_of(migration, problem.place) + ": " + problem.message, "");
      }
      if (migration.script.unanalysed && !selection_.unanalysed) {
        const auto& unknown = *migration.script.unanalysed;
        block("not_analysed",
              place_of(migration, unknown.place) +
                  ": the parser does not know this: " + unknown.message +
                  (unknown.near.empty() ? "" : " at or near \"" + unknown.near + "\""),
              "correct it, or send it whole with --unanalysed");
      }
      if (migration.script.unanalysed && migration.sql.outside_transaction) {
        block("not_analysed",
              migration.file +
                  ": it asks to run outside a transaction, and the parser does not know what is "
                  "in it: nobody could say afterwards how far it came",
              "");
      }
      if (migration.script.statements.empty() && !migration.script.unanalysed &&
          migration.script.problems.empty()) {
        plan_.warnings.push_back(migration.file +
                                 " has no statement: it is recorded, and runs nothing");
      }
      if (migration.out_of_order) {
        const auto what = migration.id.value + " comes before what is applied already";
        if (situation_.out_of_order_forbidden) {
          block("out_of_order",
                what + ", and the app says `out_of_order: forbid`",
                "give it a later version");
        } else {
          plan_.warnings.push_back(what);
        }
      }
    }
  }

 private:
  // As the run will go on, or refuse to.
  void look_at_what_is_done(PlannedMigration& migration) {
    const auto* attempt =
        half_done(situation_.attempts, situation_.records, migration.key, plan_.action);
    if (attempt == nullptr || (migration.transactional() && attempt->journal->done == 0)) {
      return;
    }
    // It goes on behind what is done, whatever its file asks for by now.
    migration.sql.outside_transaction = true;
    migration.done = attempt->journal->done;
    if (auto edited = edited_since(migration, *attempt->journal); !edited.empty()) {
      block("edited_since",
            std::move(edited),
            "put them back as they were, and make a new migration of what is to be different");
    }
  }

  void block(std::string what, std::string why, std::string settle) {
    plan_.hindrances.push_back({std::move(what), std::move(why), std::move(settle)});
  }

  void look_at_observation() {
    const auto& where = situation_.environment;
    const auto* seen = situation_.observation;
    if (seen == nullptr) {
      block("never_read",
            where.text() + " was never read: nobody knows what is applied there",
            "tidemark poll " + where.text());
      return;
    }
    if (seen->standby) {
      block("standby", "the server is a standby: it cannot be written", "");
    }
    if (!seen->at_work.empty()) {
      block("at_work", "somebody is applying something right now: " + seen->at_work, "");
    }
    if (seen->ledger == Observation::Ledger::unreadable) {
      block("unreadable", "its ledger cannot be read: " + seen->trouble, "");
    } else if (seen->ledger == Observation::Ledger::read &&
               !(situation_.receipts && seen->tool == "own")) {
      plan_.warnings.push_back("it has a ledger of " + seen->tool + " too (" + seen->table +
                               "), which tidemark never writes: " + seen->tool +
                               " will not know of what is applied here");
    }
  }

  void look_at_attempts() {
    for (const auto& attempt : situation_.attempts) {
      if (attempt.outcome == Attempt::Outcome::open) {
        block("outcome_open",
              attempt.migration.value +
                  (attempt.action == Attempt::Action::rollback ? " is being rolled back in "
                                                               : " is being applied to ") +
                  situation_.environment.text() + " by " + attempt.by + " since " +
                  format_time(attempt.started_at) + ", and its outcome is open",
              "");
      } else if (attempt.outcome == Attempt::Outcome::unknown) {
        block("outcome_unknown",
              "nobody knows what became of " + what_of(attempt) + ", begun at " +
                  format_time(attempt.started_at) + ": " + attempt.detail,
              how_to_resolve(attempt, situation_.environment));
      }
    }
  }

  void look_at_findings() {
    if (situation_.standing == nullptr) {
      return;
    }
    std::string drifted;
    for (const auto& finding : situation_.standing->findings) {
      if (finding.kind == FindingKind::dirty) {
        block("dirty",
              finding.id.value + ": " + finding.summary,
              "repair it with the tool whose ledger that is");
      } else if (finding.severity == Severity::drift && !finding.environmental) {
        drifted += (drifted.empty() ? "" : ", ") + finding.id.value;
      }
    }
    if (!drifted.empty()) {
      plan_.warnings.push_back("it has drifted: " + drifted);
    }
  }

  const Situation& situation_;
  Plan& plan_;
  const Selection& selection_;
};

// Everything that must not have moved between a plan and its apply, each with its length in front.
std::string plan_id(const Situation& situation, const Plan& plan, const Selection& selection) {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += std::to_string(part.size()) + ":" + std::string(part);
  };
  add(situation.environment.text());
  add(to_string(situation.mode));
  add(to_string(plan.action));
  add(selection.unanalysed ? "unanalysed" : "");
  add(selection.from_empty ? "from_empty" : "");
  if (situation.identity) {
    add(situation.identity->system_identifier);
    add(std::to_string(situation.identity->timeline));
    add(std::to_string(situation.identity->database_oid));
    add(std::to_string(situation.identity->schema_oid));
  }
  for (const auto& [key, record] : newest(situation.records)) {
    add(key.value);
    add(record->applied ? "applied" : "not");
    add(std::to_string(record->recorded_at.time_since_epoch().count()));
  }
  if (situation.observation != nullptr) {
    for (const auto& row : situation.observation->rows) {
      add(row.key.value);
      add(row.token);
      add(to_string(row.state));
    }
  }
  for (const auto& migration : plan.migrations) {
    add(migration.key.value);
    add(migration.content.raw.hex());
    if (!migration.transactional()) {
      add("outside a transaction");  // another file may ask for that
    }
    if (migration.done > 0) {
      add(std::to_string(migration.done));
    }
  }
  return "p_" + sha256(text).hex().substr(0, 16);
}

}  // namespace

Plan make_plan(const Situation& situation,
               Attempt::Action action,
               std::vector<PlannedMigration> migrations,
               const Selection& selection) {
  Plan plan;
  plan.environment = situation.environment;
  plan.action = action;
  plan.migrations = std::move(migrations);
  Planning planning(situation, plan, selection);
  planning.look_at_environment();
  planning.look_at_migrations();
  plan.id = plan_id(situation, plan, selection);
  return plan;
}

}  // namespace tidemark
