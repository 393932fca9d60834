//! The names of findings and of what is said of the capture: a contract with scripts.

/// Makes an enum whose variants have names.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident => $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$about])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As it is shown.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

names! {
    /// What is found.
    FindingKind {
        /// A node closed all its connections and refuses new ones, or is gone.
        NodeStopped => "Node stopped",
        /// Nothing comes from a host any more.
        Unreachable => "Unreachable host",
        /// SYNs are answered by RST.
        Refused => "Connections refused",
        /// SYNs get no answer from a host that lives.
        SynsUnanswered => "SYNs unanswered",
        /// SYNs are answered at a later try while open connections are served.
        AcceptQueue => "Accept queue full",
        /// The SYN-ACK itself is late.
        SlowConnects => "Slow connects",
        /// New connections are closed at once while older ones work.
        ConnectionLimit => "Connection limit",
        /// The server closed connections with requests open.
        Dropped => "Connections dropped",
        /// Acknowledges, and answers nobody.
        StalledServer => "Stalled server",
        /// Slower than before or than its peers.
        SlowServer => "Slow server",
        /// A tail of slow answers.
        SlowRequests => "Slow requests",
        /// Batches that take long.
        SlowBatches => "Slow batches",
        /// A scan that eats what others need.
        HeavyScan => "Heavy scan",
        /// A record that gets far more than its share.
        HotKey => "Hot key",
        /// A namespace takes no writes.
        WritesRefused => "Writes refused",
        /// Results that are a server's or its cluster's fault.
        ServerErrors => "Server errors",
        /// A scan without its end.
        ScanEnded => "Scan ended early",
        /// Bytes of a server that no client takes.
        BadAnswer => "Bad answer",
        /// Segments are lost.
        Loss => "Loss on the network",
        /// A path's round-trip time.
        SlowPath => "Slow path",
        /// Full segments are lost, short ones are not.
        LargeLost => "Large packets lost",
        /// Something between forgot an idle connection.
        Forgotten => "Forgotten connection",
        /// Nagle's algorithm waits for a delayed acknowledgement.
        DelayedAck => "Delayed ACK",
        /// Requests that were not answered in time.
        ClientTimeouts => "Client timeouts",
        /// Answers are there and are not read.
        NotReading => "Client not reading",
        /// The client did nothing for a while.
        ClientPaused => "Client paused",
        /// The client's receive window is closed.
        SlowReader => "Slow reader",
        /// Requests sent again.
        Retries => "Retries",
        /// A change that is not idempotent was applied twice.
        DuplicateWrite => "Duplicate write",
        /// Writes of which nobody knows whether they were applied.
        WritesInDoubt => "Writes in doubt",
        /// An older try was applied after a newer write.
        LateWrite => "Late write",
        /// Connections for a few requests each.
        Churn => "Connection churn",
        /// Connections that are left open.
        Leak => "Connection leak",
        /// A connection that the server had closed was used.
        IdleReused => "Idle connection reused",
        /// A request on a connection whose last one is open and past its timeout.
        BusyConnection => "Request on a busy connection",
        /// Requests to nodes that do not own the partition.
        StaleMap => "Stale partition map",
        /// What follows a message is no header.
        LostBoundaries => "Lost boundaries",
        /// Bytes that no server takes.
        Unsupported => "Unsupported protocol",
        /// Results that are the application's fault.
        ApplicationErrors => "Application errors",
        /// Logins are refused.
        LoginFailed => "Login failed",
        /// Handshakes of TLS fail.
        TlsFailed => "TLS failed",
        /// TLS is spoken to a clear port.
        TlsOnClear => "TLS on a clear port",
        /// Clear text is spoken to a TLS port.
        ClearOnTls => "Clear text on a TLS port",
        /// All connections of a client end at once.
        ClientDied => "Client died",
        /// Records of hundreds of kilobytes.
        BigRecords => "Big records",
        /// Fabric does not pass between two nodes.
        FabricBlocked => "Fabric blocked",
        /// One node does not hear another that hears it.
        OneWay => "Heartbeats one way",
        /// Nodes that hear each other have different cluster names.
        NamesDiffer => "Cluster names differ",
        /// One cluster became two.
        Split => "Cluster split",
        /// A node joined or left.
        Changed => "Cluster changed",
        /// Nobody answers at an address that a node names.
        UnreachableAddress => "Unreachable address",
        /// Partitions that no node is master of.
        NoMaster => "Partitions without master",
        /// Settings, sets, indexes or modules were changed by hand.
        Configuration => "Configuration changed",
        /// One node has far more than its share.
        UnevenLoad => "Uneven load",
    }
}

names! {
    /// What is said of the capture.
    Notice {
        /// No message on any connection.
        NoAerospike => "No Aerospike",
        /// Connections whose other direction has no packet.
        OneDirection => "One direction only",
        /// The same packet again.
        Twice => "Packets twice",
        /// Snap length.
        Cut => "Cut packets",
        /// Bytes that were never captured.
        Missing => "Packets missing",
        /// Frames before what they answer.
        OutOfOrder => "Out of order",
        /// Connections without their SYN.
        Joined => "Joined in the middle",
        /// No bare packet.
        DataOnly => "Only packets with data",
        /// No heartbeat, no fabric.
        NothingBetween => "Nothing between nodes",
        /// What is inside is not known.
        TlsSecret => "TLS without secrets",
        /// Time runs backwards.
        ClockStep => "Clock step",
        /// Nothing from anyone for a while.
        Gap => "Gap in time",
        /// More than fits into memory.
        Dropped => "Evidence dropped",
    }
}
