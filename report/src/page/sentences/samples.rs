//! Answers for the tests of sentences.

use crate::grid::{Answers, Grid};

/// Ten seconds of reads by three nodes, 300 a second each; `time` gives microseconds by node and time in ms.
pub fn grid(time: impl Fn(usize, i64) -> u64) -> Grid {
    let mut grid = Grid::of_one(0, 128_000_000);
    for number in 0..3000_i64 {
        for (node, name) in ["10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.3:3000"]
            .into_iter()
            .enumerate()
        {
            let us = time(node, number * 10 / 3);
            grid.add(&Answers {
                at: number * 10_000_000 / 3,
                node: name,
                operation: "get",
                times: &[(us * 1000, 1)],
                longest: us * 1000,
                sum: u128::from(us * 1000),
                parts: [0, us * 900, us * 100, 0, 0].map(u128::from),
            });
        }
    }
    grid
}
