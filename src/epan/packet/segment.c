/* What TCP knows of a segment and of its connection, and what is kept of a connection: see guard.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../guard/guard.h"

#include <string.h>

#include <epan/prefs.h>
#include <epan/prefs-int.h>

#include "../guard/inside.h"

/* ---- the connection of a packet ---------------------------------------------------------------------------------- */

/* Connections by addresses and ports, each direction on its own: Wireshark's search hashes all of them as bytes, for
 * packets of servers twice. */
static struct known_connection {
    conversation_t *conversation;
    struct tcp_analysis *tcp;
    uint8_t source[16], destination[16];
    uint32_t source_port, destination_port;
    uint8_t length;
} connections[1024];

/* What a protocol keeps of the connection that was asked for last. */
static struct {
    const conversation_t *conversation;
    int protocol;
    void *data;
} last_data;

void as_forget_conversations(void)
{
    memset(connections, 0, sizeof connections);
    memset(&last_data, 0, sizeof last_data);
}

static int is_address(const address *addr, const uint8_t *bytes, unsigned length)
{
    return (unsigned)addr->len == length &&
           (length == 4 ? memcmp(addr->data, bytes, 4) : memcmp(addr->data, bytes, 16)) == 0;
}

/* The connection as TCP has found it for this packet. TCP notes the frame in what it finds, on the first pass: a
 * connection that is known here under the same addresses and ports, and has that note, is the one. */
static uint32_t connection_place(const packet_info *pinfo)
{
    return (pinfo->srcport * 0x9e3779b1u + pinfo->destport * 0x85ebca6bu) >> 22;
}

static conversation_t *known_connection(packet_info *pinfo, struct tcp_analysis **tcp)
{
    struct known_connection *known = &connections[connection_place(pinfo)];
    conversation_t *found = known->conversation;

    if (found == NULL || found->last_frame != pinfo->num || PINFO_FD_VISITED(pinfo) ||
        known->source_port != pinfo->srcport || known->destination_port != pinfo->destport ||
        !is_address(&pinfo->src, known->source, known->length) ||
        !is_address(&pinfo->dst, known->destination, known->length))
        return NULL;
    *tcp = known->tcp;
    return found;
}

static conversation_t *find_connection(packet_info *pinfo, struct tcp_analysis **tcp)
{
    struct known_connection *known = &connections[connection_place(pinfo)];
    conversation_t *found = known_connection(pinfo, tcp);
    unsigned length = (unsigned)pinfo->src.len;

    if (found != NULL)
        return found;
    found = find_or_create_conversation(pinfo);
    *tcp = get_tcp_conversation_data(found, pinfo);
    if ((length == 4 || length == 16) && (unsigned)pinfo->dst.len == length) {
        known->conversation = found;
        known->tcp = *tcp;
        known->source_port = pinfo->srcport;
        known->destination_port = pinfo->destport;
        known->length = (uint8_t)length;
        memcpy(known->source, pinfo->src.data, length);
        memcpy(known->destination, pinfo->dst.data, length);
    }
    return found;
}

void *as_conversation_data(conversation_t *conversation, int protocol)
{
    if (last_data.conversation != conversation || last_data.protocol != protocol || last_data.data == NULL) {
        last_data.conversation = conversation;
        last_data.protocol = protocol;
        last_data.data = conversation_get_proto_data(conversation, protocol);
    }
    return last_data.data;
}

void as_set_conversation_data(conversation_t *conversation, int protocol, void *data)
{
    last_data.data = NULL;
    conversation_add_proto_data(conversation, protocol, data);
}

/* ---- the segment --------------------------------------------------------------------------------------------------- */

/* Whether TCP itself called: another protocol (TLS with a key list that names us) hands over data of its own. The last
 * layer is ours, or still TCP while a heuristic is asked; before it there may be more of ours, since layers stay where
 * TCP calls several times in a frame: with what it has put together, then with the rest. */
