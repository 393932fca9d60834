/* What Wireshark counts by itself, once it is told of a record: service response times, the counter tree. The listeners
 * are those of taps.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_COUNTERS_H
#define AEROSPIKE_COUNTERS_H

#include <stdint.h>
#include <glib.h>
#include <epan/packet.h>
#include <epan/stats_tree.h>

enum as_srt_limits { AS_MAX_SRT_TABLES = 2, AS_MAX_SRT_ROWS = 500 };

/* ---- service response times ---- */
void as_register_srt(int protocol, const char *tap);
/* `filter`, if any, is the field whose value is the index of a row. */
void as_srt_table(GArray *tables, const char *name, const char *column, const char *filter);
unsigned as_srt_tables(const GArray *tables);
/* The row of that name, made where there is none; with `index`, if that is not negative. */
int as_srt_row(GArray *tables, unsigned table, int index, const char *name);
void as_srt_add(GArray *tables, unsigned table, int row, int64_t secs, int nsecs, packet_info *pinfo);

/* ---- the counter tree ---- */
void as_register_tree(const char *tap, const char *abbreviation, const char *menu, const char *name);
int as_tree_node(stats_tree *tree, const char *name);
int as_tree_count(stats_tree *tree, const char *name, int parent, int has_children, int by);

#endif
