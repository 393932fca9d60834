/* The C side of the plugin: entries that Wireshark calls and guards around every epan call that can throw.
 *
 * Wireshark's exceptions are longjmp. A guard catches one right at the epan call, keeps it and returns 1;
 * the entry throws it again when every Rust frame has returned. So no longjmp ever crosses a Rust frame.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_GUARD_H
#define AEROSPIKE_GUARD_H

#include <stdint.h>
#include <ws_version.h>
#include <epan/packet.h>
#include <epan/conversation.h>
#include <epan/proto.h>
#include <epan/expert.h>
#include <epan/tap.h>
#include <epan/to_str.h>

/* Whether this is Wireshark major.minor or later. */
#define AS_VERSION_AT_LEAST(major, minor) \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* What Wireshark calls a boolean in this version: an int before 4.4, a bool since. */
typedef __typeof__(have_tap_listener(0)) as_bool;

/* The same of wmem, which changed to bool before epan did, in 4.2. */
typedef __typeof__(((wmem_user_cb_t)0)(0, WMEM_CB_FREE_EVENT, 0)) as_wmem_bool;

/* Who is calling: one number for each dissector that is registered. */
enum as_entry {
    AS_ENTRY_CLIENT_TCP = 0,
    AS_ENTRY_CLIENT_TLS,
    AS_ENTRY_INFO_TEXT_TCP,
    AS_ENTRY_HEARTBEAT_TCP,
    AS_ENTRY_HEARTBEAT_UDP,
    AS_ENTRY_FABRIC_TCP,
    AS_ENTRY_MAX
};

/* Heuristic entries. */
enum as_heuristic {
    AS_HEURISTIC_CLIENT_TCP = 0,
    AS_HEURISTIC_HEARTBEAT_TCP,
    AS_HEURISTIC_HEARTBEAT_UDP,
    AS_HEURISTIC_FABRIC_TCP,
    AS_HEURISTIC_CLIENT_CLEAR,
    AS_HEURISTIC_MAX
};

/* Which framing tcp_dissect_pdus applies. */
enum as_framing {
    AS_FRAMING_CLIENT = 0,
    AS_FRAMING_HEARTBEAT,
    AS_FRAMING_FABRIC,
    AS_FRAMING_MAX
};

/* What is known of the TCP segment (or reassembled data) that a dissector was handed. */
typedef struct as_segment {
    conversation_t *conversation; /* of this packet; NULL over UDP */
    uint32_t seq;                 /* of the first byte, as TCP counts here (relative or not) */
    uint32_t ack;                 /* what the sender had received, counted likewise */
    uint8_t has_ack;              /* 0: it says nothing of that, as a SYN with data does */
    uint8_t has_tcp;              /* 0: no TCP below (TLS, UDP); seq means nothing */
    uint8_t direction;            /* 0 or 1, the same for every packet of a direction */
    uint8_t first;                /* the first byte after a SYN that the capture holds */
    uint8_t reassembled;          /* handed over by TCP's reassembly */
    uint8_t late;                 /* and perhaps held back, so that seq is right but ack may be of a later segment */
    uint8_t server;               /* 1: sent by the side with the port that chose us, 0: to it, 2: unknown */
    uint8_t completeness;         /* TCP_COMPLETENESS bits of the connection so far */
    uint8_t has_begin[2];         /* the SYN of this direction, of the other one, is in the capture */
    uint32_t begin[2];            /* where its data begins, counted likewise */
} as_segment;

/* A frame of a connection that a dissector of ours was handed data of, after TCP is done with it. */
typedef struct as_passed {
    conversation_t *conversation;
    int64_t time;         /* nanoseconds since 1970 */
    uint32_t seq, end;    /* of a segment that was sent again: its first byte and behind its last, as TCP counts here */
    uint32_t ack;         /* what the sender had received */
    uint8_t again;        /* it was sent again */
    uint8_t overtaken;    /* it came after later ones */
    uint8_t hidden;       /* for that, TCP may hand it to nobody: its preference no_subdissector_on_error */
    uint8_t direction;    /* as in as_segment */
    uint8_t completeness; /* TCP_COMPLETENESS bits, this frame included */
} as_passed;

/* The Rust functions behind the entries. */
typedef struct as_vtable {
    int (*dissect)(int entry, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const as_segment *segment);
    int (*heuristic)(int entry, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const as_segment *segment);
    /* 0: more bytes are needed to tell (only where `can_wait`) */
    unsigned (*pdu_length)(int framing, int can_wait, tvbuff_t *tvb, int offset);
    int (*pdu)(int framing, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data);
    void (*on_frame)(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const as_passed *passed);
    void (*register_protocols)(void);
    void (*register_handoff)(void);
    void (*on_file_open)(void);
    void (*on_file_close)(void);
} as_vtable;

