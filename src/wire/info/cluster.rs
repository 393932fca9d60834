//! Info values about the cluster and its load: peers, partitions, latencies, user agents.
//!
//! Source: client-protocol 2.4

use core::fmt;

use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::{opt, rest};
use nom::sequence::{preceded, terminated};

use crate::wire::client::fields::digest::PARTITIONS;
use crate::wire::ground::at::before;
use crate::wire::ground::base64::{decode, printable};
use crate::wire::ground::input::{self, Malformed};
use crate::wire::ground::text::{hexadecimal, split};
use crate::wire::info::message::Pieces;

/// The peers of a node: `<generation>,<default port>,[[<node>,<tls name>,[<host>[:<port>],…]],…]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerList<'a> {
    /// Generation of the list.
    pub generation: &'a [u8],
    /// The port of every endpoint that names none.
    pub default_port: &'a [u8],
    list: &'a [u8],
}

impl<'a> PeerList<'a> {
    /// Reads the three parts; `None` where they are not there.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (generation, rest) = split(text, b',');
        let (default_port, list) = split(rest?, b',');
        let (list, _) = brackets(list?)?;
        Some(Self {
            generation,
            default_port,
            list,
        })
    }

    /// The peers.
    pub fn iter(&self) -> impl Iterator<Item = PeerEntry<'a>> {
        elements(self.list).filter_map(PeerEntry::parse)
    }
}

/// One peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerEntry<'a> {
    /// All of it, in its brackets.
    pub bytes: &'a [u8],
    /// The node id as hexadecimal text.
    pub node: &'a [u8],
    /// The TLS name; empty in clear-text lists.
    pub tls_name: &'a [u8],
    /// The endpoints without their brackets; empty for a node that has left.
    pub endpoints: &'a [u8],
}

impl<'a> PeerEntry<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (inside, _) = brackets(bytes)?;
        let (node, rest) = split(inside, b',');
        let (tls_name, rest) = split(rest.unwrap_or_default(), b',');
        let endpoints = rest.and_then(brackets).map_or(&[][..], |(inside, _)| inside);
        Some(Self {
            bytes,
            node,
            tls_name,
            endpoints,
        })
    }

    /// The node id as a number.
    #[must_use]
    pub fn node_id(&self) -> Option<u64> {
        hexadecimal(self.node)
    }

    /// The addresses of the node.
    pub fn endpoints(&self) -> impl Iterator<Item = HostPort<'a>> {
        elements(self.endpoints).map(HostPort::new)
    }
}

/// A host and, if it is written, a port; IPv6 addresses stand in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostPort<'a> {
    /// Host and port.
    pub bytes: &'a [u8],
    /// Name or address, without brackets.
    pub host: &'a [u8],
    /// The port.
    pub port: Option<&'a [u8]>,
}

impl<'a> HostPort<'a> {
    /// From `host`, `host:port` or `[ipv6]:port`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let (host, port) = match brackets(bytes) {
            Some((host, tail)) => (host, input::front(preceded(tag(&b":"[..]), rest), tail).ok()),
            None => split(bytes, b':'),
        };
        Self { bytes, host, port }
    }
}

/// What stands in the brackets at the start of `text`, and what follows them. A bracket that is never closed reaches
/// to the end.
fn brackets(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, inside) = preceded(tag(&b"["[..]), up_to_outer(b']')).parse(text).ok()?;
    Some((inside, rest))
}

/// What stands before the first `end` that is in no brackets; it is stepped over, if it is there.
fn up_to_outer<'a>(end: u8) -> impl Parser<&'a [u8], Output = &'a [u8], Error = Malformed<'a>> {
    let inside = move |text: &'a [u8]| {
        // Counted and not by a parser for each level, so that no text decides how deep the stack is.
        let mut depth = 0u32;
        let is_end = |byte: &u8| {
            let is_outer = depth == 0;
            match byte {
                b'[' => depth = depth.saturating_add(1),
                b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            is_outer && *byte == end
        };
        let length = text.iter().position(is_end).unwrap_or(text.len());
        input::up_to(length)(text)
    };
    terminated(inside, opt(input::u8("end")))
}

/// The elements between commas that are in no brackets; empty ones are left out.
fn elements(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    core::iter::from_fn(move || {
        while !rest.is_empty() {
            let (tail, element) = up_to_outer(b',').parse(rest).ok()?;
            rest = tail;
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    })
}

/// Partitions by namespace: `<ns>:<regime>,<n columns>,<base64>,…;` (replicas), without regime (replicas-all), or
/// with the bitmap alone (replicas-master, replicas-prole).
#[derive(Clone, Debug)]
pub struct Replicas<'a>(Pieces<'a>);

impl<'a> Replicas<'a> {
    /// The namespaces of a value.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self(Pieces::new(text, b';'))
    }
}

impl<'a> Iterator for Replicas<'a> {
    type Item = ReplicaRow<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.0.next()?;
        let (namespace, rest) = split(bytes, b':');
        Some(ReplicaRow {
            bytes,
            namespace,
            rest: rest.unwrap_or_default(),
        })
    }
}

/// The partitions of one namespace on the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaRow<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// The namespace.
    pub namespace: &'a [u8],
    rest: &'a [u8],
}

