//! WGSL on the CPU: runs a shader without a GPU, in f32 or in f64, and finds out what drivers hide.
//!
//! [`compile`] makes one flat list of operations on registers of a module that naga has read, and
//! [`dispatch`] runs it over a grid: workgroup after workgroup, and in each the invocations in turn, from
//! one barrier to the next. If it is asked to watch, it holds every access against what was done to the
//! cell before, and every number against what it was made of; [`finding`] lists what comes of that.
//!
//! # What is as WGSL says, and what is chosen where it leaves a choice
//!
//! - Whole numbers wrap; a division by 0 gives the dividend, its remainder 0; a shift is by the last five
//!   bits of its amount; a number becomes the nearest whole one that there is.
//! - An access out of bounds reads 0 and writes nothing.
//! - Numbers are not contracted: a product and a sum are rounded one after the other. `fma` rounds once.
//! - A subgroup is so many invocations whose indices follow each other; which of its lanes are active is
//!   said in `subgroup`. A lane that is not active gives 0.
//! - `subgroupBarrier` orders no memory.
//!
//! In f64 an f32 of the shader is an f64 everywhere, its literals and parameters widened, also in memory;
//! only its bits, where a shader asks for them, are those of f32.
//!
//! Cooperative matrices, textures, atomics of other than whole numbers and numbers of 64 bits are refused.

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
