/* The values that users set: their readers are in guard.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_PREFERENCES_H
#define AEROSPIKE_PREFERENCES_H

#include <epan/prefs.h>

/* Puts them into the window, in this order, behind what is there. */
void as_register_values(module_t *preferences);

#endif
