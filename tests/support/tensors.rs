//! Safetensors files, as a notebook would write and read them.

use normlab::files::{TensorBytes, write_tensors};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The tensors of a file by name.
pub(crate) type Tensors = BTreeMap<String, TensorBytes>;

/// Tensors with their names.
pub(crate) fn named<const N: usize>(tensors: [(&str, TensorBytes); N]) -> Tensors {
    tensors.map(|(name, tensor)| (name.to_owned(), tensor)).into()
}

pub(crate) fn write(path: &Path, tensors: &Tensors) {
    write_tensors(path, tensors, None).unwrap();
}

/// A file's tensors and its metadata.
pub(crate) fn read(path: &Path) -> (Tensors, HashMap<String, String>) {
    let bytes = std::fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        let (dtype, shape, bytes) = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
        (name.to_owned(), TensorBytes { dtype, shape, bytes })
    };
    (file.iter().map(tensor).collect(), header.metadata().clone().unwrap_or_default())
}

/// The elements of a tensor of f32.
pub(crate) fn floats(tensor: &TensorBytes) -> Vec<f32> {
    assert_eq!(tensor.dtype, Dtype::F32);
    tensor.bytes.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

/// The elements of a tensor of u32.
pub(crate) fn wholes(tensor: &TensorBytes) -> Vec<u32> {
    assert_eq!(tensor.dtype, Dtype::U32);
    tensor.bytes.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word)).collect()
}
