/* Taps and what listens to them: see taps.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "taps.h"

#include "../guard/guard.h"
#include "../guard/inside.h"
#include "../taps/tcptap.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <wsutil/wslog.h>

static as_listeners rust;

int as_register_tap(const char *name) { return register_tap(name); }
int as_has_listener(int tap) { return have_tap_listener(tap); }
void as_queue(int tap, packet_info *pinfo, const void *record) { tap_queue_packet(tap, pinfo, record); }

/* tshark closes no statistic; what they counted goes with the program. */
static void program_ends(void)
{
    int report;

    for (report = 0; report < AS_MAX_REPORTS; report++)
        rust.on_table_close(report);
}

void as_register_listeners(const as_listeners *listeners)
{
    rust = *listeners;
    register_shutdown_routine(program_ends);
}

const as_listeners *as_registered_listeners(void) { return &rust; }

/* ---- tables ----------------------------------------------------------------------------------------------------- */

/* Rows that Wireshark's table no longer counts are kept: a window that is still open points to them. */
typedef struct {
    stat_tap_table_ui ui; /* first: Wireshark hands this pointer back */
    const char *const *titles;
    unsigned n_tables;
    stat_tap_table *tables[AS_MAX_TABLES];
    unsigned made[AS_MAX_TABLES]; /* rows that have memory */
    void *listener;               /* whose packets are counted */
    int hears_frames, hears_drawing, has_news, hears_any;
    uint32_t before; /* the last frame that was read before it was opened, until the next comes; 0: none */
} as_report;

static as_report reports[AS_MAX_REPORTS];
static int hears_all_drawn;

/* Whether Wireshark still has the tables. */
static int is_open(const as_report *report)
{
    return report->ui.tables != NULL && report->ui.tables->len > 0;
}

static as_report *report_of(const stat_tap_table *table, unsigned *which)
{
    int number;

    for (number = 0; number < AS_MAX_REPORTS; number++) {
        as_report *report = &reports[number];
        for (*which = 0; is_open(report) && *which < report->n_tables; ++*which)
            if (report->tables[*which] == table)
                return report;
    }
    return NULL;
}

static void empty_table(as_report *report, unsigned table)
{
    stat_tap_table *rows = report->tables[table];
    unsigned row, column;

    for (row = 0; row < report->made[table]; row++) {
        stat_tap_table_item_type *cells = rows->elements[row];
        for (column = 0; column < rows->num_fields; column++)
            if (cells[column].type == TABLE_ITEM_STRING)
                g_free((char *)cells[column].value.string_value);
        memset(cells, 0, rows->num_fields * sizeof *cells);
    }
    rows->num_elements = 0;
}

static void empty(as_report *report)
{
    unsigned table;

    for (table = 0; table < report->n_tables; table++)
        empty_table(report, table);
    report->listener = NULL;
}

void as_table_clear(int number, unsigned table)
{
    as_report *report = &reports[number];

    if (is_open(report) && table < report->n_tables)
        empty_table(report, table);
}

/* ---- the moments before and after all tables are drawn: listeners are drawn from the youngest to the oldest ---- */

static tap_packet_status any_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                    tap_flags_t flags)
{
    (void)data;
    (void)pinfo;
    (void)edt;
    (void)record;
    (void)flags;
    return TAP_PACKET_REDRAW;
}

/* Whether it is registered now, for packets of any kind. */
static int hear_any(void *key, tap_packet_cb packet, tap_draw_cb draw)
{
    GString *error = register_tap_listener("frame", key, NULL, 0, NULL, packet, draw, NULL);

    if (error == NULL)
        return 1;
    ws_warning("Aerospike reports without the tap frame: %s", error->str);
    g_string_free(error, TRUE);
    return 0;
}

static void on_table_draw(void *data)
{
    as_report *report = (as_report *)data;

    if (!is_open(report) || !report->has_news)
        return;
    report->has_news = 0;
    rust.on_table_draw((int)(report - reports));
}

static void on_all_drawn(void *data)
{
    (void)data;
    rust.on_all_drawn();
}

/* A packet comes: one that was read before, and so all of them again; or a later one, and then those are missing, as
 * Wireshark reads none again while it still loads the file. */
static void hears(as_report *report, uint32_t frame)
{
    uint32_t before = report->before;

    report->before = 0;
    if (before == 0 || frame > before)
        return;
    empty(report);
    rust.on_table_open((int)(report - reports), 0);
}

/* Of packets that do not pass the report's filter, too. */
static tap_packet_status first_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                      tap_flags_t flags)
{
    (void)edt;
    (void)record;
    (void)flags;
    hears((as_report *)((char *)data - offsetof(as_report, before)), pinfo->num);
    return TAP_PACKET_DONT_REDRAW;
}

