// path: adapters/postgres/handle.h
// with: adapters/postgres/read_session.cpp adapters/postgres/handle.h
// with: daemon/watch/loop.cpp adapters/postgres/read_session.h
// with: adapters/postgres/read_session.h
#pragma once

#include <libpq-fe.h>
