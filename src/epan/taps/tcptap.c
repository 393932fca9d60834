/* What reports hear beside their own taps: see tcptap.h. Wireshark calls it outside any TRY: nothing here throws.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptap.h"
#include "../guard/guard.h"

#include <string.h>

#include <epan/packet.h>
#include <epan/tap.h>
#include <epan/dissectors/packet-tcp.h>
#include <wsutil/wslog.h>

static unsigned hearing;            /* a bit for each report */
static char tcp_key, record_key;    /* what tells the listeners apart */

/* What is held of a frame. Addresses and records live until all of the frame's taps were called. */
static GArray *held;
static uint32_t held_frame;

static void hold(const packet_info *pinfo, const void *record, const as_tcp *tcp)
{
    as_held one;

    if (held == NULL)
        held = g_array_new(FALSE, FALSE, sizeof one);
    if (held_frame != pinfo->num)
        g_array_set_size(held, 0);
    held_frame = pinfo->num;
    memset(&one, 0, sizeof one);
    one.record = record;
    if (tcp != NULL)
        one.tcp = *tcp;
    g_array_append_val(held, one);
}

static int64_t nanoseconds(const nstime_t *time) { return (int64_t)time->secs * 1000000000 + time->nsecs; }

void as_gathered(const packet_info *pinfo, as_tapped_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->number = pinfo->num;
    frame->time = nanoseconds(&pinfo->abs_ts);
    frame->start = frame->time - nanoseconds(&pinfo->rel_ts);
    if (hearing != 0 && held != NULL && held_frame == pinfo->num) {
        frame->held = (const as_held *)(void *)held->data;
        frame->n_held = held->len;
    }
}

static tap_packet_status tcp_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                    tap_flags_t flags)
{
    const tcp_info_t *header = (const tcp_info_t *)record;
    as_tcp tcp;

    (void)data;
    (void)edt;
    (void)flags;
    if (header == NULL)
        return TAP_PACKET_DONT_REDRAW;
    memset(&tcp, 0, sizeof tcp);
    tcp.source = (const uint8_t *)header->ip_src.data;
    tcp.destination = (const uint8_t *)header->ip_dst.data;
    tcp.source_length = header->ip_src.len > 0 ? (uint32_t)header->ip_src.len : 0;
    tcp.destination_length = header->ip_dst.len > 0 ? (uint32_t)header->ip_dst.len : 0;
    tcp.frame = pinfo->num;
    tcp.stream = header->th_stream;
    tcp.seq = header->th_rawseq;
    tcp.ack = header->th_rawack;
    tcp.relative = header->th_seq;
    tcp.length = header->th_have_seglen ? header->th_seglen : 0;
    tcp.window = header->th_win;
    tcp.time = nanoseconds(&pinfo->abs_ts);
    tcp.start = tcp.time - nanoseconds(&pinfo->rel_ts);
    tcp.source_port = header->th_sport;
    tcp.destination_port = header->th_dport;
    tcp.flags = header->th_flags & 0xff;
    /* RFC 2883: the first block is a DSACK if it stands before the acknowledgement. */
    if (header->num_sack_ranges > 0 && (int32_t)(header->sack_right_edge[0] - header->th_ack) <= 0)
        tcp.twice = header->sack_right_edge[0] + (header->th_rawack - header->th_ack);
    tcp.copy = as_is_copy(pinfo) != 0;
    tcp.cut = pinfo->fd != NULL && pinfo->fd->cap_len < pinfo->fd->pkt_len;
    if (pinfo->data_src != NULL && tcp.length > 0) {
        tvbuff_t *frame = get_data_source_tvb((const struct data_source *)pinfo->data_src->data);
        unsigned reported = tvb_reported_length(frame), captured = tvb_captured_length(frame);
        unsigned start = reported - tcp.length, wanted = tcp.length < sizeof tcp.head ? tcp.length : sizeof tcp.head;
        if (tcp.length < reported && start + wanted <= captured) {
            memcpy(tcp.head, tvb_get_ptr(frame, 0, (int)captured) + start, wanted);
            tcp.n_head = (uint8_t)wanted;
        }
    }
    hold(pinfo, NULL, &tcp);
    return TAP_PACKET_DONT_REDRAW;
}

static tap_packet_status record_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                       tap_flags_t flags)
{
    (void)data;
    (void)edt;
    (void)flags;
    if (record != NULL)
        hold(pinfo, record, NULL);
    return TAP_PACKET_DONT_REDRAW;
}

static void listen_to(const char *tap, void *key, tap_packet_cb packet)
{
    GString *error = register_tap_listener(tap, key, NULL, 0, NULL, packet, NULL, NULL);

    if (error == NULL)
        return;
    ws_warning("Aerospike reports without the tap %s: %s", tap, error->str);
    g_string_free(error, TRUE);
}

void as_gather(int report)
{
    if (held != NULL)
        g_array_set_size(held, 0);
    held_frame = 0;
    if (hearing == 0) {
        listen_to("tcp", &tcp_key, tcp_packet);
        listen_to("aerospike", &record_key, record_packet);
    }
    hearing |= 1u << report;
}

void as_gather_end(int report)
{
    if ((hearing & 1u << report) == 0)
        return;
    hearing &= ~(1u << report);
    if (hearing != 0)
        return;
    remove_tap_listener(&tcp_key);
    remove_tap_listener(&record_key);
}
