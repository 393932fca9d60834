use super::*;
use proptest::prelude::*;

#[test]
fn peers_with_names_ports_and_a_departed_node() {
    let text = b"6,3000,[[BB9040011AC4202,tls1,[10.1.2.3,[2001:db8::1]:4000]],[A2,,[host:3100]],[A3,,]]";
    let peers = PeerList::parse(text).unwrap();
    assert_eq!((peers.generation, peers.default_port), (&b"6"[..], &b"3000"[..]));
    let all: Vec<_> = peers.iter().collect();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].node_id(), Some(0x0bb9_0400_11ac_4202));
    assert_eq!(all[0].tls_name, b"tls1");
    let ends: Vec<_> = all[0].endpoints().map(|end| (end.host, end.port)).collect();
    assert_eq!(
        ends,
        [(&b"10.1.2.3"[..], None), (b"2001:db8::1", Some(&b"4000"[..]))]
    );
    let end = all[1].endpoints().next().unwrap();
    assert_eq!((end.host, end.port), (&b"host"[..], Some(&b"3100"[..])));
    assert_eq!(all[2].node, b"A3");
    assert_eq!(all[2].endpoints().count(), 0);
    assert_eq!(PeerList::parse(b"0,3000,[]").unwrap().iter().count(), 0);
    assert_eq!(PeerList::parse(b"0"), None);
}

#[test]
fn bitmaps_of_partitions() {
    let all = "/".repeat(682) + "8=";
    let text = format!(
        "test:7,2,{all},{};bar:0,1,{all}",
        "gA".to_owned() + &"A".repeat(682)
    );
    let rows: Vec<_> = Replicas::new(text.as_bytes()).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].namespace, b"test");
    assert_eq!(rows[0].numbers(), (Some(&b"7"[..]), Some(&b"2"[..])));
    let columns: Vec<_> = rows[0].columns().collect();
    // 682 characters of 63 are 4092 bits, `8` brings 4 more.
    assert_eq!(
        (columns[0].count(), columns[0].runs().collect::<Vec<_>>()),
        (4096, vec![(0, 4095)])
    );
    assert_eq!(columns[1].partitions().collect::<Vec<_>>(), [0]);
    let text = format!("test:1,{all};");
    let row = Replicas::new(text.as_bytes()).next().unwrap();
    assert_eq!(row.numbers(), (None, Some(&b"1"[..])));
    let text = format!("test:{all};");
    let row = Replicas::new(text.as_bytes()).next().unwrap();
    assert_eq!((row.numbers(), row.columns().count()), ((None, None), 1));
}

#[test]
fn latencies_and_what_was_never_used() {
    let rows: Vec<_> = Latencies::new(b"batch-index:;{test}-read:msec,12.5,3.00,1.00,0.00").collect();
    assert_eq!((rows[0].name, rows[0].unit), (&b"batch-index"[..], &b""[..]));
    assert_eq!(rows[0].buckets().count(), 0);
    assert_eq!((rows[1].unit, rows[1].rate), (&b"msec"[..], &b"12.5"[..]));
    let buckets: Vec<_> = rows[1].buckets().collect();
    assert_eq!(buckets[2], (4, &b"0.00"[..]));
}

#[test]
fn old_histories_pair_names_with_values() {
    let text = b"{test}-read:10:00:00-GMT,ops/sec,>1ms;10:00:10,5.0,0.10;error-no-data;reads:10:00:00-GMT,ops/sec;10:00:10,7";
    let all: Vec<_> = Histories::new(text).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].name, b"{test}-read");
    let cells: Vec<_> = all[0].cells().collect();
    assert_eq!(cells[1], (&b"ops/sec"[..], &b"5.0"[..]));
    assert_eq!(cells[0].1, b"10:00:10");
    assert_eq!((all[1].name, all[1].cells().count()), (&b"error-no-data"[..], 0));
    assert_eq!(all[2].cells().last(), Some((&b"ops/sec"[..], &b"7"[..])));
}

#[test]
fn a_user_agent_has_three_parts() {
    let agent = UserAgent(b"MSxweXRob24tMTkuMy4wLG5vdC1zZXQ=");
    assert_eq!(agent.part(0).to_string(), "1");
    assert_eq!(agent.part(1).to_string(), "python-19.3.0");
    assert_eq!(agent.part(2).to_string(), "not-set");
}

proptest! {
    #[test]
    fn peers_end(text in "[0-9A-F:,\\[\\]]{0,60}") {
        if let Some(peers) = PeerList::parse(text.as_bytes()) {
            let n: usize = peers.iter().map(|peer| peer.endpoints().count()).sum();
            prop_assert!(n <= text.len());
        }
    }

    #[test]
    fn a_bitmap_never_exceeds_the_partitions(text in "[A-Za-z0-9+/=]{0,1500}") {
        let bitmap = Bitmap(text.as_bytes());
        prop_assert_eq!(bitmap.partitions().count(), bitmap.count());
        prop_assert!(bitmap.count() <= 4096);
        let runs: usize = bitmap.runs().map(|(first, last)| usize::from(last - first) + 1).sum();
        prop_assert_eq!(runs, bitmap.count());
    }
}
