//! The build that each server says it is, so that a request for what it does not know yet can be told.

use crate::epan::Packet;
use crate::epan::memory::file::CaptureState;
use crate::track::ground::budget;
use crate::track::ground::map::{FileMap, hash};
use crate::wire::ground::version::ServerVersion;

/// The newest build that a server said, and the frame that did so first.
#[derive(Clone, Copy)]
struct Known {
    frame: u32,
    build: ServerVersion,
}

/// By the hash of the server's address and port.
#[derive(Default)]
struct Builds(FileMap<u64, Known>);

static BUILDS: CaptureState<Builds> = CaptureState::new();

/// On the first pass: the server that sends this says that it is of that build.
pub fn note(packet: Packet<'_>, build: &[u8]) {
    let (false, Some(build)) = (packet.is_visited(), ServerVersion::parse(build)) else {
        return;
    };
    let Builds(known) = BUILDS.get(packet.file());
    let server = hash(&(packet.source_address(), packet.ports().0));
    let before = known.get(&server);
    if before.is_some_and(|before| before.build >= build)
        || before.is_none() && !budget::keep(packet, 2 * size_of::<(u64, Known)>())
    {
        return;
    }
    let frame = before.map_or_else(|| packet.frame(), |before| before.frame);
    known.insert(packet.file(), server, Known { frame, build });
}

/// The build of the server to which this is sent, if it said so before.
#[must_use]
pub fn of_destination(packet: Packet<'_>) -> Option<ServerVersion> {
    let Builds(known) = BUILDS.get(packet.file());
    let server = hash(&(packet.destination_address(), packet.ports().1));
    let known = known.get(&server)?;
    (known.frame < packet.frame()).then_some(known.build)
}
