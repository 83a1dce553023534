// path: core/time.cpp
// with: core/time.h
#include <chrono>  // expect: own-header

#include "core/time.h"