static int is_right_above_tcp(packet_info *pinfo)
{
    enum { MOST = 64 };
    static int tcp, ours[3];
    wmem_list_frame_t *layer = wmem_list_tail(pinfo->layers);
    int depth;

    if (tcp == 0) {
        ours[0] = proto_get_id_by_filter_name("aerospike");
        ours[1] = proto_get_id_by_filter_name("aerospike.heartbeat");
        ours[2] = proto_get_id_by_filter_name("aerospike.fabric");
        tcp = proto_get_id_by_filter_name("tcp");
    }
    for (depth = 0; depth < MOST && layer != NULL; depth++, layer = wmem_list_frame_prev(layer)) {
        int protocol = GPOINTER_TO_INT(wmem_list_frame_data(layer));
        if (protocol == tcp)
            return 1;
        if (protocol != ours[0] && protocol != ours[1] && protocol != ours[2])
            return 0;
    }
    return 0;
}

/* A preference of TCP's; `otherwise` where this version has none of that name. */
static int tcp_preference(pref_t **known, const char *name, int otherwise)
{
    if (*known == NULL)
        *known = prefs_find_preference(prefs_find_module("tcp"), name);
    return *known == NULL ? otherwise : prefs_get_bool_value(*known, pref_current) != 0;
}

/* Whether TCP shows sequence numbers from 0 on. */
static int relative_numbers(void)
{
    static pref_t *known;
    return tcp_preference(&known, "relative_sequence_numbers", 1);
}

/* Whether TCP holds segments back that came before their turn. */
static int holds_back(void)
{
    static pref_t *known;
    return tcp_preference(&known, "reassemble_out_of_order", 0);
}

/* Whether TCP may keep to itself what was sent again or came late: it does by default (no_subdissector_on_error), and of
 * what is sent again also where it puts messages together; not where it puts segments in order. */
static int may_keep_to_itself(void)
{
    static pref_t *desegment;
    return !(tcp_preference(&desegment, "desegment_tcp_streams", 1) && holds_back());
}

/* TCP's own mark: the constant is in packet-tcp.c alone, the same in all versions. */
#define OUT_OF_ORDER 0x0200

int as_out_of_order(packet_info *pinfo)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    struct tcp_analysis *tcp = conversation != NULL ? get_tcp_conversation_data(conversation, pinfo) : NULL;

    return tcp != NULL && (as_tcp_marks(tcp) & OUT_OF_ORDER) != 0;
}

void as_describe_segment(packet_info *pinfo, void *data, as_segment *segment)
{
    const struct tcpinfo *info = (const struct tcpinfo *)data;
    struct tcp_analysis *tcp;
    as_flow *sent, *received;

    memset(segment, 0, sizeof *segment);
    segment->server = 2;
    if (pinfo->ptype != PT_TCP)
        return;
    segment->conversation = find_connection(pinfo, &tcp);
    sent = as_tcp_sent(tcp);
    received = as_tcp_received(tcp);
    if (sent == NULL || received == NULL)
        return;
    segment->direction = as_tcp_direction(tcp);
    segment->completeness = as_tcp_completeness(tcp);
    if (as_tcp_server_port(tcp) != 0 && pinfo->srcport != pinfo->destport)
        segment->server = pinfo->srcport == as_tcp_server_port(tcp);
    else if (pinfo->match_uint == pinfo->destport && pinfo->match_uint != pinfo->srcport)
        segment->server = 0;
    else if (pinfo->match_uint == pinfo->srcport && pinfo->match_uint != pinfo->destport)
        segment->server = 1;
    if (info != NULL && is_right_above_tcp(pinfo)) {
        /* TCP_COMPLETENESS_SYNSENT 1, _SYNACK 2: which SYN opened this direction */
        unsigned syn = segment->server == 1 ? 2 : 1, other_syn = segment->server == 1 ? 1 : 2;
        int relative = relative_numbers();
        segment->has_tcp = 1;
        segment->seq = info->seq;
        segment->ack = info->lastackseq;
        segment->has_ack = (info->flags & TH_ACK) != 0;
        segment->reassembled = info->is_reassembled ? 1 : 0;
        segment->late = segment->reassembled && holds_back();
        segment->first =
            (segment->completeness & syn) != 0 && (info->seq == 1 || info->seq == as_flow_base(sent) + 1);
        segment->has_begin[0] = (segment->completeness & syn) != 0;
        segment->has_begin[1] = segment->server != 2 && (segment->completeness & other_syn) != 0;
        segment->begin[0] = relative ? 1 : as_flow_base(sent) + 1;
        segment->begin[1] = relative ? 1 : as_flow_base(received) + 1;
    }
}

