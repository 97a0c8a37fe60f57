//! A kernel's variants: each checked, and the right ones timed.

use super::shape::BenchShape;
use super::{SAMPLES, Spread};
use crate::backend::gpu::GpuBackend;
use crate::backend::measure::measure;
use crate::backend::{Backend, Clock};
use crate::check::{self, Trial};
use crate::error::{Error, Result};
use crate::kernels::cases::Case;
use crate::kernels::kernel::Kernel;
use crate::program::{Dispatch, Program, TensorId};
use crate::tensor::Element;
use serde::{Deserialize, Serialize};

/// The result of a variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum VariantResult {
    /// It is right, and this fast.
    Good {
        /// Seconds of one dispatch.
        #[serde(flatten)]
        time: Spread,
        /// The largest error of its checks, as a fraction of its tolerance.
        worst_error: f64,
        /// Multiplications and additions, in 10⁹ a second; none if the kernel is not a product.
        gflop_per_s: Option<f64>,
        /// Bytes of all operands, each once, in 10⁹ a second.
        gb_per_s: f64,
        /// Its time as a multiple of the default variant's; none if that is not right.
        ratio: Option<f64>,
    },
    /// It is wrong, and was not timed.
    Wrong {
        /// Sentences about what is wrong.
        complaints: Vec<String>,
    },
    /// The adapter cannot run it, or not at this shape.
    Skipped {
        /// What the adapter lacks, or the shape.
        reason: String,
    },
}

impl VariantResult {
    /// The time of a variant that is right.
    #[must_use]
    pub fn time(&self) -> Option<Spread> {
        match self {
            Self::Good { time, .. } => Some(*time),
            _ => None,
        }
    }
}

/// A variant and its result.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// Its name, or its file.
    pub variant: String,
    /// Whether programs get it if nothing else is chosen.
    pub default: bool,
    /// Its result.
    #[serde(flatten)]
    pub result: VariantResult,
}

/// A kernel's variants at one shape.
#[derive(Clone, Debug, Serialize)]
pub struct KernelVariants {
    /// The kernel.
    pub kernel: &'static str,
    /// The shape, for example `60x784x100`.
    pub shape: String,
    /// The activation that is composed in; none if the kernel has none.
    pub activation: Option<&'static str>,
    /// The variants, from the simplest to the fastest.
    pub variants: Vec<Variant>,
    /// How times were measured; none if nothing was timed.
    pub clock: Option<&'static str>,
}

impl KernelVariants {
    /// Whether no variant is wrong.
    #[must_use]
    pub fn passes(&self) -> bool {
        !self.variants.iter().any(|variant| matches!(variant.result, VariantResult::Wrong { .. }))
    }
}

/// Checks a kernel's variants and times those that are right, at each of the shapes.
///
/// # Errors
/// When a variant cannot be read or compiled, a shape has the wrong form, or the device refuses.
pub fn compare(
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    shapes: &[BenchShape],
) -> Result<Vec<KernelVariants>> {
    let default = backend.selection().variant(kernel)?;
    let mut defaults = Vec::new();
    for shape in shapes {
        defaults.push(default_at(backend, kernel, *shape)?);
    }
    let mut course = Course::new(kernel, shapes)?;
    let mut compared =
        shapes.iter().map(|&shape| empty(kernel, shape)).collect::<Result<Vec<_>>>()?;
    // What each lacks is determined before any is chosen: a file is known only while it is chosen.
    let names = backend.selection().library().variants(kernel)?;
    let lacks = names
        .iter()
        .map(|name| backend.selection().lacks(kernel, name))
        .collect::<Result<Vec<_>>>()?;
    for (name, lacks) in names.into_iter().zip(lacks) {
        let results = match lacks {
            Some(reason) => vec![(VariantResult::Skipped { reason }, None); shapes.len()],
            None => results(backend, kernel, &name, &mut course)?,
        };
        for ((one, (result, clock)), default) in compared.iter_mut().zip(results).zip(&defaults) {
            one.clock = clock.map(Clock::name).or(one.clock);
            let (variant, default) = (name.clone(), Some(&name) == default.as_ref());
            one.variants.push(Variant { variant, default, result });
        }
    }
    backend.choose_variant(kernel, &default)?;
    compared.iter_mut().for_each(fill_ratios);
    Ok(compared)
}

