/* The only header bindgen reads. The guard's face pulls in what it needs of epan. */
#include "src/epan/guard.h"
