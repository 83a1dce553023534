#pragma once

#include <string>

#include "core/environment/environment.h"
#include "daemon/client/console.h"
#include "daemon/client/fields.h"
#include "daemon/client/names.h"

namespace tidemark::client {

// The daemon's answers as people read them: values in, text out. Each throws Misunderstood when the
// answer has another shape than this client knows.

std::string render_status(const json::object& status, const Scope& scope, const Style& style);

// `status` adds how old the cells of an environment are that could not be read.
std::string render_matrix(const json::object& matrix,
                          const json::object& status,
                          const Style& style);

std::string render_show(const json::object& migration, const Style& style);
std::string render_findings(const json::object& findings, bool all, const Style& style);
std::string render_diff(const json::object& diff, const Style& style);
std::string render_ledger(const json::object& ledger, const Style& style);
std::string render_shape(const json::object& ledger, const Style& style);

// All of a plan, and at its end `command`, which carries out exactly that.
std::string render_plan(const json::object& plan, const std::string& command, const Style& style);
// What of it a person wants to see once more before it runs. No newline at the end.
std::string render_plan_briefly(const json::object& plan);
// "Nothing is pending in shop/dev."
std::string render_nothing_planned(const json::object& plan);
// What stands in its way, a line for each and one for what settles it; empty: nothing. `overridden`
// is a kind that does not count.
std::string render_hindrances(const json::object& plan, std::string_view overridden);

// What an order did: one line for each thing that was recorded.
std::string render_poll(const json::object& answer,
                        const EnvironmentRef& asked,
                        const Style& style);
std::string render_marked(const json::object& answer,
                          const EnvironmentRef& environment,
                          bool applied,
                          const Style& style);
std::string render_frozen(const json::object& answer, const Style& style);
std::string render_unfrozen(const json::object& answer);
std::string render_resolved(const json::object& answer);
std::string render_mode(const json::object& answer);
std::string render_adopted(const json::object& answer);
std::string render_rebaseline(const json::object& answer);
std::string render_acknowledged(const json::object& answer, const Style& style);
std::string render_reloaded(const json::object& answer);
std::string render_backup(const json::object& answer);

// What became of a look at a database, in words: "not reachable".
std::string looked(std::string outcome);

// One line for one entry.
std::string render_audit_entry(const json::object& entry, const Style& style);
std::string render_audit_verdict(const json::object& verdict);
std::string render_event(const json::object& event, const Style& style);

// What --exit-code asks: does it need a person? Acknowledged drift does not.
bool matrix_needs_attention(const json::object& matrix);
bool status_has_pending(const json::object& status, const Scope& scope);
bool status_has_findings(const json::object& status, const Scope& scope);
std::int64_t environment_findings(const json::object& status, const Scope& scope);
// Of drift only, or of warnings too.
bool has_unacknowledged(const json::object& findings,
                        const Scope& scope,
                        bool warnings,
                        TimePoint now);

}  // namespace tidemark::client
