//! Bindings and guard for the Wireshark to build for.
//!
//! The headers come from pkg-config, or from the tree that `AEROSPIKE_WIRESHARK_INCLUDE` names (a folder
//! with `ws_version.h`), so that one machine can build for several versions. GLib's come from pkg-config, or
//! from the folders in `AEROSPIKE_GLIB_INCLUDE` (separated as in `PATH`). On Windows `AEROSPIKE_WIRESHARK_LIB`
//! names the folder of the import libraries; elsewhere the plugin is linked to nothing.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "plugin")]
    plugin::build();
}

#[cfg(feature = "plugin")]
mod plugin {
    use std::env;
    use std::path::{Path, PathBuf};

    const GUARD: [&str; 19] = [
        "wrapper.h",
        "src/epan/guard/guard.h",
        "src/epan/guard/guard.c",
        "src/epan/guard/inside.h",
        "src/epan/guard/plain.c",
        "src/epan/packet/segment.c",
        "src/epan/guard/soundness.c",
        "src/epan/plugin/preferences.h",
        "src/epan/plugin/preferences.c",
        "src/epan/plugin/register.c",
        "src/epan/reports/counters.h",
        "src/epan/reports/counters.c",
        "src/epan/reports/system.c",
        "src/epan/reports/taps.h",
        "src/epan/reports/taps.c",
        "src/epan/taps/tcptap.h",
        "src/epan/taps/tcptap.c",
        "src/epan/taps/windows.h",
        "src/epan/taps/windows.c",
    ];

    pub(super) fn build() {
        for file in GUARD {
            println!("cargo:rerun-if-changed={file}");
        }
        println!("cargo:rerun-if-env-changed=AEROSPIKE_WIRESHARK_INCLUDE");
        let includes = include_folders();
        let [major, minor, micro] = version(&includes);
        println!("cargo:rustc-env=AEROSPIKE_WIRESHARK={major}.{minor}");
        println!("cargo:rustc-env=AEROSPIKE_WIRESHARK_MAJOR={major}");
        println!("cargo:rustc-env=AEROSPIKE_WIRESHARK_MINOR={minor}");
        println!("cargo:rustc-env=AEROSPIKE_WIRESHARK_MICRO={micro}");
        for (name, since) in [("ws_4_2", 2), ("ws_4_4", 4), ("ws_4_6", 6)] {
            println!("cargo:rustc-check-cfg=cfg({name})");
            if major > 4 || minor >= since {
                println!("cargo:rustc-cfg={name}");
            }
        }
        let mut guard = cc::Build::new();
        guard
            .files([
                "src/epan/guard/guard.c",
                "src/epan/guard/plain.c",
                "src/epan/packet/segment.c",
                "src/epan/plugin/preferences.c",
                "src/epan/plugin/register.c",
                "src/epan/reports/counters.c",
                "src/epan/reports/system.c",
                "src/epan/reports/taps.c",
                "src/epan/taps/tcptap.c",
                "src/epan/taps/windows.c",
            ])
            .includes(&includes)
            .warnings(true)
            .opt_level(2);
        if cfg!(feature = "soundness") {
            guard
                .file("src/epan/guard/soundness.c")
                .define("AS_SOUNDNESS", None);
        }
        guard.compile("aerospike_guard");
        link();
        bindings(&includes);
    }

    /// Wireshark's symbols are found in the program that loads the plugin. The unit tests are a program
    /// without them: none calls one. To be said after the guard, which calls them: GNU's linker looks into a library once.
    fn link() {
        println!("cargo:rerun-if-env-changed=AEROSPIKE_WIRESHARK_LIB");
        match env::var("CARGO_CFG_TARGET_OS").as_deref() {
            Ok("macos") => println!("cargo:rustc-link-arg=-Wl,-undefined,dynamic_lookup"),
            // A DLL leaves no symbol open.
            Ok("windows") => {
                let folder = env::var("AEROSPIKE_WIRESHARK_LIB")
                    .expect("AEROSPIKE_WIRESHARK_LIB names the folder of the import libraries");
                println!("cargo:rustc-link-search=native={folder}");
                for library in ["wireshark", "wsutil", "glib-2.0"] {
                    println!("cargo:rustc-link-lib=dylib={library}");
                }
            }
            _ => println!("cargo:rustc-link-arg=-Wl,--unresolved-symbols=ignore-all"),
        }
    }

    fn include_folders() -> Vec<PathBuf> {
        println!("cargo:rerun-if-env-changed=AEROSPIKE_GLIB_INCLUDE");
        let glib = match env::var_os("AEROSPIKE_GLIB_INCLUDE") {
            Some(folders) => env::split_paths(&folders).collect(),
            None => asked("glib-2.0", "libglib2.0-dev"),
        };
        let mut folders = match env::var_os("AEROSPIKE_WIRESHARK_INCLUDE") {
            Some(folder) => vec![PathBuf::from(folder)],
            None => asked("wireshark", "libwireshark-dev"),
        };
        folders.extend(glib);
        folders
    }

    /// The folders of a library's headers, as pkg-config knows them.
    fn asked(library: &str, package: &str) -> Vec<PathBuf> {
        let found = pkg_config::Config::new().cargo_metadata(false).probe(library);
        match found {
            Ok(found) => found.include_paths,
            Err(error) => panic!("The headers of {library} are needed (Debian: {package}): {error}"),
        }
    }

    fn version(includes: &[PathBuf]) -> [u32; 3] {
        let header = includes
            .iter()
            .map(|folder| folder.join("ws_version.h"))
            .find(|path| path.exists())
            .expect("ws_version.h among Wireshark's headers");
        let text = std::fs::read_to_string(&header).expect("ws_version.h can be read");
        println!("cargo:rerun-if-changed={}", header.display());
        let number = |name: &str| {
            text.lines()
                .find_map(|line| {
                    line.strip_prefix("#define ")?
                        .strip_prefix(name)?
                        .trim()
                        .parse()
                        .ok()
                })
                .expect("a version number in ws_version.h")
        };
        ["MAJOR", "MINOR", "MICRO"].map(|part| number(&format!("WIRESHARK_VERSION_{part}")))
    }

    fn bindings(includes: &[PathBuf]) {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        let mut builder = bindgen::Builder::default()
            .header("wrapper.h")
            .layout_tests(false)
            .ctypes_prefix("libc")
            .generate_comments(false)
            .prepend_enum_name(false)
            .allowlist_function("as_.*")
            .allowlist_type("as_.*|expert_field|_value_string|true_false_string")
            .allowlist_var("AS_.*|FT_.*|BASE_.*|PI_.*|ENC_BIG_ENDIAN|ENC_LITTLE_ENDIAN|ENC_UTF_8|ENC_ASCII|ENC_NA|ABSOLUTE_TIME_.*|FT_FRAMENUM_.*")
            .allowlist_type("ftenum|ft_framenum_type|absolute_time_display_e|field_display_e");
        for tag in [
            "_packet_info",
            "tvbuff",
            "_proto_node",
            "conversation",
            "epan_column_info",
            "_stats_tree",
            "_GArray",
        ] {
            builder = builder.opaque_type(tag);
        }
        if cfg!(feature = "soundness") {
            builder = builder.clang_arg("-DAS_SOUNDNESS");
        }
        for folder in includes {
            builder = builder.clang_arg(format!("-I{}", folder.display()));
        }
        builder
            .generate()
            .expect("bindings of wrapper.h")
            .write_to_file(Path::new(&out).join("bindings.rs"))
            .expect("bindings.rs can be written");
    }
}
