//! What people see of a run: made from its records, and from nothing else.

pub mod table;
