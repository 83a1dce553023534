#pragma once

#include <functional>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "core/apply/plan.h"
#include "core/audit/event.h"
#include "daemon/state.h"

namespace tidemark {

// The JSON documents of the API: state in, text out. Names and shapes are the contract of
// interface.md. Where a document covers several environments, those that the reader may not see are
// left out.
using Visible = std::function<bool(const EnvironmentRef&)>;

boost::json::object matrix_document(const WatchedApp& app, TimePoint now, const Visible& visible);
boost::json::object migration_document(const WatchedApp& app,
                                       const Key& key,
                                       TimePoint now,
                                       const Visible& visible);
boost::json::object ledger_document(const WatchedApp& app, const WatchedEnvironment& environment);
boost::json::object status_entry(const WatchedEnvironment& environment,
                                 const WatchedApp& app,
                                 Instant now);
boost::json::object app_entry(const WatchedApp& app);
boost::json::object finding_document(const StoredFinding& finding,
                                     const EnvironmentRef& environment);
boost::json::object record_document(const Record& record);
boost::json::object audit_document(const AuditEntry& entry);
boost::json::object identity_document(const Identity& identity);

// plan_document.cpp
boost::json::object plan_document(const Plan& plan);

}  // namespace tidemark
