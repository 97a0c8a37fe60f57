//! What people see of a run or a measurement: made from its records, and from nothing else.

pub mod bench;
pub mod picture;
pub mod records;
pub mod style;
pub mod table;
pub mod watch;
