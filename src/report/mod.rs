//! What people see of a run or a measurement: made from its records, and from nothing else.

pub mod bench;
pub mod table;
