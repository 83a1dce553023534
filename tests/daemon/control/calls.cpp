#include "tests/daemon/control/calls.h"

#include <fstream>
#include <iterator>

#include <doctest/doctest.h>
#include <boost/json/parse.hpp>

namespace tidemark::test {

boost::json::value Reply::json() const {
  return boost::json::parse(body);
}

std::string Reply::detail() const {
  return std::string(json().at("detail").as_string());
}

Reply call(const Rig& rig, const Call& asked) {
  auto command = asked.as;
  const std::string end = "\n%{http_code}\t%{content_type}\t%header{allow}";
  command.insert(command.end(), {"curl", "-sS", "-m", "20", "-w", end});
  if (asked.method == "HEAD") {
    command.emplace_back("-I");
    command.insert(command.end(), {"-o", "/dev/null"});
  } else {
    command.insert(command.end(), {"-X", asked.method});
  }
  if (!asked.tcp) {
    command.insert(command.end(), {"--unix-socket", rig.socket().string()});
  }
  for (const auto& header : asked.headers) {
    command.insert(command.end(), {"-H", header});
  }
  if (!asked.body.empty()) {
    command.insert(command.end(),
                   {"-H", "Content-Type: application/json", "--data-binary", asked.body});
  }
  const std::string host = asked.tcp ? "127.0.0.1:" + std::to_string(rig.port()) : "localhost";
  command.push_back("http://" + host + asked.target);
  const auto ran = run(command);
  const auto line = ran.out.rfind('\n');
  REQUIRE_MESSAGE(line != std::string::npos, ran.err);
  const auto first = ran.out.find('\t', line);
  const auto second = ran.out.find('\t', first + 1);
  return {std::atoi(ran.out.c_str() + line + 1),
          ran.out.substr(first + 1, second - first - 1),
          ran.out.substr(second + 1),
          ran.out.substr(0, line)};
}

bool can_be_others() {
  auto command = as_user("games");
  command.emplace_back("true");
  const bool can = run(command).status == 0;
  if (!can) {
    MESSAGE("skipped: this needs root, and setpriv");
  }
  return can;
}

std::vector<std::string> as_user(const std::string& user) {
  return {"setpriv", "--reuid", user, "--regid", user, "--clear-groups"};
}

std::vector<std::string> as_user(const std::string& user, const std::string& group) {
  return {"setpriv", "--reuid", user, "--regid", group, "--clear-groups"};
}

std::vector<std::string> with_groups(const std::string& user, const std::string& groups) {
  return {"setpriv", "--reuid", user, "--regid", user, "--groups", groups};
}

void edit_config(const Rig& rig, const std::string& before, const std::string& after) {
  std::ifstream file(rig.config());
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto at = text.find(before);
  REQUIRE_MESSAGE(at != std::string::npos, before << " is not in the config: " << text);
  write_file(rig.config(), text.replace(at, before.size(), after));
}

void open_socket(const Rig& rig) {
  edit_config(rig, "control.sock}", "control.sock, mode: \"0666\"}");
}

}  // namespace tidemark::test
