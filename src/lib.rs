//! normlab: a laboratory for normalization layers on the GPU.
//!
//! It trains multilayer perceptrons with WGSL compute shaders through wgpu, shows what batch,
//! layer and RMS normalization do to them, and checks GPU results against a CPU reference.
//!
//! # Layers
//!
//! Data flows one way. A module imports only from modules above it in this list, and the files of a
//! folder import in no circle; `tests/architecture.rs` enforces both:
//!
//! ```text
//! error, rng, tensor    small ground-floor types
//! choice                choices among a few words, each with what it means
//! files                 files that are written whole or not at all
//! interrupt             the user's wish that a run ends
//! memory                what memory there is
//! compare               how two results are compared, and what is close enough
//! leeway                what WGSL leaves open beside the reference: denormals, NaN, infinities
//! record                serde types of everything that a run writes
//! interpreter/          runs WGSL on the CPU and finds out what drivers hide
//! kernels/              one file per kernel: its contract and its CPU twin; mod.rs is the registry
//! watch                 tells when files change
//! data/                 drawn digits, IDX files, batches
//! config                Experiment: read from TOML or put together from flags, validated once
//! program               buffers, tensors and dispatches as plain data: what to run, not how
//! fusion/               programs with fewer dispatches, by rules
//! model/                a network becomes a program: forward, backward, update, evaluate
//! lowering/             a program with a shader for each dispatch: all that an executor needs, as data
//! backend/              runs programs: cpu.rs calls the twins, gpu/ dispatches the shaders
//! isolated              one dispatch by itself, its tensors between guard words
//! check                 one dispatch held against its twin
//! sanitize/             one dispatch on the interpreter, watched for what adapters hide
//! gradient_check        an activation's gradient held against central differences on the GPU
//! eval/                 one dispatch over tensors of the user's own
//! tune/                 the fastest setting of each kernel on an adapter, checked before it is timed
//! train/                the training loop, lockstep comparison, diagnosis, sweeps, their folders
//! inference/            trained networks used again, on a test set or on pictures
//! export/               programs as files, with reference values, and pages that check kernels in a browser
//! bench/                how long kernels and training steps take
//! report/               what people see of a run or a measurement, made from its records only
//! page/                 the lesson's page: a recorded run, and networks that a browser trains
//! commands/             one file per subcommand; main.rs only parses arguments and exits
//! ```
//!
//! Only `backend/gpu` knows wgpu, and only `kernels/wgsl.rs`, `kernels/shader.rs`,
//! `kernels/overrides.rs`, `kernels/formula.rs` and `interpreter` know naga.
//!
//! # One name
//!
//! A kernel `k` is `shaders/k/<variant>.wgsl`, `src/kernels/k.rs` (contract and twin) and
//! `tests/kernels/k.rs`. Its contract tells once what its tensors are called, what shapes they have
//! and how the grid follows; the loader holds every shader against it, and both backends bind by it.
//!
//! # What is close enough
//!
//! See [`compare`]: the reference is the twin in f64, and the tolerance is measured, not tuned; for
//! products of f16 operands, as [`kernels::precision`] says. What rests on a NaN, an infinity or a
//! denormal number may be something else, as WGSL permits it, and is told: see [`leeway`].
//!
//! # Where this differs from the usual
//!
//! - Forward kernels keep `z`, what the activation is applied to, and backward kernels read it. They
//!   could compute it again, but then a value within rounding of ReLU's kink could lie on one side
//!   for the GPU and on the other for the reference, and a right result would be called wrong.
//! - Statistics are summed over x minus the first value of the column or row, see
//!   [`kernels::batch_norm_forward`].
//! - `kernels` and `data` stand above `config`: an experiment names activations, which are kernels'.
//! - Parameters of all layers lie in one buffer, replica after replica, so a segment's replicas lie
//!   apart; a shader is told that distance as `<operand>_stride`. Everything else is dense.

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
