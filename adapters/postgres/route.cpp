#include "adapters/postgres/route.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tidemark {
namespace {

// Certain not to exist: what libpq shall not look for, least of all in $HOME.
constexpr auto no_file = "/dev/null/none";
constexpr auto system_authorities = "/etc/ssl/certs/ca-certificates.crt";

// What libpq is told beside what the target says.
void complete(Parameters& parameters, std::string application_name) {
  const bool verifies =
      parameters.try_emplace("sslmode", "disable").first->second.starts_with("verify");
  // Where `require` finds authorities it behaves as verify-ca, so it gets none that nobody asked
  // for.
  parameters.try_emplace("sslrootcert", verifies ? system_authorities : no_file);
  parameters.try_emplace("sslcert", no_file);
  parameters.try_emplace("sslkey", no_file);
  if (!parameters.contains("sslcrldir")) {
    parameters.try_emplace("sslcrl", no_file);
  }
  parameters["passfile"] = no_file;
  parameters["gssencmode"] = "disable";
  parameters["client_encoding"] = "UTF8";
  parameters["application_name"] = std::move(application_name);
}

// The modes that mean several tries, each by itself: so that what a try is about is known before
// it begins.
std::vector<std::string> ways_of(const std::string& word) {
  static const std::map<std::string, std::vector<std::string>> several = {
      {"prefer", {"require", "disable"}},
      {"allow", {"disable", "require"}},
      {"prefer-standby", {"standby", "any"}},
  };
  const auto found = several.find(word);
  return found == several.end() ? std::vector<std::string>{word} : found->second;
}

}  // namespace

// One for each environment: nothing in it is larger than it must be.
Route::Route(Target target, std::string application_name)
    : where_(describe(target)), shared_(std::move(target.parameters)) {
  complete(shared_, std::move(application_name));
  tls_ = shared_.at("sslmode");
  session_ = shared_["target_session_attrs"];
  endpoints_ = endpoints_in(shared_);
  for (const auto* of_one : {"host", "hostaddr", "port", "sslmode", "target_session_attrs"}) {
    shared_.erase(of_one);
  }
  shared_.shrink_to_fit();
  if (std::ranges::none_of(endpoints_, &Endpoint::needs_lookup)) {
    std::vector<Reachable> reachable;
    for (auto& endpoint : std::exchange(endpoints_, {})) {
      reachable.push_back({std::move(endpoint)});
    }
    tries_ = tries(reachable);
  }
}

std::vector<Try> Route::tries(const std::vector<Reachable>& reachable) const {
  std::vector<Try> all;
  for (const auto& session : ways_of(session_)) {
    for (const auto& to : reachable) {
      for (const auto& tls : ways_of(to.endpoint.over_tcp() ? tls_ : "disable")) {
        all.push_back({to, tls, session});
      }
    }
  }
  return all;
}

}  // namespace tidemark
