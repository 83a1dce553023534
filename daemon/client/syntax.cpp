#include "daemon/client/syntax.h"

#include <CLI/App.hpp>
#include <array>
#include <vector>

#include "core/text/printable.h"
#include "core/time.h"

namespace tidemark::client {

namespace {

constexpr std::string_view modes = "managed|export_only|reconcile_only";
constexpr std::string_view fresh_starts = "empty|adopt|keep";
constexpr std::string_view verdicts = "applied|not-applied";
constexpr std::string_view formats = "json|csv";
constexpr std::string_view shells = "bash|zsh|fish";
constexpr std::string_view kinds_of_names = "apps|environments|migrations|findings";

CLI::Validator is_time() {
  return {[](const std::string& text) {
            return parse_time(text) ? std::string()
                                    : "'" + printable(text) +
                                          "' is not a time; write it like 2026-04-18T14:22:00Z or "
                                          "2026-04-18T14:22:00+02:00";
          },
          ""};
}

// One of "a|b|c".
CLI::Validator is_one_of(std::string_view choices) {
  return {[choices](const std::string& text) {
            const auto within = "|" + std::string(choices) + "|";
            const bool known = text.find('|') == std::string::npos &&
                               within.find("|" + text + "|") != std::string::npos;
            return known ? std::string()
                         : "'" + printable(text) + "' is none of " + std::string(choices);
          },
          ""};
}

void scope(CLI::App& app, Arguments& arguments) {
  app.add_option("APP[/ENV]", arguments.scope, "only this app, or this environment");
}

void environment(CLI::App& app, Arguments& arguments) {
  app.add_option(
         "APP/ENV", arguments.environment, "the environment; ENV alone where it is unambiguous")
      ->required();
}

void migration(CLI::App& app, Arguments& arguments) {
  app.add_option("MIGRATION", arguments.migration, "its id, its version, or how its id begins")
      ->required();
}

void choice(CLI::App& app,
            Arguments& arguments,
            std::string_view choices,
            const std::string& what) {
  app.add_option(std::string(choices), arguments.choice, what)
      ->required()
      ->check(is_one_of(choices));
}

void reason(CLI::App& app, Arguments& arguments, const std::string& what) {
  app.add_option("--reason", arguments.reason, what)->type_name("TEXT");
}

void exit_code(CLI::App& app, Arguments& arguments, const std::string& when) {
  app.add_flag("--exit-code", arguments.exit_code, "exit 3 when " + when);
}

void yes(CLI::App& app, Arguments& arguments) {
  app.add_flag("--yes", arguments.yes, "do not ask: needed where there is no terminal");
}

void until(CLI::App& app, Arguments& arguments, const std::string& what) {
  app.add_option("--until", arguments.until, what)->type_name("TIME")->check(is_time());
}

void declare_status(CLI::App& app, Arguments& arguments) {
  scope(app, arguments);
  exit_code(app, arguments, "something is drifted (and not acknowledged) or pending");
}

void declare_matrix(CLI::App& app, Arguments& arguments) {
  app.add_option("APP", arguments.app, "only this app");
  exit_code(app, arguments, "something is drifted (and not acknowledged) or pending");
}

void declare_show(CLI::App& app, Arguments& arguments) {
  app.add_option("APP", arguments.app, "the app")->required();
  migration(app, arguments);
}

void declare_findings(CLI::App& app, Arguments& arguments) {
  scope(app, arguments);
  app.add_flag("--all", arguments.all, "resolved ones too");
  exit_code(app, arguments, "one is open and not acknowledged");
}

void declare_diff(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  migration(app, arguments);
}

void declare_ledger(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  app.add_flag("--shape", arguments.shape, "which table was taken for the ledger, and why");
}

void which(CLI::App& app, Arguments& arguments, const std::string& up_to, const std::string& only) {
  app.add_option("--to", arguments.to, up_to)->type_name("MIGRATION");
  app.add_option("--only", arguments.only, only)->type_name("MIGRATION");
  app.add_flag("--unanalysed",
               arguments.unanalysed,
               "also what the SQL parser does not know: sent whole, in one transaction");
}

void from_empty(CLI::App& app, Arguments& arguments) {
  app.add_flag("--from-empty",
               arguments.from_empty,
               "nothing is known of a database that is not empty: count nothing as applied");
}

void declare_plan(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  which(app, arguments, "up to this migration, and this one too", "these, and nothing else");
  from_empty(app, arguments);
  app.add_flag("--rollback", arguments.rollback, "what `tidemark rollback` would run");
  exit_code(app, arguments, "something would run, 1 when that cannot be told");
}

void plan_id(CLI::App& app, Arguments& arguments) {
  app.add_option("--plan-id", arguments.plan_id, "only if it is still the plan that was shown")
      ->type_name("PLAN");
}

void override_freeze(CLI::App& app, Arguments& arguments) {
  app.add_option("--override-freeze",
                 arguments.override_freeze,
                 "though the environment is frozen; why: it goes into the audit trail")
      ->type_name("REASON");
}

void declare_apply(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  which(app, arguments, "up to this migration, and this one too", "these, and nothing else");
  from_empty(app, arguments);
  plan_id(app, arguments);
  override_freeze(app, arguments);
  yes(app, arguments);
  app.add_flag("--attach", arguments.attach, "start nothing: show what is running");
}

void declare_rollback(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  which(app, arguments, "all that comes after this migration: it stays", "these, the newest first");
  plan_id(app, arguments);
  override_freeze(app, arguments);
  yes(app, arguments);
}

void declare_freeze(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  reason(app, arguments, "why; it goes into the audit trail (required)");
  until(app, arguments, "when it ends by itself (default: `tidemark unfreeze` ends it)");
}

void declare_unfreeze(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  reason(app, arguments, "why; it goes into the audit trail (required)");
}

void declare_resolve(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  migration(app, arguments);
  choice(app,
         arguments,
         verdicts,
         "what you found in the database; of a rollback, applied is rolled back");
  reason(app, arguments, "how you know; it goes into the audit trail (required)");
}

void declare_mark(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  app.add_option(
      "MIGRATION", arguments.migrations, "what was applied: ids, versions, or how ids begin");
  app.add_option("--baseline", arguments.baseline, "this migration and everything before it")
      ->type_name("MIGRATION");
  app.add_option("--at", arguments.at, "when it was applied (default: now)")
      ->type_name("TIME")
      ->check(is_time());
  app.add_option("--by", arguments.by, "who applied it (default: you)")->type_name("WHO");
  reason(app, arguments, "how you know; it goes into the audit trail (required)");
}

void declare_unmark(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  app.add_option("MIGRATION", arguments.migrations, "what was not applied after all")->required();
  reason(app, arguments, "how you know; it goes into the audit trail (required)");
}

void declare_mode(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  choice(app, arguments, modes, "what tidemark may do with the database from now on");
  reason(app, arguments, "why; it goes into the audit trail (required)");
  yes(app, arguments);
  app.add_flag("--force",
               arguments.force,
               "cancel what is being applied there, and wait for what became of it");
}

void declare_adopt(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  reason(app, arguments, "why; it goes into the audit trail");
}

void declare_rebaseline(CLI::App& app, Arguments& arguments) {
  environment(app, arguments);
  choice(app,
         arguments,
         fresh_starts,
         "empty: nothing is applied there. adopt: what their ledger says. keep: what ours says "
         "still holds");
  reason(app, arguments, "how you know; it goes into the audit trail (required)");
  yes(app, arguments);
}

void declare_ack(CLI::App& app, Arguments& arguments) {
  app.add_option("FINDING", arguments.finding, "its id: f_…")->required();
  reason(app, arguments, "why it may stay; it goes into the audit trail (required)");
  until(app, arguments, "when it counts again (default: never)");
}

void declare_unack(CLI::App& app, Arguments& arguments) {
  app.add_option("FINDING", arguments.finding, "its id: f_…")->required();
  reason(app, arguments, "why; it goes into the audit trail");
}

void declare_audit(CLI::App& app, Arguments& arguments) {
  app.add_option("--since", arguments.since, "from this time on")
      ->type_name("TIME")
      ->check(is_time());
  app.add_option("--app", arguments.app, "only this app")->type_name("APP");
  app.add_option(
         "--format", arguments.format, "one JSON object a line, or CSV; else lines for people")
      ->type_name(std::string(formats))
      ->check(is_one_of(formats));
  app.add_option("-o,--output", arguments.file, "into this file, complete or not at all")
      ->type_name("FILE");
}

void declare_nothing(CLI::App&, Arguments&) {}

void declare_events(CLI::App& app, Arguments& arguments) {
  app.add_flag("--follow", arguments.follow, "go on until Ctrl-C");
  app.add_option("--type", arguments.type, "only these: finding.opened, or finding.*")
      ->type_name("TYPE");
}

void declare_backup(CLI::App& app, Arguments& arguments) {
  app.add_option("FILE", arguments.file, "where the daemon writes it")->required();
}

void declare_completion(CLI::App& app, Arguments& arguments) {
  choice(app, arguments, shells, "your shell");
}

void declare_names(CLI::App& app, Arguments& arguments) {
  choice(app, arguments, kinds_of_names, "what to list");
  app.add_option("APP[/ENV]", arguments.scope, "of this app");
}

bool blank(const std::string& text) {
  return text.find_first_not_of(" \t\n\r") == std::string::npos;
}

std::string needs_reason(const Arguments& arguments) {
  return blank(arguments.reason) ? "--reason TEXT is required: it goes into the audit trail" : "";
}

std::string check_which(const Arguments& arguments) {
  return arguments.to.empty() || arguments.only.empty() ? "" : "either --to or --only, not both";
}

std::string check_rollback(const Arguments& arguments) {
  return arguments.to.empty() && arguments.only.empty()
             ? "say what to roll back: --only MIGRATION..., or --to the MIGRATION that stays last"
             : check_which(arguments);
}

std::string check_plan(const Arguments& arguments) {
  if (arguments.rollback && arguments.from_empty) {
    return "--from-empty has no place beside --rollback: of an empty database nothing is rolled "
           "back";
  }
  return arguments.rollback ? check_rollback(arguments) : check_which(arguments);
}

std::string check_apply(const Arguments& arguments) {
  const bool starts = !arguments.to.empty() || !arguments.only.empty() || arguments.unanalysed ||
                      arguments.from_empty || !arguments.plan_id.empty() ||
                      !arguments.override_freeze.empty() || arguments.yes;
  return arguments.attach && starts
             ? "--attach shows what is running: no other option belongs to it"
             : check_which(arguments);
}

std::string check_mark(const Arguments& arguments) {
  if (arguments.migrations.empty() == arguments.baseline.empty()) {
    return arguments.baseline.empty()
               ? "say what was applied: one or more migrations, or --baseline MIGRATION"
               : "either migrations or --baseline MIGRATION, not both";
  }
  return needs_reason(arguments);
}

constexpr std::string_view look = "Look";
constexpr std::string_view apply = "Apply";
constexpr std::string_view act = "Act";
constexpr std::string_view keep = "Keep";
constexpr std::string_view hidden = "";

constexpr std::array commands{
    Command{"status",
            look,
            "every environment: its mode, what is applied, pending, drifted, and how fresh that is",
            "[APP[/ENV]] [--exit-code]",
            "tidemark status\n"
            "tidemark status shop/staging\n"
            "tidemark status shop --exit-code || echo 'shop needs a look'",
            declare_status,
            nullptr,
            run_status},
    Command{"matrix",
            look,
            "every migration in every environment",
            "[APP] [--exit-code]",
            "tidemark matrix shop\n"
            "tidemark matrix shop --json | jq '.migrations[] | select(.cells.prod.state == "
            "\"pending\") | .id'",
            declare_matrix,
            nullptr,
            run_matrix},
    Command{"show",
            look,
            "one migration: its file, where it was applied, when and by whom",
            "APP MIGRATION",
            "tidemark show shop V2__orders\n"
            "tidemark show shop 2",
            declare_show,
            nullptr,
            run_show},
    Command{"findings",
            look,
            "what is wrong: drift and warnings, with what to do next",
            "[APP[/ENV]] [--all] [--exit-code]",
            "tidemark findings\n"
            "tidemark findings shop/staging --all\n"
            "tidemark findings --exit-code --json",
            declare_findings,
            nullptr,
            run_findings},
    Command{"diff",
            look,
            "what was recorded when a migration was applied, against its file now",
            "APP/ENV MIGRATION",
            "tidemark diff shop/staging V2__orders\n"
            "tidemark diff staging 2",
            declare_diff,
            nullptr,
            run_diff},
    Command{"ledger",
            look,
            "our ledger against theirs, row by row",
            "APP/ENV [--shape]",
            "tidemark ledger shop/staging\n"
            "tidemark ledger shop/staging --shape",
            declare_ledger,
            nullptr,
            run_ledger},
    Command{"plan",
            apply,
            "what would run in an environment's database, statement by statement",
            "APP/ENV [--to MIGRATION] [--only MIGRATION...] [--unanalysed] [--from-empty] "
            "[--rollback] [--exit-code]",
            "tidemark plan shop/dev\n"
            "tidemark plan shop/dev --to V3__tax\n"
            "tidemark plan shop/dev --rollback --only V3__tax\n"
            "tidemark plan shop/dev --exit-code || echo 'something is pending'",
            declare_plan,
            check_plan,
            run_plan},
    Command{"apply",
            apply,
            "run what is pending, exactly as it was shown",
            "APP/ENV [--to MIGRATION] [--only MIGRATION...] [--unanalysed] [--from-empty] "
            "[--plan-id PLAN] [--override-freeze REASON] [--yes] [--attach]",
            "tidemark apply shop/dev\n"
            "tidemark apply shop/dev --plan-id p_0123456789abcdef --yes\n"
            "tidemark apply shop/dev --only V2__orders V3__tax\n"
            "tidemark apply shop/dev --attach",
            declare_apply,
            check_apply,
            run_apply},
    Command{"rollback",
            apply,
            "run the rollback files of what is applied",
            "APP/ENV (--only MIGRATION... | --to MIGRATION) [--unanalysed] [--plan-id PLAN] "
            "[--override-freeze REASON] [--yes]",
            "tidemark rollback shop/dev --only V3__tax\n"
            "tidemark rollback shop/dev --to V2__orders",
            declare_rollback,
            check_rollback,
            run_rollback},
    Command{"cancel",
            apply,
            "stop what is being applied, and show what became of it",
            "APP/ENV",
            "tidemark cancel shop/dev\n"
            "tidemark cancel shop/dev && tidemark plan shop/dev",
            environment,
            nullptr,
            run_cancel},
    Command{"freeze",
            apply,
            "let nothing be applied in an environment for a while",
            "APP/ENV --reason TEXT [--until TIME]",
            "tidemark freeze shop/dev --reason 'load test'\n"
            "tidemark freeze shop/dev --reason 'holidays' --until 2027-01-02T00:00:00Z",
            declare_freeze,
            needs_reason,
            run_freeze},
    Command{"unfreeze",
            apply,
            "let things be applied in an environment again",
            "APP/ENV --reason TEXT",
            "tidemark unfreeze shop/dev --reason 'load test is over'\n"
            "tidemark unfreeze dev --reason 'hotfix, ticket OPS-313'",
            declare_unfreeze,
            needs_reason,
            run_unfreeze},
    Command{"resolve",
            apply,
            "settle, on your word, an outcome that nobody else can tell",
            "APP/ENV MIGRATION applied|not-applied --reason TEXT",
            "tidemark resolve shop/dev V3__tax applied --reason 'the column is there'\n"
            "tidemark resolve shop/dev V3__tax not-applied --reason 'restored from before'",
            declare_resolve,
            needs_reason,
            run_resolve},
    Command{"poll",
            act,
            "look at an environment now, without waiting for its turn",
            "APP/ENV",
            "tidemark poll shop/staging\n"
            "tidemark poll staging && tidemark findings shop/staging",
            environment,
            nullptr,
            run_poll},
    Command{
        "mark",
        act,
        "record, on your word, that migrations were applied",
        "APP/ENV (MIGRATION... | --baseline MIGRATION) --reason TEXT [--at TIME] [--by WHO]",
        "tidemark mark shop/prod V2__orders --reason 'DBA ran it, ticket OPS-311'\n"
        "tidemark mark shop/prod 2 3 --at 2026-04-18T14:22:00Z --by ana --reason 'release 2.8'\n"
        "tidemark mark shop/prod --baseline V7__tax --reason 'state of prod when we began'",
        declare_mark,
        check_mark,
        run_mark},
    Command{"unmark",
            act,
            "record, on your word, that migrations are not applied after all",
            "APP/ENV MIGRATION... --reason TEXT",
            "tidemark unmark shop/prod V2__orders --reason 'it was rolled back, ticket OPS-312'\n"
            "tidemark unmark prod 3 --reason 'marked in the wrong environment'",
            declare_unmark,
            needs_reason,
            run_unmark},
    Command{
        "mode",
        act,
        "change what tidemark may do with an environment's database",
        "APP/ENV managed|export_only|reconcile_only --reason TEXT [--yes] [--force]",
        "tidemark mode shop/staging reconcile_only --reason 'read replica has a reader role now'\n"
        "tidemark mode shop/prod export_only --reason 'audit freeze'\n"
        "tidemark mode shop/dev reconcile_only --force --reason 'wrong database'",
        declare_mode,
        needs_reason,
        run_mode},
    Command{"adopt",
            act,
            "take their ledger's history as ours, in a managed environment",
            "APP/ENV [--reason TEXT]",
            "tidemark adopt shop/dev\n"
            "tidemark adopt shop/dev --reason 'the hotfix of yesterday was run with Flyway'",
            declare_adopt,
            {},
            run_adopt},
    Command{"rebaseline",
            act,
            "say what holds after a database was replaced, or our history changed",
            "APP/ENV empty|adopt|keep --reason TEXT [--yes]",
            "tidemark rebaseline shop/dev empty --reason 'dropped and created again'\n"
            "tidemark rebaseline shop/staging adopt --reason 'restored from prod'\n"
            "tidemark rebaseline shop/prod keep --reason 'standby promoted, same data'",
            declare_rebaseline,
            needs_reason,
            run_rebaseline},
    Command{"ack",
            act,
            "acknowledge a finding: it stays visible, and is quiet",
            "FINDING --reason TEXT [--until TIME]",
            "tidemark ack f_01HV3K --reason 'comment only, reviewed'\n"
            "tidemark ack f_01HV3K --reason 'fixed in release 2.9' --until 2026-05-01T00:00:00Z",
            declare_ack,
            needs_reason,
            run_ack},
    Command{"unack",
            act,
            "take an acknowledgement back: the finding counts again",
            "FINDING [--reason TEXT]",
            "tidemark unack f_01HV3K\n"
            "tidemark unack f_01HV3K --reason 'it does matter'",
            declare_unack,
            nullptr,
            run_unack},
    Command{"audit",
            keep,
            "who did what, when and why",
            "[--since TIME] [--app APP] [--format json|csv] [-o FILE]",
            "tidemark audit --since 2026-04-01T00:00:00Z --app shop\n"
            "tidemark audit --format csv -o april.csv --since 2026-04-01T00:00:00Z\n"
            "tidemark audit verify",
            declare_audit,
            nullptr,
            run_audit},
    Command{"audit verify",
            keep,
            "check that no entry of the audit trail is missing or altered",
            "",
            "tidemark audit verify\n"
            "tidemark audit verify --json",
            declare_nothing,
            nullptr,
            run_audit_verify},
    Command{"events",
            keep,
            "findings and changes of mode as they happen",
            "[--follow] [--type TYPE]",
            "tidemark events\n"
            "tidemark events --follow --type 'finding.*'\n"
            "tidemark events --follow --json | jq .type",
            declare_events,
            nullptr,
            run_events},
    Command{"backup",
            keep,
            "a consistent copy of our ledger, while everything runs",
            "FILE",
            "tidemark backup /var/backups/tidemark.db\n"
            "tidemark backup /var/backups/tidemark-$(date +%F).db",
            declare_backup,
            nullptr,
            run_backup},
    Command{"reload",
            keep,
            "read the configuration again; one with errors changes nothing",
            "",
            "tidemark reload\n"
            "tidemarkd --config /etc/tidemark/tidemark.yaml --check-config && tidemark reload",
            declare_nothing,
            nullptr,
            run_reload},
    Command{"completion",
            keep,
            "the script that completes commands and names in your shell",
            "bash|zsh|fish",
            "tidemark completion bash > /etc/bash_completion.d/tidemark\n"
            "tidemark completion zsh > \"${fpath[1]}/_tidemark\"\n"
            "tidemark completion fish > ~/.config/fish/completions/tidemark.fish",
            declare_completion,
            nullptr,
            run_completion},
    // What the completion scripts call.
    Command{"__names", hidden, "names to complete", "", "", declare_names, nullptr, run_names},
};

}  // namespace

std::span<const Command> all_commands() {
  return commands;
}

}  // namespace tidemark::client
