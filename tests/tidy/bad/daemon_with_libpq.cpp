// path: daemon/apply/run.cpp
#include <libpq-fe.h>  // expect: third-party
