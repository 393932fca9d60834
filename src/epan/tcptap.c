/* The tap of TCP: see tcptap.h. Wireshark calls it outside any TRY: nothing here throws.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptap.h"

#include <string.h>

#include <epan/packet.h>
#include <epan/tap.h>
#include <epan/dissectors/packet-tcp.h>
#include <wsutil/wslog.h>

static void (*listener)(const as_tcp *);

static int64_t nanoseconds(const nstime_t *time) { return (int64_t)time->secs * 1000000000 + time->nsecs; }

static tap_packet_status tcp_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                    tap_flags_t flags)
{
    const tcp_info_t *header = (const tcp_info_t *)record;
    as_tcp tcp;

    (void)data;
    (void)edt;
    (void)flags;
    if (listener == NULL || header == NULL)
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
    tcp.length = header->th_have_seglen ? header->th_seglen : 0;
    tcp.window = header->th_win;
    tcp.time = nanoseconds(&pinfo->abs_ts);
    tcp.start = tcp.time - nanoseconds(&pinfo->rel_ts);
    tcp.source_port = header->th_sport;
    tcp.destination_port = header->th_dport;
    tcp.flags = header->th_flags & 0xff;
    listener(&tcp);
    return TAP_PACKET_DONT_REDRAW;
}

void as_tcp_listen(void (*segment)(const as_tcp *), const char *filter)
{
    GString *error;

    if (listener != NULL)
        return;
    listener = segment;
    error = register_tap_listener("tcp", &listener, filter, 0, NULL, tcp_packet, NULL, NULL);
    if (error != NULL) {
        ws_warning("Aerospike diagnosis without TCP: %s", error->str);
        g_string_free(error, TRUE);
        listener = NULL;
    }
}

void as_tcp_unlisten(void)
{
    if (listener == NULL)
        return;
    remove_tap_listener(&listener);
    listener = NULL;
}
