#include "daemon/client/daemon.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "core/text/printable.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

bool successful(const Reply& reply) {
  return reply.status >= 200 && reply.status < 300;
}

std::optional<json::value> parsed(std::string_view text) {
  boost::system::error_code problem;
  auto value = json::parse({text.data(), text.size()}, problem);
  if (problem) {
    return std::nullopt;
  }
  return value;
}

// The last part of a problem's type: "urn:tidemark:problem:not-found" says "not-found".
std::string slug(const json::object& problem) {
  const auto type = raw(problem, "type");
  return type.substr(type.find_last_of(":/") + 1);
}

Exit exit_for(int status, const json::object& problem) {
  switch (status) {
    case 400:
    case 404:
      return Exit::usage;
    case 403:
      return Exit::not_allowed;
    case 409:
      if (!list_if(problem, "errors").empty()) {
        return Exit::usage;  // the configuration is wrong
      }
      return slug(problem) == "world-changed" || slug(problem) == "plan-changed"
                 ? Exit::world_changed
                 : Exit::failed;
    default:
      return Exit::failed;
  }
}

// Why it was refused: in one line behind the title, or in several lines below it.
std::string words_of(const json::object& problem) {
  const auto title = shown(problem, "title");
  const auto detail = raw(problem, "detail");
  if (detail.find('\n') == std::string::npos) {
    return joined({title, printable(detail)}, ": ");
  }
  auto text = title + ":";
  for (std::size_t start = 0; start < detail.size();) {
    const auto end = std::min(detail.find('\n', start), detail.size());
    text += "\n  " + printable(detail.substr(start, end - start));
    start = end + 1;
  }
  return text;
}

// "/etc/tidemark/tidemark.yaml:12:5: unknown key": one line for each.
std::string errors_of(const json::object& problem) {
  std::string result;
  for (const auto& entry : list_if(problem, "errors")) {
    const auto& error = object(entry);
    auto place = shown(error, "file");
    for (const auto* member : {"line", "column"}) {
      if (number(error, member) > 0) {
        place += ":" + std::to_string(number(error, member));
      }
    }
    result += "\n  " + joined({place, shown(error, "message")}, ": ");
  }
  return result;
}

}  // namespace

std::string Target::text() const {
  std::string result = "/v1";
  for (const auto& segment : path) {
    result += "/" + percent_encoded(segment);
  }
  char before = '?';
  for (const auto& [name, value] : query) {
    if (!value.empty()) {
      result += before + name + "=" + percent_encoded(value);
      before = '&';
    }
  }
  return result;
}

Target below(const EnvironmentRef& environment, std::vector<std::string> rest) {
  Target target{{"apps", environment.app, "environments", environment.name}};
  target.path.insert(target.path.end(), rest.begin(), rest.end());
  return target;
}

Outcome<Document> Daemon::get(const Target& target, std::chrono::seconds deadline) {
  return ask({"GET", target.text(), "", deadline});
}

Outcome<Document> Daemon::post(const Target& target,
                               const json::object& body,
                               std::chrono::seconds deadline) {
  return ask({"POST", target.text(), json::serialize(body), deadline});
}

Outcome<Document> Daemon::ask(Request request) {
  auto reply = transport_.request(request);
  if (!reply) {
    return std::unexpected(not_reached(reply.error()));
  }
  if (!successful(*reply)) {
    return std::unexpected(refused(*reply));
  }
  auto value = parsed(reply->body);
  if (!value) {
    throw Misunderstood("the answer is not JSON");
  }
  return Document{std::move(reply->body), std::move(*value)};
}

Outcome<void> Daemon::stream(const Target& target,
                             const std::function<bool(std::string_view)>& take) {
  return lines({"GET", target.text(), "", silence_max}, take);
}

Outcome<void> Daemon::stream(const Target& target,
                             const json::object& body,
                             const std::function<bool(std::string_view)>& take) {
  return lines({"POST", target.text(), json::serialize(body), plan_deadline}, take);
}

Outcome<void> Daemon::lines(const Request& request,
                            const std::function<bool(std::string_view)>& take) {
  const auto reply = transport_.stream(request, take);
  if (!reply) {
    return std::unexpected(not_reached(reply.error()));
  }
  if (!successful(*reply)) {
    return std::unexpected(refused(*reply));
  }
  return {};
}

Failure Daemon::not_reached(const Error& error) const {
  auto why = printable(error.detail);
  const auto socket = printable(socket_);
  if (why.find(socket) == std::string::npos) {
    why = socket + ": " + why;
  }
  if (error.code == Errc::broken) {
    return {Exit::failed, why};
  }
  return {Exit::unreachable,
          "the daemon cannot be reached: " + why +
              "\n  systemctl status tidemark tells whether it runs; --socket PATH or "
              "TIDEMARK_SOCKET names another socket"};
}

Failure Daemon::refused(const Reply& reply) {
  const auto value = parsed(reply.body);
  const bool is_problem =
      reply.content_type.starts_with("application/problem+json") && value && value->is_object();
  if (!is_problem) {
    return {Exit::failed,
            "the daemon answered HTTP " + std::to_string(reply.status) + " without saying why; " +
                versions()};
  }
  const auto& problem = value->get_object();
  const auto words = words_of(problem);
  return {exit_for(reply.status, problem),
          (words.empty() ? "HTTP " + std::to_string(reply.status) : words) + errors_of(problem)};
}

Outcome<EnvironmentRef> Daemon::environment(const std::string& typed) {
  if (typed.find('/') != std::string::npos) {
    return environment_named(typed, {});
  }
  const auto status = get({{"status"}});
  if (!status) {
    return std::unexpected(status.error());
  }
  return environment_named(typed, status->root());
}

Outcome<Scope> Daemon::scope(const std::string& typed) {
  if (typed.empty()) {
    return Scope{};
  }
  const auto status = get({{"status"}});
  if (!status) {
    return std::unexpected(status.error());
  }
  return scope_named(typed, status->root());
}

Outcome<std::string> Daemon::migration(const std::string& app, const std::string& typed) {
  const auto matrix = get({{"apps", app, "matrix"}});
  if (!matrix) {
    return std::unexpected(matrix.error());
  }
  return migration_named(typed, matrix->root());
}

std::string Daemon::versions() {
  std::string daemon = "of unknown version";
  const auto reply = transport_.request({"GET", "/v1/status", "", std::chrono::seconds{5}});
  const auto status = reply && successful(*reply) ? parsed(reply->body) : std::nullopt;
  if (status && status->is_object()) {
    const auto* version = status->get_object().if_contains("version");
    if (version != nullptr && version->is_string()) {
      daemon = shown(*version);
    }
  }
  return "client " TIDEMARK_VERSION ", daemon " + daemon;
}

}  // namespace tidemark::client
