/* The C side of the plugin: see guard.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include <string.h>

#include <epan/exceptions.h>
#include <epan/proto_data.h>

#include "inside.h"

static as_vtable rust;

/* ---- exceptions ------------------------------------------------------------------------------------------------- */

/* The one exception that is on its way back to an entry. Dissection is single-threaded. */
static struct {
    int pending;
    unsigned long code;
    const char *message;
    void *data;
} kept;

static void keep(except_t *volatile exc)
{
    kept.pending = 1;
    kept.code = except_code(exc);
    kept.message = except_message(exc);
    kept.data = except_take_data(exc);
}

/* Runs in an entry, after every Rust frame has returned. */
static void throw_kept(void)
{
    if (kept.pending) {
        kept.pending = 0;
        except_throwd(XCEPT_GROUP_WIRESHARK, kept.code, kept.message, kept.data);
    }
}

#define GUARD(statement)          \
    volatile int thrown = 0;      \
    TRY { statement; }            \
    CATCH_ALL                     \
    {                             \
        keep(exc);                \
        thrown = 1;               \
    }                             \
    ENDTRY;                       \
    return thrown

void as_keep_panic(const char *text, size_t length)
{
    char *copy = (char *)except_alloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    kept.pending = 1;
    kept.code = DissectorError;
    kept.message = copy;
    kept.data = copy;
}

/* ---- entries ---------------------------------------------------------------------------------------------------- */

static int enter(int entry, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    as_segment segment;
    int used;

    as_describe_segment(pinfo, data, &segment);
    used = rust.dissect(entry, tvb, pinfo, tree, &segment);
    throw_kept();
    return used;
}

#define ENTRY(name, number, data_of_tcp)                                                         \
    static int name(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)             \
    {                                                                                            \
        (void)data;                                                                              \
        return enter(number, tvb, pinfo, tree, (data_of_tcp));                                   \
    }

ENTRY(enter_client_tcp, AS_ENTRY_CLIENT_TCP, data)
ENTRY(enter_client_tls, AS_ENTRY_CLIENT_TLS, NULL)
ENTRY(enter_info_text_tcp, AS_ENTRY_INFO_TEXT_TCP, data)
ENTRY(enter_heartbeat_tcp, AS_ENTRY_HEARTBEAT_TCP, data)
ENTRY(enter_heartbeat_udp, AS_ENTRY_HEARTBEAT_UDP, NULL)
ENTRY(enter_fabric_tcp, AS_ENTRY_FABRIC_TCP, data)

static dissector_t const entries[AS_ENTRY_MAX] = {
    enter_client_tcp, enter_client_tls, enter_info_text_tcp, enter_heartbeat_tcp, enter_heartbeat_udp, enter_fabric_tcp,
};
static dissector_handle_t handles[AS_ENTRY_MAX];

dissector_handle_t as_handle(int entry) { return handles[entry]; }

static int enter_heuristic(int heuristic, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    /* A hit claims the conversation for the entry that a port would have chosen. */
    static const int claims[AS_HEURISTIC_MAX] = {
        AS_ENTRY_CLIENT_TCP, AS_ENTRY_HEARTBEAT_TCP, AS_ENTRY_HEARTBEAT_UDP, AS_ENTRY_FABRIC_TCP, AS_ENTRY_CLIENT_TCP,
    };
    as_segment segment;
    int hit;

    as_describe_segment(pinfo, data, &segment);
    hit = rust.heuristic(heuristic, tvb, pinfo, tree, &segment);
    throw_kept();
    if (!hit)
        return 0;
    conversation_set_dissector(find_or_create_conversation(pinfo), handles[claims[heuristic]]);
    enter(claims[heuristic], tvb, pinfo, tree, pinfo->ptype == PT_TCP ? data : NULL);
    return 1;
}

#define HEURISTIC(name, number)                                                                  \
    static as_bool name(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)         \
    {                                                                                            \
        return enter_heuristic(number, tvb, pinfo, tree, data) != 0;                             \
    }

