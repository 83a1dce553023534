#pragma once

#include <string>
#include <vector>

namespace tidemark::client {

// What the command line said: the options that every command has, and those of all commands
// together. What was not given is empty.
struct Arguments {
  std::string socket;
  bool json = false;
  bool no_color = false;

  std::string scope;  // APP, APP/ENV or ENV
  std::string app;
  std::string environment;  // APP/ENV or ENV
  std::string migration;
  std::vector<std::string> migrations;
  std::string finding;
  std::string choice;  // the one word that some commands take: a mode, a shell, empty|adopt|keep
  std::string file;

  std::string reason;
  std::string at;
  std::string by;
  std::string until;
  std::string since;
  std::string baseline;
  std::string format;
  std::string type;
  std::string to;
  std::vector<std::string> only;
  std::string plan_id;
  std::string override_freeze;  // the reason
  bool exit_code = false;
  bool all = false;
  bool shape = false;
  bool yes = false;
  bool follow = false;
  bool unanalysed = false;
  bool from_empty = false;
  bool rollback = false;
  bool attach = false;
  bool force = false;
};

}  // namespace tidemark::client
