#pragma once

#include <string>

namespace tidemark::test {

// The statements by which Flyway itself makes its table, and a few migrations that it could have
// run.

// `table` is quoted already: "ops"."history".
inline std::string flyway_ddl(const std::string& table, const std::string& constraint = "history") {
  return "CREATE TABLE " + table +
         " (\"installed_rank\" INT NOT NULL,"
         " \"version\" VARCHAR(50),"
         " \"description\" VARCHAR(200) NOT NULL,"
         " \"type\" VARCHAR(20) NOT NULL,"
         " \"script\" VARCHAR(1000) NOT NULL,"
         " \"checksum\" INTEGER,"
         " \"installed_by\" VARCHAR(100) NOT NULL,"
         " \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(),"
         " \"execution_time\" INTEGER NOT NULL,"
         " \"success\" BOOLEAN NOT NULL);"
         " ALTER TABLE " +
         table + " ADD CONSTRAINT \"" + constraint +
         "_pk\" PRIMARY KEY (\"installed_rank\");"
         " CREATE INDEX \"" +
         constraint + "_s_idx\" ON " + table + " (\"success\");";
}

inline std::string flyway_3_ddl(const std::string& table) {
  return "CREATE TABLE " + table +
         " (\"version_rank\" INT NOT NULL,"
         " \"installed_rank\" INT NOT NULL,"
         " \"version\" VARCHAR(50) NOT NULL,"
         " \"description\" VARCHAR(200) NOT NULL,"
         " \"type\" VARCHAR(20) NOT NULL,"
         " \"script\" VARCHAR(1000) NOT NULL,"
         " \"checksum\" INTEGER,"
         " \"installed_by\" VARCHAR(100) NOT NULL,"
         " \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(),"
         " \"execution_time\" INTEGER NOT NULL,"
         " \"success\" BOOLEAN NOT NULL);"
         " ALTER TABLE " +
         table + " ADD CONSTRAINT \"schema_version_pk\" PRIMARY KEY (\"version\");";
}

// Version n, applied as the n-th.
inline std::string applied(const std::string& table, int n) {
  const auto number = std::to_string(n);
  return "INSERT INTO " + table +
         " (installed_rank, version, description, type, script, checksum, installed_by, "
         "installed_on,"
         " execution_time, success) VALUES (" +
         number + ", '" + number + "', 'step " + number + "', 'SQL', 'V" + number + "__step_" +
         number + ".sql', 78787420, 'flyway', '2026-04-18 14:22:00.123', 5, true);";
}

}  // namespace tidemark::test
