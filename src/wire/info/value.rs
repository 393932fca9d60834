//! The shapes of info values, so that they can be shown piece by piece.
//!
//! Source: client-protocol 2.4

use crate::wire::info::cluster::{Histories, Latencies, PeerList, Replicas};
use crate::wire::info::message::{InfoCommand, Pairs, Pieces};

/// How the value of a command is built.
#[derive(Clone, Debug)]
pub enum InfoValue<'a> {
    /// One piece of text.
    Scalar(&'a [u8]),
    /// Pieces between `;`.
    List(Pieces<'a>),
    /// Name-value pairs: `a=1;b=2`, `0:/var/log;…`.
    Map(Pairs<'a>),
    /// Rows between `;`, each of pairs: `ns=test:set=demo;…`.
    Rows(InfoRows<'a>),
    /// Rows between `;` of cells between `:`, the first with the names.
    Table(InfoTable<'a>),
    /// Peers of a node.
    Peers(PeerList<'a>),
    /// Partitions of a node as bitmaps.
    Replicas(Replicas<'a>),
    /// Latency histograms (5.1 and later).
    Latencies(Latencies<'a>),
    /// Latency and throughput histories (up to 5.0).
    Histories(Histories<'a>),
}

/// The kinds of [`InfoValue`] that a command's name decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    List,
    Map,
    Logs,
    RowsByColon,
    RowsByComma,
    Table,
    Peers,
    Replicas,
    Latencies,
    Histories,
}

fn shape(command: &InfoCommand<'_>) -> Option<Shape> {
    Some(match command.name {
        b"namespaces"
        | b"features"
        | b"services"
        | b"services-alternate"
        | b"services-alumni"
        | b"service-clear-std"
        | b"service-clear-alt"
        | b"service-tls-std"
        | b"service-tls-alt"
        | b"admin-clear-std"
        | b"admin-tls-std"
        | b"service"
        | b"mesh"
        | b"mcast" => Shape::List,
        b"statistics" | b"namespace" | b"get-config" | b"config-get" | b"get-stats" | b"release"
        | b"endpoints" | b"sindex-stat" | b"health-stats" | b"udf-get" | b"connection"
        | b"best-practices" => Shape::Map,
        // sindex/<ns> lists the indexes, sindex/<ns>/<index> is the statistics of one.
        b"sindex" if command.arguments().count() > 1 => Shape::Map,
        b"sets" | b"sindex" | b"sindex-list" | b"query-show" | b"query-list" | b"jobs" | b"scan-list"
        | b"scan-show" | b"racks" | b"roster" | b"histogram" | b"user-agents" => Shape::RowsByColon,
        b"logs" | b"log" | b"rack-ids" => Shape::Logs,
        b"udf-list" => Shape::RowsByComma,
        b"partition-info" => Shape::Table,
        b"replicas" | b"replicas-all" | b"replicas-master" | b"replicas-prole" => Shape::Replicas,
        b"latencies" => Shape::Latencies,
        b"latency" | b"throughput" => Shape::Histories,
        name if name.starts_with(b"peers-") && name != b"peers-generation" => Shape::Peers,
        name if name.starts_with(b"alumni-") => Shape::Peers,
        _ => return None,
    })
}

/// Takes a value apart by the command that asked for it; a value in another shape than expected is still split, its
/// pieces are then wrong but harmless.
///
/// Source: client-protocol 2.4
#[must_use]
pub fn value<'a>(command: &InfoCommand<'_>, value: &'a [u8]) -> InfoValue<'a> {
    match shape(command) {
        Some(Shape::List) => InfoValue::List(Pieces::new(value, b';')),
        Some(Shape::Map) => InfoValue::Map(Pairs::new(value, b';', b'=')),
        Some(Shape::Logs) => InfoValue::Map(Pairs::new(value, b';', b':')),
        Some(Shape::RowsByColon) => InfoValue::Rows(InfoRows::new(value, b':')),
        Some(Shape::RowsByComma) => InfoValue::Rows(InfoRows::new(value, b',')),
        Some(Shape::Table) => InfoValue::Table(InfoTable::new(value)),
        Some(Shape::Peers) => PeerList::parse(value).map_or(InfoValue::Scalar(value), InfoValue::Peers),
        Some(Shape::Replicas) => InfoValue::Replicas(Replicas::new(value)),
        Some(Shape::Latencies) => InfoValue::Latencies(Latencies::new(value)),
        Some(Shape::Histories) => InfoValue::Histories(Histories::new(value)),
        None => InfoValue::Scalar(value),
    }
}

/// Takes a value apart whose command is not known, by its first separators.
#[must_use]
pub fn guess(value: &[u8]) -> InfoValue<'_> {
    let separators = value.iter().filter(|byte| matches!(byte, b'=' | b';' | b':'));
    let mut separators = separators.copied();
    match (separators.next(), separators.next()) {
        (Some(b'='), Some(b':')) => InfoValue::Rows(InfoRows::new(value, b':')),
        (Some(b'='), Some(b';')) => InfoValue::Map(Pairs::new(value, b';', b'=')),
        (Some(b';'), Some(b';')) => InfoValue::List(Pieces::new(value, b';')),
        _ => InfoValue::Scalar(value),
    }
}

/// The pairs inside a failed UDF command's value: `error=…;file=…;line=…;message=<base64>`.
///
/// Source: client-protocol 2.3
#[must_use]
pub const fn failure_pairs(text: &[u8]) -> Pairs<'_> {
    Pairs::new(text, b';', b'=')
}

/// Rows of pairs: `a=1:b=2;a=3:b=4`.
#[derive(Clone, Debug)]
pub struct InfoRows<'a> {
    rows: Pieces<'a>,
    separator: u8,
}

impl<'a> InfoRows<'a> {
    /// Rows between `;`, pairs between `separator`, names and values around `=`.
    #[must_use]
    pub const fn new(text: &'a [u8], separator: u8) -> Self {
        Self {
            rows: Pieces::new(text, b';'),
            separator,
        }
    }
}

/// One row of pairs.
#[derive(Clone, Debug)]
pub struct InfoRow<'a> {
    /// The row.
    pub bytes: &'a [u8],
    separator: u8,
}

impl<'a> InfoRow<'a> {
    /// Its pairs.
    #[must_use]
    pub const fn pairs(&self) -> Pairs<'a> {
        Pairs::new(self.bytes, self.separator, b'=')
    }
}

impl<'a> Iterator for InfoRows<'a> {
    type Item = InfoRow<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.rows.next()?;
        Some(InfoRow {
            bytes,
            separator: self.separator,
        })
    }
}

/// A table whose first row has the names of the columns.
///
/// Source: client-protocol 2.4 (partition-info)
#[derive(Clone, Debug)]
pub struct InfoTable<'a> {
    names: &'a [u8],
    rows: Pieces<'a>,
}