HEURISTIC(try_client_tcp, AS_HEURISTIC_CLIENT_TCP)
HEURISTIC(try_heartbeat_tcp, AS_HEURISTIC_HEARTBEAT_TCP)
HEURISTIC(try_heartbeat_udp, AS_HEURISTIC_HEARTBEAT_UDP)
HEURISTIC(try_fabric_tcp, AS_HEURISTIC_FABRIC_TCP)

static int is_for_tls(unsigned port)
{
    static dissector_table_t tls, tcp;

    if (tls == NULL) {
        tls = find_dissector_table("tls.port");
        tcp = find_dissector_table("tcp.port");
    }
    return tls != NULL && dissector_get_uint_handle(tls, port) == handles[AS_ENTRY_CLIENT_TLS] &&
           dissector_get_uint_handle(tcp, port) != handles[AS_ENTRY_CLIENT_TCP];
}

int as_is_for_tls(packet_info *pinfo)
{
    return is_for_tls(pinfo->destport) || is_for_tls(pinfo->srcport);
}

/* Always on, since it asks at those ports alone. */
static as_bool try_client_clear(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    return as_is_for_tls(pinfo) && enter_heuristic(AS_HEURISTIC_CLIENT_CLEAR, tvb, pinfo, tree, data) != 0;
}

static heur_dissector_t const heuristics[AS_HEURISTIC_MAX] = {
    try_client_tcp, try_heartbeat_tcp, try_heartbeat_udp, try_fabric_tcp, try_client_clear,
};

/* ---- after a frame: what TCP knows, and no subdissector is handed ------------------------------------------------ */

static int passed_protocol = -1;
static int64_t latest_time;

int64_t as_latest_time(void) { return latest_time; }

int as_is_copy(packet_info *pinfo) { return as_frame_data(pinfo, passed_protocol, AS_COPY_KEY) != NULL; }

static int after_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    as_passed passed;

    (void)data;
    if (!PINFO_FD_VISITED(pinfo)) {
        int64_t now = (int64_t)pinfo->abs_ts.secs * 1000000000 + pinfo->abs_ts.nsecs;
        if (now > latest_time)
            latest_time = now;
    } else if (tree == NULL || (!as_is_copy(pinfo) && as_frame_data(pinfo, passed_protocol, AS_HIDDEN_KEY) == NULL))
        return 0;
    if (as_describe_passed(pinfo, passed_protocol, &passed)) {
        rust.on_frame(tvb, pinfo, tree, &passed);
        throw_kept();
    }
    /* Not a layer of the frame. */
    return 0;
}

void as_register_passed(int protocol)
{
    passed_protocol = protocol;
    register_postdissector(create_dissector_handle(after_frame, protocol));
}

/* ---- framing: tcp_dissect_pdus calls back into Rust ------------------------------------------------------------- */

static unsigned pdu_length(int framing, packet_info *pinfo, tvbuff_t *tvb, int offset)
{
    int can_wait = as_pref_desegment() && pinfo->can_desegment != 0 && !as_quoted(pinfo);
    unsigned length = rust.pdu_length(framing, can_wait, tvb, offset);
    throw_kept();
    return length;
}

static int pdu(int framing, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    int used = rust.pdu(framing, tvb, pinfo, tree, data);
    throw_kept();
    return used;
}

#define FRAMING(length_name, pdu_name, number)                                                   \
    static unsigned length_name(packet_info *pinfo, tvbuff_t *tvb, int offset, void *data)       \
    {                                                                                            \
        (void)data;                                                                              \
        return pdu_length(number, pinfo, tvb, offset);                                           \
    }                                                                                            \
    static int pdu_name(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)         \
    {                                                                                            \
        return pdu(number, tvb, pinfo, tree, data);                                              \
    }

FRAMING(client_length, client_pdu, AS_FRAMING_CLIENT)
FRAMING(heartbeat_length, heartbeat_pdu, AS_FRAMING_HEARTBEAT)
FRAMING(fabric_length, fabric_pdu, AS_FRAMING_FABRIC)

