/* What differs between systems: how a program that loads the plugin is told from another. All else is the same everywhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "taps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <glib.h>
#else
#include <dlfcn.h>
#endif

#ifdef _WIN32
static int is_program(const char *name)
{
    const char *program = g_get_prgname();
    return program != NULL && strstr(program, name) != NULL;
}
#endif

int as_has_windows(void)
{
#ifdef _WIN32
    return is_program("ireshark");
#else
    /* Qt is there in no other program. */
    return dlsym(RTLD_DEFAULT, "qVersion") != NULL;
#endif
}

int as_is_tshark(void)
{
#if defined(_WIN32)
    return is_program("tshark");
#elif defined(__GLIBC__)
    return strstr(program_invocation_short_name, "tshark") != NULL;
#elif defined(__APPLE__) || defined(__FreeBSD__)
    return strstr(getprogname(), "tshark") != NULL;
#else
    return !as_has_windows();
#endif
}
