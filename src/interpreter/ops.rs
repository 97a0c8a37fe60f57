//! The operations that code is made of.

use naga::{AtomicFunction, MathFunction};

/// A register's place among those of an invocation.
pub(crate) type Register = u32;

/// The same, where there are many.
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
    // Numbers.
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
    /// A function of up to three numbers.
    Math {
        function: MathFunction,
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    /// Of `frexp`, `modf` and `ldexp`, what is no plain function of numbers.
    Decompose {
        part: Part,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    /// To the nearest number of f16.
    Round {
        to: Reg,
    },
    // Whole numbers of either sign, then those of one.
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
    /// A function of whole numbers; `to` holds the first argument of those that have four.
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
    /// Where an element lies: `base + index * stride`, if the index is inside.
    Index {
        to: Reg,
        base: Reg,
        index: Reg,
        place: u32,
    },
    /// Regs that are indexed: `start` is the first of them, `address` says which.
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
    /// `to` holds what is compared with, where anything is, and then what was there before.
    Atomic {
        function: Atomic,
        to: Reg,
        address: Reg,
        a: Reg,
        access: u32,
    },
    /// Elements of an array whose length its binding tells.
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
    /// Waits for the others of the workgroup.
    Barrier {
        rendezvous: u32,
        storage: bool,
        workgroup: bool,
    },
    /// Waits for the others of the subgroup and does something with them.
    Subgroup {
        rendezvous: u32,
        with: u32,
    },
    End,
}

/// What [`Op::Decompose`] gives.
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

/// What [`Op::Convert`] does.
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

/// An atomic change of a whole number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Atomic {
    /// By a function.
    Change(Change, bool),
    /// To another, if it is what is expected.
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