/* The conversation's last word on a TCP connection, known after the first pass. */
typedef struct as_connection_end {
    uint32_t acknowledged; /* what the other side acknowledged of this packet's direction, as sequence numbers */
    uint32_t received;     /* what this packet's sender acknowledged of the other direction, likewise */
    uint8_t closed_by;     /* who began to close: 1 this packet's sender, 2 the other side, 0 nobody */
    uint8_t completeness;  /* TCP_COMPLETENESS bits */
} as_connection_end;

/* ---- start-up ---- */
void as_plugin_register(const as_vtable *vtable);
void as_handoff(void);
int as_register_protocol(const char *name, const char *short_name, const char *filter);
/* Returns where Wireshark notes whether somebody asks for the field in this packet: 0 is nobody. */
const int *as_register_field(int protocol, int *id, const char *name, const char *abbrev, int type, int display,
                             const void *strings, uint64_t bitmask, const char *blurb);
void as_register_subtree(int *ett);
const int *as_register_expert(int protocol, expert_field *ei, const char *name, int group, int severity,
                        const char *summary);
void as_register_dissector(int entry, int protocol, const char *name, const char *description);
void as_register_heuristic(int heuristic, int protocol, const char *table, const char *display, const char *name);
void as_register_ports(int entry, const char *table, const char *range);
/* Of the dissector that is registered as an entry; NULL before that. */
dissector_handle_t as_handle(int entry);
void as_register_pref_module(int protocol);
/* Conversation Filter -> Aerospike: the messages of this packet's connection. */
void as_register_conversation_filter(const char *protocol, const char *name);
void as_running_version(int *major, int *minor, int *micro);
void as_log(const char *text);
/* Only for who asks: --log-level info. */
void as_log_quietly(const char *text);

enum as_pref_range { AS_RANGE_HEARTBEAT_TCP = 0, AS_RANGE_HEARTBEAT_UDP, AS_RANGE_FABRIC_TCP, AS_RANGE_INFO_TEXT_TCP, AS_RANGE_MAX };
int as_pref_desegment(void);
int as_pref_show_credentials(void);
unsigned as_pref_slow_threshold(void);
int as_pref_hotkeys_scans(void);
int as_pref_context_on_answers(void);
unsigned as_pref_hotkeys_rows(void);
unsigned as_pref_hotkeys_least(void);
/* Empty: none. */
const char *as_pref_node_names(void);
unsigned as_pref_timeline_interval(void);
/* Empty: none. */
const char *as_pref_report_folder(void);

/* ---- exceptions ---- */
/* A panic's text, thrown as a DissectorError when the entry returns. */
void as_keep_panic(const char *text, size_t length);

/* ---- guarded: 0 done, 1 thrown and kept ---- */
int as_item(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, unsigned encoding, proto_item **out);
int as_uint(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, uint32_t value, proto_item **out);
int as_uint64(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, uint64_t value, proto_item **out);
int as_int64(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, int64_t value, proto_item **out);
int as_double(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, double value, proto_item **out);
int as_boolean(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, int value, proto_item **out);
int as_string(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, const char *value, proto_item **out);
int as_bytes(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, const uint8_t *value, int value_length,
             proto_item **out);
int as_ether(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, const uint8_t *value, proto_item **out);
int as_time(proto_tree *tree, int hf, tvbuff_t *tvb, int start, int length, int64_t secs, int nsecs, proto_item **out);
int as_bitmask(proto_tree *tree, tvbuff_t *tvb, int start, int hf, int ett, int **fields, unsigned encoding,
               proto_item **out);
/* As above, for a value that is not simply the integer at `start`. */
int as_bitmask_value(proto_tree *tree, tvbuff_t *tvb, int start, int length, int hf, int ett, int **fields,
                     uint32_t value, proto_item **out);
/* The bits alone, below an item that has the value. */
int as_bits(proto_tree *tree, tvbuff_t *tvb, int start, int length, int **fields, uint32_t value);
int as_subtree(proto_item *item, int ett, proto_tree **out);
/* With text: below the expert item, as the field `detail`. A call with a NULL item is for the tap alone. */
int as_expert(packet_info *pinfo, proto_item *item, expert_field *ei, int detail, int ett, const char *text);
int as_throw_missing(tvbuff_t *tvb, int offset, int length);
int as_dissect_pdus(int framing, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data);
int as_call_named(const char *name, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, int claim);
int as_child_source(packet_info *pinfo, tvbuff_t *parent, const uint8_t *data, unsigned captured, unsigned reported,
                    const char *name, tvbuff_t **out);

