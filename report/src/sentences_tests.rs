//! Each sentence is said where it is true, and not where it is not.

use super::*;
use crate::grid::{Answers, SHORTEST};

/// Ten seconds of reads by three nodes, 300 a second each; `time` gives microseconds by node and time in ms.
fn grid(time: impl Fn(usize, i64) -> u64) -> Grid {
    let mut grid = Grid::of_one(0, 128_000_000);
    for number in 0..3000_i64 {
        for (node, name) in ["10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.3:3000"]
            .into_iter()
            .enumerate()
        {
            let us = time(node, number * 10 / 3);
            grid.add(&Answers {
                at: number * 10_000_000 / 3,
                node: name,
                operation: "get",
                times: &[(us * 1000, 1)],
                longest: us * 1000,
                sum: u128::from(us * 1000),
                parts: [0, us * 900, us * 100, 0, 0].map(u128::from),
            });
        }
    }
    grid
}

fn is_in(at_ms: i64) -> bool {
    (3_200..6_000).contains(&at_ms)
}

#[test]
fn a_rise_of_one_node_is_said_with_what_the_others_did() {
    let grid = grid(|node, at| if node == 1 && is_in(at) { 212_000 } else { 400 });
    let rises = rises(&grid);
    assert_eq!(rises.len(), 1);
    let words = rise_in_words(&rises[0]);
    assert!(
        words
            .starts_with("p99 of get at 10.0.0.2:3000 rose from 0.397 ms to 212 ms at 3.200 s until 6.016 s"),
        "{words}"
    );
    assert!(words.ends_with("; the other nodes stayed."), "{words}");
    assert!(
        (3.1..3.3).contains(&rises[0].times.0) && (5.9..6.2).contains(&rises[0].times.1),
        "{:?}",
        rises[0].times
    );
}

#[test]
fn a_rise_of_all_says_so_and_one_to_the_end_names_no_end() {
    let all = grid(|_, at| if is_in(at) { 9_000 } else { 400 });
    assert!(rises(&all).iter().all(|rise| rise.others == Others::Rose));
    let end = grid(|node, at| if node == 0 && at >= 7_000 { 9_000 } else { 400 });
    let words = rise_in_words(&rises(&end)[0]);
    assert!(!words.contains("until"), "{words}");
}

#[test]
fn what_wanders_or_is_slow_from_the_start_did_not_rise() {
    assert_eq!(rises(&grid(|_, at| if is_in(at) { 1_500 } else { 400 })), []);
    assert_eq!(rises(&grid(|node, _| if node == 2 { 90_000 } else { 400 })), []);
    assert_eq!(rises(&grid(|_, at| if at < 2_000 { 90_000 } else { 400 })), []);
}

#[test]
fn the_slowest_node_is_said_where_it_is_twice_as_slow() {
    let slow = latency(&grid(|node, _| if node == 2 { 90_000 } else { 400 }));
    assert!(
        slow.iter()
            .any(|words| words.contains("10.0.0.3:3000 is the slowest")),
        "{slow:?}"
    );
    let even = latency(&grid(|node, _| 400 + node as u64 * 100));
    assert!(!even.iter().any(|words| words.contains("slowest:")), "{even:?}");
    assert!(
        even[0].starts_with("Of 9,000 answers, half took up to 0.500 ms"),
        "{even:?}"
    );
    assert_eq!(
        latency(&Grid::default()),
        ["No answer was seen with its request."]
    );
}

fn rows(value: impl Fn(usize) -> [f64; 4], open: impl Fn(usize) -> f64) -> Vec<Interval> {
    let row = |place: usize| Interval {
        from: place as f64 * 0.1,
        to: (place + 1) as f64 * 0.1,
        rates: value(place),
        open: (open(place), 1.0),
        ..Interval::default()
    };
    (0..100).map(row).collect()
}

#[test]
fn errors_are_placed_where_they_are_together() {
    let some = rows(
        |place| {
            [
                100.0,
                100.0,
                if (30..40).contains(&place) { 20.0 } else { 0.0 },
                0.0,
            ]
        },
        |_| 0.0,
    );
    let words = timeline(&some);
    assert_eq!(words[0], "1,000 requests in 10.0 s, 100 a second.");
    assert_eq!(words[1], "20 errors, all from 3.000 s to 4.000 s.");
    let all = timeline(&rows(|_| [100.0, 100.0, 10.0, 0.0], |_| 0.0));
    assert_eq!(all[1], "100 errors.");
    let none = timeline(&rows(|_| [100.0, 100.0, 0.0, 0.0], |_| 0.0));
    assert_eq!(none[1..], ["No error and no timeout."]);
    assert!(timeline(&[]).is_empty());
}

#[test]
fn silence_is_said_while_requests_wait_alone() {
    let answers = |place: usize| {
        [
            100.0,
            if (50..60).contains(&place) { 0.0 } else { 100.0 },
            0.0,
            0.0,
        ]
    };
    let waiting = timeline(&rows(answers, |_| 3.0));
    assert!(
        waiting.contains(&"From 5.000 s to 6.000 s no answer came, while requests were open.".to_owned()),
        "{waiting:?}"
    );
    let quiet = timeline(&rows(answers, |_| 0.0));
    assert!(
        !quiet.iter().any(|words| words.contains("no answer")),
        "{quiet:?}"
    );
    let rare = timeline(&rows(
        |place| [1.0, if place % 10 == 0 { 1.0 } else { 0.0 }, 0.0, 0.0],
        |_| 1.0,
    ));
    assert!(!rare.iter().any(|words| words.contains("no answer")), "{rare:?}");
}

#[test]
fn the_split_names_what_took_the_time() {
    let server = split(&grid(|_, _| 400));
    assert!(
        server[0].starts_with("Of all response time 90 % passed between"),
        "{server:?}"
    );
    assert_eq!(server.len(), 1);
    let mut lost = Grid::of_one(0, SHORTEST);
    lost.add(&Answers {
        node: "n",
        operation: "get",
        times: &[(200_000_000, 50)],
        longest: 200_000_000,
        sum: 50 * 200_000_000,
        parts: [0, 200_000_000, 0, 150_000_000, 0].map(|part: u128| part * 50),
        ..Answers::default()
    });
    let lost = split(&lost);
    assert!(
        lost.iter()
            .any(|words| words.contains("75 % is what TCP's sending again added")),
        "{lost:?}"
    );
    assert!(
        !lost.iter().any(|words| words.contains("passed between")),
        "{lost:?}"
    );
}

#[test]
fn connections_that_are_hardly_used_are_said() {
    let head = "Table,Client,Node,At start,Opened,Not opened,Closed by client,by node,At end,Requests\n";
    let table = |rest: &str| Table::parse(format!("{head}By client and node,c,n,{rest}").as_bytes()).unwrap();
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
