#pragma once

#include <string>
#include <vector>

#include "adapters/postgres/endpoint.h"
#include "adapters/postgres/target.h"

namespace tidemark {

// An endpoint with its address.
struct Reachable {
  Endpoint endpoint;
  std::string note{};  // of an address that is not fresh
};

// What is tried: one address, in one of the ways that the target allows.
struct Try {
  Reachable to;
  std::string tls;      // an sslmode that means one way
  std::string session;  // target_session_attrs likewise; empty: any
};

// How a target is connected to: what is the same each time, made once.
class Route {
 public:
  explicit Route(Target target, std::string application_name = "tidemark");

  const std::string& where() const { return where_; }  // for people
  // Where a name has to be looked up for one of them; else there are none, and tries() are known.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  bool needs_lookup() const { return !endpoints_.empty(); }
  bool names(const std::string& parameter) const { return shared_.contains(parameter); }

  // In the order in which they are tried.
  const std::vector<Try>& tries() const { return tries_; }
  std::vector<Try> tries(const std::vector<Reachable>& reachable) const;

  // What libpq is told whatever is tried.
  const Parameters& shared() const { return shared_; }

 private:
  std::string where_;
  Parameters shared_;
  std::string tls_;
  std::string session_;
  std::vector<Endpoint> endpoints_;
  std::vector<Try> tries_;
};

}  // namespace tidemark
