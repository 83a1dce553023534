#pragma once

#include <string_view>

// Answers of the daemon, as interface.md shows them.
namespace tidemark::client::samples {

inline constexpr std::string_view status = R"json({
 "version":"0.1.0","ready":true,"trouble":[],
 "apps":[{"name":"shop","layout":"flyway","migrations":2,"last_scan":"2026-04-18T14:24:00.000Z","problems":[]}],
 "environments":[
  {"app":"shop","name":"dev","mode":"managed","mode_source":"name","tool":null,"table":null,"reachable":true,
   "as_of":"2026-04-18T14:24:30.000Z","stale":false,"history":"certain",
   "counts":{"applied":2,"pending":0,"drifted":0,"not_due":0,"applying":0,"failed":0,"unknown":0},
   "environment_findings":0,"problem":null,"frozen":null,
   "last_poll":{"at":"2026-04-18T14:24:30.000Z","outcome":"ok","error":null},"warnings":[]},
  {"app":"shop","name":"staging","mode":"reconcile_only","mode_source":"config","tool":"flyway",
   "table":"public.flyway_schema_history","reachable":true,"as_of":"2026-04-18T14:22:00.000Z","stale":false,
   "history":"certain",
   "counts":{"applied":0,"pending":1,"drifted":1,"not_due":0,"applying":0,"failed":0,"unknown":0},
   "environment_findings":0,"problem":null,"frozen":null,
   "last_poll":{"at":"2026-04-18T14:22:00.000Z","outcome":"ok","error":null},"warnings":["credential can write"]},
  {"app":"shop","name":"prod","mode":"export_only","mode_source":"name","tool":null,"table":null,"reachable":null,
   "as_of":null,"stale":false,"history":"certain",
   "counts":{"applied":1,"pending":0,"drifted":0,"not_due":1,"applying":0,"failed":0,"unknown":0},
   "environment_findings":0,"problem":null,"frozen":null,"last_poll":null,"warnings":[]}]})json";

inline constexpr std::string_view plan = R"json({
 "plan_id":"p_0123456789abcdef","app":"shop","environment":"dev","action":"apply",
 "migrations":[
  {"id":"003_tax","key":"003","file":"003_tax.sql","sha256":"aa","transaction":true,"analysed":true,"own_transaction":false,
   "statements":[
    {"number":1,"line":3,"kind":"ALTER TABLE","lock":"access_exclusive","no_transaction":null,
     "sql":"ALTER TABLE orders\n  ADD COLUMN tax numeric","objects":[{"kind":"table","schema":null,"name":"orders","table":null}],
     "notes":["orders: 1.2 GB, about 9,000,000 rows, 40 writes a second"]},
    {"number":2,"line":12,"kind":null,"lock":"none","no_transaction":null,"sql":"SELECT 1","objects":[]}]},
  {"id":"004_idx","key":"004","file":"004_idx.sql","sha256":"bb","transaction":false,"analysed":true,"own_transaction":false,
   "statements":[
    {"number":1,"line":1,"kind":"CREATE INDEX CONCURRENTLY","lock":"share_update_exclusive",
     "no_transaction":"CREATE INDEX CONCURRENTLY cannot be in a transaction block",
     "sql":"CREATE INDEX CONCURRENTLY orders_tax_idx ON orders (tax)","objects":[]}]}],
 "hindrances":[],"warnings":["it has drifted: 001_users"]})json";

inline constexpr std::string_view applied =
    R"json({"type":"started","at":"2026-04-18T14:22:00.000Z","environment":"shop/dev","plan":"p_0123456789abcdef","action":"apply","by":"ana (uid 1000)","migrations":["003_tax","004_idx"]}
{"type":"migration.started","at":"2026-04-18T14:22:00.000Z","migration":"003_tax","number":1,"of":2,"attempt":"a","transaction":true,"statements":2}
{"type":"progress","migration":"003_tax","number":1,"of":2,"statement":1,"statements":2,"line":3,"kind":"ALTER TABLE","elapsed_ms":1000}
{"type":"migration.finished","at":"2026-04-18T14:22:01.234Z","migration":"003_tax","outcome":"applied","elapsed_ms":1234}
{"type":"migration.started","at":"2026-04-18T14:22:01.234Z","migration":"004_idx","number":2,"of":2,"attempt":"b","transaction":false,"statements":1}
{"type":"migration.finished","at":"2026-04-18T14:23:34.000Z","migration":"004_idx","outcome":"applied","elapsed_ms":93000}
{"type":"finished","at":"2026-04-18T14:23:34.000Z","outcome":"applied","done":["003_tax","004_idx"],"left":[],"message":null}
)json";

inline constexpr std::string_view matrix = R"json({
 "app":"shop","layout":"flyway","problems":[],
 "environments":[{"name":"dev","mode":"managed"},{"name":"staging","mode":"reconcile_only"},{"name":"prod","mode":"export_only"}],
 "migrations":[
  {"id":"V1__users","key":"1","version":"1","description":"users","file":"V1__users.sql","sha256":"aa","rollback":null,
   "cells":{
     "dev":{"state":"applied","at":"2026-04-18T14:22:00.123Z","by":"ana","how":"managed","evidence":"executed","content":"verified","sha256":"aa"},
     "staging":{"state":"pending"},
     "prod":{"state":"applied","evidence":"attested","content":"unverifiable"}}},
  {"id":"V2__orders","key":"2","version":"2","description":"orders","file":"V2__orders.sql","sha256":"bb","rollback":"U2__orders.sql",
   "cells":{
     "dev":{"state":"applied","evidence":"executed","content":"verified","note":"line_endings"},
     "staging":{"state":"drifted","findings":[{"id":"f_01","kind":"edited","acknowledged":false}],"evidence":"observed","content":"differs"},
     "prod":{"state":"not_due"}}}]})json";

inline constexpr std::string_view findings = R"json({"findings":[
  {"id":"f_01","app":"shop","environment":"staging","migration":"V2__orders","kind":"edited","severity":"drift",
   "opened_at":"2026-04-18T14:22:00.123Z","updated_at":"2026-04-18T14:22:00.123Z","resolved_at":null,
   "acknowledged":null,"summary":"the file differs from what was applied","details":{}}]})json";

inline constexpr std::string_view ledger = R"json({
 "app":"shop","environment":"staging","tool":"flyway","table":"public.flyway_schema_history",
 "shape":{"recognised":"public.flyway_schema_history","tool":"flyway","evidence":"its columns are Flyway's",
          "rejected":[{"table":"public.schema_version","why":"no column checksum"}]},
 "rows":[
  {"id":"V1__users","key":"1","ours":"applied","theirs":"applied","state":"in_sync","kind":null,"why":""},
  {"id":"V147__hotfix_idx","key":"147","ours":null,"theirs":"applied","state":"drift","kind":"foreign",
   "why":"applied there, no file here"}]})json";

// Everything that a terminal could take for a command, in one name: ESC, a line end, a carriage
// return, C1, right-to-left.
inline constexpr std::string_view hostile =
    R"(x\u001b]0;owned\u0007\n\r\u009b31m\u202egpj.exe\u2028)";

}  // namespace tidemark::client::samples
