//! A dispatch's bindings for the interpreter, from a program's memory and back into it.

use crate::backend::twins::{TwinNumber, TwinSession};
use crate::error::{Error, Result};
use crate::interpreter::code::Code;
use crate::interpreter::compile;
use crate::interpreter::dispatch::{Bound, Outcome};
use crate::interpreter::number::{Number, unsigned};
use crate::kernels::contract::Operand;
use crate::kernels::shader::Shader;
use crate::lowering::params;
use crate::program::{Dispatch, TensorSpec};
use crate::tensor::Value;

/// A number type of the interpreter that has twins.
pub trait Interpreted: Number + TwinNumber {}

impl<T: Number + TwinNumber> Interpreted for T {}

/// A shader compiled for the interpreter.
///
/// # Errors
/// [`Error::Shader`] with the line that cannot be run on the CPU.
pub fn code(shader: &Shader) -> Result<Code> {
    compile::entry(&shader.module).map_err(|refusal| {
        let what = refusal.what;
        let place = match refusal.offset {
            Some(offset) => {
                let line = shader.texts.line_at(offset as usize);
                format!("{line}: `{}`", line.code)
            }
            None => shader.place.clone(),
        };
        Error::Shader(format!("{place}: the interpreter does not support {what}"))
    })
}

/// The elements of a buffer that a binding covers: the tensor, and its guard words if `guarded`.
fn range(spec: &TensorSpec, guarded: bool) -> std::ops::Range<usize> {
    spec.offset..spec.offset + spec.span() + if guarded { spec.guard } else { 0 }
}

/// The bindings of a dispatch; tensors are followed by their guard words if `guarded`.
pub fn bound<N: Interpreted>(
    memory: &TwinSession<N>,
    code: &Code,
    dispatch: &Dispatch,
    guarded: bool,
) -> Vec<Bound> {
    let program = memory.program();
    let bytes = params(program, dispatch);
    let uniform = code.uniforms.iter().find(|uniform| uniform.binding == 0);
    let cells = uniform.map(|uniform| uniform.layout.cells::<N>(&bytes)).unwrap_or_default();
    let mut all = vec![Bound { binding: 0, cells, marks: Vec::new(), bytes: bytes.len() }];
    for (place, &tensor) in dispatch.tensors.iter().enumerate() {
        let spec = program.spec(tensor);
        let range = range(spec, guarded);
        let bytes = 4 * range.len();
        let cells = match memory.buffer(spec.buffer) {
            Value::Real(buffer) => buffer.data[range].iter().map(|x| x.cell()).collect(),
            Value::Index(buffer) => buffer.data[range].iter().map(|&x| unsigned(x)).collect(),
        };
        all.push(Bound { binding: place as u32 + 1, cells, marks: Vec::new(), bytes });
    }
    all
}

/// Writes a dispatch's results back into memory.
pub fn take<N: Interpreted>(
    memory: &mut TwinSession<N>,
    code: &Code,
    dispatch: &Dispatch,
    outcome: &Outcome,
) {
    for (known, cells) in code.memories.iter().zip(&outcome.memories) {
        let Some(place) = known.binding.filter(|_| known.writable) else { continue };
        let Some(&tensor) = dispatch.tensors.get(place as usize - 1) else { continue };
        let spec = memory.program().spec(tensor);
        let (buffer, start) = (spec.buffer, spec.offset);
        match memory.buffer_mut(buffer) {
            Value::Real(buffer) => {
                let slots = &mut buffer.data[start..start + cells.cells.len()];
                slots.iter_mut().zip(&cells.cells).for_each(|(to, &cell)| *to = N::of_cell(cell));
            }
            Value::Index(buffer) => {
                let slots = &mut buffer.data[start..start + cells.cells.len()];
                slots.iter_mut().zip(&cells.cells).for_each(|(to, &cell)| *to = cell as u32);
            }
        }
    }
}

/// The operand of a binding, and its tensor's place in memory.
pub fn operand<'a, N: Interpreted>(
    memory: &'a TwinSession<N>,
    dispatch: &Dispatch,
    binding: u32,
) -> Option<(&'static Operand, &'a TensorSpec)> {
    let place = (binding as usize).checked_sub(1)?;
    let operand = dispatch.kernel.contract.operands.get(place)?;
    Some((operand, memory.program().spec(*dispatch.tensors.get(place)?)))
}
