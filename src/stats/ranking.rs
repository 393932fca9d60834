//! An order by heat, hottest first, that stays right while single counts grow by one.

use std::collections::HashMap;

/// Places of things (by number) ordered by a count that only grows by one; each step is one exchange of places.
#[derive(Default)]
pub struct Ranking {
    order: Vec<u32>,
    /// The first place of each count that somebody has.
    first: HashMap<u32, u32>,
}

impl Ranking {
    /// How many places are taken.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.order.len()).unwrap_or(u32::MAX)
    }

    /// Whether no place is taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Who has a place.
    #[must_use]
    pub fn at(&self, place: u32) -> Option<u32> {
        self.order.get(place as usize).copied()
    }

    /// Gives the next place to somebody whose count is 0.
    pub fn append(&mut self, who: u32) -> u32 {
        let place = self.len();
        self.order.push(who);
        self.first.entry(0).or_insert(place);
        place
    }

    /// Gives the last place to somebody else with the same count; returns who had it, and the place.
    pub fn replace_last(&mut self, who: u32) -> Option<(u32, u32)> {
        let place = self.len().checked_sub(1)?;
        let last = self.order.last_mut()?;
        Some((core::mem::replace(last, who), place))
    }

    /// The count of whoever is at `place` grows from `count` by one: returns the place to exchange with.
    pub fn raise(&mut self, place: u32, count: u32, count_at: impl Fn(u32) -> u32) -> u32 {
        let first = self.first.get(&count).copied().unwrap_or(place);
        self.order.swap(place as usize, first as usize);
        match self.at(first + 1) {
            Some(next) if count_at(next) == count => self.first.insert(count, first + 1),
            _ => self.first.remove(&count),
        };
        self.first.entry(count + 1).or_insert(first);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_in_order_whoever_grows() {
        let mut ranking = Ranking::default();
        let mut counts = [0u32; 40];
        let mut places = [u32::MAX; 40];
        let mut seed = 7u32;
        for _ in 0..5_000 {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let who = (seed >> 16) % 40 * ((seed >> 24) % 2);
            let index = who as usize;
            if places[index] == u32::MAX {
                places[index] = ranking.append(who);
            }
            let (from, count) = (places[index], counts[index]);
            let to = ranking.raise(from, count, |who| counts[who as usize]);
            counts[index] += 1;
            places[ranking.at(from).unwrap() as usize] = from;
            places[index] = to;
            let order: Vec<u32> = (0..ranking.len())
                .map(|place| counts[ranking.at(place).unwrap() as usize])
                .collect();
            assert!(order.is_sorted_by(|a, b| a >= b), "{order:?}");
            assert_eq!(ranking.at(places[index]), Some(who));
        }
    }
}
