// Planning and applying.

#include "adapters/loop/timer.h"
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

Selection selection_in(Body& body) {
  Selection selection;
  selection.to = body.optional_text("to");
  selection.only = body.texts("only").value_or(std::vector<std::string>{});
  selection.unanalysed = body.flag("unanalysed");
  selection.from_empty = body.flag("from_empty");
  return selection;
}

Response stream_of(std::shared_ptr<Progress> progress) {
  Response response;
  response.content_type = "application/x-ndjson";
  response.stream = std::make_shared<ProgressStream>(std::move(progress));
  return response;
}

std::string words_for(const Hindrance& hindrance) {
  return hindrance.why + (hindrance.settle.empty() ? "" : ": " + hindrance.settle);
}

// Everything that stands in the way, so that nobody has to ask again and again.
Response hindered(const Plan& plan) {
  std::string detail;
  for (const auto& hindrance : plan.hindrances) {
    detail += (detail.empty() ? "" : "\n") + words_for(hindrance);
  }
  return problem(409, "hindered", "It cannot be applied as things stand", detail);
}

}  // namespace

Awaitable<std::expected<Plan, Response>> Control::plan_for(const Asked& asked,
                                                           Selection selection,
                                                           Attempt::Action action,
                                                           PlanFor what) {
  const EnvironmentRef ref = *asked.environment;
  const auto applier = daemon_.applier(ref);
  if (!applier) {
    co_return std::unexpected(
        answer(Error{Errc::not_found, "there is no environment '" + printable(ref.text()) + "'"}));
  }
  auto plan = co_await applier->plan(std::move(selection), action, what);
  if (!plan) {
    co_return std::unexpected(answer(plan.error()));
  }
  co_return std::move(*plan);
}

Awaitable<Response> Control::post_plan(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  auto selection = selection_in(*body);
  const auto action = parse_attempt_action(body->optional_text("action").value_or("apply"));
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  if (!action) {
    co_return answer(Error{Errc::invalid, "action: expected apply or rollback"});
  }
  auto plan = co_await plan_for(asked, std::move(selection), *action, PlanFor::showing);
  if (!plan) {
    co_return std::move(plan.error());
  }
  co_return answer(plan_document(*plan));
}

Awaitable<Response> Control::start_plan(const Asked& asked, Attempt::Action action) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  const auto selection = selection_in(*body);
  const auto wanted = body->optional_text("plan_id");
  const auto override_freeze = body->optional_text("override_freeze");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  const EnvironmentRef ref = *asked.environment;
  if (override_freeze && !may(asked, ref, Role::admin)) {
    co_return problem(403,
                      "forbidden",
                      "Not allowed",
                      "overriding a freeze needs the role admin: " + printable(asked.by()));
  }
  auto plan = co_await plan_for(asked, selection, action, PlanFor::starting);
  if (!plan) {
    co_return std::move(plan.error());
  }
  if (wanted && *wanted != plan->id) {
    co_return problem(409,
                      "plan-changed",
                      "The world changed since the plan",
                      "the plan is " + plan->id + " now, not " + printable(*wanted) +
                          ": files, ledger, identity or mode moved. Nothing was run; plan again");
  }
  if (override_freeze) {
    std::erase_if(plan->hindrances,
                  [](const Hindrance& hindrance) { return hindrance.what == "frozen"; });
    plan->freeze_overridden = true;
  }
  if (!plan->hindrances.empty()) {
    co_return hindered(*plan);
  }
  const auto applier = daemon_.applier(ref);
  if (!applier) {
    co_return answer(Error{Errc::not_found, "'" + ref.text() + "' is gone from the config"});
  }
  auto progress = applier->start(std::move(*plan), selection, asked.by());
  if (!progress) {
    co_return answer(progress.error());
  }
  if (override_freeze) {
    std::vector<AuditEvent> events{{wall_clock_now(),
                                    asked.by(),
                                    "freeze.overridden",
                                    ref.app,
                                    ref.name,
                                    {{"reason", *override_freeze}}}};
    const auto noted = co_await world_.note(std::move(events));
    if (!noted) {
      [[maybe_unused]] const auto cancelled = applier->cancel("tidemark");
      co_return answer(noted.error());
    }
  }
  co_return stream_of(std::move(*progress));
}