/// The variant that programs get at a shape; none if the one that the user has chosen does not fit it, or none does.
fn default_at(
    backend: &GpuBackend,
    kernel: &'static Kernel,
    shape: BenchShape,
) -> Result<Option<String>> {
    match backend.selection().choice(kernel, &shape.case(kernel)?.sizes(&kernel.contract)?) {
        Ok(choice) => Ok(Some(choice.setting.variant)),
        Err(Error::Shape(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A kernel's results at a shape, still without variants.
fn empty(kernel: &'static Kernel, shape: BenchShape) -> Result<KernelVariants> {
    let activation = shape.case(kernel)?.activation.name();
    Ok(KernelVariants {
        kernel: kernel.name(),
        shape: shape.to_string(),
        activation: kernel.contract.activation.then_some(activation),
        variants: Vec::new(),
        clock: None,
    })
}

/// Checks one variant, which the adapter can run, and times it at a shape if it is right.
///
/// # Errors
/// As [`compare`].
pub fn judge(
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    variant: &str,
    shape: BenchShape,
) -> Result<VariantResult> {
    let mut course = Course::new(kernel, &[shape])?;
    let mut results = results(backend, kernel, variant, &mut course)?;
    Ok(results.remove(0).0)
}

/// The most work of a kernel at a shape where it is compared with its twin: more would keep users waiting.
const MOST_CHECKED: usize = 1 << 23;

/// What each variant of a kernel is checked on.
struct Course {
    /// The kernel's cases.
    cases: Vec<Trial>,
    /// The shapes that it is timed at, each with a trial to run first, unless the twin takes long.
    shapes: Vec<(BenchShape, Option<Trial>)>,
}

impl Course {
    fn new(kernel: &'static Kernel, shapes: &[BenchShape]) -> Result<Self> {
        let cases = (kernel.cases)();
        let at = |&shape: &BenchShape| {
            let case = shape.case(kernel)?;
            let short = check::work(kernel, &case.sizes(&kernel.contract)?) <= MOST_CHECKED;
            Ok((shape, short.then(|| Trial::new(kernel, &case)).transpose()?))
        };
        Ok(Self {
            cases: cases.iter().map(|case| Trial::new(kernel, case)).collect::<Result<_>>()?,
            shapes: shapes.iter().map(at).collect::<Result<_>>()?,
        })
    }
}

/// Chooses a variant and checks it; times it at each of the shapes if it is right.
fn results(
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    variant: &str,
    course: &mut Course,
) -> Result<Vec<(VariantResult, Option<Clock>)>> {
    backend.choose_variant(kernel, variant)?;
    let (mut complaints, mut worst) = (Vec::new(), 0.0_f64);
    for trial in &mut course.cases {
        let outcome = trial.run(backend)?;
        complaints.extend(outcome.complaints());
        worst = worst.max(outcome.worst_ratio());
    }
    if !complaints.is_empty() {
        return Ok(vec![(VariantResult::Wrong { complaints }, None); course.shapes.len()]);
    }
    let shapes = course.shapes.iter_mut();
    shapes.map(|(shape, trial)| timed(backend, kernel, (*shape, trial.as_mut()), worst)).collect()
}

/// Times the chosen variant at a shape, if it is right there; `worst_error` is its largest error so far.
fn timed(
    backend: &mut GpuBackend,
    kernel: &'static Kernel,
    (shape, trial): (BenchShape, Option<&mut Trial>),
    mut worst_error: f64,
) -> Result<(VariantResult, Option<Clock>)> {
    let sizes = shape.case(kernel)?.sizes(&kernel.contract)?;
    if let Some(reason) =
        backend.selection().misfit(kernel, &backend.selection().default_setting(kernel)?, &sizes)?
    {
        return Ok((VariantResult::Skipped { reason }, None));
    }
    if let Some(trial) = trial {
        let outcome = trial.run(backend)?;
        if !outcome.passes() {
            return Ok((VariantResult::Wrong { complaints: outcome.complaints() }, None));
        }
        worst_error = worst_error.max(outcome.worst_ratio());
    }
    let Speed { time, gflop_per_s, gb_per_s, clock } = time(backend, kernel, shape)?;
    let result = VariantResult::Good { time, worst_error, gflop_per_s, gb_per_s, ratio: None };
    Ok((result, Some(clock)))
}

/// How fast a kernel is.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// Seconds of one dispatch.
    pub time: Spread,
    /// Multiplications and additions, in 10⁹ a second; none if the kernel is not a product.
    pub gflop_per_s: Option<f64>,
    /// Bytes of all operands, each once, in 10⁹ a second.
    pub gb_per_s: f64,
    /// How the time was measured.
    pub clock: Clock,
}

/// Times a kernel as programs run it, unchecked.
///
/// # Errors
/// As [`compare`].
pub fn time(backend: &mut GpuBackend, kernel: &'static Kernel, shape: BenchShape) -> Result<Speed> {
    let case = shape.case(kernel)?;
    let mut program = Program::default();
    let (dispatch, tensors) = dispatch(&mut program, kernel, &case)?;
    let pass = program.pass("bench", vec![dispatch]);
    let mut session = backend.load(&program)?;
    for (&tensor, input) in tensors.iter().zip(case.inputs(&kernel.contract)?) {
        input.map_or(Ok(()), |input| session.write(tensor, &input))?;
    }
    let (time, clock) = measure(session.as_mut(), &[pass], SAMPLES)?;
    let elements: usize = tensors.iter().map(|&id| program.spec(id).shape.len()).sum();
    // A multiplication and an addition each.
    let operations = 2.0 * kernel.contract.multiplications(&case.sizes(&kernel.contract)?) as f64;
    Ok(Speed {
        time,
        gflop_per_s: kernel.contract.is_product().then(|| 1e-9 * operations / time.median),
        gb_per_s: 1e-9 * (4 * elements) as f64 / time.median,
        clock,
    })
}

/// One dispatch of a kernel on tensors of its own, with the tensors in the contract's order.
fn dispatch(
    program: &mut Program,
    kernel: &'static Kernel,
    case: &Case,
) -> Result<(Dispatch, Vec<TensorId>)> {
    let sizes = case.sizes(&kernel.contract)?;
    let mut tensors = Vec::new();
    for operand in kernel.contract.operands {
        let shape = sizes.shape(operand);
        tensors.push(match operand.element {
            Element::F32 => program.tensor(operand.name, shape),
            Element::U32 => program.index_tensor(operand.name, shape),
        });
    }
    let made = program.dispatch_case(kernel.name(), kernel, case, &tensors)?;
    Ok((made, tensors))
}

/// Fills in the ratios to the default variant.
fn fill_ratios(compared: &mut KernelVariants) {
    let default = compared.variants.iter().find(|variant| variant.default);
    let default = default.and_then(|variant| variant.result.time()).map(|time| time.median);
    for variant in &mut compared.variants {
        if let VariantResult::Good { time, ratio, .. } = &mut variant.result {
            *ratio = default.map(|default| time.median / default);
        }
    }
}
