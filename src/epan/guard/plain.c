/* Calls that cannot throw, so that they need no guard: see guard.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include <stddef.h>

#include <epan/proto_data.h>

#include "inside.h"

/* Whether a listener is handed whole frames, and may look at the layers in their trees. */
static int frames_are_heard(void)
{
    static int tap;

    if (tap == 0)
        tap = find_tap_id("frame");
    return tap != 0 && have_tap_listener(tap);
}

/* The protocol hierarchy looks at the layers without referring to any. tshark's listens to frames, and finds the items at
 * the root; that of the GUI says so in the tree. */
int as_wants_protocol(proto_tree *tree, int protocol)
{
    return tree != NULL &&
           (as_details_visible(tree) || !as_details_fake_protocols(tree) ||
            as_field_reference(proto_registrar_get_nth((unsigned)protocol)) == HF_REF_TYPE_DIRECT ||
            (as_details_is_root(tree) && frames_are_heard()));
}

/* Notes are in our fields, which lie side by side. */
size_t as_note_distance(void) { return sizeof(hf_register_info); }

int as_any_asked(const int *first, unsigned count)
{
    const hf_register_info *field = (const hf_register_info *)(const void *)((const char *)first - offsetof(hf_register_info, hfinfo.ref_type));
    int any = 0;

#define NOTE(i) ((int)as_field_reference(&field[i].hfinfo))
    for (; count >= 8; count -= 8, field += 8)
        any |= NOTE(0) | NOTE(1) | NOTE(2) | NOTE(3) | NOTE(4) | NOTE(5) | NOTE(6) | NOTE(7);
    for (; count > 0; count--, field++)
        any |= NOTE(0);
    return any;
}

int as_visible(proto_tree *tree) { return tree != NULL && as_details_visible(tree); }
int as_experts_heard(void)
{
    static const char *const names[] = {"_ws.expert", "_ws.expert.message", "_ws.expert.group", "_ws.expert.severity"};
    static const header_field_info *fields[G_N_ELEMENTS(names)];
    static int tap;
    size_t i;

    if (tap == 0) {
        tap = find_tap_id("expert");
        for (i = 0; i < G_N_ELEMENTS(names); i++)
            fields[i] = proto_registrar_get_byname(names[i]);
    }
    for (i = 0; i < G_N_ELEMENTS(names); i++)
        if (fields[i] != NULL && as_field_reference(fields[i]) != HF_REF_TYPE_NONE)
            return 1;
    return tap != 0 && have_tap_listener(tap);
}

void as_generated(proto_item *item) { proto_item_set_generated(item); }
void as_hidden(proto_item *item) { proto_item_set_hidden(item); }
void as_set_length(proto_item *item, int length) { proto_item_set_len(item, length); }
void as_set_text(proto_item *item, const char *text) { proto_item_set_text(item, "%s", text); }
void as_append_text(proto_item *item, const char *text) { proto_item_append_text(item, "%s", text); }

int as_protocol_enabled(int protocol) { return proto_is_protocol_enabled(find_protocol_by_id(protocol)); }

int as_quoted(const packet_info *pinfo) { return pinfo->flags.in_error_pkt != 0; }

uint32_t as_source_port(const packet_info *pinfo) { return pinfo->srcport; }
uint32_t as_destination_port(const packet_info *pinfo) { return pinfo->destport; }

const uint8_t *as_source_address(const packet_info *pinfo, int *length)
{
    *length = pinfo->src.data != NULL ? pinfo->src.len : 0;
    return (const uint8_t *)pinfo->src.data;
}

const uint8_t *as_destination_address(const packet_info *pinfo, int *length)
{
    *length = pinfo->dst.data != NULL ? pinfo->dst.len : 0;
    return (const uint8_t *)pinfo->dst.data;
}

void as_credential(packet_info *pinfo, int hf, const char *user, const char *info)
{
    static int tap;
    tap_credential_t *found;

    if (tap == 0)
        tap = find_tap_id("credentials");
    if (tap == 0 || !have_tap_listener(tap) || as_quoted(pinfo))
        return;
    /* Listeners of some versions keep the pointers. */
    found = wmem_new0(wmem_file_scope(), tap_credential_t);
    found->num = found->username_num = pinfo->num;
    found->password_hf_id = (unsigned)hf;
    found->username = wmem_strdup(wmem_file_scope(), user);
    found->proto = "Aerospike";
    found->info = wmem_strdup(wmem_file_scope(), info);
    tap_queue_packet(tap, pinfo, found);
}

int as_wait_for_more(packet_info *pinfo, int offset)
{
    if (!as_pref_desegment() || !pinfo->can_desegment || as_quoted(pinfo))
        return 0;
    pinfo->desegment_offset = offset;
    pinfo->desegment_len = DESEGMENT_ONE_MORE_SEGMENT;
    return 1;
}

int as_columns(packet_info *pinfo) { return pinfo->cinfo != NULL && col_get_writable(pinfo->cinfo, COL_INFO); }
int as_has_expert_column(packet_info *pinfo)
{
    return pinfo->cinfo != NULL && col_get_writable(pinfo->cinfo, COL_EXPERT);
}
void as_column_set_protocol(packet_info *pinfo, const char *text) { col_set_str(pinfo->cinfo, COL_PROTOCOL, text); }
void as_column_set_info(packet_info *pinfo, const char *text) { col_add_str(pinfo->cinfo, COL_INFO, text); }
void as_column_fence_info(packet_info *pinfo) { col_set_fence(pinfo->cinfo, COL_INFO); }

const uint8_t *as_tvb_bytes(tvbuff_t *tvb, int *captured, int *reported)
{
    *captured = (int)tvb_captured_length(tvb);
    *reported = (int)tvb_reported_length(tvb);
    return *captured > 0 ? tvb_get_ptr(tvb, 0, *captured) : (const uint8_t *)"";
}

void *as_packet_alloc(packet_info *pinfo, size_t size) { return wmem_alloc(pinfo->pool, size); }
void *as_file_alloc(size_t size) { return wmem_alloc0(wmem_file_scope(), size); }
void *as_file_room(size_t size) { return wmem_alloc(wmem_file_scope(), size); }
