#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "adapters/log/log.h"
#include "adapters/postgres/statement.h"
#include "adapters/postgres/target.h"
#include "adapters/tools/custom.h"
#include "core/access/access.h"
#include "core/environment/mode.h"
#include "core/watch/connection_budget.h"

namespace tidemark {

// Where in the config something was said, for messages that come later. No part of a setting's
// value: moving a line changes nothing, so any two compare equal.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text() const;  // "tidemark.yaml:12:5"
  friend bool operator==(const Position&, const Position&) { return true; }
};

// Where a password comes from; secret.h reads it.
struct CredentialSecret {  // systemd's: a file of this name in $CREDENTIALS_DIRECTORY
  std::string name;
  friend bool operator==(const CredentialSecret&, const CredentialSecret&) = default;
};
struct FileSecret {
  std::string path;
  friend bool operator==(const FileSecret&, const FileSecret&) = default;
};
struct VariableSecret {
  std::string name;
  friend bool operator==(const VariableSecret&, const VariableSecret&) = default;
};
struct CommandSecret {  // what it prints
  std::vector<std::string> arguments;
  friend bool operator==(const CommandSecret&, const CommandSecret&) = default;
};
struct PasswordSource {
  std::variant<CredentialSecret, FileSecret, VariableSecret, CommandSecret> from;
  Position where;
  friend bool operator==(const PasswordSource&, const PasswordSource&) = default;
};

// Their ledger as the config names it. Neither set: whatever is recognised.
struct TheirLedger {
  std::string tool;                       // "flyway"
  std::optional<TableName> table;         // its schema is empty where the config names none
  std::optional<CustomColumns> custom{};  // with a table, and no tool
  friend bool operator==(const TheirLedger&, const TheirLedger&) = default;
};

// Whose signature makes a server's certificate good.
struct AuthoritiesFile {
  std::string path;
  Position where;
  friend bool operator==(const AuthoritiesFile&, const AuthoritiesFile&) = default;
};

// What becomes of a connection after a look: kept for the next one, or closed, for databases that
// should be let to sleep.
enum class ConnectionUse { keep, per_poll };

// Whether migrations are applied when somebody says so, or as they come.
enum class ApplyWhen { manual, automatic };

struct EnvironmentSettings {
  std::string name;
  Position where;            // of its name
  std::optional<Mode> mode;  // pinned by the config; otherwise its name or an admin says
  std::optional<std::vector<std::string>> after;  // nullopt: the environment before it in the list
  std::string renamed_from;
  std::optional<Target> database;
  // To the server itself, for applies, where `database` leads through a pooler in transaction mode.
  std::optional<Target> direct;
  std::optional<PasswordSource> password;  // for `direct` too
  std::optional<AuthoritiesFile> tls_ca;   // is in `database` and `direct` too, where they verify
  std::chrono::milliseconds poll{60'000};
  ConnectionUse connection = ConnectionUse::keep;
  // How long a migration may be pending here after it was first seen applied upstream.
  std::chrono::milliseconds lag_after = std::chrono::hours{24};
  std::string schema;  // empty: not limited to one
  TheirLedger their_ledger;
  ApplyWhen apply = ApplyWhen::manual;  // automatic only where the config makes it managed
  // How long one statement waits for a lock, and how often its whole transaction tries again.
  std::chrono::milliseconds lock_timeout{5'000};
  unsigned lock_retries = 10;
  std::chrono::milliseconds statement_timeout{0};  // zero: none
  bool receipts = false;  // a row of ours in the transaction of each migration

  // What it is as long as no admin has flipped it.
  Mode configured_mode() const { return mode.value_or(default_mode(name)); }
  friend bool operator==(const EnvironmentSettings&, const EnvironmentSettings&) = default;
};

struct RepoSettings {
  std::vector<std::string> paths;  // absolute, without a slash at the end
  std::string layout = "auto";     // or a tool's name
  std::chrono::milliseconds settle{2'000};
  std::vector<std::string> ignore;
  Position where;
  friend bool operator==(const RepoSettings&, const RepoSettings&) = default;
};

struct AppSettings {
  std::string name;
  Position where;  // of its name
  RepoSettings repo;
  bool forbid_out_of_order = false;
  std::vector<EnvironmentSettings> environments;  // in the config's order
  friend bool operator==(const AppSettings&, const AppSettings&) = default;
};

struct ControlSettings {
  std::string socket = "/run/tidemark/control.sock";
  unsigned mode = 0660;
  std::string group;  // empty: the daemon's own
  Position where;
  friend bool operator==(const ControlSettings&, const ControlSettings&) = default;
};

struct ListenAddress {
  std::string address;     // an IP address: "127.0.0.1", "::1"
  std::uint16_t port = 0;  // 0: any free one
  Position where;
  std::string text() const;  // "127.0.0.1:9847", "[::1]:9847"
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct HttpSettings {
  std::vector<ListenAddress> listen;  // empty: no TCP listener
  std::vector<std::string> hosts;     // in lower case
  bool expose_content = false;
  friend bool operator==(const HttpSettings&, const HttpSettings&) = default;
};

// A whole config, validated: nothing inside the daemon checks any of it again.
struct Settings {
  std::string ledger = "/var/lib/tidemark/ledger.db";  // the SQLite file
  std::chrono::milliseconds retention = std::chrono::days{365};
  ControlSettings control;
  HttpSettings http;
  LogSettings log;
  ConnectionLimits limits;
  std::vector<AppSettings> apps;
  std::vector<AccessRule> access;
  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace tidemark