impl<'a> InfoTable<'a> {
    /// Rows between `;`, cells between `:`.
    #[must_use]
    pub fn new(text: &'a [u8]) -> Self {
        let mut rows = Pieces::new(text, b';');
        let names = rows.next().unwrap_or_default();
        Self { names, rows }
    }

    /// The row of names.
    #[must_use]
    pub const fn names(&self) -> &'a [u8] {
        self.names
    }
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct TableRow<'a> {
    /// The row.
    pub bytes: &'a [u8],
    names: &'a [u8],
}

impl<'a> TableRow<'a> {
    /// Name of the column and content of the cell; cells beyond the names are left out.
    pub fn cells(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let between = |byte: &u8| *byte == b':';
        self.names.split(between).zip(self.bytes.split(between))
    }
}

impl<'a> Iterator for InfoTable<'a> {
    type Item = TableRow<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.rows.next()?;
        let names = self.names;
        Some(TableRow { bytes, names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(command: &[u8], text: &'static [u8]) -> Vec<Vec<(String, String)>> {
        let InfoValue::Rows(rows) = value(&InfoCommand::new(command), text) else {
            panic!("no rows")
        };
        let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        rows.map(|row| {
            let pairs = row.pairs();
            pairs
                .map(|pair| (string(pair.name), string(pair.value.unwrap())))
                .collect()
        })
        .collect()
    }

    #[test]
    fn lists_and_maps() {
        let InfoValue::List(list) = value(&InfoCommand::new(b"namespaces"), b"test;bar") else {
            panic!("no list")
        };
        assert_eq!(list.collect::<Vec<_>>(), [b"test", &b"bar"[..]]);
        let InfoValue::Map(map) = value(&InfoCommand::new(b"namespace/test"), b"objects=0;x=;y") else {
            panic!("no map")
        };
        let values: Vec<_> = map.map(|pair| pair.value).collect();
        assert_eq!(values, [Some(&b"0"[..]), Some(&b""[..]), None]);
        let InfoValue::Map(mut logs) = value(&InfoCommand::new(b"logs"), b"0:/var/log/a.log") else {
            panic!("no map")
        };
        assert_eq!(logs.next().unwrap().value, Some(&b"/var/log/a.log"[..]));
        assert!(matches!(
            value(&InfoCommand::new(b"build"), b"8.1.0.3"),
            InfoValue::Scalar(b"8.1.0.3")
        ));
        assert!(matches!(
            value(&InfoCommand::new(b"peers-generation"), b"0"),
            InfoValue::Scalar(_)
        ));
        assert!(matches!(
            value(&InfoCommand::new(b"sindex/test/i"), b"a=1"),
            InfoValue::Map(_)
        ));
    }

    #[test]
    fn lists_of_maps() {
        let sets = rows(
            b"sets/test",
            b"ns=test:set=demo:objects=2;ns=test:set=b:objects=0;",
        );
        assert_eq!(sets.len(), 2);
        assert_eq!(sets[0][1], ("set".into(), "demo".into()));
        let udfs = rows(b"udf-list", b"filename=x.lua,hash=ab,type=LUA;");
        assert_eq!(udfs[0][2], ("type".into(), "LUA".into()));
        let jobs = rows(
            b"query-show:trid=1",
            b"trid=1:status=done(ok):from=10.77.0.101+38524",
        );
        assert_eq!(jobs[0][1].1, "done(ok)");
    }

    #[test]
    fn without_a_command_the_separators_tell() {
        assert!(matches!(guess(b"a=1;b=2"), InfoValue::Map(_)));
        assert!(matches!(guess(b"ns=test:set=demo;"), InfoValue::Rows(_)));
        assert!(matches!(guess(b"batch-any;cdt-list;udf"), InfoValue::List(_)));
        for scalar in [&b"8.0.0.15"[..], b"10.0.0.1:3000", b"a;b", b"", b"x=y"] {
            assert!(matches!(guess(scalar), InfoValue::Scalar(_)), "{scalar:?}");
        }
    }

    #[test]
    fn a_table_names_its_cells() {
        let text = b"namespace:partition:state;test:0:S;test:1:S;";
        let InfoValue::Table(table) = value(&InfoCommand::new(b"partition-info"), text) else {
            panic!("no table")
        };
        let rows: Vec<_> = table.map(|row| row.cells().collect::<Vec<_>>()).collect();
        assert_eq!(rows[1][1], (&b"partition"[..], &b"1"[..]));
        assert_eq!(rows.len(), 2);
    }

    proptest! {
        #[test]
        fn every_shape_ends(text in "[a-z0-9:;,=\\[\\]/]{0,80}", name in 0usize..9) {
            let names: [&[u8]; 9] = [
                b"namespaces", b"namespace", b"sets", b"partition-info", b"peers-clear-std", b"replicas", b"latencies",
                b"latency", b"logs",
            ];
            let max = text.len() + 1;
            match value(&InfoCommand::new(names[name]), text.as_bytes()) {
                InfoValue::Scalar(_) => {}
                InfoValue::List(list) => prop_assert!(list.count() <= max),
                InfoValue::Map(map) => prop_assert!(map.count() <= max),
                InfoValue::Rows(rows) => prop_assert!(rows.map(|row| row.pairs().count()).sum::<usize>() <= max),
                InfoValue::Table(table) => prop_assert!(table.filter(|row| row.cells().count() > 0).count() <= max),
                InfoValue::Peers(peers) => prop_assert!(
                    peers.iter().map(|peer| peer.endpoints().count()).sum::<usize>() <= max
                ),
                InfoValue::Replicas(rows) => prop_assert!(rows.map(|row| row.columns().count()).sum::<usize>() <= max),
                InfoValue::Latencies(rows) => prop_assert!(rows.map(|row| row.buckets().count()).sum::<usize>() <= max),
                InfoValue::Histories(rows) => prop_assert!(rows.count() <= max),
            }
        }
    }
}
