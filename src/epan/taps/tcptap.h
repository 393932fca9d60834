/* What reports hear that listen to frames: all of TCP (bare SYN, ACK, FIN and RST too), and all messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_TCPTAP_H
#define AEROSPIKE_TCPTAP_H

#include <stdint.h>
#include <epan/packet.h>

typedef struct as_tcp {
    const uint8_t *source, *destination; /* addresses, alive during the call */
    uint32_t source_length, destination_length;
    uint32_t frame, stream, seq, ack, length, window;
    uint32_t relative; /* seq as TCP hands it to those above */
    int64_t time;      /* nanoseconds since 1970 */
    int64_t start;     /* of the capture, too */
    uint16_t source_port, destination_port, flags;
    uint32_t twice;    /* a SACK block says that the bytes up to here, as on the wire, came twice; 0: none */
    uint8_t cut;       /* the frame was cut by the snap length */
    uint8_t copy;      /* the frame was marked as a copy */
    uint8_t head[8];   /* the first bytes of the payload, if they were captured and nothing follows the packet in its frame */
    uint8_t n_head;
} as_tcp;

/* What is held of a frame, in its order. */
typedef struct as_held {
    const void *record; /* of the tap "aerospike"; NULL: a segment */
    as_tcp tcp;
} as_held;

typedef struct as_tapped_frame {
    const as_held *held; /* alive during the call */
    uint32_t n_held, number;
    int64_t time;  /* nanoseconds since 1970 */
    int64_t start; /* of the capture, too */
} as_tapped_frame;

/* Hears every TCP segment and every record of the tap "aerospike" from now on, for that report; calling it again forgets
 * what waits. They are held until the frame itself is tapped, which is the last of it, and handed on only then: so the
 * filter of a table that listens to frames holds for them, too. */
void as_gather(int report);
/* The frame passed a report's filter: what is held of it. */
void as_gathered(const packet_info *pinfo, as_tapped_frame *frame);
void as_gather_end(int report);

#endif
