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
  app.add_option("--until", arguments.until, "when it counts again (default: never)")
      ->type_name("TIME")
      ->check(is_time());
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

std::string check_mark(const Arguments& arguments) {
  if (arguments.migrations.empty() == arguments.baseline.empty()) {
    return arguments.baseline.empty()
               ? "say what was applied: one or more migrations, or --baseline MIGRATION"
               : "either migrations or --baseline MIGRATION, not both";
  }
  return needs_reason(arguments);
}

constexpr std::string_view look = "Look";
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
        "APP/ENV managed|export_only|reconcile_only --reason TEXT [--yes]",
        "tidemark mode shop/staging reconcile_only --reason 'read replica has a reader role now'\n"
        "tidemark mode shop/prod export_only --reason 'audit freeze'",
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
