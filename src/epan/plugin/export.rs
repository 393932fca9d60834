//! The symbols that Wireshark looks up in a plugin.

use libc::c_char;

/// A text as C has it, in an array of its own.
#[must_use]
pub const fn text<const N: usize>(text: &str) -> [c_char; N] {
    let bytes = text.as_bytes();
    let mut out = [0; N];
    let mut at = 0;
    while at < bytes.len() && at + 1 < N {
        out[at] = bytes[at] as c_char;
        at += 1;
    }
    out
}

/// Exports the symbols: of a [`Plugin`](crate::epan::Plugin), and the function that puts its dissectors on ports.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ident, $handoff:ident) => {
        /// The plugin's version.
        // SAFETY: a name that nothing else exports, as Wireshark asks for it; so are those below.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static plugin_version: [libc::c_char; 16] =
            $crate::epan::plugin::export::text(env!("CARGO_PKG_VERSION"));

        /// The Wireshark that this file was built for; another minor version refuses it.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static plugin_want_major: libc::c_int =
            $crate::epan::plugin::version::Version::BUILT.0[0] as libc::c_int;

        /// The Wireshark that this file was built for; another minor version refuses it.
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals)]
        pub static plugin_want_minor: libc::c_int =
            $crate::epan::plugin::version::Version::BUILT.0[1] as libc::c_int;

        /// Called when Wireshark loads the plugin.
        #[unsafe(no_mangle)]
        pub extern "C" fn plugin_register() {
            $crate::epan::plugin::entry::register(&$plugin);
        }

        /// Exported by convention; Wireshark calls the function given at registration instead.
        #[unsafe(no_mangle)]
        pub extern "C" fn plugin_reg_handoff() {
            $handoff();
        }

        /// What kind of plugin this is (since 4.4): one that adds dissectors.
        #[unsafe(no_mangle)]
        pub extern "C" fn plugin_describe() -> u32 {
            // WS_PLUGIN_DESC_DISSECTOR
            1
        }
    };
}
