//! Tensors on the host: row-major, with shape `[replicas, rows, cols]`.
//!
//! A *replica* is an independent copy of the whole experiment; all replicas run in the same dispatches.

use crate::error::{Error, Result};
use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;

/// The shape of a tensor, outermost axis first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Independent copies of the experiment.
    pub replicas: usize,
    /// Rows of each replica: usually the examples of a batch.
    pub rows: usize,
    /// Columns of each replica: usually the units of a layer.
    pub cols: usize,
}

impl Shape {
    /// The shape `[replicas, rows, cols]`.
    #[must_use]
    pub const fn new(replicas: usize, rows: usize, cols: usize) -> Self {
        Self { replicas, rows, cols }
    }

    /// The shape `[1, rows, cols]`: one replica.
    #[must_use]
    pub const fn matrix(rows: usize, cols: usize) -> Self {
        Self::new(1, rows, cols)
    }

    /// Elements of one replica.
    #[must_use]
    pub const fn matrix_len(&self) -> usize {
        self.rows * self.cols
    }

    /// The total number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.replicas * self.matrix_len()
    }

    /// Whether the tensor has no element.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its axes in a file: `[rows, cols]`, or `[replicas, rows, cols]` where there are several replicas.
    #[must_use]
    pub fn axes(&self) -> Vec<usize> {
        let Self { replicas, rows, cols } = *self;
        if replicas == 1 { vec![rows, cols] } else { vec![replicas, rows, cols] }
    }

    /// The index `[replica, row, col]` of the element at `position` in row-major order.
    #[must_use]
    pub const fn index(&self, position: usize) -> [usize; 3] {
        let within = position % self.matrix_len();
        [position / self.matrix_len(), within / self.cols, within % self.cols]
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}, {}]", self.replicas, self.rows, self.cols)
    }
}

/// The number type of a twin: f32, as the GPU computes, or f64, as the reference does.
pub trait Real:
    num_traits::Float + AddAssign + Sum + Send + Sync + fmt::Debug + fmt::Display + 'static
{
    /// The number nearest to `value`.
    fn of(value: f64) -> Self;
    /// This number as f64, exactly.
    fn widen(self) -> f64;
    /// Its bits, in a word large enough for either type.
    fn to_word(self) -> u64;
    /// The number with these bits.
    fn of_word(word: u64) -> Self;
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }
    fn widen(self) -> f64 {
        f64::from(self)
    }
    fn to_word(self) -> u64 {
        u64::from(self.to_bits())
    }
    fn of_word(word: u64) -> Self {
        Self::from_bits(word as u32)
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn widen(self) -> f64 {
        self
    }
    fn to_word(self) -> u64 {
        self.to_bits()
    }
    fn of_word(word: u64) -> Self {
        Self::from_bits(word)
    }
}

/// A tensor on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T> {
    /// Its shape.
    pub shape: Shape,
    /// Its elements, row-major, as many as the shape has.
    pub data: Vec<T>,
}

impl<T: Copy> Tensor<T> {
    /// A tensor of `data`.
    ///
    /// # Panics
    /// When the length of `data` does not match `shape`: a mistake in the calling code.
    #[must_use]
    pub fn new(shape: Shape, data: Vec<T>) -> Self {
        assert_eq!(shape.len(), data.len(), "a tensor {shape} was given {} elements", data.len());
        Self { shape, data }
    }

    /// A tensor with every element `value`.
    #[must_use]
    pub fn filled(shape: Shape, value: T) -> Self {
        Self { shape, data: vec![value; shape.len()] }
    }

    /// Row `row` of the first replica.
    #[must_use]
    pub fn row(&self, row: usize) -> &[T] {
        &self.data[row * self.shape.cols..(row + 1) * self.shape.cols]
    }

    /// Row `row` of the first replica, mutable.
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.data[row * self.shape.cols..(row + 1) * self.shape.cols]
    }

    /// The element at `row`, `col` of the first replica.
    #[must_use]
    pub fn at(&self, row: usize, col: usize) -> T {
        self.data[row * self.shape.cols + col]
    }

    /// Puts `value` at `row`, `col` of the first replica.
    pub fn put(&mut self, row: usize, col: usize, value: T) {
        self.data[row * self.shape.cols + col] = value;
    }

    /// The elements of the replica `replica`, row-major.
    #[must_use]
    pub fn matrix(&self, replica: usize) -> &[T] {
        let length = self.shape.matrix_len();
        &self.data[replica * length..(replica + 1) * length]
    }

    /// The replica `replica` as a separate tensor.
    #[must_use]
    pub fn replica(&self, replica: usize) -> Self {
        let shape = Shape::matrix(self.shape.rows, self.shape.cols);
        Self::new(shape, self.matrix(replica).to_vec())
    }
}

/// The element types that buffers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// Floats.
    F32,
    /// Counts, labels, indices, and packed bytes.
    U32,
}

impl Element {
    /// The type's name in WGSL.
    #[must_use]
    pub const fn wgsl(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::U32 => "u32",
        }
    }
}

/// A tensor of either element type. `T` is the number type: f32 in buffers, f64 in references.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<T> {
    /// Floats.
    Real(Tensor<T>),
    /// Counts, labels, indices, and packed bytes.
    Index(Tensor<u32>),
}

impl Value<f32> {
    /// Whether it equals another one bit for bit, including NaN and the sign of 0.
    #[must_use]
    pub fn has_bits_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Real(a), Self::Real(b)) => {
                let bits = |x: &f32| x.to_bits();
                a.shape == b.shape && a.data.iter().map(bits).eq(b.data.iter().map(bits))
            }
            _ => self == other,
        }
    }
}

impl<T: Real> Value<T> {
    /// The shape of either kind.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        match self {
            Self::Real(tensor) => tensor.shape,
            Self::Index(tensor) => tensor.shape,
        }
    }

    /// The element type that holds it on the GPU.
    #[must_use]
    pub const fn element(&self) -> Element {
        match self {
            Self::Real(_) => Element::F32,
            Self::Index(_) => Element::U32,
        }
    }

    /// A tensor of zeros.
    #[must_use]
    pub fn zeros(element: Element, shape: Shape) -> Self {
        match element {
            Element::F32 => Self::Real(Tensor::filled(shape, T::zero())),
            Element::U32 => Self::Index(Tensor::filled(shape, 0)),
        }
    }

    /// The same values with numbers of type `U`.
    #[must_use]
    pub fn cast<U: Real>(&self) -> Value<U> {
        match self {
            Self::Real(tensor) => {
                let data = tensor.data.iter().map(|x| U::of(x.widen())).collect();
                Value::Real(Tensor::new(tensor.shape, data))
            }
            Self::Index(tensor) => Value::Index(tensor.clone()),
        }
    }

    /// The floats of the tensor.
    ///
    /// # Errors
    /// [`Error::Shape`] when it holds integers.
    pub fn into_real(self) -> Result<Tensor<T>> {
        match self {
            Self::Real(tensor) => Ok(tensor),
            Self::Index(_) => Err(Error::Shape("expected floats, found integers".into())),
        }
    }

    /// The element at `position` in row-major order, as f64.
    #[must_use]
    pub fn widened(&self, position: usize) -> f64 {
        match self {
            Self::Real(tensor) => tensor.data[position].widen(),
            Self::Index(tensor) => f64::from(tensor.data[position]),
        }
    }
}
