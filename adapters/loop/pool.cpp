#include "adapters/loop/pool.h"
