//! zlib into a buffer of a size that was decided before: a stream that holds more is refused, not followed.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::wire::ground::input::Malformed;

/// Inflates a zlib stream into `room`; how many bytes were written.
///
/// # Errors
/// A broken or cut stream, or one that holds more than `room`.
pub fn inflate<'a>(stream: &'a [u8], room: &mut [u8]) -> Result<usize, Malformed<'a>> {
    let mut state = DecompressorOxide::new();
    let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, used, written) = decompress(&mut state, stream, room, 0, flags);
    let at = stream.get(used..).unwrap_or_default();
    match status {
        TINFLStatus::Done => Ok(written),
        TINFLStatus::HasMoreOutput => Err(Malformed::illegal(
            "zlib stream",
            at,
            "holds more than was announced or is allowed",
        )),
        TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => Err(Malformed::short(
            "zlib stream",
            at,
            at.len().saturating_add(1),
            "the stream",
        )),
        _ => Err(Malformed::illegal("zlib stream", at, "is not a valid stream")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// client-protocol 17.14
    const STREAM: [u8; 72] = [
        0x78, 0x01, 0x63, 0x62, 0x66, 0x00, 0x01, 0x7f, 0x31, 0x08, 0x0d, 0xe6, 0x80, 0x08, 0xe6, 0x17, 0x0c,
        0x2c, 0x60, 0x0e, 0x2b, 0x43, 0x49, 0x6a, 0x71, 0x09, 0x90, 0xc9, 0xc1, 0x08, 0x62, 0x14, 0xa7, 0x82,
        0xd8, 0xa2, 0x2c, 0x5f, 0x27, 0xaa, 0xcc, 0xc8, 0x9b, 0xb6, 0x56, 0x3c, 0xda, 0xdc, 0x67, 0x4a, 0xfb,
        0x94, 0xe8, 0x3d, 0x6b, 0x83, 0xab, 0x41, 0x12, 0xec, 0x4c, 0xcc, 0x89, 0x39, 0x99, 0xc9, 0xa9, 0x00,
        0x0b, 0x50, 0x11, 0xf7,
    ];

    #[test]
    fn the_worked_example_inflates_to_its_size() {
        let mut room = [0u8; 87];
        assert_eq!(inflate(&STREAM, &mut room), Ok(87));
        assert_eq!(&room[..9], b"\x02\x03\0\0\0\0\0\x4f\x16");
        assert_eq!(&room[82..], b"alice");
    }

    #[test]
    fn more_than_was_announced_is_refused() {
        let mut room = [0u8; 86];
        assert!(inflate(&STREAM, &mut room).unwrap_err().by.contains("more than"));
    }

    #[test]
    fn every_cut_and_every_corruption_ends() {
        for cut in 0..STREAM.len() {
            assert!(inflate(&STREAM[..cut], &mut [0u8; 87]).is_err());
        }
        for at in 0..STREAM.len() {
            let mut broken = STREAM;
            broken[at] ^= 0x55;
            let _ = inflate(&broken, &mut [0u8; 87]);
        }
    }
}
