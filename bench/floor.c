/* The floor of the benchmark: a plugin that only cuts the stream into messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <ws_version.h>
#include <epan/packet.h>
#include <epan/proto.h>
#include <epan/dissectors/packet-tcp.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT const char plugin_version[] = "floor";
EXPORT const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
EXPORT const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

static int proto = -1;
static dissector_handle_t handle;

/* CQL's header is a byte longer than Aerospike's; the size is its end in both. */
static unsigned header(const packet_info *pinfo) { return pinfo->srcport == 9042 || pinfo->destport == 9042 ? 9 : 8; }

static unsigned pdu_length(packet_info *pinfo, tvbuff_t *tvb, int offset, void *data _U_)
{
    return header(pinfo) + tvb_get_ntohl(tvb, offset + header(pinfo) - 4);
}

static int pdu(tvbuff_t *tvb, packet_info *pinfo _U_, proto_tree *tree _U_, void *data _U_)
{
    return tvb_captured_length(tvb);
}

static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    tcp_dissect_pdus(tvb, pinfo, tree, TRUE, header(pinfo), pdu_length, pdu, data);
    return tvb_captured_length(tvb);
}

static void register_protocol(void)
{
    /* A field that no packet has, to filter on. */
    static int never = -1;
    static hf_register_info fields[] = {
        {&never, {"Never", "floor.never", FT_UINT32, BASE_DEC, NULL, 0, NULL, HFILL}},
    };

    proto = proto_register_protocol("Floor", "Floor", "floor");
    proto_register_field_array(proto, fields, 1);
    handle = register_dissector("floor", dissect, proto);
}

static void register_handoff(void) { dissector_add_uint("tcp.port", 3000, handle); }

EXPORT void plugin_register(void)
{
    static proto_plugin plugin;
    plugin.register_protoinfo = register_protocol;
    plugin.register_handoff = register_handoff;
    proto_register_plugin(&plugin);
}
EXPORT unsigned plugin_describe(void) { return 1; }
