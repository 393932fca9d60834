/* The only header bindgen reads. The faces of the C side pull in what they need of epan. */
#include "src/epan/guard.h"
#include "src/epan/taps.h"
#include "src/epan/tcptap.h"
#include "src/epan/windows.h"
