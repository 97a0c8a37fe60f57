//! The inputs on which kernels are checked: one list per kernel serves `normlab check` and the tests.

use super::activation::Activation;
use super::constants::NONE;
use super::contract::{Contract, Operand, Sizes};
use crate::error::Result;
use crate::rng::{Purpose, Stream};
use crate::tensor::{Element, Tensor, Value};

/// NaN and the infinities.
pub const NOT_FINITE: &[f32] = &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

/// Numbers next to 0 on both sides: denormal ones, which WGSL lets an implementation treat as 0; and others,
/// which it does not. Also the negative 0.
pub const NEXT_TO_ZERO: &[f32] = &[1e-40, 1e-36, -1e-40, 2e-36, -1e-36, -0.0, 3e-36];

/// A size beyond any batch or layer of a training run (16,384), to expose loops that stop too early.
pub const LONG: usize = 16_400;

/// How one tensor of a case is filled, seeded by its length and its position among the operands.
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    /// The normal distribution with this mean and standard deviation.
    Normal(f64, f64),
    /// Uniform between two bounds.
    Uniform(f64, f64),
    /// Normal, but all rows are equal: columns without variance, of this magnitude.
    ConstantColumns(f64),
    /// Normal, but all columns are equal: rows without variance, of this magnitude.
    ConstantRows(f64),
    /// Plus or minus this value.
    Extreme(f64),
    /// Normal, but every eleventh number from the second on is one of these in turn, so that they have
    /// ordinary numbers around them.
    Between(&'static [f32]),
    /// Two rows: means, normally distributed around the value, and reciprocal standard deviations.
    StatisticsRows(f64),
    /// Two columns: means, normally distributed around the value, and reciprocal standard deviations.
    StatisticsCols(f64),
    /// Integers below the bound.
    Below(u32),
    /// Integers below the bound, with every third one [`NONE`].
    BelowOrNone(u32),
    /// The same integer everywhere.
    Count(u32),
}

