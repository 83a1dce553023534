#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/apply/plan.h"
#include "core/catalog/content.h"
#include "core/sql/name.h"
#include "core/sql/place.h"

namespace tidemark {

// A statement of a migration as it is sent.
struct Step {
  std::size_t number = 0;  // from 0
  std::string sql;
  std::size_t offset = 0;  // in the file
  friend bool operator==(const Step&, const Step&) = default;
};

// One for each statement; of what was not analysed a single one, all of it.
std::vector<Step> steps_of(const PlannedMigration& migration);

// The text of the first `count` of them.
Digest text_of_steps(const PlannedMigration& migration, std::size_t count);

// Why an attempt that has come as far as `journal` says cannot be gone on with: what ran already is
// not what the file has there now. Empty: it can.
std::string edited_since(const PlannedMigration& migration, const Journal& journal);

// What is there once it is applied, as SQL names it: relations that it makes and does not drop.
std::vector<std::string> made_by(const PlannedMigration& migration);

// Whether it only sets something for what comes after it in its session.
bool sets_something(const Statement& statement);

// Where a server's position is, which counts characters from 1.
std::size_t byte_of_character(std::string_view text, std::size_t character);
SqlPlace place_in(std::string_view text, std::size_t offset);

// That of an object as SQL takes it literally, with its schema where it has one.
std::string sql_name(const SqlObject& object);

}  // namespace tidemark
