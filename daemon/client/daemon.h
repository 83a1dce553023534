#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/client/fields.h"
#include "daemon/client/names.h"
#include "daemon/client/outcome.h"
#include "daemon/client/transport.h"

namespace tidemark::client {

// An answer of the daemon: as it came, and as a value.
struct Document {
  std::string text;
  json::value value;
  const json::object& root() const { return object(value); }
};

// Parts of a path below /v1/, and a query; both are encoded here. An empty query value is left out.
struct Target {
  std::vector<std::string> path;
  std::vector<std::pair<std::string, std::string>> query = {};
  std::string text() const;
};

// How long the daemon may take: what looks at a database or copies the ledger takes longer than a
// question.
inline constexpr std::chrono::seconds question_deadline{30};
inline constexpr std::chrono::seconds completion_deadline{2};
inline constexpr std::chrono::seconds poll_deadline{180};
inline constexpr std::chrono::seconds plan_deadline{180};
inline constexpr std::chrono::seconds verdict_deadline{600};
inline constexpr std::chrono::seconds backup_deadline{3600};
inline constexpr std::chrono::seconds silence_max{
    60};  // of a stream: the daemon's heartbeat is far quicker

// The daemon as the commands see it: questions and orders with an answer or a reason to stop.
class Daemon {
 public:
  Daemon(Transport& transport, std::string socket)
      : transport_(transport), socket_(std::move(socket)) {}

  Outcome<Document> get(const Target& target, std::chrono::seconds deadline = question_deadline);
  Outcome<Document> post(const Target& target,
                         const json::object& body,
                         std::chrono::seconds deadline = question_deadline);

  // The lines of a successful answer until `take` returns false or the daemon ends it.
  Outcome<void> stream(const Target& target, const std::function<bool(std::string_view)>& take);

  // The same of an order. Before its first line a plan is made.
  Outcome<void> stream(const Target& target,
                       const json::object& body,
                       const std::function<bool(std::string_view)>& take);

  // What people typed, made exact. These ask the daemon only where they have to.
  Outcome<EnvironmentRef> environment(const std::string& typed);
  Outcome<Scope> scope(const std::string& typed);
  Outcome<std::string> migration(const std::string& app, const std::string& typed);

  // "client 0.1.0, daemon 0.2.0": for when the two do not understand each other.
  std::string versions();

 private:
  Outcome<Document> ask(Request request);
  Outcome<void> lines(const Request& request, const std::function<bool(std::string_view)>& take);
  Failure not_reached(const Error& error) const;
  Failure refused(const Reply& reply);

  Transport& transport_;
  std::string socket_;
};

// …/{env}/… of an environment.
Target below(const EnvironmentRef& environment, std::vector<std::string> rest);

}  // namespace tidemark::client
