//! Writes what the fuzz targets start from into a folder a target, from packets on its standard input.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::PathBuf;

use aerospike_fuzz::seeds::Seeds;

fn main() {
    let corpus = PathBuf::from(env::args_os().nth(1).expect("the folder to write to"));
    for (target, seeds) in Seeds::read(io::stdin().lock()).0 {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for seed in seeds {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            let path = folder.join(format!("{:016x}", hasher.finish()));
            fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}
