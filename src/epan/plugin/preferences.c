/* The values that users set, and what the window says of them: see guard.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "preferences.h"

#include "../guard/guard.h"

/* At their defaults. */
static as_bool desegment = 1, show_credentials = 0, hotkeys_scans = 0, context_on_answers = 1;
static unsigned slow_threshold = 0, hotkeys_rows = 10000, hotkeys_least = 0, timeline_interval = 0;
static const char *report_folder = "", *node_names = "";

int as_pref_desegment(void) { return desegment; }
int as_pref_show_credentials(void) { return show_credentials; }
unsigned as_pref_slow_threshold(void) { return slow_threshold; }
int as_pref_hotkeys_scans(void) { return hotkeys_scans; }
int as_pref_context_on_answers(void) { return context_on_answers; }
unsigned as_pref_hotkeys_rows(void) { return hotkeys_rows; }
unsigned as_pref_hotkeys_least(void) { return hotkeys_least; }
const char *as_pref_node_names(void) { return node_names != NULL ? node_names : ""; }
unsigned as_pref_timeline_interval(void) { return timeline_interval; }
const char *as_pref_report_folder(void) { return report_folder != NULL ? report_folder : ""; }

void as_register_values(module_t *preferences)
{
    prefs_register_bool_preference(preferences, "desegment", "Reassemble messages that span several TCP segments",
                                   "Also needs \"Allow subdissectors to reassemble TCP streams\" of the TCP protocol",
                                   &desegment);
    prefs_register_uint_preference(preferences, "slow_threshold", "Slow response threshold (ms)",
                                   "Answers that took longer get an expert item; 0 switches it off", 10,
                                   &slow_threshold);
    prefs_register_bool_preference(preferences, "show_credentials", "Show credentials",
                                   "Show passwords, credentials and session tokens, not only their length",
                                   &show_credentials);
    prefs_register_bool_preference(preferences, "context_on_answers", "Show on answers what was asked for",
                                   "Answers say operation, namespace, set, key and digest of their requests, so that one "
                                   "filter has them together with result and response time",
                                   &context_on_answers);
    prefs_register_bool_preference(preferences, "hotkeys_scans", "Count scanned records as hot-key reads",
                                   "Count the records that scans and queries return in the hot key report",
                                   &hotkeys_scans);
    prefs_register_uint_preference(preferences, "hotkeys_rows", "Rows of the hot key report",
                                   "How many rows the hot key table shows in the GUI; 0 is all", 10, &hotkeys_rows);
    prefs_register_uint_preference(preferences, "hotkeys_least", "Least requests a second of a hot key",
                                   "Keys with fewer requests a second are not listed in the hot key report, but counted; "
                                   "0: all are listed",
                                   10, &hotkeys_least);
    prefs_register_string_preference(preferences, "node_names", "Names of nodes",
                                     "What nodes are called where their ids are shown, such as: "
                                     "bb9a1b2c3d4e5f6=db-1, a2=db-2",
                                     &node_names);
    prefs_register_uint_preference(preferences, "timeline_interval", "Interval of the timeline (ms)",
                                   "Length of a row of the timeline; 0: as short as a hundred rows allow", 10,
                                   &timeline_interval);
    prefs_register_directory_preference(preferences, "report_folder", "Folder for reports as CSV",
                                        "Reports that are open are also written there, a CSV file each, whenever they are "
                                        "drawn; empty: none",
                                        &report_folder);
}
