//! Names that are kept once.

use std::collections::HashMap;

/// Names, each with a number.
#[derive(Debug, Default)]
pub struct Names {
    list: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, u32>,
}

impl Names {
    /// The number of a name; number 0 is the empty one and what is too much.
    pub fn number(&mut self, name: &[u8]) -> u32 {
        if self.list.is_empty() {
            self.list.push(Box::default());
            self.numbers.insert(Box::default(), 0);
        }
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(0);
        if number > 200_000 {
            return 0;
        }
        self.list.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    /// The name of that number.
    #[must_use]
    pub fn get(&self, number: u32) -> &[u8] {
        self.list.get(number as usize).map_or(&[], |name| name)
    }
}
