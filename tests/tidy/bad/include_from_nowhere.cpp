// path: adapters/files/scan.cpp
#include "scan.h"  // expect: include-root
#include "../loop/pool.h"  // expect: include-root