Awaitable<Response> Control::post_apply(const Asked& asked) {
  auto response = co_await start_plan(asked, Attempt::Action::apply);
  co_return response;
}

Awaitable<Response> Control::post_rollback(const Asked& asked) {
  auto response = co_await start_plan(asked, Attempt::Action::rollback);
  co_return response;
}

Awaitable<Response> Control::get_apply(const Asked& asked) {
  const EnvironmentRef ref = *asked.environment;
  const auto applier = daemon_.applier(ref);
  auto progress = applier ? applier->progress() : nullptr;
  if (!progress) {
    co_return answer(
        Error{Errc::not_found, "nothing is being applied to " + printable(ref.text())});
  }
  co_return stream_of(std::move(progress));
}

Awaitable<Response> Control::post_cancel(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  const auto good = body ? body->done() : std::unexpected(body.error());
  if (!good) {
    co_return answer(good.error());
  }
  const EnvironmentRef ref = *asked.environment;
  const auto applier = daemon_.applier(ref);
  if (!applier) {
    co_return answer(
        Error{Errc::not_found, "there is no environment '" + printable(ref.text()) + "'"});
  }
  auto progress = applier->progress();
  if (const auto cancelled = applier->cancel(asked.by()); !cancelled) {
    co_return answer(cancelled.error());
  }
  std::vector<AuditEvent> events{
      {wall_clock_now(), asked.by(), "apply.cancelled", ref.app, ref.name, {}}};
  const auto noted = co_await world_.note(std::move(events));
  if (!noted) {
    co_return answer(noted.error());
  }
  co_return stream_of(std::move(progress));
}

Awaitable<Response> Control::post_freeze(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  Freeze freeze;
  freeze.by = asked.by();
  freeze.reason = body->text("reason");
  freeze.until = body->time("until");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  if (freeze.until && *freeze.until <= wall_clock_now()) {
    co_return answer(
        Error{Errc::invalid, "until: " + format_time(*freeze.until) + " has passed already"});
  }
  const EnvironmentRef ref = *asked.environment;
  json::object document{{"environment", ref.text()},
                        {"reason", text(freeze.reason)},
                        {"until", time_or_null(freeze.until)}};
  const auto frozen = co_await world_.freeze(ref, std::move(freeze));
  if (!frozen) {
    co_return answer(frozen.error());
  }
  co_return answer(document);
}

Awaitable<Response> Control::post_unfreeze(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  auto reason = body->text("reason");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  const EnvironmentRef ref = *asked.environment;
  const auto unfrozen = co_await world_.unfreeze(ref, std::move(reason), asked.by());
  if (!unfrozen) {
    co_return answer(unfrozen.error());
  }
  co_return answer({{"environment", ref.text()}});
}

Awaitable<Response> Control::post_resolve(const Asked& asked) {
  auto body = Body::parse(asked.request.body);
  if (!body) {
    co_return answer(body.error());
  }
  auto migration = body->text("migration");
  const auto as = body->text("as");
  auto reason = body->text("reason");
  if (const auto good = body->done(); !good) {
    co_return answer(good.error());
  }
  if (as != "applied" && as != "not-applied") {
    co_return answer(Error{Errc::invalid, "as: expected applied or not-applied"});
  }
  const EnvironmentRef ref = *asked.environment;
  const auto resolved = co_await world_.resolve(
      ref, std::move(migration), as == "applied", std::move(reason), asked.by());
  if (!resolved) {
    co_return answer(resolved.error());
  }
  co_return answer({{"environment", ref.text()},
                    {"migration", text(resolved->migration.value)},
                    {"action", to_string(resolved->action)},
                    {"as", as}});
}

}  // namespace tidemark
