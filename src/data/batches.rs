//! The order in which examples are shown: epochs of seeded shuffles, cut into batches.

use crate::kernels::NONE;
use crate::rng::{Purpose, Stream};

/// Batches of one epoch. Examples that would not fill a last batch are left out, different ones in each epoch.
#[must_use]
pub const fn steps_per_epoch(examples: usize, batch: usize) -> usize {
    examples / batch
}

/// The examples of one epoch in a random order, `[steps_per_epoch, batch]`. The order depends on the
/// seed and the epoch only: every network sees the same batches.
#[must_use]
pub fn epoch_order(seed: u64, epoch: u32, examples: usize, batch: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..examples as u32).collect();
    Stream::new(seed, Purpose::Shuffle, epoch).shuffle(&mut order);
    order.truncate(steps_per_epoch(examples, batch) * batch);
    order
}

/// All examples once, in their own order, `[chunks, batch]`. If they do not fill all chunks, the first begins with
/// [`NONE`], so that the last is always full.
#[must_use]
pub fn test_order(examples: usize, batch: usize) -> Vec<u32> {
    let missing = examples.next_multiple_of(batch) - examples;
    std::iter::repeat_n(NONE, missing).chain(0..examples as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_shows_each_example_at_most_once() {
        let mut order = epoch_order(1, 0, 103, 10);
        assert_eq!(order.len(), 100);
        assert_ne!(order, epoch_order(1, 1, 103, 10));
        assert_ne!(order, epoch_order(2, 0, 103, 10));
        assert_eq!(order, epoch_order(1, 0, 103, 10));
        order.sort_unstable();
        order.dedup();
        assert_eq!(order.len(), 100);
    }

    #[test]
    fn a_test_order_has_every_example_and_fills_up_in_front() {
        assert_eq!(test_order(5, 3), [NONE, 0, 1, 2, 3, 4]);
        assert_eq!(test_order(4, 2), [0, 1, 2, 3]);
        assert_eq!(test_order(1, 1), [0]);
    }
}
