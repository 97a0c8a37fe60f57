//! What an adapter is capable of, and which shaders can run on it.

use super::cooperative::Cooperative;
use super::shader::Shader;
use crate::error::{Error, Result};

/// What variants may require of an adapter.
#[derive(Clone, Copy, Debug)]
pub struct AdapterCapabilities {
    /// Whether it is hardware, as opposed to software that computes on the CPU.
    pub hardware: bool,
    /// Whether barriers are cheap.
    pub cheap_barriers: bool,
    /// Subgroup operations.
    pub subgroups: bool,
    /// The smallest and largest number of lanes in a subgroup.
    pub subgroup_size: (u32, u32),
    /// The most invocations in a workgroup.
    pub invocations: u32,
    /// The most invocations in a workgroup on each axis.
    pub workgroup_size: [u32; 3],
    /// The most bytes of workgroup memory.
    pub workgroup_memory: u32,
    /// Cooperative matrices.
    pub cooperative: Cooperative,
}

impl AdapterCapabilities {
    /// Why a shader cannot run, or nothing if it can.
    #[must_use]
    pub fn lacks(&self, shader: &Shader) -> Option<String> {
        if shader.requires.subgroups && !self.subgroups {
            return Some("the adapter has no subgroup operations".to_owned());
        }
        let (min, max) = self.subgroup_size;
        let needed = &shader.requires.subgroup_sizes;
        if !needed.is_empty() && !self.subgroup_sizes().all(|lanes| needed.contains(&lanes)) {
            return Some(format!(
                "it needs subgroups of {} lanes; the adapter's have {min} to {max}",
                shader.requires.lanes()
            ));
        }
        self.cooperative.lacks(shader).or_else(|| self.too_large(shader))
    }

    /// The subgroup sizes that it may use for a dispatch.
    fn subgroup_sizes(&self) -> impl Iterator<Item = u32> {
        let (min, max) = self.subgroup_size;
        std::iter::successors(Some(min), |lanes| lanes.checked_mul(2))
            .take_while(move |&lanes| lanes > 0 && lanes < max)
            .chain([max])
    }

    /// Why programs use a shader that can run only if it is chosen; none if they may always use it.
    #[must_use]
    pub fn passes_over(&self, shader: &Shader) -> Option<&'static str> {
        if shader.prefers.hardware && !self.hardware {
            return Some("made for hardware");
        }
        if shader.prefers.software && self.hardware {
            return Some("made for software");
        }
        (shader.prefers.cheap_barriers && !self.cheap_barriers)
            .then_some("made for adapters with cheap barriers")
    }

    /// Whether a shader can run.
    ///
    /// # Errors
    /// [`Error::Config`] with what the adapter lacks for it.
    pub fn allow(&self, shader: &Shader) -> Result<()> {
        match self.lacks(shader) {
            None => Ok(()),
            Some(reason) => Err(Error::Config(format!("{}: {reason}", shader.place))),
        }
    }

    /// A sentence about a shader's workgroup that is too large; none if it is not.
    fn too_large(&self, shader: &Shader) -> Option<String> {
        let size = shader.workgroup_size;
        let [x, y, z] = size;
        let invocations = size.iter().map(|&count| u64::from(count)).product::<u64>();
        if invocations > u64::from(self.invocations) {
            return Some(format!(
                "its workgroup has {invocations} invocations ({x} x {y} x {z}); the adapter's have \
                 at most {}",
                self.invocations
            ));
        }
        let axes = size.into_iter().zip(self.workgroup_size).zip(["x", "y", "z"]);
        for ((count, most), axis) in axes {
            if count > most {
                return Some(format!(
                    "its workgroup has {count} invocations along {axis}; the adapter's have at \
                     most {most}"
                ));
            }
        }
        let (bytes, most) = (shader.workgroup_memory(), self.workgroup_memory);
        (bytes > most).then(|| {
            format!("its workgroup takes {bytes} bytes of workgroup memory; the adapter has {most}")
        })
    }
}