typedef unsigned (*length_fn)(packet_info *, tvbuff_t *, int, void *);
static length_fn const lengths[AS_FRAMING_MAX] = {client_length, heartbeat_length, fabric_length};
static dissector_t const pdus[AS_FRAMING_MAX] = {client_pdu, heartbeat_pdu, fabric_pdu};

int as_dissect_pdus(int framing, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    as_bool waits = as_pref_desegment() && !as_quoted(pinfo);

    /* A header of one byte: the length callback asks for more itself, and so sees a bad first byte at once. */
    GUARD(tcp_dissect_pdus(tvb, pinfo, tree, waits, 1, lengths[framing], pdus[framing], data));
}

/* ---- start-up --------------------------------------------------------------------------------------------------- */

static void register_protocols(void) { rust.register_protocols(); }
static void register_handoff(void) { rust.register_handoff(); }
static void on_file_open(void)
{
    as_forget_conversations();
    latest_time = 0;
    rust.on_file_open();
}
static void on_file_close(void)
{
    as_forget_conversations();
    rust.on_file_close();
}

void as_plugin_register(const as_vtable *vtable)
{
    static proto_plugin plugin;

    rust = *vtable;
    plugin.register_protoinfo = register_protocols;
    plugin.register_handoff = register_handoff;
    proto_register_plugin(&plugin);
    register_init_routine(on_file_open);
    register_cleanup_routine(on_file_close);
}

void as_register_dissector(int entry, int protocol, const char *name, const char *description)
{
    handles[entry] = register_dissector_with_description(name, description, entries[entry], protocol);
}

void as_register_heuristic(int heuristic, int protocol, const char *table, const char *display, const char *name)
{
    heur_dissector_add(table, heuristics[heuristic], display, name, protocol,
                       heuristic == AS_HEURISTIC_CLIENT_CLEAR ? HEURISTIC_ENABLE : HEURISTIC_DISABLE);
}

void as_register_ports(int entry, const char *table, const char *range)
{
    dissector_add_uint_range_with_preference(table, range, handles[entry]);
}

/* ---- guarded calls ---------------------------------------------------------------------------------------------- */

int as_item(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, unsigned encoding, proto_item **out)
{
    GUARD(*out = proto_tree_add_item(tree, hf, tvb, start, length, encoding));
}

int as_uint(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, uint32_t value, proto_item **out)
{
    GUARD(*out = proto_tree_add_uint(tree, hf, tvb, start, length, value));
}

int as_uint64(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, uint64_t value, proto_item **out)
{
    GUARD(*out = proto_tree_add_uint64(tree, hf, tvb, start, length, value));
}

int as_int64(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, int64_t value, proto_item **out)
{
    GUARD(*out = proto_tree_add_int64(tree, hf, tvb, start, length, value));
}

int as_double(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, double value, proto_item **out)
{
    GUARD(*out = proto_tree_add_double(tree, hf, tvb, start, length, value));
}

int as_boolean(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, int value, proto_item **out)
{
    GUARD(*out = proto_tree_add_boolean(tree, hf, tvb, start, length, value != 0));
}

int as_string(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, const char *value, proto_item **out)
{
    GUARD(*out = proto_tree_add_string(tree, hf, tvb, start, length, value));
}

int as_bytes(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, const uint8_t *value, int value_length,
             proto_item **out)
{
    GUARD(*out = proto_tree_add_bytes_with_length(tree, hf, tvb, start, length, value, value_length));
}

int as_ether(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, const uint8_t *value, proto_item **out)
{
    GUARD(*out = proto_tree_add_ether(tree, hf, tvb, start, length, value));
}

int as_time(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, int64_t secs, int nsecs, proto_item **out)
{
    nstime_t time;
    time.secs = (time_t)secs;
    time.nsecs = nsecs;
    GUARD(*out = proto_tree_add_time(tree, hf, tvb, start, length, &time));
}

int as_bitmask(proto_tree *tree, tvbuff_t *tvb, int start, int hf, int ett, int **fields, unsigned encoding,
               proto_item **out)
{
    GUARD(*out = proto_tree_add_bitmask(tree, tvb, start, hf, ett, fields, encoding));
}

