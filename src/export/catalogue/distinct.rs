//! A list of distinct values.

use serde::{Serialize, Serializer};
use std::collections::HashMap;
use std::hash::Hash;

/// Values in the order of their first appearance, each found by its key; serialized as a list of the values.
#[derive(Clone, Debug)]
pub(super) struct Distinct<K, V> {
    places: HashMap<K, usize>,
    values: Vec<V>,
}

impl<K, V> Default for Distinct<K, V> {
    fn default() -> Self {
        Self { places: HashMap::new(), values: Vec::new() }
    }
}

impl<K: Eq + Hash, V> Distinct<K, V> {
    /// The index of the value with this key, which is appended if there is none.
    pub(super) fn place(&mut self, key: K, value: V) -> usize {
        let next = self.values.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.values.push(value);
        }
        place
    }
}

impl<K, V: Serialize> Serialize for Distinct<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}
