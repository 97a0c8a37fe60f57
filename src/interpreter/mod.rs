//! WGSL on the CPU: runs a shader without a GPU, in f32 or in f64, and finds what drivers hide.
//!
//! [`compile`] turns a module that naga has parsed into one flat list of operations on registers, and
//! [`dispatch`] runs it over a grid: workgroup after workgroup, and in each the invocations in turn, from
//! one barrier to the next. If asked to watch, it compares every access with earlier ones to the same
//! cell, and every number with its operands; [`finding`] lists the faults it can report.
//!
//! # What WGSL prescribes, and the choices where it leaves one
//!
//! - Integers wrap; division by 0 gives the dividend, with remainder 0; a shift uses the last five bits of
//!   its amount; a float is truncated to an integer and clamped to the range of its target type.
//! - An access out of bounds reads 0 and writes nothing.
//! - Floats are not contracted: a product and a sum are rounded one after the other. `fma` rounds once.
//! - A subgroup is a fixed number of invocations with consecutive indices; `subgroup` says which of its
//!   lanes are active. A lane that is not active gives 0.
//! - `subgroupBarrier` orders no memory.
//!
//! In f64 mode, every f32 of the shader is an f64, including literals, parameters and memory; only its
//! bits, where a shader asks for them, are those of f32.
//!
//! Cooperative matrices, textures, non-integer atomics and 64-bit numbers are refused.

pub mod call;
pub(crate) mod code;
pub mod compile;
pub mod dispatch;
pub mod finding;
mod functions;
mod lane;
pub(crate) mod layout;
pub mod memory;
pub mod number;
mod ops;
mod subgroup;
#[cfg(test)]
mod tests;
mod world;

pub use code::Code;
