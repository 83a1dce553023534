// path: core/time.h // expect: pragma-once
#include <chrono>
