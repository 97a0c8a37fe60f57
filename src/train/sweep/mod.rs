//! Sweeps: the cells of a grid trained one after another, recorded as each ends, in one folder or in several that
//! are merged.

pub mod cell;
pub mod folder;
pub mod merge;
pub mod presets;
pub mod shard;
