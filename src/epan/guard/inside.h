/* What is read of Wireshark's own structures: what TCP keeps of a connection, the nodes of a counter tree, what a tree of
 * details is wanted for, and what the tap of credentials is handed. Wireshark has no functions for them and promises them to nobody. They are read here and nowhere else, and each member is checked for its
 * type: a version in which one is gone or is another thing does not build, and its message names the member.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AEROSPIKE_INSIDE_H
#define AEROSPIKE_INSIDE_H

#include <stdint.h>

#include <epan/dissectors/packet-tcp.h>
#include <epan/stats_tree_priv.h>

#include "guard.h"

/* That a member has the type it is read as. */
#ifdef _MSC_VER
#define AS_MEMBER(structure, member, as) G_STATIC_ASSERT(sizeof(((structure *)0)->member) == sizeof(as))
#else
#define AS_MEMBER(structure, member, as)                                                                      \
    _Static_assert(__builtin_types_compatible_p(__typeof__(((structure *)0)->member), as),                    \
                   "This Wireshark's " #structure " has no " #as " " #member ": see src/epan/guard/inside.h")
#endif

/* ---- TCP --------------------------------------------------------------------------------------------------------- */

AS_MEMBER(struct tcp_analysis, flow1, tcp_flow_t);
AS_MEMBER(struct tcp_analysis, fwd, tcp_flow_t *);
AS_MEMBER(struct tcp_analysis, rev, tcp_flow_t *);
AS_MEMBER(struct tcp_analysis, ta, struct tcp_acked *);
AS_MEMBER(struct tcp_analysis, ts_first_rtt, nstime_t);
AS_MEMBER(struct tcp_analysis, stream, uint32_t);
AS_MEMBER(struct tcp_analysis, server_port, uint16_t);
AS_MEMBER(struct tcp_analysis, conversation_completeness, uint8_t);
AS_MEMBER(struct tcp_acked, flags, uint16_t);
AS_MEMBER(tcp_flow_t, base_seq, uint32_t);
AS_MEMBER(tcp_flow_t, closing_initiator, as_bool);
AS_MEMBER(tcp_flow_t, tcp_analyze_seq_info, tcp_analyze_seq_flow_info_t *);
AS_MEMBER(tcp_analyze_seq_flow_info_t, segments, tcp_unacked_t *);
AS_MEMBER(tcp_analyze_seq_flow_info_t, lastack, uint32_t);
AS_MEMBER(tcp_unacked_t, frame, uint32_t);
AS_MEMBER(tcp_unacked_t, seq, uint32_t);
AS_MEMBER(tcp_unacked_t, nextseq, uint32_t);

/* The directions of the packet's connection: of its sender, and of its receiver; NULL where TCP has not told them apart. */
typedef const tcp_flow_t as_flow;
static inline as_flow *as_tcp_sent(const struct tcp_analysis *tcp) { return tcp == NULL ? NULL : tcp->fwd; }
static inline as_flow *as_tcp_received(const struct tcp_analysis *tcp) { return tcp == NULL ? NULL : tcp->rev; }
/* 0 or 1, the same for every packet of a direction. */
static inline uint8_t as_tcp_direction(const struct tcp_analysis *tcp) { return tcp->fwd == &tcp->flow1 ? 0 : 1; }
/* TCP_COMPLETENESS bits. */
static inline uint8_t as_tcp_completeness(const struct tcp_analysis *tcp) { return tcp->conversation_completeness; }
/* 0: no SYN told it. */
static inline uint32_t as_tcp_server_port(const struct tcp_analysis *tcp) { return tcp->server_port; }
static inline uint32_t as_tcp_stream(const struct tcp_analysis *tcp) { return tcp->stream; }
static inline const nstime_t *as_tcp_first_rtt(const struct tcp_analysis *tcp) { return &tcp->ts_first_rtt; }
/* TCP_A_ marks of the packet. */
static inline unsigned as_tcp_marks(const struct tcp_analysis *tcp) { return tcp->ta == NULL ? 0 : tcp->ta->flags; }

/* The number from which relative ones are counted. */
static inline uint32_t as_flow_base(as_flow *flow) { return flow->base_seq; }
/* Whether its FIN or RST was the first. */
static inline int as_flow_closes(as_flow *flow) { return flow->closing_initiator != 0; }
/* What its sender had received last; 0 where TCP does not analyse. */
static inline int as_flow_last_ack(as_flow *flow, uint32_t *ack)
{
    if (flow->tcp_analyze_seq_info == NULL)
        return 0;
    *ack = flow->tcp_analyze_seq_info->lastack;
    return 1;
}
/* The segment that was put in last, if it is that frame's. */
static inline int as_flow_segment(as_flow *flow, uint32_t frame, uint32_t *seq, uint32_t *end)
{
    const tcp_unacked_t *last = flow->tcp_analyze_seq_info == NULL ? NULL : flow->tcp_analyze_seq_info->segments;

    if (last == NULL || last->frame != frame)
        return 0;
    *seq = last->seq;
    *end = last->nextseq;
    return 1;
}

/* ---- the counter tree -------------------------------------------------------------------------------------------- */

AS_MEMBER(stats_tree, root, stat_node);
AS_MEMBER(stats_tree, parents, GPtrArray *);
AS_MEMBER(stat_node, hash, GHashTable *);
AS_MEMBER(stat_node, parent, stat_node *);

/* The names below the root. */
static inline GHashTable **as_tree_names(stats_tree *tree) { return &tree->root.hash; }
/* How many nodes have others below them. */
static inline unsigned as_tree_parents(const stats_tree *tree) { return tree->parents->len; }
static inline const stat_node *as_tree_parent(const stats_tree *tree, int id)
{
    return (const stat_node *)g_ptr_array_index(tree->parents, id);
}
static inline int as_node_is_heading(const stats_tree *tree, const stat_node *node) { return node->parent == &tree->root; }
/* The names below a node; NULL: none can be. */
static inline GHashTable *as_node_names(const stat_node *node) { return node->hash; }

/* ---- the tree of details ----------------------------------------------------------------------------------------- */

AS_MEMBER(tree_data_t, visible, as_bool);
AS_MEMBER(tree_data_t, fake_protocols, as_bool);
AS_MEMBER(header_field_info, ref_type, hf_ref_type);

/* Whether its items are shown. */
static inline int as_details_visible(proto_tree *tree) { return PTREE_DATA(tree)->visible != 0; }
/* Whether protocols that nobody asked for need no item. */
static inline int as_details_fake_protocols(proto_tree *tree) { return PTREE_DATA(tree)->fake_protocols != 0; }
static inline int as_details_is_root(proto_tree *tree) { return PTREE_FINFO(tree) == NULL; }
/* Whether somebody asked for a field. */
static inline hf_ref_type as_field_reference(const header_field_info *field) { return field->ref_type; }

/* ---- credentials ------------------------------------------------------------------------------------------------- */

/* The header is installed from 4.7 on. Before, the structure is in none that is, and the same in 4.0 to 4.6. */
#if __has_include(<epan/credentials.h>)
#include <epan/credentials.h>
#else
typedef struct tap_credential {
    unsigned num, username_num, password_hf_id;
    char *username;
    const char *proto;
    char *info;
} tap_credential_t;
#endif
AS_MEMBER(tap_credential_t, num, unsigned);
AS_MEMBER(tap_credential_t, username_num, unsigned);
AS_MEMBER(tap_credential_t, password_hf_id, unsigned);
AS_MEMBER(tap_credential_t, username, char *);
AS_MEMBER(tap_credential_t, proto, const char *);
AS_MEMBER(tap_credential_t, info, char *);

#endif
