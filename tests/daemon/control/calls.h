#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "tests/daemon/support/rig.h"

namespace tidemark::test {

// A request as anybody may send it: over the control socket as any user, or over TCP.
struct Call {
  std::string method = "GET";
  std::string target = {};
  std::string body = {};
  std::vector<std::string> headers = {};
  std::vector<std::string> as = {};  // what runs curl as somebody else; empty: root
  bool tcp = false;
};

struct Reply {
  int status = 0;  // 0: no answer came
  std::string type;
  std::string allow;
  std::string body = {};
  boost::json::value json() const;
  std::string detail() const;  // of a problem
};

Reply call(const Rig& rig, const Call& asked);

// Whether the tests may run programs as other users. When not, says that tests are skipped.
bool can_be_others();

// As a user or, with a group, as that user with this group alone.
std::vector<std::string> as_user(const std::string& user);
std::vector<std::string> as_user(const std::string& user, const std::string& group);
std::vector<std::string> with_groups(const std::string& user, const std::string& groups);

// Replaces a text that must be in the rig's config.
void edit_config(const Rig& rig, const std::string& before, const std::string& after);
// The socket for everybody, so that only roles decide.
void open_socket(const Rig& rig);

}  // namespace tidemark::test
