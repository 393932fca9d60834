//! Bindings and guard for the Wireshark to build for.
//!
//! The headers come from pkg-config, or from the tree that `AEROSPIKE_WIRESHARK_INCLUDE` names (a folder
//! with `ws_version.h`), so that one machine can build for several versions.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "plugin")]
    plugin::build();
}

#[cfg(feature = "plugin")]
mod plugin {
    use std::env;
    use std::path::{Path, PathBuf};

    const GUARD: [&str; 9] = [
        "wrapper.h",
        "src/epan/guard.h",
        "src/epan/guard.c",
        "src/epan/plain.c",
        "src/epan/soundness.c",
        "src/epan/taps.h",
        "src/epan/taps.c",
        "src/epan/tcptap.h",
        "src/epan/tcptap.c",
    ];

    pub fn build() {
        for file in GUARD {
            println!("cargo:rerun-if-changed={file}");
        }
        println!("cargo:rerun-if-env-changed=AEROSPIKE_WIRESHARK_INCLUDE");
        let includes = include_folders();
        let (major, minor) = version(&includes);
        println!("cargo:rustc-env=AEROSPIKE_WIRESHARK={major}.{minor}");
        println!("cargo:rustc-env=AEROSPIKE_WIRESHARK_MAJOR={major}");
        println!("cargo:rustc-env=AEROSPIKE_WIRESHARK_MINOR={minor}");
        for (name, since) in [("ws_4_2", 2), ("ws_4_4", 4), ("ws_4_6", 6)] {
            println!("cargo:rustc-check-cfg=cfg({name})");
            if major > 4 || minor >= since {
                println!("cargo:rustc-cfg={name}");
            }
        }
        // The unit tests are a program, and Wireshark's symbols exist only inside Wireshark. No unit test
        // calls one; the plugin itself is a library, for which this changes nothing.
        if cfg!(target_os = "linux") {
            println!("cargo:rustc-link-arg=-Wl,--unresolved-symbols=ignore-all");
        }
        let mut guard = cc::Build::new();
        guard
            .files([
                "src/epan/guard.c",
                "src/epan/plain.c",
                "src/epan/taps.c",
                "src/epan/tcptap.c",
            ])
            .includes(&includes)
            .warnings(true)
            .opt_level(2);
        if cfg!(feature = "soundness") {
            guard.file("src/epan/soundness.c").define("AS_SOUNDNESS", None);
        }
        guard.compile("aerospike_guard");
        bindings(&includes);
    }

    fn include_folders() -> Vec<PathBuf> {
        let glib = pkg_config::Config::new().cargo_metadata(false).probe("glib-2.0");
        let mut folders = match glib {
            Ok(library) => library.include_paths,
            Err(error) => panic!("GLib's headers are needed (libglib2.0-dev): {error}"),
        };
        match env::var_os("AEROSPIKE_WIRESHARK_INCLUDE") {
            Some(folder) => folders.insert(0, PathBuf::from(folder)),
            None => match pkg_config::Config::new().cargo_metadata(false).probe("wireshark") {
                Ok(library) => folders.extend(library.include_paths),
                Err(error) => panic!("Wireshark's headers are needed (wireshark-dev): {error}"),
            },
        }
        folders
    }

    fn version(includes: &[PathBuf]) -> (u32, u32) {
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
        (
            number("WIRESHARK_VERSION_MAJOR"),
            number("WIRESHARK_VERSION_MINOR"),
        )
    }

    fn bindings(includes: &[PathBuf]) {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        let mut builder = bindgen::Builder::default()
            .header("wrapper.h")
            .layout_tests(false)
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
