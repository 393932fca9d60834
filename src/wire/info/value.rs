//! The shapes of info values, so that they can be shown piece by piece.
//!
//! Source: client-protocol 2.4

use crate::wire::info::cluster::{Histories, Latencies, Peers, Replicas};
use crate::wire::info::message::{Command, Pairs, Pieces};

/// How the value of a command is built.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// One piece of text.
    Scalar(&'a [u8]),
    /// Pieces between `;`.
    List(Pieces<'a>),
    /// Name-value pairs: `a=1;b=2`, `0:/var/log;…`.
    Map(Pairs<'a>),
    /// Rows between `;`, each of pairs: `ns=test:set=demo;…`.
    Rows(Rows<'a>),
    /// Rows between `;` of cells between `:`, the first with the names.
    Table(Table<'a>),
    /// Peers of a node.
    Peers(Peers<'a>),
    /// Partitions of a node as bitmaps.
    Replicas(Replicas<'a>),
    /// Latency histograms (5.1 and later).
    Latencies(Latencies<'a>),
    /// Latency and throughput histories (up to 5.0).
    Histories(Histories<'a>),
}

/// The kinds of [`Value`] that a command's name decides on.
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

fn shape(command: &Command<'_>) -> Option<Shape> {
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
pub fn value<'a>(command: &Command<'_>, value: &'a [u8]) -> Value<'a> {
    match shape(command) {
        Some(Shape::List) => Value::List(Pieces::new(value, b';')),
        Some(Shape::Map) => Value::Map(Pairs::new(value, b';', b'=')),
        Some(Shape::Logs) => Value::Map(Pairs::new(value, b';', b':')),
        Some(Shape::RowsByColon) => Value::Rows(Rows::new(value, b':')),
        Some(Shape::RowsByComma) => Value::Rows(Rows::new(value, b',')),
        Some(Shape::Table) => Value::Table(Table::new(value)),
        Some(Shape::Peers) => Peers::parse(value).map_or(Value::Scalar(value), Value::Peers),
        Some(Shape::Replicas) => Value::Replicas(Replicas::new(value)),
        Some(Shape::Latencies) => Value::Latencies(Latencies::new(value)),
        Some(Shape::Histories) => Value::Histories(Histories::new(value)),
        None => Value::Scalar(value),
    }
}

/// Takes a value apart whose command is not known, by its first separators.
#[must_use]
pub fn guess(value: &[u8]) -> Value<'_> {
    let separators = value.iter().filter(|byte| matches!(byte, b'=' | b';' | b':'));
    let mut separators = separators.copied();
    match (separators.next(), separators.next()) {
        (Some(b'='), Some(b':')) => Value::Rows(Rows::new(value, b':')),
        (Some(b'='), Some(b';')) => Value::Map(Pairs::new(value, b';', b'=')),
        (Some(b';'), Some(b';')) => Value::List(Pieces::new(value, b';')),
        _ => Value::Scalar(value),
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
pub struct Rows<'a> {
    rows: Pieces<'a>,
    separator: u8,
}

impl<'a> Rows<'a> {
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
pub struct Record<'a> {
    /// The row.
    pub bytes: &'a [u8],
    separator: u8,
}

impl<'a> Record<'a> {
    /// Its pairs.
    #[must_use]
    pub const fn pairs(&self) -> Pairs<'a> {
        Pairs::new(self.bytes, self.separator, b'=')
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.rows.next()?;
        Some(Record {
            bytes,
            separator: self.separator,
        })
    }
}

/// A table whose first row has the names of the columns.
///
/// Source: client-protocol 2.4 (partition-info)
#[derive(Clone, Debug)]
pub struct Table<'a> {
    names: &'a [u8],
    rows: Pieces<'a>,
}

impl<'a> Table<'a> {
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

impl<'a> Iterator for Table<'a> {
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
        let Value::Rows(rows) = value(&Command::new(command), text) else {
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
        let Value::List(list) = value(&Command::new(b"namespaces"), b"test;bar") else {
            panic!("no list")
        };
        assert_eq!(list.collect::<Vec<_>>(), [b"test", &b"bar"[..]]);
        let Value::Map(map) = value(&Command::new(b"namespace/test"), b"objects=0;x=;y") else {
            panic!("no map")
        };
        let values: Vec<_> = map.map(|pair| pair.value).collect();
        assert_eq!(values, [Some(&b"0"[..]), Some(&b""[..]), None]);
        let Value::Map(mut logs) = value(&Command::new(b"logs"), b"0:/var/log/a.log") else {
            panic!("no map")
        };
        assert_eq!(logs.next().unwrap().value, Some(&b"/var/log/a.log"[..]));
        assert!(matches!(
            value(&Command::new(b"build"), b"8.1.0.3"),
            Value::Scalar(b"8.1.0.3")
        ));
        assert!(matches!(
            value(&Command::new(b"peers-generation"), b"0"),
            Value::Scalar(_)
        ));
        assert!(matches!(
            value(&Command::new(b"sindex/test/i"), b"a=1"),
            Value::Map(_)
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
        assert!(matches!(guess(b"a=1;b=2"), Value::Map(_)));
        assert!(matches!(guess(b"ns=test:set=demo;"), Value::Rows(_)));
        assert!(matches!(guess(b"batch-any;cdt-list;udf"), Value::List(_)));
        for scalar in [&b"8.0.0.15"[..], b"10.0.0.1:3000", b"a;b", b"", b"x=y"] {
            assert!(matches!(guess(scalar), Value::Scalar(_)), "{scalar:?}");
        }
    }

    #[test]
    fn a_table_names_its_cells() {
        let text = b"namespace:partition:state;test:0:S;test:1:S;";
        let Value::Table(table) = value(&Command::new(b"partition-info"), text) else {
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
            match value(&Command::new(names[name]), text.as_bytes()) {
                Value::Scalar(_) => {}
                Value::List(list) => prop_assert!(list.count() <= max),
                Value::Map(map) => prop_assert!(map.count() <= max),
                Value::Rows(rows) => prop_assert!(rows.map(|row| row.pairs().count()).sum::<usize>() <= max),
                Value::Table(table) => prop_assert!(table.filter(|row| row.cells().count() > 0).count() <= max),
                Value::Peers(peers) => prop_assert!(
                    peers.iter().map(|peer| peer.endpoints().count()).sum::<usize>() <= max
                ),
                Value::Replicas(rows) => prop_assert!(rows.map(|row| row.columns().count()).sum::<usize>() <= max),
                Value::Latencies(rows) => prop_assert!(rows.map(|row| row.buckets().count()).sum::<usize>() <= max),
                Value::Histories(rows) => prop_assert!(rows.count() <= max),
            }
        }
    }
}
