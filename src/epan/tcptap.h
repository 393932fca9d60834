/* The tap of TCP: what no TCP subdissector sees, bare SYN, ACK, FIN and RST.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_TCPTAP_H
#define AEROSPIKE_TCPTAP_H

#include <stdint.h>

typedef struct as_tcp {
    const uint8_t *source, *destination; /* addresses, alive during the call */
    uint32_t source_length, destination_length;
    uint32_t frame, stream, seq, ack, length, window;
    int64_t time;  /* nanoseconds since 1970 */
    int64_t start; /* of the capture, too */
    uint16_t source_port, destination_port, flags;
} as_tcp;

/* Hears every TCP segment that passes the filter (may be NULL) from now on; one listener. Calling it again changes nothing. */
void as_tcp_listen(void (*segment)(const as_tcp *), const char *filter);
void as_tcp_unlisten(void);

#endif
