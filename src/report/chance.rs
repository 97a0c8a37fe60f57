//! Whether an accuracy is that of a guess or shows learning, on a scale from the best constant guess (0)
//! to all test images (1). With ten equally frequent classes the guess is 10 %.

use super::number::percent;
use crate::record::ConstantGuess;

/// A network guesses up to here: 15 % if a constant guess has 10 %. Without a norm, sigmoid has 10 to
/// 11 %.
const GUESSES: f64 = 1.0 / 18.0;

/// A network that has learned something has at least this, 30 % if a constant guess has 10 %: with
/// layer norm at batch size 1 it has 67 % after 2,000 steps on the drawn digits, 89 % after 10,000 on
/// MNIST.
const LEARNS: f64 = 2.0 / 9.0;

/// Training has succeeded from here, 50 % if a constant guess has 10 %: with a norm, sigmoid has 77
/// to 98 %.
const SUCCEEDS: f64 = 4.0 / 9.0;

/// What a constant guess reaches on the data of records, from the first record that has it. Older
/// versions did not record it; ten equally frequent classes are assumed then.
pub(super) fn constant_guess(
    recorded: impl IntoIterator<Item = Option<ConstantGuess>>,
) -> ConstantGuess {
    recorded.into_iter().flatten().next().unwrap_or(ConstantGuess::TEN_CLASSES)
}

/// The scale of a test set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(f64);

impl Chance {
    /// The scale of a test set on which this constant guess was evaluated.
    ///
    /// # Errors
    /// Why accuracy is meaningless there.
    pub(super) fn new(guess: ConstantGuess) -> Result<Self, String> {
        match guess.accuracy {
            chance if chance < 1.0 => Ok(Self(chance)),
            _ => Err("all test images belong to one class, so accuracy is meaningless".to_owned()),
        }
    }

    /// Whether a network does no better than a guess.
    pub(super) fn guesses(self, accuracy: f64) -> bool {
        self.above(accuracy) <= GUESSES + ROUNDING
    }

    /// Whether a network has learned something.
    pub(super) fn learns(self, accuracy: f64) -> bool {
        self.above(accuracy) >= LEARNS - ROUNDING
    }

    /// Whether training has succeeded.
    pub(super) fn succeeds(self, accuracy: f64) -> bool {
        self.above(accuracy) >= SUCCEEDS - ROUNDING
    }

    fn above(self, accuracy: f64) -> f64 {
        (accuracy - self.0) / (1.0 - self.0)
    }

    /// The accuracy of a constant guess in words.
    pub(super) fn text(self) -> String {
        format!("a constant guess: {}", percent(self.0))
    }
}

/// Tolerance for rounding in computed thresholds.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(accuracy: f64) -> Chance {
        Chance::new(ConstantGuess { accuracy, loss: 1.0 }).unwrap()
    }

    #[test]
    fn ten_classes_have_the_thresholds_that_were_measured() {
        let ten = chance(0.1);
        assert!(ten.guesses(0.15) && !ten.guesses(0.151));
        assert!(ten.learns(0.3) && !ten.learns(0.299));
        assert!(ten.succeeds(0.5) && !ten.succeeds(0.499));
        let broken = [ten.guesses(f64::NAN), ten.learns(f64::NAN), ten.succeeds(f64::NAN)];
        assert_eq!(broken, [false; 3]);
    }

    #[test]
    fn what_a_constant_guess_has_is_a_guess_whatever_the_classes() {
        for share in [0.01, 0.1, 0.2, 0.445, 0.5, 0.9, 0.999] {
            let chance = chance(share);
            assert!(chance.guesses(share) && !chance.learns(share), "{share}");
            assert!(chance.succeeds(1.0) && !chance.guesses(1.0), "{share}");
        }
        // A network that always answers with the class of 45 % of the images has learned nothing.
        assert!(!chance(0.445).learns(0.445) && chance(0.1).learns(0.445));
        assert!(Chance::new(ConstantGuess { accuracy: 1.0, loss: 0.0 }).is_err());
    }
}
