/* What is registered at start-up as data: preferences, fields, expert items, the conversation filter. See guard.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../guard/guard.h"

#include <epan/conversation_filter.h>
#include <epan/prefs.h>
#include <wsutil/wslog.h>

#include "../guard/inside.h"

/* ---- preferences ------------------------------------------------------------------------------------------------- */

/* At their defaults. */
static as_bool desegment = 1, show_credentials = 0, hotkeys_scans = 0, context_on_answers = 1;
static unsigned slow_threshold = 0, hotkeys_rows = 10000, hotkeys_least = 0, timeline_interval = 0;
static const char *report_folder = "", *node_names = "";

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

int as_pref_desegment(void) { return desegment; }
int as_pref_show_credentials(void) { return show_credentials; }
unsigned as_pref_slow_threshold(void) { return slow_threshold; }
int as_pref_hotkeys_scans(void) { return hotkeys_scans; }
int as_pref_context_on_answers(void) { return context_on_answers; }
unsigned as_pref_hotkeys_rows(void) { return hotkeys_rows; }
unsigned as_pref_hotkeys_least(void) { return hotkeys_least; }
const char *as_pref_node_names(void) { return node_names != NULL ? node_names : ""; }
unsigned as_pref_timeline_interval(void) { return timeline_interval; }
const char *as_pref_report_folder(void) { return report_folder != NULL ? report_folder : ""; }

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
    prefs_register_bool_preference(preferences, "desegment", "Reassemble messages that span several TCP segments",
                                   "Also needs \"Allow subdissectors to reassemble TCP streams\" of the TCP protocol",
                                   &desegment);
    prefs_register_uint_preference(preferences, "slow_threshold", "Slow response threshold (ms)",
                                   "Answers that took longer get an expert item; 0 switches it off", 10,
                                   &slow_threshold);
    prefs_register_bool_preference(preferences, "show_credentials", "Show credentials",
                                   "Show passwords, credentials and session tokens, not only their length",
                                   &show_credentials);
    prefs_register_bool_preference(preferences, "context_on_answers", "Show on answers what was asked for",
                                   "Answers say operation, namespace, set, key and digest of their requests, so that one "
                                   "filter has them together with result and response time",
                                   &context_on_answers);
    prefs_register_bool_preference(preferences, "hotkeys_scans", "Count scanned records as hot-key reads",
                                   "Count the records that scans and queries return in the hot key report",
                                   &hotkeys_scans);
    prefs_register_uint_preference(preferences, "hotkeys_rows", "Rows of the hot key report",
                                   "How many rows the hot key table shows in the GUI; 0 is all", 10, &hotkeys_rows);
    prefs_register_uint_preference(preferences, "hotkeys_least", "Least requests a second of a hot key",
                                   "Keys with fewer requests a second are not listed in the hot key report, but counted; "
                                   "0: all are listed",
                                   10, &hotkeys_least);
    prefs_register_string_preference(preferences, "node_names", "Names of nodes",
                                     "What nodes are called where their ids are shown, such as: "
                                     "bb9a1b2c3d4e5f6=db-1, a2=db-2",
                                     &node_names);
    prefs_register_uint_preference(preferences, "timeline_interval", "Interval of the timeline (ms)",
                                   "Length of a row of the timeline; 0: as short as a hundred rows allow", 10,
                                   &timeline_interval);
    prefs_register_directory_preference(preferences, "report_folder", "Folder for reports as CSV",
                                        "Reports that are open are also written there, a CSV file each, whenever they are "
                                        "drawn; empty: none",
                                        &report_folder);
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