/* Of packet-tcp.c, which does not export them. */
enum { TCP_RETRANSMISSION = 0x0001, TCP_FAST_RETRANSMISSION = 0x0400, TCP_SPURIOUS_RETRANSMISSION = 0x4000 };

int as_describe_passed(packet_info *pinfo, int protocol, as_passed *passed)
{
    struct tcp_analysis *tcp = NULL;
    conversation_t *conversation;
    as_flow *sent, *received;
    uint32_t ack;
    unsigned marks;
    int relative;

    if (pinfo->ptype != PT_TCP || pinfo->flags.in_error_pkt)
        return 0;
    conversation = known_connection(pinfo, &tcp);
    if (conversation == NULL) {
        conversation = find_conversation_pinfo(pinfo, 0);
        /* Asking for what TCP keeps makes it where there is nothing. */
        if (conversation == NULL || as_conversation_data(conversation, protocol) == NULL)
            return 0;
        tcp = get_tcp_conversation_data(conversation, pinfo);
    } else if (as_conversation_data(conversation, protocol) == NULL)
        return 0;
    sent = as_tcp_sent(tcp);
    received = as_tcp_received(tcp);
    if (sent == NULL || received == NULL)
        return 0;
    memset(passed, 0, sizeof *passed);
    marks = as_tcp_marks(tcp);
    passed->again =
        (marks & (TCP_RETRANSMISSION | TCP_FAST_RETRANSMISSION | TCP_SPURIOUS_RETRANSMISSION)) != 0;
    passed->overtaken = (marks & OUT_OF_ORDER) != 0;
    passed->hidden = (marks & (TCP_RETRANSMISSION | OUT_OF_ORDER)) != 0 && may_keep_to_itself();
    passed->conversation = conversation;
    passed->time = (int64_t)pinfo->abs_ts.secs * 1000000000 + pinfo->abs_ts.nsecs;
    passed->direction = as_tcp_direction(tcp);
    passed->completeness = as_tcp_completeness(tcp);
    relative = relative_numbers();
    if (as_flow_last_ack(sent, &ack))
        passed->ack = ack - (relative ? as_flow_base(received) : 0);
    if (as_flow_segment(sent, pinfo->num, &passed->seq, &passed->end) && relative) {
        passed->seq -= as_flow_base(sent);
        passed->end -= as_flow_base(sent);
    }
    return 1;
}

int as_has_layer(packet_info *pinfo, const char *protocol)
{
    return proto_is_frame_protocol(pinfo->layers, protocol) != 0;
}

int64_t as_round_trip(packet_info *pinfo)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    struct tcp_analysis *tcp;

    if (conversation == NULL || pinfo->ptype != PT_TCP)
        return 0;
    tcp = get_tcp_conversation_data(conversation, pinfo);
    return tcp == NULL ? 0 : (int64_t)as_tcp_first_rtt(tcp)->secs * 1000000000 + as_tcp_first_rtt(tcp)->nsecs;
}

int as_connection_ended(packet_info *pinfo, as_connection_end *end)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    struct tcp_analysis *tcp;
    as_flow *sent, *received;
    uint32_t acknowledged, got;

    memset(end, 0, sizeof *end);
    if (conversation == NULL || pinfo->ptype != PT_TCP)
        return 0;
    tcp = get_tcp_conversation_data(conversation, pinfo);
    sent = as_tcp_sent(tcp);
    received = as_tcp_received(tcp);
    if (sent == NULL || received == NULL)
        return 0;
    end->completeness = as_tcp_completeness(tcp);
    end->closed_by = as_flow_closes(sent) ? 1 : as_flow_closes(received) ? 2 : 0;
    if (as_flow_last_ack(received, &acknowledged) && as_flow_last_ack(sent, &got)) {
        /* The analysis counts as the packets do; a subdissector may be shown relative numbers. */
        int relative = relative_numbers();
        end->acknowledged = acknowledged - (relative ? as_flow_base(sent) : 0);
        end->received = got - (relative ? as_flow_base(received) : 0);
    }
    return 1;
}
