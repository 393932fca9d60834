/* What Wireshark counts by itself: see counters.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "counters.h"

#include "../guard/inside.h"
#include "taps.h"

#include <string.h>

#include <epan/srt_table.h>
#include <epan/tap.h>

/* ---- service response times ------------------------------------------------------------------------------------- */

static void srt_init(struct register_srt *srt, GArray *tables)
{
    (void)srt;
    as_registered_listeners()->on_srt_open(tables);
}

static tap_packet_status on_srt_packet(void *listener, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                    tap_flags_t flags)
{
    (void)edt;
    (void)flags;
    return as_registered_listeners()->on_srt_packet(((srt_data_t *)listener)->srt_array, pinfo, record) ? TAP_PACKET_REDRAW
                                                                               : TAP_PACKET_DONT_REDRAW;
}

void as_register_srt(int protocol, const char *tap)
{
    register_srt_table(protocol, tap, AS_MAX_SRT_TABLES, on_srt_packet, srt_init, NULL);
}

void as_srt_table(GArray *tables, const char *name, const char *column, const char *filter)
{
    init_srt_table(name, name, tables, 0, column, filter, NULL);
}

unsigned as_srt_tables(const GArray *tables) { return tables->len; }

static srt_stat_table *srt_table(GArray *tables, unsigned table)
{
    return table < tables->len ? g_array_index(tables, srt_stat_table *, table) : NULL;
}

int as_srt_row(GArray *tables, unsigned table, int index, const char *name)
{
    srt_stat_table *rows = srt_table(tables, table);
    int row;

    if (rows == NULL)
        return -1;
    /* Names come from the packets: the last row takes what is too much. */
    for (row = 0; row < rows->num_procs && row < AS_MAX_SRT_ROWS - 1; row++)
        if (rows->procedures[row].procedure != NULL && strcmp(rows->procedures[row].procedure, name) == 0)
            return row;
    if (row == rows->num_procs) {
        init_srt_table_row(rows, row, row < AS_MAX_SRT_ROWS - 1 ? name : "(others)");
        /* What a filter of the window's menu compares the field with. */
        if (index >= 0)
            rows->procedures[row].proc_index = index;
    }
    return row;
}

void as_srt_add(GArray *tables, unsigned table, int row, int64_t secs, int nsecs, packet_info *pinfo)
{
    srt_stat_table *rows = srt_table(tables, table);
    nstime_t asked;

    asked.secs = (time_t)secs;
    asked.nsecs = nsecs;
    if (rows != NULL && row >= 0 && row < rows->num_procs)
        add_srt_table_data(rows, row, &asked, pinfo);
}

/* ---- the counter tree ------------------------------------------------------------------------------------------- */

#if AS_VERSION_AT_LEAST(4, 4)
#define SUBMENU "//"
#else
#define SUBMENU "/"
#endif

static tap_packet_status on_tree_packet(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                     tap_flags_t flags)
{
    (void)pinfo;
    (void)edt;
    (void)flags;
    return as_registered_listeners()->on_tree_packet(tree, record) ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

/* Rows below a heading, and below each of many: names come from the packets, and Wireshark walks over the rows for each
 * new one. */
enum { AS_TREE_ROWS = 500, AS_TREE_MANY = 50, AS_TREE_FEW_ROWS = 20 };

static void tree_init(stats_tree *tree)
{
    /* Wireshark looks for what hangs on the root among all names of the tree. With names of its own, a namespace that is
     * called like a heading stays what it is. */
    *as_tree_names(tree) = g_hash_table_new(g_str_hash, g_str_equal);
    as_registered_listeners()->on_tree_open(tree);
}

static void tree_cleanup(stats_tree *tree)
{
    if (*as_tree_names(tree) != NULL)
        g_hash_table_destroy(*as_tree_names(tree));
    *as_tree_names(tree) = NULL;
}

void as_register_tree(const char *tap, const char *abbreviation, const char *menu, const char *name)
{
    char *path = g_strconcat(menu, SUBMENU, name, NULL);
    stats_tree_register_plugin(tap, abbreviation, path, 0, on_tree_packet, tree_init, tree_cleanup);
    g_free(path);
}

int as_tree_node(stats_tree *tree, const char *name)
{
    return stats_tree_create_node(tree, name, 0, STAT_DT_INT, 1);
}

int as_tree_count(stats_tree *tree, const char *name, int parent, int has_children, int by)
{
    const stat_node *above = as_tree_parent(tree, parent);
    GHashTable *names = as_node_names(above);
    int is_few = !as_node_is_heading(tree, above) && as_tree_parents(tree) > AS_TREE_MANY;

    if (parent != 0 && names != NULL && g_hash_table_lookup(names, name) == NULL &&
        g_hash_table_size(names) >= (is_few ? AS_TREE_FEW_ROWS : AS_TREE_ROWS))
        name = "(others)";
    return stats_tree_manip_node_int(MN_INCREASE, tree, name, parent, has_children != 0, by);
}
