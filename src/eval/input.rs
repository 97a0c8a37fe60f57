//! The user's tensors from a safetensors file, matched to the operands that a kernel reads.

use crate::error::{Error, Result, unknown};
use crate::kernels::contract::{Access, Operand};
use crate::kernels::kernel::Kernel;
use crate::tensor::{Element, Shape, Tensor, Value};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::fs;
use std::path::Path;

/// Tensors, for display: `x f32[rows, cols], gamma f32[1, cols]`.
#[must_use]
pub fn list(operands: impl Iterator<Item = &'static Operand>) -> String {
    operands.map(Operand::to_string).collect::<Vec<_>>().join(", ")
}

/// A tensor that a kernel reads.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// How many axes it came with.
    pub(super) axes: usize,
    /// What it holds.
    pub(super) value: Value<f32>,
}

type Check<T> = std::result::Result<T, String>;

/// Reads a value for every operand that the kernel reads, in the contract's order.
pub(super) fn read(kernel: &Kernel, path: &Path) -> Result<Vec<Option<Given>>> {
    let bytes = fs::read(path).map_err(|error| Error::file("read", path, error))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| {
        Error::Data(format!(
            "{} is not a complete safetensors file: {error}; write it with save_file of \
             safetensors.numpy or safetensors.torch",
            path.display()
        ))
    })?;
    let wrong = |reason| Error::Data(format!("{}: {reason}", path.display()));
    let mut known = file.names();
    known.sort_unstable();
    known.iter().try_for_each(|name| expect(kernel, name)).map_err(wrong)?;
    let read = |operand: &Operand| match file.tensor(operand.name) {
        Ok(view) => given(operand, &view),
        Err(_) => Err(format!(
            "it has no tensor {}; {} reads {}",
            operand.name,
            kernel.name(),
            list(kernel.contract.read())
        )),
    };
    let operands = kernel.contract.operands.iter();
    operands
        .map(|operand| operand.access.reads().then(|| read(operand).map_err(wrong)).transpose())
        .collect()
}

/// Whether the kernel reads a tensor of this name.
fn expect(kernel: &Kernel, name: &str) -> Check<()> {
    let operand = kernel.contract.operands.iter().find(|operand| operand.name == name);
    match operand.map(|operand| operand.access) {
        Some(Access::Read | Access::ReadWrite) => Ok(()),
        Some(Access::Write) => {
            Err(format!("{name} is an output of {}: leave it out of the input", kernel.name()))
        }
        None => {
            let known: Vec<_> = kernel.contract.read().map(|operand| operand.name).collect();
            let complaint = format!("{} reads no tensor {name}", kernel.name());
            Err(unknown(&complaint, name, &known, ""))
        }
    }
}

fn given(operand: &Operand, view: &TensorView<'_>) -> Check<Given> {
    let shape = shape(operand, view.shape())?;
    let value = match operand.element {
        Element::F32 => Value::Real(Tensor::new(shape, numbers(operand, view)?)),
        Element::U32 => Value::Index(whole_numbers(operand, view, shape)?),
    };
    Ok(Given { axes: view.shape().len(), value })
}

/// The shape that these axes mean.
fn shape(operand: &Operand, axes: &[usize]) -> Check<Shape> {
    let Operand { name, rows, cols, .. } = operand;
    let shape = match *axes {
        [replicas, rows, cols] => Shape::new(replicas, rows, cols),
        [rows, cols] => Shape::matrix(rows, cols),
        [cols] if *rows == "1" => Shape::matrix(1, cols),
        [rows] if *cols == "1" => Shape::matrix(rows, 1),
        [] if *rows == "1" && *cols == "1" => Shape::matrix(1, 1),
        _ => {
            let single = match (*rows, *cols) {
                ("1", length) | (length, "1") => format!("[{length}], "),
                _ => String::new(),
            };
            return Err(format!(
                "{name} has the shape {axes:?}; expected {single}[{rows}, {cols}] or [replicas, \
                 {rows}, {cols}]"
            ));
        }
    };
    if axes.contains(&0) {
        return Err(format!("{name} has the shape {axes:?}; every axis must be 1 or more"));
    }
    Ok(shape)
}

/// The elements of a tensor of f32. Other types are not rounded silently.
fn numbers(operand: &Operand, view: &TensorView<'_>) -> Check<Vec<f32>> {
    let (name, dtype) = (operand.name, view.dtype());
    if dtype != Dtype::F32 {
        return Err(format!(
            "{name} holds {dtype}, and kernels compute in F32; convert it with \
             {name}.astype(\"float32\") in numpy or {name}.float() in torch"
        ));
    }
    let (words, _) = view.data().as_chunks::<4>();
    Ok(words.iter().map(|&word| f32::from_le_bytes(word)).collect())
}

/// The elements of a tensor of integers of any type, if all of them fit in u32.
fn whole_numbers(operand: &Operand, view: &TensorView<'_>, shape: Shape) -> Check<Tensor<u32>> {
    let (name, dtype) = (operand.name, view.dtype());
    let signed = match dtype {
        Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64 => true,
        Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => false,
        _ => {
            return Err(format!(
                "{name} holds {dtype}; expected integers: convert it with \
                 {name}.astype(\"int64\") in numpy or {name}.long() in torch"
            ));
        }
    };
    let words = view.data().chunks(dtype.bitsize() / 8);
    let data = words.enumerate().map(|(at, word)| {
        let number = whole_number(word, signed);
        u32::try_from(number).map_err(|_| {
            format!(
                "{name} is {number} at {:?}; expected integers from 0 to {}",
                shape.index(at),
                u32::MAX
            )
        })
    });
    Ok(Tensor::new(shape, data.collect::<Check<_>>()?))
}

/// The integer in at most 8 little-endian bytes.
fn whole_number(bytes: &[u8], signed: bool) -> i128 {
    let negative = signed && bytes.last().is_some_and(|&last| last >= 0x80);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    wide[..bytes.len()].copy_from_slice(bytes);
    i128::from_le_bytes(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_every_length_keep_their_sign() {
        for (bytes, signed, number) in [
            (&[0xff_u8][..], true, -1_i128),
            (&[0xff], false, 255),
            (&[0x9c, 0xff], true, -100),
            (&[0, 0, 0, 0x80], true, i128::from(i32::MIN)),
            (&[0, 0, 0, 0x80], false, 1 << 31),
            (&[0xff; 8], false, i128::from(u64::MAX)),
        ] {
            assert_eq!(whole_number(bytes, signed), number, "{bytes:?}");
        }
    }

    #[test]
    fn a_single_axis_is_the_one_that_is_not_1() {
        let shape = |rows, cols, axes: &[usize]| shape(&Operand::read("t", rows, cols), axes);
        assert_eq!(shape("1", "cols", &[5]), Ok(Shape::matrix(1, 5)));
        assert_eq!(shape("rows", "1", &[5]), Ok(Shape::matrix(5, 1)));
        assert_eq!(shape("1", "1", &[]), Ok(Shape::matrix(1, 1)));
        assert_eq!(shape("rows", "cols", &[2, 3, 4]), Ok(Shape::new(2, 3, 4)));
        let expected = "t has the shape [5]; expected [rows, cols] or [replicas, rows, cols]";
        assert_eq!(shape("rows", "cols", &[5]), Err(expected.to_owned()));
        assert!(shape("1", "cols", &[]).is_err_and(|error| error.contains("expected [cols], [1")));
        assert!(shape("rows", "cols", &[3, 0]).is_err_and(|error| error.contains("1 or more")));
    }
}
