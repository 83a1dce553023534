#pragma once

#include <string>
#include <string_view>

#include "adapters/postgres/parameters.h"
#include "core/result.h"

namespace tidemark {

// Where a database is: the parameters of a connection string, checked, without the password.
struct Target {
  Parameters parameters;  // host, port, dbname, user, sslmode, … by libpq's names
  friend bool operator==(const Target&, const Target&) = default;
};

// Takes a postgresql:// URI or key=value pairs. A password in it is an error that says where
// passwords belong; what libpq 15 does not know, or what a transaction pooler refuses (`options`),
// is an error that names the parameter. No error ever repeats the text. Where it names no sslmode:
// verify-full over TCP, nothing over a Unix socket.
Result<Target> parse_target(std::string_view text);

// "db-staging:5432/shop as reader": for people.
std::string describe(const Target& target);

// "db-staging:5432": the server of it, whatever the database and the role.
std::string server_of(const Target& target);

// Removes PGHOST, PGPASSWORD, PGSERVICE, PGOPTIONS, … from the process's environment, where libpq
// would take what a target leaves open from. For the start of main(), before there are threads.
void forget_libpq_environment();

}  // namespace tidemark