static void on_open(as_report *report)
{
    report->before = rust.latest_frame();
    if (report->before != 0 && !report->hears_any)
        report->hears_any = hear_any(&report->before, first_packet, NULL);
    if (!hears_all_drawn && as_pref_report_folder()[0] != '\0')
        hears_all_drawn = hear_any(&hears_all_drawn, any_packet, on_all_drawn);
    report->has_news = 0;
    if (report->hears_frames)
        as_gather((int)(report - reports));
    rust.on_table_open((int)(report - reports), report->before != 0);
}

static void table_init(stat_tap_table_ui *ui)
{
    as_report *report = (as_report *)ui;
    unsigned table;

    /* Open already: the same tables are reset before they are filled anew. But tshark never does. */
    if (is_open(report)) {
        if (as_is_tshark())
            ws_warning("-z %s is given more than once, but counts only once: every table shows the same", ui->cli_string);
        return;
    }
    for (table = 0; table < report->n_tables; table++) {
        report->tables[table] = stat_tap_init_table(report->titles[table], (int)ui->nfields, 0, NULL);
        report->made[table] = 0;
        stat_tap_add_table(ui, report->tables[table]);
    }
    report->listener = NULL;
    on_open(report);
}

static void table_reset(stat_tap_table *table)
{
    unsigned which;
    as_report *report = report_of(table, &which);

    /* Called for each table; all are emptied with the first. */
    if (report == NULL || which != 0)
        return;
    empty(report);
    on_open(report);
}

/* Called for each cell when Wireshark frees the tables. The first table always has a row. */
static void table_free_cell(stat_tap_table *table, unsigned row, unsigned column, stat_tap_table_item_type *cell)
{
    unsigned which;
    as_report *report = report_of(table, &which);

    (void)cell;
    if (report == NULL || which != 0 || row != 0 || column != 0)
        return;
    empty(report);
    /* So that the rows that were kept are freed, too. */
    for (which = 0; which < report->n_tables; which++)
        report->tables[which]->num_elements = report->made[which];
    if (report->hears_drawing)
        remove_tap_listener(report);
    report->hears_drawing = 0;
    if (report->hears_any)
        remove_tap_listener(&report->before);
    report->hears_any = 0;
    report->before = 0;
    if (report->hears_frames)
        as_gather_end((int)(report - reports));
    rust.on_table_close((int)(report - reports));
}