/// One set of sizes, parameters and inputs for a kernel.
#[derive(Clone, Debug)]
pub struct Case {
    /// The contract's sizes by name.
    pub sizes: Vec<(&'static str, usize)>,
    /// Independent copies of the experiment.
    pub replicas: usize,
    /// Parameters that are not at their default.
    pub parameters: Vec<(&'static str, f32)>,
    /// The activation that is composed in.
    pub activation: Activation,
    /// Tensors that are not filled with the standard normal distribution.
    pub fills: Vec<(&'static str, Fill)>,
    /// Distinguishes inputs that are filled alike.
    pub seed: u32,
}

impl Case {
    /// A case of one replica with these sizes, default parameters and normal inputs.
    #[must_use]
    pub fn new(sizes: &[(&'static str, usize)]) -> Self {
        Self {
            sizes: sizes.to_vec(),
            replicas: 1,
            parameters: Vec::new(),
            activation: Activation::Identity,
            fills: Vec::new(),
            seed: 0,
        }
    }

    /// The same case with more replicas.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// The same case with a parameter set.
    #[must_use]
    pub fn parameter(mut self, name: &'static str, value: f32) -> Self {
        self.parameters.push((name, value));
        self
    }

    /// The same case with another activation.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// The same case with a tensor filled in another way.
    #[must_use]
    pub fn fill(mut self, operand: &'static str, fill: Fill) -> Self {
        self.fills.push((operand, fill));
        self
    }

    /// Sizes of products c = a · b with m, k and n all different, with and without replicas.
    #[must_use]
    pub fn matmul() -> Vec<Self> {
        Self::products(["m", "k", "n"], "a")
    }

    /// The same for a kernel that calls rows, terms and columns of such a product by these names; `large`
    /// is the operand that one case fills with large numbers.
    #[must_use]
    pub fn products(names: [&'static str; 3], large: &'static str) -> Vec<Self> {
        let [rows, terms, cols] = names;
        let case = |m, k, n| Self::new(&[(rows, m), (terms, k), (cols, n)]);
        vec![
            case(1, 1, 1),
            case(1, 31, 65),
            case(31, 65, 257),
            case(257, 1, 31),
            case(65, 257, 1),
            case(60, 784, 100),
            case(2, LONG, 17),
            case(33, 9, 57).replicas(3),
            case(97, 9, 57).replicas(3),
            case(65, 31, 10).fill(large, Fill::Normal(1e3, 1.0)),
        ]
    }

    /// Sizes for kernels over rows and columns with an activation, each activation in turn.
    #[must_use]
    pub fn activated() -> Vec<Self> {
        let case = |rows, cols| Self::new(&[("rows", rows), ("cols", cols)]);
        vec![
            case(1, 1),
            case(1, 65).activation(Activation::Tanh),
            case(65, 31).activation(Activation::Relu),
            case(60, 100).activation(Activation::Sigmoid),
            case(257, 1).activation(Activation::Tanh),
            case(31, 257).activation(Activation::Sigmoid).replicas(3),
        ]
    }

    /// The same with more replicas than workgroups along rows or columns; and with more rows than the
    /// distance between two replicas' gammas.
    #[must_use]
    pub fn replicated() -> [Self; 2] {
        [(157, 5), (5, 33)].map(|(rows, cols)| {
            let case = Self::new(&[("rows", rows), ("cols", cols)]);
            case.activation(Activation::Sigmoid).replicas(4)
        })
    }

    /// More rows than any training batch, for kernels that work differently where a matrix is larger than
    /// a core's cache, or where an invocation sums up more than some drivers let it.
    #[must_use]
    pub fn large() -> Self {
        Self::new(&[("rows", LONG), ("cols", 8)]).activation(Activation::Relu)
    }

    /// The same for kernels that normalize rows; and with a single gamma, also with more columns than any
    /// layer has units. They are as small as possible: the twin runs many times where a tensor has few
    /// elements.
    #[must_use]
    pub fn long_and_wide() -> [Self; 3] {
        [(LONG, 8, 8), (LONG, 2, 1), (1, LONG, 1)].map(|(rows, cols, affine)| {
            let sizes = [("rows", rows), ("cols", cols), ("affine", affine)];
            Self::new(&sizes).activation(Activation::Relu)
        })
    }

    /// The same, and for each activation the tensors `into`, which it is applied to, filled where
    /// activations go wrong: far out on both sides, next to 0, and at 0, which is ReLU's kink.
    #[must_use]
    pub fn activated_at(into: &[&'static str]) -> Vec<Self> {
        let case = Self::new(&[("rows", 7), ("cols", 9)]);
        let extremes = Activation::ALL.into_iter().flat_map(|activation| {
            let fills = [Fill::Uniform(-100.0, 100.0), Fill::Normal(0.0, 1e-3), Fill::Count(0)];
            let case = case.clone().activation(activation);
            fills.map(|fill| {
                let filled = |case: Self, operand: &&'static str| case.fill(operand, fill);
                into.iter().fold(case.clone(), filled)
            })
        });
        Self::activated().into_iter().chain(Self::replicated()).chain(extremes).collect()
    }

    /// The same for kernels that normalize: with offsets, and with `x` constant along the axis `over`,
    /// over which statistics are taken; `other` is the other axis.
    #[must_use]
    pub fn normalized(over: &'static str, other: &'static str) -> Vec<Self> {
        let case = |many, few| Self::new(&[(over, many), (other, few)]);
        let constant = if over == "rows" { Fill::ConstantColumns } else { Fill::ConstantRows };
        let mut cases = Self::activated();
        cases.extend(Self::replicated());
        cases.extend([
            case(65, 31).fill("x", Fill::Normal(1e3, 1.0)).activation(Activation::Relu),
            case(257, 7).fill("x", Fill::Normal(1e4, 1.0)),
            case(31, 65).fill("x", constant(1.0)),
            case(257, 9).fill("x", constant(1e4)).replicas(2),
        ]);
        cases
    }

    /// The size called `name`, 0 if the case has none.
    #[must_use]
    pub fn size(&self, name: &str) -> usize {
        let found = self.sizes.iter().find(|(known, _)| *known == name);
        found.map_or(0, |&(_, value)| value)
    }

    /// The sizes in the contract's order.
    ///
    /// # Errors
    /// [`crate::error::Error::Shape`] when the case does not fit the contract.
    pub fn sizes(&self, contract: &Contract) -> Result<Sizes> {
        Sizes::new(contract, self.replicas, &self.sizes)
    }

    /// All parameters in the contract's order.
    #[must_use]
    pub fn parameters(&self, contract: &Contract) -> Vec<f32> {
        let value = |name: &str, default| {
            let set = self.parameters.iter().rev().find(|(known, _)| *known == name);
            set.map_or(default, |&(_, value)| value)
        };
        contract.parameters.iter().map(|known| value(known.name, known.default)).collect()
    }

    /// Values for every operand that is read, in the contract's order.
    ///
    /// # Errors
    /// [`crate::error::Error::Shape`] when the case does not fit the contract.
    pub fn inputs(&self, contract: &Contract) -> Result<Vec<Option<Value<f32>>>> {
        let sizes = self.sizes(contract)?;
        let input = |(position, operand): (usize, &Operand)| {
            operand.access.reads().then(|| self.input(operand, position, &sizes))
        };
        Ok(contract.operands.iter().enumerate().map(input).collect())
    }

    /// The sizes, replicas and activation in a few words.
    #[must_use]
    pub fn describe(&self) -> String {
        let sizes = self.sizes.iter().map(|(name, value)| format!("{name}={value}"));
        let mut words: Vec<String> = sizes.collect();
        if self.replicas > 1 {
            words.push(format!("replicas={}", self.replicas));
        }
        if self.activation != Activation::Identity {
            words.push(self.activation.name().to_owned());
        }
        words.extend(self.parameters.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend(self.fills.iter().map(|(name, fill)| format!("{name}:{fill:?}")));
        words.join(" ")
    }

    fn input(&self, operand: &Operand, position: usize, sizes: &Sizes) -> Value<f32> {
        let shape = sizes.shape(operand);
        let fill = self.fills.iter().rev().find(|(name, _)| *name == operand.name);
        let fill = fill.map_or(Fill::Normal(0.0, 1.0), |&(_, fill)| fill);
        let seed = u64::from(self.seed) << 32 | shape.len() as u64;
        let mut stream = Stream::new(seed, Purpose::Checks, position as u32);
        if operand.element == Element::U32 {
            let data = (0..shape.len()).map(|at| whole_number(fill, at, &mut stream)).collect();
            return Value::Index(Tensor::new(shape, data));
        }
        let mut tensor = Tensor::filled(shape, 0.0_f32);
        for at in 0..shape.len() {
            let [_, row, col] = shape.index(at);
            // The row or column that this one repeats, where all are equal.
            let repeated = match fill {
                Fill::ConstantColumns(_) if row > 0 => Some(at - shape.cols),
                Fill::ConstantRows(_) if col > 0 => Some(at - 1),
                _ => None,
            };
            if let (Fill::Between(values), 1) = (fill, at % 11) {
                tensor.data[at] = values[at / 11 % values.len()];
                continue;
            }
            let second = match fill {
                Fill::StatisticsRows(_) => row == 1,
                Fill::StatisticsCols(_) => col == 1,
                _ => false,
            };
            tensor.data[at] = match repeated {
                Some(earlier) => tensor.data[earlier],
                None => number(fill, second, &mut stream) as f32,
            };
        }
        Value::Real(tensor)
    }
}

fn number(fill: Fill, second: bool, stream: &mut Stream) -> f64 {
    match fill {
        Fill::Normal(mean, deviation) => mean + deviation * stream.normal(),
        Fill::Uniform(low, high) => stream.range(low, high),
        Fill::ConstantColumns(magnitude) | Fill::ConstantRows(magnitude) => {
            magnitude * stream.normal()
        }
        Fill::Between(_) => stream.normal(),
        Fill::Extreme(bound) if stream.uniform() < 0.5 => -bound,
        Fill::Extreme(bound) => bound,
        Fill::StatisticsRows(_) | Fill::StatisticsCols(_) if second => stream.range(0.1, 3.0),
        Fill::StatisticsRows(mean) | Fill::StatisticsCols(mean) => mean + stream.normal(),
        Fill::Below(bound) | Fill::BelowOrNone(bound) | Fill::Count(bound) => f64::from(bound),
    }
}

fn whole_number(fill: Fill, at: usize, stream: &mut Stream) -> u32 {
    match fill {
        Fill::Below(bound) => stream.below(bound),
        Fill::BelowOrNone(_) if at % 3 == 1 => NONE,
        Fill::BelowOrNone(bound) => stream.below(bound),
        Fill::Count(count) => count,
        _ => stream.next_u32(),
    }
}
