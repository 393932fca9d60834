/* See windows.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "windows.h"

#include <string.h>

#include "../guard/guard.h"
#include "../guard/inside.h"

#include <epan/addr_resolv.h>
#include <epan/address_types.h>
#include <epan/conversation_table.h>
#include <epan/export_object.h>
#include <epan/follow.h>
#include <epan/tap.h>
#include <epan/to_str.h>

/* ---- endpoints --------------------------------------------------------------------------------------------------- */

enum { DIGEST = 20 };

static int record_type;
static as_endpoints list_endpoints;
static const char *record_field;

/* An address is a digest, and its text what a filter compares the field with. */
static int record_text(const address *record, char *text, int size)
{
    const uint8_t *bytes = (const uint8_t *)record->data;
    int at;

    if (size < 2 * record->len + 1)
        return 0;
    for (at = 0; at < record->len; at++)
        snprintf(text + 2 * at, 3, "%02x", bytes[at]);
    return 2 * record->len + 1;
}

static int record_text_length(const address *record) { return 2 * record->len + 1; }
static int record_length(void) { return DIGEST; }

static const char *record_filter(struct _endpoint_item_t *item, conv_filter_type_e which)
{
    (void)item;
    return which == CONV_FT_ANY_ADDRESS || which == CONV_FT_SRC_ADDRESS || which == CONV_FT_DST_ADDRESS
               ? record_field
               : CONV_FILTER_INVALID;
}

static et_dissector_info_t record_info = {record_filter};

static tap_packet_status endpoints_packet(void *table, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                          tap_flags_t flags)
{
    (void)edt;
    ((conv_hash_t *)table)->flags = flags;
    return list_endpoints(record, table, pinfo) ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

/* Records have no conversations. */
static tap_packet_status no_conversation(void *table, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                         tap_flags_t flags)
{
    (void)table;
    (void)pinfo;
    (void)edt;
    (void)record;
    (void)flags;
    return TAP_PACKET_DONT_REDRAW;
}

void as_register_endpoints(int protocol, const char *field, as_endpoints listener)
{
    list_endpoints = listener;
    record_field = field;
    record_type = address_type_dissector_register("AT_AEROSPIKE_RECORD", "Aerospike record", record_text,
                                                  record_text_length, NULL, NULL, record_length, NULL, NULL);
    register_conversation_table(protocol, TRUE, no_conversation, endpoints_packet);
}

void as_endpoint(void *table, packet_info *pinfo, const uint8_t *digest, int is_answer)
{
    address record;

    set_address(&record, record_type, DIGEST, digest);
    add_endpoint_table_data((conv_hash_t *)table, &record, 0, is_answer != 0, 1, (int)pinfo->fd->pkt_len, &record_info,
                            ENDPOINT_NONE);
}

/* ---- follow ------------------------------------------------------------------------------------------------------ */

static int follow_tap = -1;

static gchar *follow_by_index(guint stream, guint sub_stream)
{
    (void)sub_stream;
    return g_strdup_printf("tcp.stream eq %u", stream);
}

static gchar *follow_by_packet(epan_dissect_t *edt, packet_info *pinfo, guint *stream, guint *sub_stream)
{
    conversation_t *found = find_conversation_pinfo(pinfo, 0);
    struct tcp_analysis *tcp = found == NULL ? NULL : get_tcp_conversation_data(found, pinfo);

    (void)edt;
    *sub_stream = 0;
    if (tcp == NULL)
        return NULL;
    *stream = as_tcp_stream(tcp);
    return follow_by_index(*stream, 0);
}

static gchar *follow_by_address(address *source, address *destination, int source_port, int destination_port)
{
    const char *family = source->type == AT_IPv6 ? "ipv6" : "ip";
    char *from = address_to_str(NULL, source), *to = address_to_str(NULL, destination);
    gchar *filter = g_strdup_printf("%s.addr == %s and %s.addr == %s and tcp.port == %d and tcp.port == %d", family, from,
                                    family, to, source_port, destination_port);

    wmem_free(NULL, from);
    wmem_free(NULL, to);
    return filter;
}

static tap_packet_status follow_packet(void *listener, packet_info *pinfo, epan_dissect_t *edt, const void *data,
                                       tap_flags_t flags)
{
    follow_info_t *info = (follow_info_t *)listener;
    const as_line *line = (const as_line *)data;
    follow_record_t *record = g_new0(follow_record_t, 1);

    (void)edt;
    (void)flags;
    if (info->client_port == 0) {
        info->client_port = line->is_answer ? pinfo->destport : pinfo->srcport;
        info->server_port = line->is_answer ? pinfo->srcport : pinfo->destport;
        copy_address(&info->client_ip, line->is_answer ? &pinfo->dst : &pinfo->src);
        copy_address(&info->server_ip, line->is_answer ? &pinfo->src : &pinfo->dst);
    }
    record->is_server = line->is_answer != 0;
    record->packet_num = pinfo->num;
    record->abs_ts = pinfo->abs_ts;
    record->data = g_byte_array_append(g_byte_array_new(), (const guint8 *)line->text, (guint)line->length);
    info->bytes_written[line->is_answer != 0] += record->data->len;
    info->payload = g_list_prepend(info->payload, record);
    return TAP_PACKET_DONT_REDRAW;
}

void as_register_follow(int protocol)
{
    follow_tap = register_tap("aerospike_follow");
#if AS_VERSION_AT_LEAST(4, 2)
    register_follow_stream(protocol, "aerospike_follow", follow_by_packet, follow_by_index, follow_by_address,
                           tcp_port_to_display, follow_packet, get_tcp_stream_count, NULL);
#else
    register_follow_stream(protocol, "aerospike_follow", follow_by_packet, follow_by_index, follow_by_address,
                           tcp_port_to_display, follow_packet);
#endif
}

int as_is_followed(void) { return have_tap_listener(follow_tap); }
void as_follow(packet_info *pinfo, const as_line *line) { tap_queue_packet(follow_tap, pinfo, line); }

/* ---- objects ----------------------------------------------------------------------------------------------------- */

static int objects_tap = -1;

static tap_packet_status objects_packet(void *listener, packet_info *pinfo, epan_dissect_t *edt, const void *data,
                                        tap_flags_t flags)
{
    export_object_list_t *list = (export_object_list_t *)listener;
    const as_object *object = (const as_object *)data;
    export_object_entry_t *entry = g_new0(export_object_entry_t, 1);
    char *host = address_to_str(NULL, &pinfo->src);

    (void)edt;
    (void)flags;
    entry->pkt_num = pinfo->num;
    entry->hostname = g_strdup(host);
    entry->content_type = g_strdup("text/x-lua");
    entry->filename = g_path_get_basename(object->name);
    entry->payload_len = (size_t)object->length;
    /* g_memdup2 is newer than the oldest GLib. */
    entry->payload_data = (guint8 *)g_malloc((size_t)object->length + 1);
    memcpy(entry->payload_data, object->data, (size_t)object->length);
    wmem_free(NULL, host);
    list->add_entry(list->gui_data, entry);
    return TAP_PACKET_REDRAW;
}

void as_register_objects(int protocol) { objects_tap = register_export_object(protocol, objects_packet, NULL); }
int as_objects_wanted(void) { return have_tap_listener(objects_tap); }
void as_object_found(packet_info *pinfo, const as_object *object) { tap_queue_packet(objects_tap, pinfo, object); }
