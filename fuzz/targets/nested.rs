#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| aerospike_fuzz::nested(bytes));
