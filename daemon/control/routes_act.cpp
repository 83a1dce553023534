#include <filesystem>

#include <boost/json/serialize.hpp>

#include "adapters/log/log.h"
#include "adapters/loop/timer.h"
#include "adapters/store/ledger.h"
#include "core/text/printable.h"
#include "daemon/apply/applier.h"
#include "daemon/control/answer.h"
#include "daemon/control/body.h"
#include "daemon/control/control.h"
#include "daemon/control/document_parts.h"
#include "daemon/control/documents.h"

namespace tidemark {

namespace json = boost::json;

namespace {

json::object marked_document(const Marked& marked) {
  json::array recorded;
  for (const auto& record : marked.recorded) {
    recorded.push_back(record_document(record));
  }
  json::array already;
  for (const auto& id : marked.already) {
    already.push_back(text(id.value));
  }
  return {{"recorded", std::move(recorded)}, {"already", std::move(already)}};
}

// Of a command that takes nothing: what somebody sends must not be ignored in silence.
std::optional<Response> refuse_members(std::string_view body) {
  const auto parsed = Body::parse(body);
  const auto good = parsed ? parsed->done() : std::unexpected(parsed.error());
  return good ? std::nullopt : std::optional(answer(good.error()));
}

json::object finding_answer(const World::FindingInPlace& changed) {
  return {{"finding", finding_document(changed.finding, changed.environment)}};
}

}  // namespace

Awaitable<Response> Control::post_poll(const Asked& asked) {
  if (auto refused = refuse_members(asked.request.body); refused) {
    co_return std::move(*refused);
  }
  const EnvironmentRef ref = *asked.environment;
  if (world_.environment(ref) == nullptr) {
    co_return answer(
        Error{Errc::not_found, "there is no environment '" + printable(ref.text()) + "'"});
  }
  const auto looked = co_await daemon_.poll(ref);
  if (!looked && looked.error().code == Errc::conflict) {
    co_return answer(looked.error());
  }
  // A database that cannot be reached is an answer about it, not a failure of ours.
  const auto* environment = world_.environment(ref);
  if (environment == nullptr) {
    co_return answer(
        Error{Errc::not_found, "the environment '" + ref.text() + "' is gone from the config"});
  }
  json::object document{
      {"outcome", "ok"},
      {"error", nullptr},
      {"environment", status_entry(*environment, *world_.app(ref.app), instant_now())}};
  if (!looked) {
    const bool polled = environment->last_poll && environment->last_poll->outcome != "ok";
    document["outcome"] = polled ? environment->last_poll->outcome : "broken";
    document["error"] = text(redacted(looked.error().detail));
  } else if (environment->last_poll) {
    document["outcome"] = environment->last_poll->outcome;
    document["error"] = text_or_null(environment->last_poll->error);
  }
  co_return answer(document);
}

Awaitable<Response> Control::post_mark(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  MarkRequest request;
  const auto migrations = body->texts("migrations");
  request.baseline = body->optional_text("baseline");
  request.at = body->time("at");
  request.applied_by = body->optional_text("by").value_or("");
  request.reason = body->text("reason");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  if (migrations.has_value() == request.baseline.has_value()) {
    co_return answer(Error{Errc::invalid, "say either `migrations` or `baseline`"});
  }
  request.migrations = migrations.value_or(std::vector<std::string>{});
  auto marked = co_await world_.mark(*asked.environment, std::move(request), asked.by());
  if (!marked) {
    co_return answer(marked.error());
  }
  co_return answer(marked_document(*marked));
}

Awaitable<Response> Control::post_unmark(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  auto migrations = body->texts("migrations");
  auto reason = body->text("reason");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  if (!migrations) {
    co_return answer(
        Error{Errc::invalid, "migrations: expected a list of texts with at least one"});
  }
  auto marked = co_await world_.unmark(
      *asked.environment, std::move(*migrations), std::move(reason), asked.by());
  if (!marked) {
    co_return answer(marked.error());
  }
  co_return answer(marked_document(*marked));
}

Awaitable<Response> Control::post_mode(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  const auto wanted = body->text("mode");
  auto reason = body->text("reason");
  const bool force = body->flag("force");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  const auto mode = parse_mode(wanted);
  if (!mode) {
    co_return answer(Error{Errc::invalid, "mode: expected managed, export_only or reconcile_only"});
  }
  const EnvironmentRef ref = *asked.environment;
  const auto applier = daemon_.applier(ref);
  if (force && applier && applier->progress()) {
    // Nothing is cancelled for a flip that cannot be.
    if (const auto may = world_.may_set_mode(ref, *mode); !may) {
      co_return answer(may.error());
    }
    co_await applier->stop(asked.by());
  }
  auto changed = co_await world_.set_mode(ref, *mode, std::move(reason), asked.by());
  if (!changed) {
    co_return answer(changed.error());
  }
  co_return answer({{"environment", ref.text()},
                    {"from", to_string(changed->from)},
                    {"to", to_string(changed->to)}});
}

Awaitable<Response> Control::post_adopt(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  auto reason = body->optional_text("reason").value_or("");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  const EnvironmentRef ref = *asked.environment;
  const auto adopted = co_await world_.adopt(ref, std::move(reason), asked.by());
  if (!adopted) {
    co_return answer(adopted.error());
  }
  co_return answer({{"environment", ref.text()}, {"adopted", *adopted}});
}

Awaitable<Response> Control::post_rebaseline(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  const auto as = body->text("as");
  auto reason = body->text("reason");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  World::As meaning = World::As::keep;
  if (as == "empty") {
    meaning = World::As::empty;
  } else if (as == "adopt") {
    meaning = World::As::adopt;
  } else if (as != "keep") {
    co_return answer(Error{Errc::invalid, "as: expected empty, adopt or keep"});
  }
  const EnvironmentRef ref = *asked.environment;
  const auto done = co_await world_.rebaseline(ref, meaning, std::move(reason), asked.by());
  if (!done) {
    co_return answer(done.error());
  }
  const auto* environment = world_.environment(ref);
  const bool known = environment != nullptr && environment->identity;
  json::object document{
      {"environment", ref.text()}, {"as", as}, {"ended", done->ended}, {"adopted", done->adopted}};
  document["identity"] = nullptr;
  if (known) {
    document["identity"] = identity_document(*environment->identity);
  }
  co_return answer(document);
}

// Whoever may not operate an environment may not silence what is wrong with it.
Awaitable<std::optional<Response>> Control::finding_refusal(const Asked& asked,
                                                            std::string id,
                                                            std::string_view verb) {
  auto work = [this, id] { return ledger_.finding(id); };
  const auto listed = co_await store_.run(std::move(work));
  if (!listed) {
    co_return answer(listed.error());
  }
  if (may(asked, listed->environment, Role::operator_)) {
    co_return std::nullopt;
  }
  Asked about = asked;
  about.environment = listed->environment;
  const Route route{verb, "POST", {}, Role::operator_, Tcp::never, nullptr};
  auto refused = refusal(route, about);
  auto response = co_await refuse(route, about, std::move(*refused));
  co_return std::optional<Response>(std::move(response));
}

Awaitable<Response> Control::post_ack(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  auto reason = body->text("reason");
  const auto until = body->time("until");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  if (until && *until <= wall_clock_now()) {
    co_return answer(Error{Errc::invalid, "until: " + format_time(*until) + " has passed already"});
  }
  const std::string id = asked.part("id");
  auto refused = co_await finding_refusal(asked, id, "ack");
  if (refused) {
    co_return std::move(*refused);
  }
  const auto changed = co_await world_.acknowledge(id, std::move(reason), until, asked.by());
  if (!changed) {
    co_return answer(changed.error());
  }
  co_return answer(finding_answer(*changed));
}

Awaitable<Response> Control::post_unack(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  auto reason = body->optional_text("reason").value_or("");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  const std::string id = asked.part("id");
  auto refused = co_await finding_refusal(asked, id, "unack");
  if (refused) {
    co_return std::move(*refused);
  }
  const auto changed = co_await world_.unacknowledge(id, std::move(reason), asked.by());
  if (!changed) {
    co_return answer(changed.error());
  }
  co_return answer(finding_answer(*changed));
}

Awaitable<Response> Control::post_reload(const Asked& asked) {
  if (auto refused = refuse_members(asked.request.body); refused) {
    co_return std::move(*refused);
  }
  const auto reloaded = co_await daemon_.reload(asked.by());
  if (reloaded) {
    json::array changed;
    for (const auto& each : *reloaded) {
      changed.push_back(text(each));
    }
    co_return answer({{"ok", true}, {"changed", std::move(changed)}});
  }
  json::array errors;
  for (const auto& each : reloaded.error()) {
    errors.push_back(json::object{{"file", text(each.file)},
                                  {"line", each.line},
                                  {"column", each.column},
                                  {"message", text(each.message)}});
  }
  json::object document{
      {"type", "urn:tidemark:problem:bad-config"},
      {"title", "The config is not good: nothing was changed"},
      {"status", 409},
      {"detail", std::to_string(errors.size()) + " problems; the running config stays"},
      {"errors", std::move(errors)}};
  Response response;
  response.status = 409;
  response.content_type = "application/problem+json";
  response.body = json::serialize(document) + "\n";
  co_return response;
}

Awaitable<Response> Control::post_backup(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  const std::string file = body->text("file");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  if (!std::filesystem::path(file).is_absolute()) {
    co_return answer(Error{Errc::invalid,
                           "file: expected an absolute path: the daemon has a folder of its own"});
  }
  AuditEvent event;
  event.at = wall_clock_now();
  event.actor = asked.by();
  event.what = "backup";
  event.details["file"] = printable(file);
  std::vector<AuditEvent> events{event};
  const auto noted = co_await world_.note(std::move(events));
  if (!noted) {
    co_return answer(noted.error());
  }
  auto work = [this, file]() -> Result<std::uintmax_t> {
    if (const auto copied = ledger_.backup(file); !copied) {
      return std::unexpected(copied.error());
    }
    std::error_code error;
    return std::filesystem::file_size(file, error);
  };
  const auto size = co_await workers_.run(std::move(work));
  if (!size) {
    co_return answer(size.error());
  }
  co_return answer({{"file", text(file)}, {"bytes", *size}});
}

}  // namespace tidemark
