//! Numbers that several kernels and their shaders agree on.

/// In a tensor of examples or targets: no example here. Such a row of a batch is all zeros, has no loss
/// and no gradient, and does not count as correct. It pads a last batch that is not full.
pub const NONE: u32 = u32::MAX;

/// Added to every variance before its root is taken, unless a dispatch says otherwise (PyTorch's
/// default; Ioffe and Szegedy 2015, algorithm 1, leave it open).
pub const EPSILON: f32 = 1e-5;

/// The weight of the new value in batch norm's running statistics (PyTorch's `momentum`).
pub const RUNNING_MOMENTUM: f32 = 0.1;
