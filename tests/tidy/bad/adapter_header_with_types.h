// path: adapters/postgres/session.h
// with: daemon/watch/loop.cpp adapters/postgres/read_session.h
// with: adapters/postgres/read_session.h adapters/postgres/session.h
#pragma once

#include <libpq-fe.h>  // expect: third-party
#include <prometheus/registry.h>  // expect: third-party
#include <sqlite3.h>  // expect: third-party
#include <yaml-cpp/yaml.h>  // expect: third-party
