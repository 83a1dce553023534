#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/sql/script.h"
#include "core/sql/statement.h"

namespace tidemark {

// What a server says of a table, or of what stands where one was asked for. Texts are the server's,
// with all names in full.
struct Shape {
  struct Column {
    std::string type{};
    std::string collation{};  // empty: its type's
    bool not_null = false;
    std::string identity{};  // ALWAYS, BY DEFAULT, or none
    std::string computed{};  // its default, or what it is generated as
    bool generated = false;
    friend bool operator==(const Column&, const Column&) = default;
  };
  bool there = false;
  std::string kind{};         // "table", "view", …
  std::string persistence{};  // "p", "u" (unlogged), "t"
  std::string partitioned{};  // by what
  std::map<std::string, Column> columns{};
  std::multiset<std::string> constraints{};
  // Of an index.
  std::string table{};
  std::string definition{};  // for people
  std::string structure{};   // all that it is, but for names and storage
  bool valid = true;
  friend bool operator==(const Shape&, const Shape&) = default;
};

// What other statements of a migration do to what one of them asks for: that is not compared.
struct Elsewhere {
  std::set<std::string> columns{};
  bool constraints = false;  // any of them
  bool code = false;         // runs what nobody has looked into
  bool more = false;         // there may be columns and constraints that it does not ask for
};
Elsewhere altered_elsewhere(const Script& script, std::size_t statement, const SqlObject& object);

// In what way `there` is not what a twin shows that was asked for; each in words, none: it is.
std::vector<std::string> differences(const Twin& twin,
                                     const Shape& there,
                                     const Shape& asked,
                                     const Elsewhere& elsewhere);

// The same, where not even what kind of thing is there is as asked for; before a twin is made.
std::vector<std::string> differences_in_kind(const Twin& twin, const Shape& there);

// Whether a statement asks for nothing in the database: a setting of the session, say.
bool asks_for_nothing(const Statement& statement);

// "table shop.users", also of a column of it: for people.
std::string name_of(const SqlObject& object);

}  // namespace tidemark
