//! Cooperative matrices ("tensor cores"): which ones an adapter has, and which ones shaders need.

use super::precision::Precision;
use super::shader::Shader;

/// The sides of the square matrices that WGSL can express.
const SIDES: [u32; 2] = [8, 16];

/// The cooperative matrices of an adapter, and whether shaders may use them.
#[derive(Clone, Copy, Debug)]
pub struct Cooperative {
    /// The sides of the square f16 matrices whose products are summed in f32.
    sides: [Option<u32>; 2],
    /// The largest number of lanes in a subgroup.
    widest: u32,
    /// What the device is opened for.
    precision: Precision,
}

impl Cooperative {
    /// For an adapter that has none.
    pub const NONE: Self = Self { sides: [None; 2], widest: 0, precision: Precision::F32 };

    /// For an adapter that has square f16 matrices with these sides, whose products are summed in f32,
    /// and subgroups of up to `widest` lanes; shaders may not use them yet.
    #[must_use]
    pub fn of(has: impl Fn(u32) -> bool, widest: u32) -> Self {
        let sides = SIDES.map(|side| Some(side).filter(|&side| has(side)));
        Self { sides, widest, precision: Precision::F32 }
    }

    /// The sides that the adapter has.
    fn sides(&self) -> impl Iterator<Item = u32> {
        self.sides.into_iter().flatten()
    }

    /// What the device is opened for.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Their name in a list of features, and whether the adapter has any.
    #[must_use]
    pub fn feature(&self) -> (String, bool) {
        let sides: Vec<_> = self.sides().map(|side| format!(" {side} x {side}")).collect();
        (format!("cooperative matrices{}", sides.join(",")), !sides.is_empty())
    }

    /// Lets shaders of this precision run from now on.
    ///
    /// # Errors
    /// What the adapter lacks, phrased to follow its name.
    pub fn open(&mut self, precision: Precision) -> Result<(), &'static str> {
        if precision == Precision::Mixed && self.sides().next().is_none() {
            return Err("has no cooperative matrices (tensor cores) of 8 x 8 or 16 x 16 with f16 \
                        operands and f32 sums; leave the precision at f32, or name another adapter \
                        with --device (`normlab devices` shows which have them)");
        }
        self.precision = precision;
        Ok(())
    }

    /// Why a shader cannot run, or nothing if it can.
    #[must_use]
    pub fn lacks(&self, shader: &Shader) -> Option<String> {
        let side = shader.requires.cooperative_matrix?;
        if !self.sides().any(|known| known == side) {
            return Some(format!(
                "the adapter has no cooperative matrices of {side} x {side} (f16, sums in f32)"
            ));
        }
        if self.precision == Precision::F32 {
            return Some("its precision is mixed; allow it with --precision mixed".to_owned());
        }
        // Vulkan requires full subgroups, and does not say how many lanes one will have.
        let [lanes, ..] = shader.workgroup_size;
        (lanes % self.widest.max(1) != 0).then(|| {
            format!(
                "its workgroup is {lanes} invocations wide, which may be less than a subgroup: the \
                 adapter's have up to {widest} lanes (try --tunable {kernel}.LANES={widest})",
                widest = self.widest,
                kernel = shader.contract.name
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::kernels::activation::Activation;
    use crate::kernels::library::Library;
    use crate::kernels::matmul_nn;

    /// Why an adapter with 16 x 16 matrices and subgroups of up to `widest` lanes cannot run a variant.
    fn reason(
        widest: u32,
        precision: Precision,
        library: &Library,
        variant: &str,
    ) -> Result<String> {
        let shader = library.shader(&matmul_nn::KERNEL, variant, Activation::default())?;
        let adapter = Cooperative { sides: [None, Some(16)], widest, precision };
        Ok(adapter.lacks(&shader).unwrap_or_default())
    }

    #[test]
    fn a_variant_needs_its_size_its_precision_and_whole_subgroups() -> Result<()> {
        let (f32, mixed, mut library) = (Precision::F32, Precision::Mixed, Library::default());
        assert_eq!(reason(32, f32, &library, "naive")?, "");
        assert_eq!(reason(32, mixed, &library, "cooperative_16")?, "");
        assert!(reason(32, mixed, &library, "cooperative_8")?.contains("of 8 x 8"));
        assert!(reason(32, f32, &library, "cooperative_16")?.contains("with --precision mixed"));
        let narrow = reason(64, mixed, &library, "cooperative_16")?;
        assert!(narrow.contains("try --tunable matmul_nn.LANES=64"), "{narrow}");
        library.tune("matmul_nn.LANES=64")?;
        assert_eq!(reason(64, mixed, &library, "cooperative_16")?, "");
        Ok(())
    }
}
