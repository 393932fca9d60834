//! Whole messages in which everything stands that can stand in something else: values many levels deep in bins of rows of
//! batches in fields of rows, compressed, and passed on by another node; then spoiled in a few places.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::made::{Change, Made, spoil};

/// A message, and whether nodes send it to each other.
#[derive(Debug)]
pub struct Nested {
    pub bytes: Vec<u8>,
    pub is_between_nodes: bool,
}

/// Bytes that are more than enough.
const LONGEST: usize = 1 << 16;

/// What stands before something that is put into it, of each grammar, and what stands behind.
const AROUND: [(&[u8], &[u8]); 10] = [
    (b"\x91", b""),
    (b"\x81\x01", b""),
    (b"\x81", b"\x01"),
    (b"\x92\x12", b""),
    (b"\x94\x7d\xa1x", b"\x07"),
    (b"\x95\x7f\x04\x00\x92\x10\x00", b""),
    (b"\x95\x7f\x02\x00\x92\x13", b"\x93\x51\x04\xa1b"),
    (b"\x93\xcc\xff\x92\x10\x00", b""),
    (b"\x94\xcc\xfe\x92\x04", b"\x00"),
    (b"\x92\x7e", b""),
];

impl<'a> Arbitrary<'a> for Nested {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let is_between_nodes = u.ratio(1, 4)?;
        let message = message(u, 0)?;
        let mut bytes = if is_between_nodes {
            container(u, &message)?
        } else {
            message
        };
        let n_changes = u.int_in_range(0..=3)?;
        let changes = (0..n_changes)
            .map(|_| Change::arbitrary(u))
            .collect::<Result<Vec<_>>>()?;
        spoil(&mut bytes, &changes);
        Ok(Self {
            bytes,
            is_between_nodes,
        })
    }
}

fn proto(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[2, kind], &(body.len() as u64).to_be_bytes()[2..], body].concat()
}

/// A proto message; compressed ones hold another, also a compressed one.
fn message(u: &mut Unstructured<'_>, depth: usize) -> Result<Vec<u8>> {
    if depth < 4 && u.ratio(1, 4)? {
        let whole = message(u, depth + 1)?;
        if whole.len() < 0xffff {
            let size = (whole.len() as u64).to_be_bytes();
            return Ok(proto(4, &[&size[..], &stored(&whole)].concat()));
        }
        return Ok(whole);
    }
    let mut body = vec![
        22,
        *u.choose(&[1, 3, 9, 8, 0])?,
        u8::arbitrary(u)?,
        u8::arbitrary(u)?,
        0,
        0,
    ];
    body.extend([0; 12]);
    let (n_fields, n_ops) = (u.int_in_range(0..=3u16)?, u.int_in_range(0..=2u16)?);
    body.extend(n_fields.to_be_bytes());
    body.extend(n_ops.to_be_bytes());
    for _ in 0..n_fields {
        body.extend(field(u, 0)?);
    }
    for _ in 0..n_ops {
        body.extend(op(u)?);
    }
    Ok(proto(3, &body))
}

/// A field; in a batch its rows have fields, too.
fn field(u: &mut Unstructured<'_>, depth: usize) -> Result<Vec<u8>> {
    let (kind, data) = match u.int_in_range(0..=7)? {
        0 => (0, b"test".to_vec()),
        1 => (4, vec![7; 20]),
        2 | 3 if depth < 300 => (*u.choose(&[41, 42])?, batch(u, depth + 1)?),
        4 => (43, deep(u)?),
        5 => (*u.choose(&[23, 24, 32, 45])?, deep(u)?),
        6 => (43, b"\0\x03\0\0\0\0".repeat(u.int_in_range(0..=200)?)),
        _ => (u8::arbitrary(u)?, u.bytes(u.len().min(8))?.to_vec()),
    };
    Ok([&(data.len() as u32 + 1).to_be_bytes()[..], &[kind], &data].concat())
}

fn batch(u: &mut Unstructured<'_>, depth: usize) -> Result<Vec<u8>> {
    let rows = u.int_in_range(0..=2u32)?;
    let mut data = rows.to_be_bytes().to_vec();
    data.push(u8::arbitrary(u)?);
    for row in 0..rows {
        data.extend(row.to_be_bytes());
        data.extend([7; 20]);
        if u.ratio(1, 3)? {
            data.push(1);
            continue;
        }
        let (n_fields, n_ops) = (u.int_in_range(0..=2u16)?, u.int_in_range(0..=1u16)?);
        data.extend([0, 3]);
        data.extend(n_fields.to_be_bytes());
        data.extend(n_ops.to_be_bytes());
        // None means one.
        for _ in 0..n_fields.max(1) {
            data.extend(field(u, depth)?);
            if data.len() > LONGEST {
                return Ok(data);
            }
        }
        for _ in 0..n_ops {
            data.extend(op(u)?);
        }
    }
    Ok(data)
}

fn op(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let value = deep(u)?;
    let (code, particle) = *u.choose(&[(2, 20), (2, 19), (3, 4), (4, 4), (7, 4), (2, 4), (12, 4), (1, 0)])?;
    let size = (value.len() as u32 + 5).to_be_bytes();
    Ok([&size[..], &[code, particle, 0, 1, b'b'], &value].concat())
}

/// A value, call or expression in as many others of one kind as there is room for.
fn deep(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let inner = Made::arbitrary(u)?.bytes();
    let (before, behind) = *u.choose(&AROUND)?;
    let times = *u.choose(&[0, 1, 2, 15, 16, 30, 31, 32, 33, 34, 100, 3000])?;
    Ok([before.repeat(times), inner, behind.repeat(times)].concat())
}

/// A message between nodes that carries a client's; a second one now and then.
fn container(u: &mut Unstructured<'_>, message: &[u8]) -> Result<Vec<u8>> {
    let buf = |id: u16, value: &[u8]| {
        let head = [&id.to_be_bytes()[..], &[6], &(value.len() as u32).to_be_bytes()].concat();
        [head, value.to_vec()].concat()
    };
    let mut body = [&[0, 0, 1][..], &u.int_in_range(1..=4u32)?.to_be_bytes()].concat();
    for _ in 0..u.int_in_range(1..=2)? {
        body.extend(buf(4, message));
    }
    let kind = *u.choose(&[4u16, 4, 5, 7])?;
    Ok([&(body.len() as u32).to_be_bytes()[..], &kind.to_be_bytes(), &body].concat())
}

/// A zlib stream of one stored block (RFC 1950, 1951).
fn stored(data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16;
    let (low, high) = data.iter().fold((1u32, 0u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    let mut stream = vec![0x78, 0x01, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}
