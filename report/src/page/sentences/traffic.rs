//! What is said of keys, connections, records and the cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::{ENOUGH, SOME};
use crate::hotkeys::HotKeys;
use crate::table::Table;
use crate::text::{at, bytes, count, counted, percent, significant};

/// Above the hot keys.
#[must_use]
pub fn hot_keys(keys: &HotKeys) -> Vec<String> {
    let requests = keys.all.requests();
    let (Some(one), Some(ten)) = (keys.share(1), keys.share(10)) else {
        return Vec::new();
    };
    let mut out = vec![format!(
        "{} touched {}; the hottest key got {} of them, the ten hottest {}.",
        counted(requests, "request"),
        counted(keys.len() as u64, "record"),
        percent(one),
        percent(ten)
    )];
    let even = 1.0 / keys.len().max(1) as f64;
    // Ten times its share, of a twentieth of all.
    if one >= 0.05 && one >= 10.0 * even && requests >= ENOUGH {
        out.push(format!(
            "That is {} times what each would have if all were the same.",
            count((one / even).round() as u64)
        ));
    } else if one < 0.02 && keys.len() >= 100 {
        out.push("No key stands out.".to_owned());
    }
    if keys.is_cut {
        out.push(
            "There were more records than could be kept: those with the fewest requests were let go."
                .to_owned(),
        );
    }
    out
}

/// Above the connections.
#[must_use]
pub fn connections(table: &Table) -> Vec<String> {
    let mut sums = BTreeMap::new();
    let mut pairs = 0;
    for row in table.of("By client and node") {
        pairs += 1;
        for column in [
            "At start",
            "Opened",
            "Not opened",
            "Closed by client",
            "by node",
            "At end",
            "Requests",
        ] {
            *sums.entry(column).or_insert(0) += row.count(column);
        }
    }
    let sum = |column| sums.get(column).copied().unwrap_or(0_u64);
    if pairs == 0 {
        return Vec::new();
    }
    let all = sum("At start") + sum("Opened");
    let mut out = vec![format!(
        "{} between {}: {} were open at the start, {} opened, {} closed by the client and {} by the node.",
        counted(all, "connection"),
        counted(pairs, "pair") + " of client and node",
        count(sum("At start")),
        count(sum("Opened")),
        count(sum("Closed by client")),
        count(sum("by node"))
    )];
    if sum("Not opened") > 0 {
        out.push(format!(
            "{} could not be opened.",
            counted(sum("Not opened"), "connection")
        ));
    }
    let (opened, requests) = (sum("Opened"), sum("Requests"));
    // A pool that works has hundreds of requests a connection.
    if opened >= SOME && requests < opened * 5 {
        out.push(format!(
            "A connection that was opened carried {} requests in the mean: they are hardly used again.",
            significant(requests as f64 / all.max(1) as f64)
        ));
    }
    out
}

/// Above the records.
#[must_use]
pub fn records(table: &Table) -> Vec<String> {
    let mut out = Vec::new();
    for row in table.all() {
        let set = [row.text("Namespace"), row.text("Set")].join(".");
        let set = set.trim_end_matches('.');
        let verb = match row.text("What") {
            "read" => "read from",
            "written" => "written to",
            _ => continue,
        };
        let (records, most) = (row.count("Count"), row.number("Max").unwrap_or(0.0));
        if records >= SOME {
            let median = bytes(row.number("p50").unwrap_or(0.0));
            out.push(format!(
                "{} {verb} {set}: half are up to {median}, the largest has {}.",
                counted(records, "record"),
                bytes(most)
            ));
        }
        // A set in which half of the reads find nothing is asked for what is not there.
        let not_found = row.number("% NOT_FOUND").unwrap_or(0.0);
        if verb == "read from" && records >= SOME && not_found >= 50.0 {
            out.push(format!(
                "{} of the reads of {set} found nothing.",
                percent(not_found / 100.0)
            ));
        }
    }
    out
}

