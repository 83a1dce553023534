#include <algorithm>
#include <charconv>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "adapters/loop/timer.h"
#include "adapters/metrics/metrics.h"
#include "adapters/store/ledger.h"
#include "core/drift/history.h"
#include "core/text/diff.h"
#include "core/text/printable.h"
#include "daemon/control/answer.h"
#include "daemon/control/control.h"
#include "daemon/control/document_parts.h"
#include "daemon/control/documents.h"
#include "daemon/control/event_stream.h"
#include "daemon/control/openapi.h"
#include "daemon/control/page.h"

namespace tidemark {

namespace json = boost::json;

namespace {

Response plain(unsigned status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

Response no_app(const std::string& name) {
  return answer(Error{Errc::not_found, "there is no app '" + printable(name) + "'"});
}

Response no_environment(const EnvironmentRef& ref) {
  return answer(Error{Errc::not_found, "there is no environment '" + printable(ref.text()) + "'"});
}

Response not_visible(const Caller& caller, const std::string& what) {
  return answer(Error{
      Errc::forbidden,
      printable(caller.text()) + " may not look at " + what + " (see `access:` in the config)"});
}

template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

}  // namespace

Awaitable<Response> Control::get_landing(const Asked&) {
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = landing_page();
  co_return response;
}

Awaitable<Response> Control::get_healthy(const Asked&) {
  co_return plain(200, "ok\n");
}

Awaitable<Response> Control::get_ready(const Asked&) {
  const auto troubles = daemon_.troubles();
  if (troubles.empty()) {
    co_return plain(200, "ready\n");
  }
  std::string body;
  for (const auto& trouble : troubles) {
    body += printable(trouble) + "\n";
  }
  co_return plain(503, std::move(body));
}

Awaitable<Response> Control::get_metrics(const Asked&) {
  Response response;
  response.content_type = std::string(Metrics::content_type);
  auto work = [this] { return metrics_.page(); };
  response.body = co_await workers_.run(std::move(work));
  co_return response;
}

Awaitable<Response> Control::get_openapi(const Asked&) {
  Response response;
  response.body = std::string(openapi_document());
  co_return response;
}

Awaitable<Response> Control::get_status(const Asked& asked) {
  if (!may_look_anywhere(asked)) {
    co_return not_visible(*asked.caller, "any environment");
  }
  const auto now = instant_now();
  const auto visible = visible_to(asked);
  const auto app_wanted = asked.query("app");
  const auto environment_wanted = asked.query("environment");
  json::array apps;
  json::array environments;
  for (const auto* app : world_.apps()) {
    if (!app_wanted.empty() && app->name != app_wanted) {
      continue;
    }
    bool any = false;
    for (const auto& environment : app->environments) {
      const bool wanted = environment_wanted.empty() || environment->ref.name == environment_wanted;
      if (wanted && visible(environment->ref)) {
        environments.push_back(status_entry(*environment, *app, now));
        any = true;
      }
    }
    if (any) {
      apps.push_back(app_entry(*app));
    }
  }
  json::array trouble;
  const auto troubles = daemon_.troubles();
  for (const auto& list : {troubles, daemon_.warnings()}) {
    for (const auto& each : list) {
      trouble.push_back(text(each));
    }
  }
  co_return answer({{"version", TIDEMARK_VERSION},
                    {"ready", troubles.empty()},
                    {"trouble", std::move(trouble)},
                    {"apps", std::move(apps)},
                    {"environments", std::move(environments)}});
}

Awaitable<Response> Control::get_matrix(const Asked& asked) {
  const auto* app = world_.app(asked.part("app"));
  if (app == nullptr) {
    co_return no_app(asked.part("app"));
  }
  if (!may_look_at_app(asked, *app)) {
    co_return not_visible(*asked.caller, app->name);
  }
  co_return answer(matrix_document(*app, wall_clock_now(), visible_to(asked)));
}

Awaitable<Response> Control::get_migration(const Asked& asked) {
  const auto* app = world_.app(asked.part("app"));
  if (app == nullptr) {
    co_return no_app(asked.part("app"));
  }
  if (!may_look_at_app(asked, *app)) {
    co_return not_visible(*asked.caller, app->name);
  }
  const auto visible = visible_to(asked);
  std::optional<Error> problem;
  for (const auto& environment : app->environments) {
    if (!visible(environment->ref)) {
      continue;
    }
    const auto line = find_line(environment->standing, asked.part("id"), environment->ref);
    if (!line) {
      problem = problem && problem->code == Errc::invalid ? problem : std::optional(line.error());
      continue;
    }
    const Key key = (*line)->key;
    auto document = migration_document(*app, key, wall_clock_now(), visible);
    const Migration* file = app->catalog.find(key);
    const bool show_content = asked.caller || daemon_.settings().http.expose_content;
    if (file != nullptr && show_content) {
      const auto content = co_await file_content(app->name, *file);
      document["sql"] = content ? json::value(text(*content)) : json::value(nullptr);
    }
    co_return answer(document);
  }
  co_return answer(
      problem.value_or(Error{Errc::not_found, app->name + " has no environment that knows it"}));
}

Awaitable<Response> Control::get_environment(const Asked& asked) {
  const auto* environment = world_.environment(*asked.environment);
  if (environment == nullptr) {
    co_return no_environment(*asked.environment);
  }
  co_return answer(status_entry(*environment, *world_.app(asked.environment->app), instant_now()));
}

Awaitable<Response> Control::get_ledger(const Asked& asked) {
  const auto* environment = world_.environment(*asked.environment);
  if (environment == nullptr) {
    co_return no_environment(*asked.environment);
  }
  co_return answer(ledger_document(*world_.app(asked.environment->app), *environment));
}

Awaitable<Result<std::string>> Control::file_content(std::string app, Migration migration) {
  auto reader = world_.contents(app);
  if (!reader) {
    co_return fail(Errc::not_found, "the directory is not watched");
  }
  auto work = [reader, file = std::move(migration)] { return reader(file); };
  auto content = co_await workers_.run(std::move(work));
  co_return content;
}

Awaitable<Result<std::optional<std::string>>> Control::recorded_content(Digest digest) {
  auto work = [this, digest] { return ledger_.content(digest); };
  auto content = co_await store_.run(std::move(work));
  co_return content;
}

namespace {

std::string_view taken_when(Evidence evidence) {
  switch (evidence) {
    case Evidence::executed:
      return "recorded when it was applied";
    case Evidence::observed:
      return "recorded when it was first seen applied";
    case Evidence::attested:
      return "recorded when it was marked";
  }
  return "";
}

}  // namespace

Awaitable<Response> Control::get_diff(const Asked& asked) {
  const auto* environment = world_.environment(*asked.environment);
  if (environment == nullptr) {
    co_return no_environment(*asked.environment);
  }
  const auto line = find_line(environment->standing, asked.part("id"), environment->ref);
  if (!line) {
    co_return answer(line.error());
  }
  const WatchedApp& app = *world_.app(asked.environment->app);
  const auto theirs = their_side(app.catalog, environment->records, environment->observation);
  const auto records = newest(environment->records, theirs);
  const Record* found = find(records, (*line)->key);
  const std::optional<Record> record =
      found != nullptr && found->applied ? std::optional(*found) : std::nullopt;
  const Migration* file_found = app.catalog.find((*line)->key);
  const std::optional<Migration> file =
      file_found != nullptr ? std::optional(*file_found) : std::nullopt;
  json::object document{{"app", app.name},
                        {"environment", environment->ref.name},
                        {"migration", text((*line)->id.value)},
                        {"from", nullptr},
                        {"to", nullptr},
                        {"identical", false},
                        {"note", nullptr},
                        {"diff", ""}};
  // From here on only copies: the world may change while contents are fetched.
  if (!record) {
    co_return answer(Error{Errc::conflict,
                           "'" + (*line)->id.value + "' is not recorded as applied in " +
                               environment->ref.text() +
                               ": there is nothing to compare the file with"});
  }
  if (!record->content) {
    co_return answer(Error{
        Errc::conflict,
        "the content of '" + record->id.value +
            "' was never known: when it was first seen applied there was no file that matched"});
  }
  std::string before;
  std::string after;
  auto stored = co_await recorded_content(record->content->raw);
  if (!stored) {
    co_return answer(stored.error());
  }
  document["from"] = json::object{{"what", taken_when(record->evidence)},
                                  {"sha256", record->content->raw.hex()},
                                  {"at", format_time(record->recorded_at)},
                                  {"by", text(record->by)}};
  if (!*stored) {
    co_return answer(Error{Errc::conflict,
                           "only the hash of the recorded content is kept (" +
                               record->content->raw.hex() +
                               "): it was too large, or changed before it could be stored"});
  }
  before = std::move(**stored);
  if (file) {
    auto content = co_await file_content(asked.environment->app, *file);
    if (!content) {
      co_return answer(content.error());
    }
    after = std::move(*content);
    document["to"] = json::object{
        {"what", "the file"}, {"file", text(file->file)}, {"sha256", file->content.raw.hex()}};
    document["identical"] = record->content->raw == file->content.raw;
    if (same_but_for_line_endings(*record->content, file->content)) {
      document["note"] = "line_endings";
    }
  }
  const std::string name = file ? file->file : record->id.value;
  auto work = [before = std::move(before), after = std::move(after), name] {
    return unified_diff(before, after, "recorded/" + name, "file/" + name);
  };
  const std::string diff = co_await workers_.run(std::move(work));
  document["diff"] = text(diff);
  co_return answer(document);
}

Awaitable<Response> Control::get_findings(const Asked& asked) {
  if (!may_look_anywhere(asked)) {
    co_return not_visible(*asked.caller, "any environment");
  }
  FindingFilter filter;
  filter.app = asked.query("app");
  filter.environment = asked.query("environment");
  filter.include_resolved = asked.query("all") == "1" || asked.query("all") == "true";
  const auto visible = visible_to(asked);
  json::array findings;
  if (filter.include_resolved) {
    auto work = [this, filter] { return ledger_.findings(filter); };
    auto listed = co_await store_.run(std::move(work));
    if (!listed) {
      co_return answer(listed.error());
    }
    for (const auto& each : *listed) {
      if (visible(each.environment)) {
        findings.push_back(finding_document(each.stored, each.environment));
      }
    }
  } else {
    for (const auto* app : world_.apps()) {
      for (const auto& environment : app->environments) {
        const auto& ref = environment->ref;
        const bool wanted = (filter.app.empty() || filter.app == ref.app) &&
                            (filter.environment.empty() || filter.environment == ref.name);
        if (!wanted || !visible(ref)) {
          continue;
        }
        for (const auto& finding : environment->findings) {
          findings.push_back(finding_document(finding, ref));
        }
      }
    }
  }
  co_return answer({{"findings", std::move(findings)}});
}

Awaitable<Response> Control::get_audit(const Asked& asked) {
  AuditFilter filter;
  filter.app = asked.query("app");
  if (const auto since = asked.query("since"); !since.empty()) {
    filter.since = parse_time(since);
    if (!filter.since) {
      co_return answer(Error{Errc::invalid, "since: expected a time like 2026-04-18T14:22:00Z"});
    }
  }
  if (const auto after = asked.query("after"); !after.empty()) {
    const auto seq = number<std::uint64_t>(after);
    if (!seq) {
      co_return answer(Error{Errc::invalid, "after: expected the number of an entry"});
    }
    filter.after_seq = *seq;
  }
  if (const auto limit = asked.query("limit"); !limit.empty()) {
    const auto wanted = number<std::size_t>(limit);
    if (!wanted || *wanted == 0 || *wanted > 10'000) {
      co_return answer(Error{Errc::invalid, "limit: expected a number from 1 to 10000"});
    }
    filter.limit = *wanted;
  }
  auto work = [this, filter] { return ledger_.audit(filter); };
  auto entries = co_await store_.run(std::move(work));
  if (!entries) {
    co_return answer(entries.error());
  }
  json::array list;
  for (const auto& entry : *entries) {
    list.push_back(audit_document(entry));
  }
  const bool more = entries->size() == filter.limit;
  co_return answer({{"entries", std::move(list)},
                    {"next", more ? json::value(entries->back().seq) : json::value(nullptr)}});
}

Awaitable<Response> Control::get_audit_verify(const Asked&) {
  auto work = [this] { return ledger_.verify_audit(); };
  auto check = co_await store_.run(std::move(work));
  if (!check) {
    co_return answer(check.error());
  }
  if (!check->ok) {
    world_.halt("the audit log does not verify: " + check->problem);
    events_.publish("audit.broken", {}, wall_clock_now(), {{"problem", text(check->problem)}});
  }
  metrics_.audit_verified(check->ok);
  co_return answer(
      {{"ok", check->ok},
       {"entries", check->entries},
       {"first_bad", check->ok ? json::value(nullptr) : json::value(check->first_bad)},
       {"problem", text_or_null(check->problem)},
       {"last", json::object{{"seq", check->last.seq}, {"hash", check->last.hash.hex()}}}});
}

Awaitable<Response> Control::get_events(const Asked& asked) {
  if (!may_look_anywhere(asked)) {
    co_return not_visible(*asked.caller, "any environment");
  }
  EventStream::Wanted wanted;
  wanted.type = asked.query("type");
  wanted.follow = asked.query("follow") == "1" || asked.query("follow") == "true";
  wanted.visible = [this, caller = asked.caller](const EnvironmentRef& environment) {
    return !caller || role_of(*caller, daemon_.settings().access, environment) >= Role::viewer;
  };
  // A follower that comes anew sees what is new; one that comes back says what it saw last.
  std::uint64_t after = wanted.follow ? events_.last() : 0;
  // The header is newer: browsers come back to the same address with it.
  const auto header = asked.request.header("last-event-id");
  const auto last_seen = header ? std::string(*header) : asked.query("after");
  if (!last_seen.empty()) {
    after = events_.find(last_seen).value_or(0);
  }
  Response response;
  response.content_type = "text/event-stream";
  response.stream = std::make_shared<EventStream>(events_, after, std::move(wanted));
  co_return response;
}

}  // namespace tidemark
