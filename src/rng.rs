//! A counter-based random generator: Philox 4×32-10.
//!
//! Source: Salmon, Moraes, Dror and Shaw, *Parallel Random Numbers: As Easy as 1, 2, 3* (SC 2011).
//! Every number is a pure function of (seed, purpose, index, position). So the initial weights of
//! one layer do not change when another layer is added, and two networks with the same seed start
//! from the same weights and see the same batches, whatever else differs between them.

/// What a stream of numbers is for. Streams with different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights and biases; the index is the parameter's position in the network.
    Weights = 1,
    /// The order of the examples; the index is the epoch.
    Shuffle = 2,
    /// Drawn digits; the index is the image.
    Digits = 3,
    /// Inputs of checks and tests; the index is the tensor.
    Checks = 4,
}

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// One block of Philox 4×32-10: four random words from a counter and a key.
#[must_use]
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// A sequence of random numbers, read from its start.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    purpose: u32,
    index: u32,
    position: u64,
    block: [u32; 4],
}

impl Stream {
    /// The stream of `seed` for one purpose; `index` distinguishes streams of the same purpose.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, index: u32) -> Self {
        let key = [seed as u32, (seed >> 32) as u32];
        Self { key, purpose: purpose as u32, index, position: 0, block: [0; 4] }
    }

    /// The next word, uniform over all of `u32`.
    pub fn next_u32(&mut self) -> u32 {
        let lane = (self.position % 4) as usize;
        if lane == 0 {
            let block = self.position / 4;
            let counter = [block as u32, (block >> 32) as u32, self.index, self.purpose];
            self.block = philox(counter, self.key);
        }
        self.position += 1;
        self.block[lane]
    }

    /// The next number, uniform over [0, 1), with 24 random bits: exact in f32 and in f64.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.next_u32() >> 8) / f64::from(1u32 << 24)
    }

    /// The next number, uniform over [low, high).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// The next number of the standard normal distribution (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// The next integer, uniform over `0..bound`, without bias (Lemire 2019).
    ///
    /// # Panics
    /// When `bound` is 0: there is no number below it.
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "no unsigned integer is below 0");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Puts `items` into a random order (Fisher and Yates; every order is equally likely).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors published with Random123.
    #[test]
    fn philox_gives_the_published_answers() {
        let zeros = philox([0; 4], [0; 2]);
        assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = philox([u32::MAX; 4], [u32::MAX; 2]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let pi = philox(
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
        );
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut stream = Stream::new(7, Purpose::Checks, 0);
        let count = 100_000;
        let (mut uniform, mut normal, mut square) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            uniform += stream.uniform();
            let value = stream.normal();
            normal += value;
            square += value * value;
        }
        let count = f64::from(count);
        assert!((uniform / count - 0.5).abs() < 0.005);
        assert!((normal / count).abs() < 0.015);
        assert!((square / count - 1.0).abs() < 0.02);
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |mut stream: Stream| stream.next_u32();
        let base = first(Stream::new(1, Purpose::Weights, 0));
        assert_ne!(base, first(Stream::new(2, Purpose::Weights, 0)));
        assert_ne!(base, first(Stream::new(1, Purpose::Shuffle, 0)));
        assert_ne!(base, first(Stream::new(1, Purpose::Weights, 1)));
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..101).collect();
        Stream::new(3, Purpose::Shuffle, 0).shuffle(&mut items);
        assert_ne!(items, (0..101).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..101).collect::<Vec<_>>());
    }
}
