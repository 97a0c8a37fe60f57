//! A part of a sweep: every n-th of its cells, for one of n machines.

use std::fmt;
use std::str::FromStr;

/// Part `index` of `count`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// All cells.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Whether the cell of this number, from 0, is in this part. Neighbours, which take equally long more often
    /// than others, go to different parts.
    #[must_use]
    pub const fn has(self, cell: usize) -> bool {
        cell % self.count == self.index - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/');
        let numbers =
            numbers.and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(format!(
                "expected a part and how many there are, for example 1/4 to 4/4, not {text:?}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_in_one_shard() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|text| text.parse().unwrap()).into();
        for cell in 0..10 {
            assert_eq!(shards.iter().filter(|shard| shard.has(cell)).count(), 1, "{cell}");
        }
        assert!((0..10).all(|cell| Shard::WHOLE.has(cell)));
        assert_eq!(shards[1].to_string(), "2/3");
        for wrong in ["", "1", "0/3", "4/3", "1/0", "-1/3", "a/b", "1/3/3", "1.5/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
