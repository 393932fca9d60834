//! Load that is not even between nodes.

use crate::cluster::{Cluster, check};
use crate::common::make::*;

/// Clients ask three nodes for many records: node 1 so often, the others 150 times each. The first of node 1's.
fn asks_three(cluster: &mut Cluster, often: u32, digest: fn(u32) -> u8) -> Mark {
    let mut first = None;
    for (to, number) in [(1, often), (2, 150), (3, 150)] {
        let ends = [cluster.open(1, to, 0.2), cluster.open(2, to, 0.21)];
        for step in 0..number {
            let at = 1.0 + f64::from(step) * 6.0 / f64::from(number);
            let mark = cluster.get(ends[step as usize % 2], to, at, digest(step));
            if to == 1 {
                first.get_or_insert(mark);
            }
        }
    }
    first.expect("a request")
}

#[test]
fn a_node_that_gets_more_than_its_share() {
    let mut cluster = Cluster::new();
    let first = asks_three(&mut cluster, 900, |step| (step % 200) as u8);
    let wanted = [(
        "Uneven load",
        "10.0.0.1:3000",
        1.0,
        6.993,
        900,
        first,
        &["900 of 1200 requests", "150 to the usual other one"][..],
    )];
    check("faults-uneven", cluster.made, &wanted);
}

#[test]
fn nodes_that_get_alike_are_in_order() {
    let mut cluster = Cluster::new();
    asks_three(&mut cluster, 400, |step| (step % 200) as u8);
    let often = |step: u32| (step * 7 % 200) as u8;
    let ends = [2, 3].map(|to| (to, cluster.open(3, to, 0.3)));
    for (to, end) in ends {
        for step in 0..250 {
            cluster.get(end, to, 1.002 + f64::from(step) * 0.02, often(step));
        }
    }
    check("faults-even", cluster.made, &[]);
}

#[test]
fn a_hot_record_explains_the_load_of_its_node() {
    let mut cluster = Cluster::new();
    asks_three(&mut cluster, 900, |step| {
        if step % 6 == 0 { (step % 200) as u8 } else { 250 }
    });
    let found = crate::cluster::found("faults-hot-node", cluster.made);
    let names: Vec<&str> = found.findings.iter().map(|line| line.finding.as_str()).collect();
    assert_eq!(names, ["Hot key"], "{found:#?}");
}