int as_bitmask_value(proto_tree *tree, tvbuff_t *tvb, int start, int length, int hf, int ett, int **fields,
                     uint32_t value, proto_item **out)
{
    GUARD({
        *out = proto_tree_add_uint(tree, hf, tvb, start, length, value);
        proto_tree_add_bitmask_list_value(proto_item_add_subtree(*out, ett), tvb, start, length, fields, value);
    });
}

int as_bits(proto_tree *tree, tvbuff_t *tvb, int start, int length, int **fields, uint32_t value)
{
    GUARD(proto_tree_add_bitmask_list_value(tree, tvb, start, length, fields, value));
}

int as_subtree(proto_item *item, int ett, proto_tree **out)
{
    GUARD(*out = proto_item_add_subtree(item, ett));
}

int as_expert(packet_info *pinfo, proto_item *item, expert_field *ei, int detail, int ett, const char *text)
{
    GUARD({
        proto_item *before = item != NULL ? item->last_child : NULL;

        expert_add_info(pinfo, item, ei);
        if (text != NULL && item != NULL) {
            /* Not every version returns it: it is the item's new child, if anybody looks. */
            proto_item *said = item->last_child != before ? item->last_child : item;

            proto_item_set_generated(
                proto_tree_add_string(proto_item_add_subtree(said, ett), detail, NULL, 0, 0, text));
        }
    });
}

int as_throw_missing(tvbuff_t *tvb, int offset, int length)
{
    GUARD((void)tvb_get_ptr(tvb, offset, length));
}

int as_call_named(const char *name, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, int claim)
{
    dissector_handle_t handle = find_dissector(name);

    if (handle == NULL)
        return 0;
    GUARD({
        if (claim)
            /* From the next frame on: this one stays ours on every pass. */
            conversation_set_dissector_from_frame_number(find_or_create_conversation(pinfo), pinfo->num + 1, handle);
        call_dissector(handle, tvb, pinfo, tree);
    });
}

int as_child_source(packet_info *pinfo, tvbuff_t *parent, const uint8_t *data, unsigned captured, unsigned reported,
                    const char *name, tvbuff_t **out)
{
    GUARD({
        *out = tvb_new_child_real_data(parent, data, captured, (int)reported);
        add_new_data_source(pinfo, *out, name);
    });
}

/* ---- what is kept of a packet, a frame and a connection ---------------------------------------------------------- */

/* The state of the packet under dissection. Packets are dissected one after the other, each with a pool of its own that
 * is emptied before its next dissection. */
static struct {
    const wmem_allocator_t *pool;
    union {
        as_frame_facts facts;
        uint64_t all[AS_PACKET_STATE / sizeof(uint64_t)];
    } state;
} current;

static as_wmem_bool packet_is_over(wmem_allocator_t *pool, wmem_cb_event_t event, void *data)
{
    (void)event;
    (void)data;
    if (current.pool == pool)
        current.pool = NULL;
    return 0;
}

void *as_packet_state(packet_info *pinfo)
{
    if (current.pool != pinfo->pool) {
        memset(&current.state, 0, sizeof current.state);
        current.pool = pinfo->pool;
        current.state.facts.number = pinfo->num;
        current.state.facts.seconds = (int64_t)pinfo->abs_ts.secs;
        current.state.facts.nanoseconds = pinfo->abs_ts.nsecs;
        wmem_register_callback(pinfo->pool, packet_is_over, NULL);
    }
    /* Bytes that are quoted follow others in the frame. */
    current.state.facts.quoted = as_quoted(pinfo) != 0;
    current.state.facts.visited = current.state.facts.quoted || PINFO_FD_VISITED(pinfo) != 0;
    return &current.state;
}

void *as_frame_data(packet_info *pinfo, int protocol, uint32_t key)
{
    return p_get_proto_data(wmem_file_scope(), pinfo, protocol, key);
}

void as_set_frame_data(packet_info *pinfo, int protocol, uint32_t key, void *data)
{
    p_add_proto_data(wmem_file_scope(), pinfo, protocol, key, data);
}
