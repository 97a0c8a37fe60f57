//! normlab: a laboratory for normalization layers on the GPU.
//!
//! It trains multilayer perceptrons with WGSL compute shaders through wgpu, shows what batch, layer,
//! group and RMS normalization do to them, and checks GPU results against a CPU reference.
//!
//! # Layers
//!
//! Data flows one way. A module imports only from modules above it in this list, and the files of a
//! folder have no import cycles; `tests/architecture.rs` enforces both:
//!
//! ```text
//! error, rng, tensor    basic types
//! choice                choices among a few words, each with its meaning
//! files                 files that are written whole or not at all
//! interrupt             the user's request to end a run
//! memory                available memory
//! compare               how two results are compared, and what is close enough
//! leeway                where WGSL allows other results than the reference: denormals, NaN, infinities
//! record                serde types of everything that a run writes
//! interpreter/          runs WGSL on the CPU and finds what drivers hide
//! kernels/              one file per kernel: its contract and its CPU twin; mod.rs is the registry
//! watch                 reports when files change
//! data/                 drawn digits, IDX files, batches
//! config                Experiment: read from TOML or assembled from flags, validated once
//! program               buffers, tensors and dispatches as plain data: what to run, not how
//! fusion/               programs with fewer dispatches, by rules
//! model/                a network becomes a program: forward, backward, update, evaluate
//! lowering/             a program with a shader for each dispatch: all that an executor needs, as data
//! backend/              runs programs: gpu/ dispatches the shaders, cpu/ has fast kernels, twins.rs is the reference
//! isolated              a single dispatch, its tensors between guard words
//! check                 a single dispatch compared with its twin
//! sanitize/             a single dispatch on the interpreter, watched for what adapters hide
//! gradient_check        an activation's gradient compared with central differences on the GPU
//! eval/                 a single dispatch over user-supplied tensors
//! tune/                 the fastest setting of each kernel on an adapter, checked before it is timed
//! train/                the training loop, lockstep comparison, diagnosis, sweeps, their folders
//! inference/            the weights of a run, used on a test set or on pictures
//! export/               programs as files, with reference values, and pages that check kernels in a browser
//! bench/                how long kernels and training steps take
//! report/               what people see of a run or a measurement, made from its records only
//! page/                 the lesson page: a recorded run, and networks that a browser trains
//! commands/             one file per subcommand; main.rs only parses arguments and exits
//! ```
//!
//! Only `backend/gpu` uses wgpu, and only `kernels/wgsl.rs`, `kernels/shader.rs`,
//! `kernels/overrides.rs`, `kernels/formula.rs` and `interpreter` use naga.
//!
//! # One name
//!
//! A kernel `k` is `shaders/k/<variant>.wgsl`, `src/kernels/k.rs` (contract and twin) and
//! `tests/kernels/k.rs`. Its contract is the single definition of its tensors' names, their shapes
//! and the grid; the loader checks every shader against it, and both backends bind by it.
//!
//! # What is close enough
//!
//! See [`compare`]: the reference is the twin in f64, and the tolerance is measured, not tuned; for
//! products of f16 operands see [`kernels::precision`]. Results that depend on a NaN, an infinity or a
//! denormal number may differ where WGSL permits it, and are labelled: see [`leeway`].
//!
//! # Unusual decisions
//!
//! - Forward kernels keep `z`, the value that the activation is applied to, and backward kernels read it.
//!   They could recompute it, but then a value within rounding of ReLU's kink could fall on one side
//!   on the GPU and on the other in the reference, and a correct result would be called wrong.
//! - Statistics are summed over x minus the first value of the column or row, see
//!   [`kernels::batch_norm_forward`].
//! - `kernels` and `data` come before `config`: an experiment names activations, which belong to kernels.
//! - Parameters of all layers are in one buffer, replica after replica, so a segment's replicas are not
//!   contiguous; a shader gets their distance as `<operand>_stride`. Everything else is dense.

pub mod backend;
pub mod bench;
pub mod check;
pub mod choice;
pub mod commands;
pub mod compare;
pub mod config;
pub mod data;
pub mod error;
pub mod eval;
pub mod export;
pub mod files;
pub mod fusion;
pub mod gradient_check;
pub mod inference;
pub mod interpreter;
pub mod interrupt;
pub mod isolated;
pub mod kernels;
pub mod leeway;
pub mod lowering;
pub mod memory;
pub mod model;
pub mod page;
pub mod program;
pub mod record;
pub mod report;
pub mod rng;
pub mod sanitize;
pub mod tensor;
pub mod train;
pub mod tune;
pub mod watch;
