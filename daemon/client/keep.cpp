// The commands of those who keep it running: audit, events, backup, reload.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "core/text/printable.h"
#include "daemon/client/commands.h"
#include "daemon/client/csv.h"
#include "daemon/client/event_stream.h"
#include "daemon/client/export_file.h"
#include "daemon/client/print.h"
#include "daemon/client/render/render.h"

namespace tidemark::client {

namespace {

constexpr const char* entries_a_page = "1000";

enum class AuditFormat { people, json, csv };

AuditFormat audit_format(const Arguments& arguments) {
  const bool named_csv = arguments.format.empty() && arguments.file.ends_with(".csv");
  if (arguments.format == "csv" || (named_csv && !arguments.json)) {
    return AuditFormat::csv;
  }
  const bool for_people = arguments.format.empty() && !arguments.json && arguments.file.empty();
  return for_people ? AuditFormat::people : AuditFormat::json;
}

std::string csv_head() {
  return csv_line(
      {"seq", "at", "actor", "what", "app", "environment", "details", "previous", "hash"});
}

std::string csv_entry(const json::object& entry) {
  const auto* details = part(entry, "details");
  return csv_line({std::to_string(number(entry, "seq")),
                   raw(entry, "at"),
                   raw(entry, "actor"),
                   raw(entry, "what"),
                   raw(entry, "app"),
                   raw(entry, "environment"),
                   details == nullptr ? "" : json::serialize(*details),
                   raw(entry, "previous"),
                   raw(entry, "hash")});
}

std::string audit_line(const json::object& entry, AuditFormat format, const Style& style) {
  switch (format) {
    case AuditFormat::people:
      return render_audit_entry(entry, style);
    case AuditFormat::json:
      return harmless(json::serialize(entry)) + "\n";
    case AuditFormat::csv:
      return csv_entry(entry);
  }
  return {};
}

// Where the audit goes: the output, or a file.
using Sink = std::function<Outcome<bool>(std::string_view text)>;

// Page by page, so that a trail of years needs no memory.
Outcome<Exit> write_audit(Session& session, AuditFormat format, const Sink& sink) {
  const auto& arguments = session.arguments;
  std::int64_t after = 0;
  auto text = format == AuditFormat::csv ? csv_head() : std::string();
  for (;;) {
    const auto page = session.daemon.get({{"audit"},
                                          {{"since", arguments.since},
                                           {"app", arguments.app},
                                           {"after", after == 0 ? "" : std::to_string(after)},
                                           {"limit", entries_a_page}}});
    if (!page) {
      return std::unexpected(page.error());
    }
    for (const auto& entry : list(page->root(), "entries")) {
      text += audit_line(object(entry), format, session.console.style());
    }
    const auto more = sink(text);
    if (!more) {
      return std::unexpected(more.error());
    }
    const auto next = number(page->root(), "next");
    if (next == 0 || !*more) {
      return Exit::done;
    }
    if (next <= after) {
      throw Misunderstood("the audit's pages go in a circle");
    }
    after = next;
    text.clear();
  }
}

Failure not_written(const Error& error) {
  return {Exit::failed, printable(error.detail)};
}

Outcome<Exit> audit_into_file(Session& session, AuditFormat format) {
  auto file = ExportFile::create(session.arguments.file);
  if (!file) {
    return std::unexpected(not_written(file.error()));
  }
  auto written = write_audit(session, format, [&](std::string_view text) -> Outcome<bool> {
    const auto done = file->write(text);
    if (!done) {
      return std::unexpected(not_written(done.error()));
    }
    return true;
  });
  if (!written) {
    return written;
  }
  const auto finished = file->finish();
  if (!finished) {
    return std::unexpected(not_written(finished.error()));
  }
  return written;
}

}  // namespace

Outcome<Exit> run_audit(Session& session) {
  const auto format = audit_format(session.arguments);
  if (!session.arguments.file.empty() && session.arguments.file != "-") {
    return audit_into_file(session, format);
  }
  return write_audit(session, format, [&](std::string_view text) -> Outcome<bool> {
    return session.console.out(text);
  });
}

Outcome<Exit> run_audit_verify(Session& session) {
  const auto verdict = session.daemon.get({{"audit", "verify"}});
  const auto printed = print(session, verdict, render_audit_verdict);
  if (!printed) {
    return printed;
  }
  return flag(verdict->root(), "ok") ? Exit::done : Exit::failed;
}

Outcome<Exit> run_events(Session& session) {
  const auto& arguments = session.arguments;
  EventStream events;
  const auto each = [&](const std::string& data) {
    boost::system::error_code problem;
    const auto event = json::parse(data, problem);
    if (problem) {
      throw Misunderstood("an event is not JSON");
    }
    return session.console.out(arguments.json
                                   ? harmless(json::serialize(event)) + "\n"
                                   : render_event(object(event), session.console.style()));
  };
  bool stopped = false;
  const auto ended = session.daemon.stream(
      {{"events"}, {{"type", arguments.type}, {"follow", arguments.follow ? "1" : ""}}},
      [&](std::string_view line) {
        stopped = !events.line(line, each);
        return !stopped;
      });
  if (!ended) {
    return std::unexpected(ended.error());
  }
  if (arguments.follow && !stopped) {
    return stop(Exit::unreachable,
                "the daemon ended the stream of events: it was stopped or restarted");
  }
  return Exit::done;
}

Outcome<Exit> run_backup(Session& session) {
  // The daemon writes it, and stands in another directory.
  std::error_code problem;
  const auto file = std::filesystem::absolute(session.arguments.file, problem).lexically_normal();
  if (problem) {
    return stop(Exit::usage, printable(session.arguments.file) + ": " + problem.message());
  }
  json::object body;
  body["file"] = file.string();
  return print(session, session.daemon.post({{"backup"}}, body, backup_deadline), render_backup);
}

Outcome<Exit> run_reload(Session& session) {
  return print(session, session.daemon.post({{"reload"}}, {}), render_reloaded);
}

}  // namespace tidemark::client