/// Above the cluster.
#[must_use]
pub fn cluster(table: &Table) -> Vec<String> {
    let rows = |start: &'static str| table.all().filter(move |row| row.row.table.starts_with(start));
    let mut out = Vec::new();
    let nodes: BTreeSet<&str> = rows("All nodes")
        .map(|row| row.text("Node"))
        // Addresses of nodes that do not say which they are.
        .filter(|node| !node.is_empty() && *node != "?")
        .collect();
    if nodes.len() > 1 {
        out.push(format!(
            "{}: {}.",
            counted(nodes.len() as u64, "node"),
            nodes.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    // The first node that says each membership, in the order of time.
    let mut members: Vec<(f64, &str)> = rows("Members")
        .filter_map(|row| Some((row.number("From (s)")?, row.text("What"))))
        .collect();
    members.sort_by(|one, other| one.0.total_cmp(&other.0));
    let size = |what: &str| what.split(" of ").nth(1)?.split(':').next()?.parse::<u64>().ok();
    let sizes: Vec<(f64, u64)> = members
        .iter()
        .filter_map(|(from, what)| Some((*from, size(what)?)))
        .collect();
    let mut known = sizes.first().map_or(0, |(_, size)| *size);
    for (from, size) in sizes {
        if size != known {
            out.push(format!(
                "The cluster went from {} to {size} at {}.",
                counted(known, "node"),
                at(from)
            ));
            known = size;
        }
    }
    let moved: (u64, f64) = rows("Migrations").fold((0, 0.0), |sum, row| {
        (
            sum.0 + row.count("Records"),
            sum.1 + row.number("Bytes").unwrap_or(0.0),
        )
    });
    if moved.0 > 0 {
        out.push(format!(
            "{} ({}) were migrated between nodes.",
            counted(moved.0, "record"),
            bytes(moved.1)
        ));
    }
    out
}

/// The build that a text of the cluster's report names.
#[must_use]
pub fn build(what: &str) -> Option<&str> {
    let rest = &what[what.find("build ")? + "build ".len()..];
    rest.split([',', ' ']).next().filter(|build| !build.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_are_hardly_used_are_said() {
        let head = "Table,Client,Node,At start,Opened,Not opened,Closed by client,by node,At end,Requests\n";
        let table =
            |rest: &str| Table::parse(format!("{head}By client and node,c,n,{rest}").as_bytes()).unwrap();
        let used = connections(&table("2,30,0,1,0,31,90000"));
        assert_eq!(
            used,
            [
                "32 connections between 1 pair of client and node: 2 were open at the start, 30 opened, 1 closed by the client and 0 by the node."
            ]
        );
        let churn = connections(&table("0,300,4,300,0,0,300"));
        assert!(
            churn[1].starts_with("4 connections could not") && churn[2].contains("hardly used again"),
            "{churn:?}"
        );
    }

    #[test]
    fn records_are_told_by_set_and_misses_where_they_are_half() {
        let head = "Table,Namespace,Set,What,Count,p50,Max,% NOT_FOUND\n";
        let table = |rest: &str| Table::parse(format!("{head}{rest}").as_bytes()).unwrap();
        assert_eq!(
            records(&table(
                "Records,test,demo,read,723,171,2000,60\nRecords,test,demo,bins read,723,4,4,\n"
            )),
            [
                "723 records read from test.demo: half are up to 171 B, the largest has 2.00 kB.",
                "60 % of the reads of test.demo found nothing."
            ]
        );
        assert_eq!(records(&table("Records,test,,written,50,171,171,0\n")).len(), 1);
        assert!(records(&table("Records,test,demo,read,3,171,171,99\n")).is_empty());
    }

    #[test]
    fn the_cluster_says_when_it_changed() {
        let head = "Table,Node,What,Records,Bytes,From (s)\n";
        let table = |rest: &str| Table::parse(format!("{head}{rest}").as_bytes()).unwrap();
        let changed = table(concat!(
            "All nodes (x),a1,\"build 8.1.2.0, cluster\",,,0\nAll nodes (x),a2,heartbeats,,,0\n",
            "\"Members, as each says\",a1,\"cluster 58 of 2: a2, a1\",,,0\n\"Members, as each says\",a1,\"cluster fa of 3: a3\",,,2.5\n",
            "\"Members, as each says\",a2,\"cluster fa of 3: a3\",,,2.6\nMigrations (x),a1,m,202,35649,6\n",
        ));
        assert_eq!(
            cluster(&changed),
            [
                "2 nodes: a1, a2.",
                "The cluster went from 2 nodes to 3 at 2.500 s.",
                "202 records (35.6 kB) were migrated between nodes."
            ]
        );
        assert!(cluster(&table("All nodes (x),a1,build 8.1.2.0,,,0\n")).is_empty());
        assert_eq!(
            (build("id x, build 8.1.2.0, cluster"), build("heartbeats")),
            (Some("8.1.2.0"), None)
        );
    }
}
