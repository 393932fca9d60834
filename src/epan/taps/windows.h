/* What Wireshark's own windows show of this protocol: records among the endpoints, a stream as text, objects to export.
 *
 * Wireshark calls listeners outside any TRY: nothing here throws, and the Rust behind catches its panics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_WINDOWS_H
#define AEROSPIKE_WINDOWS_H

#include <stdint.h>
#include <epan/packet.h>

/* Lists the records of a tap's record: calls as_endpoint for each. */
typedef int (*as_endpoints)(const void *record, void *table, packet_info *pinfo);

/* Records as a tab of Statistics > Endpoints; `field` is the one that their addresses are values of. */
void as_register_endpoints(int protocol, const char *field, as_endpoints listener);
/* A record, by its digest, in this packet. */
void as_endpoint(void *table, packet_info *pinfo, const uint8_t *digest, int is_answer);

/* A line of a stream that is followed. */
typedef struct as_line {
    int is_answer;
    int length;
    const char *text;
} as_line;

/* Follow Aerospike Stream. */
void as_register_follow(int protocol);
int as_is_followed(void);
void as_follow(packet_info *pinfo, const as_line *line);

/* File > Export Objects: the name of a file, and what is in it. */
typedef struct as_object {
    const char *name; /* ends with NUL */
    const uint8_t *data;
    int length;
} as_object;

void as_register_objects(int protocol);
int as_objects_wanted(void);
void as_object_found(packet_info *pinfo, const as_object *object);

#endif
