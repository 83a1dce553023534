// What would run, as JSON.

#include "core/apply/steps.h"
#include "daemon/control/document_parts.h"
#include "daemon/control/documents.h"

namespace tidemark {

namespace json = boost::json;

namespace {

json::object object_document(const SqlObject& object) {
  return {{"kind", text(object.kind)},
          {"schema", text_or_null(object.schema)},
          {"name", text(object.name)},
          {"table", text_or_null(object.table)}};
}

json::object statement_document(const PlannedMigration& migration, const Step& step) {
  json::object document{{"number", step.number + 1},
                        {"line", place_in(migration.sql.text, step.offset).line},
                        {"kind", nullptr},
                        {"lock", to_string(LockClass::unknown)},
                        {"no_transaction", nullptr},
                        {"sql", text(step.sql)},
                        {"objects", json::array()},
                        {"notes", json::array()}};
  if (step.number < migration.script.statements.size()) {
    const auto& statement = migration.script.statements[step.number];
    document["kind"] = text(statement.kind);
    document["lock"] = to_string(statement.lock);
    document["no_transaction"] = text_or_null(statement.no_transaction);
    json::array objects;
    for (const auto& object : statement.objects) {
      objects.push_back(object_document(object));
    }
    document["objects"] = std::move(objects);
    if (step.number < migration.notes.size()) {
      json::array notes;
      for (const auto& note : migration.notes[step.number]) {
        notes.push_back(text(note));
      }
      document["notes"] = std::move(notes);
    }
  }
  return document;
}

json::object migration_in_plan(const PlannedMigration& migration) {
  json::array statements;
  for (const auto& step : steps_of(migration)) {
    statements.push_back(statement_document(migration, step));
  }
  return {{"id", text(migration.id.value)},
          {"key", text(migration.key.value)},
          {"file", text(migration.file)},
          {"sha256", migration.content.raw.hex()},
          {"transaction", migration.transactional()},
          {"analysed", !migration.script.unanalysed.has_value()},
          {"own_transaction", migration.script.wrapped},
          {"done", migration.done},
          {"statements", std::move(statements)}};
}

}  // namespace

json::object plan_document(const Plan& plan) {
  json::array migrations;
  for (const auto& migration : plan.migrations) {
    migrations.push_back(migration_in_plan(migration));
  }
  json::array hindrances;
  for (const auto& hindrance : plan.hindrances) {
    hindrances.push_back(json::object{{"what", hindrance.what},
                                      {"why", text(hindrance.why)},
                                      {"settle", text_or_null(hindrance.settle)}});
  }
  json::array warnings;
  for (const auto& warning : plan.warnings) {
    warnings.push_back(text(warning));
  }
  return {{"plan_id", plan.id},
          {"app", plan.environment.app},
          {"environment", plan.environment.name},
          {"action", to_string(plan.action)},
          {"migrations", std::move(migrations)},
          {"hindrances", std::move(hindrances)},
          {"warnings", std::move(warnings)}};
}

}  // namespace tidemark
