/* Taps and what listens to them: tables (menu and -z by one code). counters.h has the rest.
 *
 * Wireshark calls listeners outside any TRY: nothing here throws, and the Rust behind catches its panics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_TAPS_H
#define AEROSPIKE_TAPS_H

#include <stdint.h>
#include <glib.h>
#include <epan/packet.h>
#include <epan/stats_tree.h>

/* The Rust functions behind the listeners. `report` is the number given at registration. */
typedef struct as_listeners {
    /* The tables were opened, or emptied to be filled anew; whether packets were read before, which may not come again. */
    void (*on_table_open)(int report, int is_late);
    void (*on_table_close)(int report);
    /* Whether a table changed. */
    int (*on_table_packet)(int report, const void *record);
    /* Packets came since, and the tables are about to be drawn. */
    void (*on_table_draw)(int report);
    /* All tables were drawn. */
    void (*on_all_drawn)(void);
    void (*on_srt_open)(GArray *tables);
    int (*on_srt_packet)(GArray *tables, packet_info *pinfo, const void *record);
    void (*on_tree_open)(stats_tree *tree);
    int (*on_tree_packet)(stats_tree *tree, const void *record);
    /* The last frame that was read; 0: none. */
    uint32_t (*latest_frame)(void);
} as_listeners;

enum as_cell { AS_CELL_UINT = 0, AS_CELL_INT, AS_CELL_FLOAT, AS_CELL_TEXT };

typedef struct as_column {
    int cell;         /* enum as_cell */
    int right;        /* aligned to the right */
    int width;        /* in text output */
    int decimals;     /* of AS_CELL_FLOAT */
    const char *name;
} as_column;

enum as_limits { AS_MAX_REPORTS = 16, AS_MAX_TABLES = 8 };

int as_register_tap(const char *name);
int as_has_listener(int tap);
void as_queue(int tap, packet_info *pinfo, const void *record);
void as_register_listeners(const as_listeners *listeners);
const as_listeners *as_registered_listeners(void);

/* Whether this is the program with windows, or tshark: see system.c. */
int as_has_windows(void);
int as_is_tshark(void);

/* ---- tables: rows are numbered from 0 and only ever added behind the last ---- */
void as_register_report(int report, const char *tap, const char *title, const char *cli, const as_column *columns,
                        unsigned n_columns, const char *const *tables, unsigned n_tables);
/* Empties one of the tables. */
void as_table_clear(int report, unsigned table);
/* Makes sure that the row is there; 0 if it cannot be. */
int as_table_row(int report, unsigned table, unsigned row);
void as_table_uint(int report, unsigned table, unsigned row, unsigned column, unsigned value);
void as_table_int(int report, unsigned table, unsigned row, unsigned column, int value);
void as_table_float(int report, unsigned table, unsigned row, unsigned column, double value);
void as_table_text(int report, unsigned table, unsigned row, unsigned column, const char *text);

/* What a cell of an open table holds; of the values that of its kind. */
typedef struct as_cell_value {
    int cell; /* enum as_cell; -1: nothing */
    unsigned uint_value;
    int int_value;
    double float_value;
    const char *text; /* as long as the cell is not written */
} as_cell_value;

/* Rows of an open table; 0 of one that is not open. */
unsigned as_table_rows(int report, unsigned table);
void as_table_read(int report, unsigned table, unsigned row, unsigned column, as_cell_value *value);

#endif
