/* What is registered at start-up as data: ports, fields, expert items, the conversation filter. See guard.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../guard/guard.h"

#include <epan/conversation_filter.h>
#include <wsutil/wslog.h>

#include "../guard/inside.h"
#include "preferences.h"

/* ---- ports ------------------------------------------------------------------------------------------------------- */

static module_t *preferences;
/* The range as the user set it, and as it is in the table. */
static struct {
    int entry;
    const char *table, *name, *title, *initial;
    range_t *wanted, *active;
} ranges[AS_RANGE_MAX] = {
    {AS_ENTRY_HEARTBEAT_TCP, "tcp.port", "heartbeat.tcp.port", "Heartbeat TCP port(s)", "3002", NULL, NULL},
    {AS_ENTRY_HEARTBEAT_UDP, "udp.port", "heartbeat.udp.port", "Heartbeat UDP port(s)", "9918", NULL, NULL},
    {AS_ENTRY_FABRIC_TCP, "tcp.port", "fabric.tcp.port", "Fabric TCP port(s)", "3001", NULL, NULL},
    {AS_ENTRY_INFO_TEXT_TCP, "tcp.port", "info_text.tcp.port", "Text info (or admin) TCP port(s)", "3003", NULL, NULL},
};

static void apply_ranges(void)
{
    int i;
    for (i = 0; i < AS_RANGE_MAX; i++) {
        if (as_handle(ranges[i].entry) == NULL)
            continue;
        if (ranges[i].active != NULL) {
            if (ranges_are_equal(ranges[i].active, ranges[i].wanted))
                continue;
            dissector_delete_uint_range(ranges[i].table, ranges[i].active, as_handle(ranges[i].entry));
            wmem_free(wmem_epan_scope(), ranges[i].active);
        }
        ranges[i].active = range_copy(wmem_epan_scope(), ranges[i].wanted);
        dissector_add_uint_range(ranges[i].table, ranges[i].active, as_handle(ranges[i].entry));
    }
}

void as_register_pref_module(int protocol)
{
    int i;

    preferences = prefs_register_protocol(protocol, apply_ranges);
    for (i = 0; i < AS_RANGE_MAX; i++)
        range_convert_str(wmem_epan_scope(), &ranges[i].wanted, ranges[i].initial, 65535);
}

/* The window shows preferences in the order of their registration: Wireshark registers those of the main ports when a
 * dissector is put on them, so the others come after that. */
static void register_preferences(void)
{
    int i;

    for (i = 0; i < AS_RANGE_MAX; i++)
        prefs_register_range_preference(preferences, ranges[i].name, ranges[i].title,
                                        "Ports on which this protocol is expected", &ranges[i].wanted, 65535);
    as_register_values(preferences);
}

void as_handoff(void)
{
    register_preferences();
    apply_ranges();
}

/* ---- protocols, fields, expert items ----------------------------------------------------------------------------- */

int as_register_protocol(const char *name, const char *short_name, const char *filter)
{
    return proto_register_protocol(name, short_name, filter);
}

/* Fields live as long as the program: Wireshark keeps the pointers. Blocks of them, for as_any_asked. */
static hf_register_info *next_field(void)
{
    enum { BLOCK = 256 };
    static hf_register_info *block;
    static unsigned used = BLOCK;

    if (used == BLOCK) {
        block = g_new0(hf_register_info, BLOCK);
        used = 0;
    }
    return &block[used++];
}

const int *as_register_field(int protocol, int *id, const char *name, const char *abbrev, int type, int display,
                       const void *strings, uint64_t bitmask, const char *blurb)
{
    hf_register_info *field = next_field();
    header_field_info info = {name, abbrev, (enum ftenum)type, display, strings, bitmask, blurb, HFILL};

    field->p_id = id;
    field->hfinfo = info;
    proto_register_field_array(protocol, field, 1);
    G_STATIC_ASSERT(sizeof field->hfinfo.ref_type == sizeof(int));
    return (const int *)&field->hfinfo.ref_type;
}

void as_register_subtree(int *ett)
{
    int *array[1];
    array[0] = ett;
    proto_register_subtree_array(array, 1);
}

const int *as_register_expert(int protocol, expert_field *ei, const char *name, int group, int severity,
                        const char *summary)
{
    static expert_module_t *module;
    ei_register_info *info = g_new0(ei_register_info, 1);
    expert_field_info details = {name, group, severity, summary, EXPFILL};

    if (module == NULL)
        module = expert_register_protocol(protocol);
    info->ids = ei;
    info->eiinfo = details;
    expert_register_field_array(module, info, 1);
    return (const int *)&proto_registrar_get_nth((guint)ei->hf)->ref_type;
}

/* ---- the conversation filter -------------------------------------------------------------------------------------- */

/* The filter's callbacks gained an argument in 4.2. */
#if AS_VERSION_AT_LEAST(4, 2)
#define FILTER_USER_DATA , void *user_data
#define FILTER_USER_DATA_UNUSED (void)user_data
#else
#define FILTER_USER_DATA
#define FILTER_USER_DATA_UNUSED (void)0
#endif

static as_bool has_connection(packet_info *pinfo FILTER_USER_DATA)
{
    FILTER_USER_DATA_UNUSED;
    return pinfo->ptype == PT_TCP && find_conversation_pinfo(pinfo, 0) != NULL;
}

static char *connection_filter(packet_info *pinfo FILTER_USER_DATA)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    struct tcp_analysis *tcp = conversation != NULL ? get_tcp_conversation_data(conversation, pinfo) : NULL;

    FILTER_USER_DATA_UNUSED;
    return tcp == NULL ? NULL : g_strdup_printf("aerospike && tcp.stream eq %u", as_tcp_stream(tcp));
}

void as_register_conversation_filter(const char *protocol, const char *name)
{
#if AS_VERSION_AT_LEAST(4, 2)
    register_conversation_filter(protocol, name, has_connection, connection_filter, NULL);
#else
    register_conversation_filter(protocol, name, has_connection, connection_filter);
#endif
}

/* ---- the program -------------------------------------------------------------------------------------------------- */

void as_running_version(int *major, int *minor, int *micro) { epan_get_version_number(major, minor, micro); }

void as_log(const char *text) { ws_message("%s", text); }
void as_log_quietly(const char *text) { ws_info("%s", text); }
