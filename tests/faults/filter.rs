//! A filter holds for all that the diagnosis is made of, for TCP's part, too.

use std::collections::BTreeSet;

use crate::cluster::{Cluster, SERVICE, node};
use crate::common::diagnosis::tables_of;
use crate::common::host::host;
use crate::common::make::*;

/// Two clients at work; of each a request has to be sent again three times before it is acknowledged.
fn two_that_lose() -> Maker {
    let mut cluster = Cluster::new();
    for client in [1, 2] {
        cluster.works(client, 1, 0.1, 8.0);
        let end = cluster.open(client, 1, 0.2);
        let at = 3.0 + f64::from(client);
        for late in [0.0, 0.9] {
            let request = cluster
                .made
                .at(at + late)
                .send(end, node(1, SERVICE), &record_request(11, false));
            for again in [0.2, 0.6] {
                cluster.made.at(at + late + again).again(request);
            }
            cluster.answer(end, 1, at + late + 0.61, &record_answer(0));
        }
    }
    cluster.made
}

/// The senders of what was lost, with a filter.
fn losers(filter: &str) -> BTreeSet<String> {
    let rows = tables_of("faults-two-lose", &[], filter).findings;
    assert!(
        rows.iter().all(|row| row.finding == "Loss on the network"),
        "{filter}: {rows:#?}"
    );
    let from = rows.iter().filter_map(|row| row.who.split(" to ").next());
    from.flat_map(|hosts| hosts.split(", "))
        .map(str::to_string)
        .collect()
}

#[test]
fn a_filter_leaves_out_what_tcp_did_at_other_hosts() {
    host().put("faults-two-lose", &two_that_lose().finish());
    let of = |hosts: &[&str]| hosts.iter().map(ToString::to_string).collect();
    assert_eq!(losers(""), of(&["10.0.0.101", "10.0.0.102"]));
    assert_eq!(losers(",ip.addr == 10.0.0.101"), of(&["10.0.0.101"]));
    assert_eq!(losers(",ip.addr == 10.0.0.102"), of(&["10.0.0.102"]));
    assert_eq!(losers(",not ip.addr == 10.0.0.101"), of(&["10.0.0.102"]));
    assert_eq!(losers(",frame.time_relative < 3"), of(&[]));
    // What passes by another protocol's field is the same.
    assert_eq!(losers(",aerospike or tcp"), of(&["10.0.0.101", "10.0.0.102"]));
    assert_eq!(losers(",udp"), of(&[]));
}
