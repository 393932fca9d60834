//! Instructions, counted by valgrind, which `make test` installs: they say what a run costs however busy the machine is.

/// Words before a program that has its instructions counted.
pub const CACHEGRIND: [&str; 3] = [
    "--tool=cachegrind",
    "--cache-sim=no",
    "--cachegrind-out-file=/dev/null",
];

/// Work of one kind at these multiples.
pub const LENGTHS: [u32; 4] = [1, 2, 4, 8];

/// What valgrind has counted, by what it says.
pub fn counted(words: &str) -> u64 {
    let line = words
        .lines()
        .find(|line| line.contains("I   refs:") || line.contains("I refs:"));
    let digits: String = line
        .unwrap_or_default()
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .replace([',', ' '], "");
    digits.parse().unwrap_or_else(|_| panic!("no count in {words:?}"))
}

/// What each doubling adds, over twice what the doubling before added: 1 is linear, 2 is quadratic.
pub fn growth(costs: [u64; 4]) -> [f64; 2] {
    let [first, second, third] = [0, 1, 2].map(|at| costs[at + 1] as f64 - costs[at] as f64);
    [second / first / 2.0, third / second / 2.0]
}
