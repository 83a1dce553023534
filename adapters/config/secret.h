#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "adapters/config/reader.h"
#include "adapters/config/settings.h"
#include "core/result.h"

namespace tidemark {

// The password itself, without the newline that files and commands end with. Blocks, for a command
// up to ten seconds: call it on a pool thread, each time a connection is made, and forget the
// answer soon. Errors say which source and why, never what it holds; not_found and denied are for
// people, retry is a command that failed this time, cancelled one that was killed because of `stop`.
Result<std::string> read_secret(const PasswordSource& source, const std::stop_token& stop = {});

// The source for people: "credential 'shop-dev'", "file /etc/…", "variable PGPASSWORD", "command
// /usr/bin/vault".
std::string describe(const PasswordSource& source);

// Whether the secrets of a config, and the files of its tls_ca, can be read before anything relies
// on them. Commands are looked
// up but not run: what they ask may be down at this moment, and that must not keep the daemon from
// starting.
struct SecretCheck {
  std::vector<Problem> problems;
  std::vector<Problem> warnings;  // a file that everybody on the machine can read
};
SecretCheck check_secrets(const Settings& settings);

}  // namespace tidemark
