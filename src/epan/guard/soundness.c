/* Faults to inject, in a plugin that is built to prove the guard: see soundness.rs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include <epan/exceptions.h>

static int throwing(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    (void)tvb, (void)pinfo, (void)tree, (void)data;
    THROW(ReportedBoundsError);
    return 0;
}

void as_fault_register(void) { register_dissector("aerospike.soundness", throwing, proto_get_id_by_filter_name("data")); }

int as_fault_field(void) { return proto_registrar_get_id_byname("frame.len"); }

void as_fault_throw(void) { THROW_MESSAGE(DissectorError, "an injected throw past the guard"); }

void as_fault_overread(void)
{
    volatile size_t length = 16;
    volatile char *piece = g_malloc0(length);
    volatile char behind = piece[length];
    (void)behind;
    g_free((void *)piece);
}