/* ---- cannot throw ---- */
/* Whether an item of the protocol as such would be seen: a filter on one of its fields needs none. */
int as_wants_protocol(proto_tree *tree, int protocol);
/* Whether any note says that somebody asks, of fields that were registered one after the other. */
size_t as_note_distance(void);
int as_any_asked(const int *first, unsigned count);
int as_visible(proto_tree *tree);
/* Whether somebody asks for expert items as such: a table of them, or a field of theirs. */
int as_experts_heard(void);
void as_generated(proto_item *item);
void as_hidden(proto_item *item);
void as_set_length(proto_item *item, int length);
void as_set_text(proto_item *item, const char *text);
void as_append_text(proto_item *item, const char *text);
int as_protocol_enabled(int protocol);

/* Whether an error message of the network (ICMP) quotes these bytes. */
int as_quoted(const packet_info *pinfo);
uint32_t as_source_port(const packet_info *pinfo);
uint32_t as_destination_port(const packet_info *pinfo);
const uint8_t *as_source_address(const packet_info *pinfo, int *length);
const uint8_t *as_destination_address(const packet_info *pinfo, int *length);
int as_wait_for_more(packet_info *pinfo, int offset);
/* For Tools > Credentials and `-z credentials`: who logs in, and the field that proves it. */
void as_credential(packet_info *pinfo, int hf, const char *user, const char *info);
int as_columns(packet_info *pinfo);
/* Whether the column of the worst expert item is shown. */
int as_has_expert_column(packet_info *pinfo);
int as_out_of_order(packet_info *pinfo);
/* Whether a port of the packet is one at which TLS is expected, and nothing in clear. */
int as_is_for_tls(packet_info *pinfo);
void as_column_set_protocol(packet_info *pinfo, const char *text);
/* In place of what stands behind the last fence. */
void as_column_set_info(packet_info *pinfo, const char *text);
void as_column_fence_info(packet_info *pinfo);
const uint8_t *as_tvb_bytes(tvbuff_t *tvb, int *captured, int *reported);

void *as_packet_alloc(packet_info *pinfo, size_t size);
void *as_file_alloc(size_t size);
void *as_file_room(size_t size);
/* What is known of the frame under dissection, asked for often. */
typedef struct {
    /* When it was captured: seconds and nanoseconds since 1970. */
    int64_t seconds;
    int32_t nanoseconds;
    uint32_t number;
    /* Nothing may be remembered: on later passes, and of bytes that an error message quotes. */
    uint8_t visited;
    uint8_t quoted;
} as_frame_facts;
/* AS_PACKET_STATE bytes: what is known of the frame, then what is zero at the beginning of each dissection of it. */
enum { AS_PACKET_STATE = 88 };
void *as_packet_state(packet_info *pinfo);
/* The keys of what is remembered of a frame that is a copy, and of one that TCP hands to nobody: no ordinal of a message
 * comes near. */
enum { AS_COPY_KEY = 0x7fffffff, AS_HIDDEN_KEY = 0x7ffffffe };
int as_is_copy(packet_info *pinfo);
/* Whether a dissector of that protocol had the frame. */
int as_has_layer(packet_info *pinfo, const char *protocol);
void *as_frame_data(packet_info *pinfo, int protocol, uint32_t key);
void as_set_frame_data(packet_info *pinfo, int protocol, uint32_t key, void *data);
void *as_conversation_data(conversation_t *conversation, int protocol);
void as_set_conversation_data(conversation_t *conversation, int protocol, void *data);
int as_connection_ended(packet_info *pinfo, as_connection_end *end);
/* What TCP's own bookkeeping says of the data handed over; `data` is TCP's only behind an entry of tcp.port. */
void as_describe_segment(packet_info *pinfo, void *data, as_segment *segment);
/* Whether the frame is of a connection of which `protocol` keeps something, and what TCP says of it. */
int as_describe_passed(packet_info *pinfo, int protocol, as_passed *passed);
/* Calls `on_frame` for each such frame of the first pass, and later for those that have something under one of both keys. */
void as_register_passed(int protocol);
/* The round trip of the connection's handshake in nanoseconds, 0 where it is not known. */
int64_t as_round_trip(packet_info *pinfo);
/* The latest time of the frames so far, nanoseconds since 1970. */
int64_t as_latest_time(void);
/* The capture is closed: connections that were found before are void. */
void as_forget_conversations(void);

#ifdef AS_SOUNDNESS
/* ---- faults to inject: soundness.c ---- */
/* Registers the dissector "aerospike.soundness", which throws a ReportedBoundsError. */
void as_fault_register(void);
/* A field of Wireshark's. */
int as_fault_field(void);
/* Throws right here, through whoever called: what a guard is there to prevent. */
void as_fault_throw(void);
void as_fault_overread(void);
#endif

#endif
