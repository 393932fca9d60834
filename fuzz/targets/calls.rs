#![no_main]

libfuzzer_sys::fuzz_target!(|made: aerospike_fuzz::made::Made| aerospike_fuzz::calls(&made));