impl<'a> ReplicaRow<'a> {
    /// The numbers before the bitmaps: regime (if there are two) and number of columns.
    #[must_use]
    pub fn numbers(&self) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
        let mut numbers = self.cells().filter(|cell| cell.len() < Bitmap::TEXT);
        match (numbers.next(), numbers.next()) {
            (Some(regime), Some(columns)) => (Some(regime), Some(columns)),
            (columns, _) => (None, columns),
        }
    }

    /// The bitmaps: the first is that of the masters.
    pub fn columns(&self) -> impl Iterator<Item = Bitmap<'a>> {
        let all = self.cells().filter(|cell| cell.len() >= Bitmap::TEXT);
        all.map(Bitmap)
    }

    fn cells(&self) -> impl Iterator<Item = &'a [u8]> {
        Pieces::new(self.rest, b',')
    }
}

/// A bit for each of the 4096 partitions in base64; partition 0 is the highest bit of the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bitmap<'a>(pub &'a [u8]);

impl Bitmap<'_> {
    /// Characters of a whole bitmap without padding (684 with it).
    const TEXT: usize = 683;

    /// The partitions whose bit is set, in order.
    pub fn partitions(&self) -> impl Iterator<Item = u16> + '_ {
        let bytes = (0u16..).step_by(8).zip(decode(self.0));
        let set = bytes.flat_map(|(first, byte)| {
            let bits = (0u16..8).filter(move |bit| byte << bit & 0x80 != 0);
            bits.map(move |bit| first.saturating_add(bit))
        });
        set.take_while(|partition| *partition < PARTITIONS)
    }

    /// How many bits are set.
    #[must_use]
    pub fn count(&self) -> usize {
        let ones = decode(self.0)
            .take(usize::from(PARTITIONS) / 8)
            .map(u8::count_ones);
        usize::try_from(ones.fold(0, u32::saturating_add)).unwrap_or(usize::MAX)
    }

    /// The set bits as runs of first and last partition.
    pub fn runs(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let mut partitions = self.partitions().peekable();
        core::iter::from_fn(move || {
            let first = partitions.next()?;
            let mut last = first;
            while let Some(next) = partitions.next_if_eq(&last.saturating_add(1)) {
                last = next;
            }
            Some((first, last))
        })
    }
}

/// Latency histograms: `<name>:<unit>,<ops/s>,<percent over 1>,<percent over 2>,…;…`, the bounds are powers of two.
/// A histogram that was never used is empty.
#[derive(Clone, Debug)]
pub struct Latencies<'a>(Pieces<'a>);

impl<'a> Latencies<'a> {
    /// The histograms of a value.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self(Pieces::new(text, b';'))
    }
}

/// One latency histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// The name, such as `{test}-read`.
    pub name: &'a [u8],
    /// `msec` or `usec`; empty for a histogram that was never used.
    pub unit: &'a [u8],
    /// Operations per second.
    pub rate: &'a [u8],
    buckets: &'a [u8],
}

impl<'a> Latency<'a> {
    /// The bound in the histogram's unit, and the percentage of operations that took longer.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, &'a [u8])> {
        let bounds = (0u32..).map_while(|power| 1u64.checked_shl(power));
        bounds.zip(Pieces::new(self.buckets, b','))
    }
}

impl<'a> Iterator for Latencies<'a> {
    type Item = Latency<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.0.next()?;
        let (name, rest) = split(bytes, b':');
        let (unit, rest) = split(rest.unwrap_or_default(), b',');
        let (rate, buckets) = split(rest.unwrap_or_default(), b',');
        Some(Latency {
            bytes,
            name,
            unit,
            rate,
            buckets: buckets.unwrap_or_default(),
        })
    }
}

/// Histories up to 5.0: `<name>:<start>-GMT,ops/sec,>1ms,>8ms,>64ms;<end>,<ops>,<p>,<p>,<p>;…`.
#[derive(Clone, Debug)]
pub struct Histories<'a> {
    rest: Pieces<'a>,
}

/// The rows of one history: names and then values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History<'a> {
    /// Both rows.
    pub bytes: &'a [u8],
    /// The name, such as `{test}-read`.
    pub name: &'a [u8],
    names: &'a [u8],
    values: &'a [u8],
}

impl<'a> History<'a> {
    /// Name and content of each column: the time first.
    pub fn cells(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        Pieces::new(self.names, b',').zip(Pieces::new(self.values, b','))
    }
}

impl<'a> Histories<'a> {
    /// The histories of a value.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self {
            rest: Pieces::new(text, b';'),
        }
    }
}

impl<'a> Iterator for Histories<'a> {
    type Item = History<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.rest.rest();
        let (name, names) = split(self.rest.next()?, b':');
        // An error takes the place of both rows.
        let values = names.and_then(|_| self.rest.next()).unwrap_or_default();
        Some(History {
            bytes: before(start, self.rest.rest()),
            name,
            names: names.unwrap_or_default(),
            values,
        })
    }
}

/// What a client says of itself: base64 of `<format>,<client and version>,<application>`.
///
/// Source: client-protocol 2.4 (user-agent-set)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAgent<'a>(pub &'a [u8]);

impl<'a> UserAgent<'a> {
    /// The part with this number (0 format, 1 client and version, 2 application) as text.
    #[must_use]
    pub const fn part(&self, number: usize) -> AgentPart<'a> {
        AgentPart { text: self.0, number }
    }
}

/// One part of a [`UserAgent`], to be displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentPart<'a> {
    text: &'a [u8],
    number: usize,
}

impl fmt::Display for AgentPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use core::fmt::Write;
        let mut commas = 0usize;
        for byte in decode(self.text) {
            // The application is the last part and may have commas itself.
            if byte == b',' && commas < 2 {
                commas = commas.saturating_add(1);
            } else if commas == self.number {
                f.write_char(printable(byte))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