static tap_packet_status on_table_packet(void *listener, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                      tap_flags_t flags)
{
    as_report *report = (as_report *)((stat_data_t *)listener)->stat_tap_data;
    as_tapped_frame frame;

    (void)edt;
    (void)flags;
    if (!is_open(report))
        return TAP_PACKET_DONT_REDRAW;
    hears(report, pinfo->num);
    if (report->listener == NULL)
        report->listener = listener;
    if (report->listener != listener)
        return TAP_PACKET_FAILED;
    /* Younger than the table's own listener, which is there by now: so it is drawn before it. */
    if (!report->hears_drawing)
        report->hears_drawing = hear_any(report, any_packet, on_table_draw);
    report->has_news = 1;
    /* The tap of frames hands over nothing. */
    if (record == NULL)
        as_gathered(pinfo, &frame);
    return rust.on_table_packet((int)(report - reports), record != NULL ? record : &frame) ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

/* tshark has no other way to align columns; windows and sharkd have none to ignore spaces. */
static void describe_column(stat_tap_table_item *field, const as_column *column, int is_padded)
{
    static const stat_tap_table_item_enum types[] = {TABLE_ITEM_UINT, TABLE_ITEM_INT, TABLE_ITEM_FLOAT,
                                                     TABLE_ITEM_STRING};
    static const char *const conversions[] = {"u", "d", "f", "s"};
    GString *format = g_string_new("%"), *name = g_string_new(column->name);
    long missing = column->width - g_utf8_strlen(column->name, -1);

    if (is_padded) {
        for (; missing > 0; missing--)
            column->right ? g_string_prepend_c(name, ' ') : g_string_append_c(name, ' ');
        g_string_append_printf(format, "%s%d", column->right ? "" : "-", column->width);
    }
    if (column->cell == AS_CELL_FLOAT)
        g_string_append_printf(format, ".%d", column->decimals);
    g_string_append(format, conversions[column->cell]);
    field->type = types[column->cell];
    field->align = column->right ? TAP_ALIGN_RIGHT : TAP_ALIGN_LEFT;
    /* Not the macro of that name: it calls a function that a GLib before 2.76 has not, and then a Wireshark with such a
     * GLib fails on a missing symbol where it would have said that the plugin is for another version. */
    field->column_name = (g_string_free)(name, FALSE);
    field->field_format = (g_string_free)(format, FALSE);
}

void as_register_report(int number, const char *tap, const char *title, const char *cli, const as_column *columns,
                        unsigned n_columns, const char *const *titles, unsigned n_tables)
{
    static tap_param filter = {PARAM_FILTER, "filter", "Filter", NULL, TRUE};
    as_report *report = &reports[number];
    stat_tap_table_item *fields = g_new0(stat_tap_table_item, n_columns);
    int is_padded = as_is_tshark();
    unsigned column;

    for (column = 0; column < n_columns; column++)
        describe_column(&fields[column], &columns[column], is_padded);
    /* In a window the last column is as wide as what is left. */
    if (!is_padded)
        fields[n_columns - 1].align = TAP_ALIGN_LEFT;
    report->titles = titles;
    report->n_tables = n_tables;
    report->hears_frames = strcmp(tap, "frame") == 0;
    report->ui.group = REGISTER_PACKET_STAT_GROUP_UNSORTED;
    report->ui.title = title;
    report->ui.tap_name = tap;
    report->ui.cli_string = cli;
    report->ui.stat_tap_init_cb = table_init;
    report->ui.packet_func = on_table_packet;
    report->ui.stat_tap_reset_table_cb = table_reset;
    report->ui.stat_tap_free_table_item_cb = table_free_cell;
    report->ui.nfields = n_columns;
    report->ui.fields = fields;
    report->ui.nparams = 1;
    report->ui.params = &filter;
    register_stat_tap_table_ui(&report->ui);
}

int as_table_row(int number, unsigned table, unsigned row)
{
    as_report *report = &reports[number];
    stat_tap_table *rows;

    if (!is_open(report) || table >= report->n_tables)
        return 0;
    rows = report->tables[table];
    if (row > rows->num_elements)
        return 0;
    if (row == rows->num_elements) {
        if (row < report->made[table]) {
            rows->num_elements = row + 1;
        } else {
            stat_tap_table_item_type *cells = g_new0(stat_tap_table_item_type, rows->num_fields);
            stat_tap_init_table_row(rows, row, rows->num_fields, cells);
            g_free(cells);
            report->made[table] = row + 1;
        }
    }
    return 1;
}

static stat_tap_table_item_type *cell(int number, unsigned table, unsigned row, unsigned column)
{
    as_report *report = &reports[number];

    if (!is_open(report) || table >= report->n_tables || row >= report->tables[table]->num_elements ||
        column >= report->tables[table]->num_fields)
        return NULL;
    return &report->tables[table]->elements[row][column];
}

void as_table_uint(int report, unsigned table, unsigned row, unsigned column, unsigned value)
{
    stat_tap_table_item_type *item = cell(report, table, row, column);
    if (item != NULL) {
        item->type = TABLE_ITEM_UINT;
        item->value.uint_value = value;
    }
}

void as_table_int(int report, unsigned table, unsigned row, unsigned column, int value)
{
    stat_tap_table_item_type *item = cell(report, table, row, column);
    if (item != NULL) {
        item->type = TABLE_ITEM_INT;
        item->value.int_value = value;
    }
}

void as_table_float(int report, unsigned table, unsigned row, unsigned column, double value)
{
    stat_tap_table_item_type *item = cell(report, table, row, column);
    if (item != NULL) {
        item->type = TABLE_ITEM_FLOAT;
        item->value.float_value = value;
    }
}

void as_table_text(int report, unsigned table, unsigned row, unsigned column, const char *text)
{
    stat_tap_table_item_type *item = cell(report, table, row, column);
    if (item != NULL) {
        if (item->type == TABLE_ITEM_STRING)
            g_free((char *)item->value.string_value);
        item->type = TABLE_ITEM_STRING;
        item->value.string_value = g_strdup(text);
    }
}

unsigned as_table_rows(int number, unsigned table)
{
    const as_report *report = &reports[number];

    return is_open(report) && table < report->n_tables ? report->tables[table]->num_elements : 0;
}

void as_table_read(int report, unsigned table, unsigned row, unsigned column, as_cell_value *value)
{
    const stat_tap_table_item_type *item = cell(report, table, row, column);

    memset(value, 0, sizeof *value);
    value->cell = -1;
    if (item == NULL)
        return;
    switch (item->type) {
    case TABLE_ITEM_UINT:
        value->cell = AS_CELL_UINT;
        value->uint_value = item->value.uint_value;
        break;
    case TABLE_ITEM_INT:
        value->cell = AS_CELL_INT;
        value->int_value = item->value.int_value;
        break;
    case TABLE_ITEM_FLOAT:
        value->cell = AS_CELL_FLOAT;
        value->float_value = item->value.float_value;
        break;
    case TABLE_ITEM_STRING:
        value->cell = AS_CELL_TEXT;
        value->text = item->value.string_value;
        break;
    default:
        break;
    }
}
