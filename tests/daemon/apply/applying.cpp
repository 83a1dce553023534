#include "tests/daemon/apply/applying.h"

#include <sstream>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

namespace tidemark::test {

namespace json = boost::json;

Applying::Applying(const std::string& keys, PostgresServer& server)
    : server_(server), database_(server.create_database("applied")) {
  configure("      - name: dev\n        database: " + server.address(database_) + "\n" + keys);
}

void Applying::begin(const std::vector<std::string>& wrapper) {
  start(wrapper);
  REQUIRE(eventually([this] {
    const auto environment = status("dev");
    return environment.at("reachable").is_bool() && environment.at("reachable").as_bool();
  }));
}

void Applying::migration(const std::string& id, const std::string& content) {
  file(id + ".sql", content);
  if (running()) {
    REQUIRE(eventually([&] { return !cell_of(id).empty(); }));
  }
}

Applying::Told Applying::post(const std::string& command, const std::string& body) {
  const auto answer = request("POST", "/v1/apps/shop/environments/dev/" + command, body);
  Told told;
  told.status = answer.status;
  if (answer.status != 200) {
    told.problem = std::string(answer.json().at("detail").as_string());
    return told;
  }
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);) {
    told.lines.push_back(json::parse(line).as_object());
  }
  REQUIRE_FALSE(told.lines.empty());
  return told;
}

json::object Applying::plan(const std::string& body) {
  const auto answer = request("POST", "/v1/apps/shop/environments/dev/plan", body);
  REQUIRE_MESSAGE(answer.status == 200, answer.body);
  return answer.json().as_object();
}

std::string Applying::Told::outcome() const {
  if (lines.empty()) {
    return "refused: " + problem;
  }
  const auto& last = lines.back();
  REQUIRE(last.at("type").as_string() == "finished");
  return std::string(last.at("outcome").as_string());
}

std::string Applying::Told::message() const {
  if (lines.empty()) {
    return problem;
  }
  const auto* message = lines.back().at("message").if_string();
  return message == nullptr ? "" : std::string(*message);
}

std::vector<json::object> Applying::Told::of(const std::string& type) const {
  std::vector<json::object> some;
  for (const auto& line : lines) {
    if (line.at("type").as_string() == type) {
      some.push_back(line);
    }
  }
  return some;
}

}  // namespace tidemark::test
