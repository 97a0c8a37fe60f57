//! The operations that code is made of.

use naga::{AtomicFunction, MathFunction};

/// A register's index among those of an invocation.
pub(crate) type Register = u32;

/// The same, for short.
type Reg = Register;

/// One operation. `to` is written; `a`, `b`, `c` and others are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Move {
        to: Reg,
        a: Reg,
    },
    MoveMany {
        to: Reg,
        a: Reg,
        count: u32,
    },
    Select {
        to: Reg,
        condition: Reg,
        accept: Reg,
        reject: Reg,
    },
    // Floats.
    Add {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Subtract {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Multiply {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Divide {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Remainder {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Negate {
        to: Reg,
        a: Reg,
    },
    Equal {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    NotEqual {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Less {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessEqual {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// A function of up to three floats.
    Math {
        function: MathFunction,
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    /// The parts of `frexp`, `modf` and `ldexp` that are not plain functions of floats.
    Decompose {
        part: Part,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// Rounds to the nearest f16.
    Round {
        to: Reg,
    },
    // Integers: signed and unsigned alike, then one of the two.
    AddWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    SubtractWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    MultiplyWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    NegateWhole {
        to: Reg,
        a: Reg,
    },
    And {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Or {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    ExclusiveOr {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Not {
        to: Reg,
        a: Reg,
    },
    EqualWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    NotEqualWhole {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessUnsigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessEqualUnsigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessSigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessEqualSigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    DivideUnsigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    RemainderUnsigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    ShiftLeft {
        to: Reg,
        a: Reg,
        b: Reg,
        signed: bool,
    },
    ShiftRight {
        to: Reg,
        a: Reg,
        b: Reg,
        signed: bool,
    },
    DivideSigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    RemainderSigned {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// A function of integers; `to` holds the first argument of those that have four.
    Bits {
        function: MathFunction,
        signed: bool,
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    /// Puts `a` as part number `part` into the word `to`.
    Pack {
        function: MathFunction,
        part: u8,
        to: Reg,
        a: Reg,
    },
    /// Part number `part` of the word `a`.
    Unpack {
        function: MathFunction,
        part: u8,
        to: Reg,
        a: Reg,
    },
    Convert {
        conversion: Conversion,
        to: Reg,
        a: Reg,
    },
    /// The address of an element: `base + index * stride`, if the index is in bounds.
    Index {
        to: Reg,
        base: Reg,
        index: Reg,
        place: u32,
    },
    /// Reads an indexed register: `start` is the first, `address` says which.
    LoadRegister {
        to: Reg,
        start: Reg,
        address: Reg,
    },
    StoreRegister {
        start: Reg,
        address: Reg,
        a: Reg,
    },
    Load {
        to: Reg,
        address: Reg,
        access: u32,
    },
    Store {
        address: Reg,
        a: Reg,
        access: u32,
    },
    AtomicLoad {
        to: Reg,
        address: Reg,
        access: u32,
    },
    AtomicStore {
        address: Reg,
        a: Reg,
        access: u32,
    },
    /// `to` holds the expected value for a comparison, and receives the old value.
    Atomic {
        function: Atomic,
        to: Reg,
        address: Reg,
        a: Reg,
        access: u32,
    },
    /// The number of elements of a runtime-sized array.
    Length {
        to: Reg,
        memory: u32,
    },
    Jump {
        target: u32,
    },
    JumpIf {
        condition: Reg,
        target: u32,
    },
    JumpUnless {
        condition: Reg,
        target: u32,
    },
    /// Waits for the rest of the workgroup.
    Barrier {
        rendezvous: u32,
        storage: bool,
        workgroup: bool,
    },
    /// Waits for the rest of the subgroup and executes an operation together.
    Subgroup {
        rendezvous: u32,
        with: u32,
    },
    End,
}

/// What [`Op::Decompose`] computes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// `modf(x).whole`; `.fract` is the rest.
    Whole,
    /// `frexp(x).fract`.
    Fraction,
    /// `frexp(x).exp`.
    Exponent,
    /// `ldexp(a, b)`.
    Scaled,
}

/// The conversion of an [`Op::Convert`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Conversion {
    RealToSigned,
    RealToUnsigned,
    RealToBool,
    SignedToReal,
    UnsignedToReal,
    WholeToBool,
    ToSigned,
    ToUnsigned,
    BitsOfReal,
    SignedBitsOfReal,
    RealOfBits,
}

/// An atomic change of an integer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Atomic {
    /// By a function; whether it is signed.
    Change(Change, bool),
    /// To another value, if it is the expected one.
    Compare,
}

/// See [`Atomic::Change`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Add,
    Subtract,
    And,
    Or,
    ExclusiveOr,
    Min,
    Max,
    Exchange,
}

impl Change {
    pub(super) fn of(function: AtomicFunction) -> Option<Self> {
        Some(match function {
            AtomicFunction::Add => Self::Add,
            AtomicFunction::Subtract => Self::Subtract,
            AtomicFunction::And => Self::And,
            AtomicFunction::InclusiveOr => Self::Or,
            AtomicFunction::ExclusiveOr => Self::ExclusiveOr,
            AtomicFunction::Min => Self::Min,
            AtomicFunction::Max => Self::Max,
            AtomicFunction::Exchange { compare: None } => Self::Exchange,
            AtomicFunction::Exchange { .. } => return None,
        })
    }
}
