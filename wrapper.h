/* The only header bindgen reads. The faces of the C side pull in what they need of epan. */
#include "src/epan/guard/guard.h"
#include "src/epan/reports/counters.h"
#include "src/epan/reports/taps.h"
#include "src/epan/taps/tcptap.h"
#include "src/epan/taps/windows.h"
