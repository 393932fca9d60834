//! What nodes say of one partition, as a client was told: by one connection or by several.

/// How long a client may take to act by a map that it was given. Nanoseconds.
const REACTION: i64 = 1_000_000_000;

/// A place in the capture: frame, and ordinal of the message there.
pub(super) type MessagePosition = (u32, u32);

/// What a node says of a partition, in the newest map of one connection.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) at: MessagePosition,
    pub(super) time: i64,
    pub(super) regime: u64,
    pub(super) is_master: bool,
    /// Whether it has a copy; `None` where it does not tell.
    pub(super) has_copy: Option<bool>,
}

/// What several connections were told together.
#[derive(Clone, Copy)]
pub(super) struct Claims {
    pub(super) newest: Claim,
    /// All of them say that it is the master.
    pub(super) all_master: bool,
    pub(super) any_master: bool,
    /// All of them say that it has a copy; none does.
    pub(super) all_copy: bool,
    pub(super) no_copy: bool,
    /// The least regime, the latest time.
    pub(super) regime: (u64, u64),
    pub(super) time: i64,
}

impl Claims {
    pub(super) fn of(claim: &Claim) -> Self {
        Self {
            newest: *claim,
            all_master: claim.is_master,
            any_master: claim.is_master,
            all_copy: claim.has_copy == Some(true),
            no_copy: claim.has_copy == Some(false),
            regime: (claim.regime, claim.regime),
            time: claim.time,
        }
    }

    pub(super) fn and(self, claim: &Claim) -> Self {
        Self {
            newest: if claim.at > self.newest.at {
                *claim
            } else {
                self.newest
            },
            all_master: self.all_master && claim.is_master,
            any_master: self.any_master || claim.is_master,
            all_copy: self.all_copy && claim.has_copy == Some(true),
            no_copy: self.no_copy && claim.has_copy == Some(false),
            regime: (self.regime.0.min(claim.regime), self.regime.1.max(claim.regime)),
            time: self.time.max(claim.time),
        }
    }

    /// Whether no client could send a request there, by what the node says of itself.
    pub(super) const fn is_wrong(&self, writes: bool, now: i64) -> bool {
        let is_not_it = if writes { !self.any_master } else { self.no_copy };
        is_not_it && now.wrapping_sub(self.time) >= REACTION
    }

    /// Whether every client knew that it is to be sent here, and not to the `other`.
    pub(super) const fn is_owner(&self, writes: bool, now: i64, other: &Self) -> bool {
        let is_it = if writes { self.all_master } else { self.all_copy };
        is_it && now.wrapping_sub(self.time) >= REACTION && self.regime.0 >= other.regime.1
    }
}
