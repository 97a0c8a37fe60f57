//! Reading a shader: its files joined, validated and checked against its kernel's contract.
//!
//! None of this needs a GPU. Only a shader that passes these checks is given to a driver.

use super::activation::Activation;
use super::composition::Composition;
use super::contract::{Access, Contract, GridAxis, Operand, Sizes};
use super::header::{self, Preferences, Requirements};
use super::overrides;
use super::precision::Precision;
use super::tunable::Tunable;
use super::wgsl::validated;
use crate::error::{Error, Result};
use crate::files::sha256;
use crate::tensor::Element;
use naga::valid::ModuleInfo;
use naga::{AddressSpace, GlobalVariable, Module, ScalarKind, StorageAccess, TypeInner};
use std::collections::BTreeMap;

/// The most workgroups that WebGPU allows in one dimension of a dispatch.
pub const MAX_WORKGROUPS: u32 = 65_535;

/// A shader that fits its contract.
#[derive(Clone, Debug)]
pub struct Shader {
    /// The kernel that it implements.
    pub contract: &'static Contract,
    /// The variant's name.
    pub variant: String,
    /// What messages call its file.
    pub place: String,
    /// The activation that is composed in, if the kernel has one.
    pub activation: Option<Activation>,
    /// The whole source, including the activation.
    pub text: String,
    /// The files that it is composed of.
    pub texts: Composition,
    /// What it needs of its adapter.
    pub requires: Requirements,
    /// Where it is fast.
    pub prefers: Preferences,
    /// Its tunable constants, with their current values.
    pub tunables: Vec<Tunable>,
    /// Invocations of a workgroup on each axis.
    pub workgroup_size: [u32; 3],
    /// Items that a workgroup covers on the grid's x and y axes.
    pub tile: [u32; 2],
    /// Whether all of its source is as shipped, except for values of tunables.
    pub ships: bool,
    /// The module as naga parsed it, with override constants at their default values.
    pub module: Module,
}

impl Shader {
    /// Reads the files of a shader and checks them against its contract. They include the functions of the
    /// activation, if the kernel has one.
    ///
    /// # Errors
    /// [`Error::Shader`] with the file and line that naga objects to, or the binding, field or entry point
    /// that does not match the contract.
    pub fn parse(
        contract: &'static Contract,
        variant: &str,
        texts: &Composition,
        activation: Option<Activation>,
    ) -> Result<Self> {
        let (place, text) = (texts.place(), texts.text());
        let named = |reason| Error::Shader(format!("{place}: {reason}"));
        let requires = header::requirements(texts.own()).map_err(named)?;
        let (module, info) = validated(&text, place, &requires).map_err(|error| match error {
            Error::Shader(message) => Error::Shader(texts.relocated(&message)),
            other => other,
        })?;
        let fits = Fit { contract, module: &module, info: &info };
        fits.cooperative(requires.cooperative_matrix).map_err(named)?;
        fits.check().map_err(named)?;
        let shown = |error: &naga::WithSpan<_>| {
            texts.relocated(&error.emit_to_string_with_path(&text, place))
        };
        let resolved = overrides::resolved(&module, &info, shown).map_err(named)?;
        let workgroup_size = workgroup_size(&resolved).map_err(named)?;
        let tile = |axis: usize| fits.tile(contract.grid[axis], workgroup_size[axis]);
        let tile = [tile(0).map_err(named)?, tile(1).map_err(named)?];
        let prefers = header::preferences(texts.own()).map_err(named)?;
        let tunables = texts.tunables()?;
        Ok(Self {
            contract,
            variant: variant.to_owned(),
            place: place.to_owned(),
            activation,
            text,
            texts: texts.clone(),
            requires,
            prefers,
            tunables,
            workgroup_size,
            tile,
            ships: texts.ships(),
            module: resolved,
        })
    }

    /// The number of workgroups on each axis.
    ///
    /// # Errors
    /// [`Error::Shape`] when an axis would have more than [`MAX_WORKGROUPS`].
    pub fn grid(&self, sizes: &Sizes) -> Result<[u32; 3]> {
        match self.misfit(sizes) {
            None => Ok(self.workgroups(sizes).map(|count| count as u32)),
            Some(misfit) => {
                Err(Error::Shape(format!("{misfit}: use smaller layers or a smaller batch")))
            }
        }
    }

    /// A sentence about the axis on which it would have too many workgroups; none if it fits.
    #[must_use]
    pub fn misfit(&self, sizes: &Sizes) -> Option<String> {
        let counts = self.workgroups(sizes).into_iter();
        let count = counts.max().filter(|count| *count > MAX_WORKGROUPS as usize)?;
        Some(format!(
            "{} would need {count} workgroups on one axis; a dispatch has at most {MAX_WORKGROUPS}",
            self.label()
        ))
    }

    fn workgroups(&self, sizes: &Sizes) -> [usize; 3] {
        let groups =
            |axis: usize| self.contract.grid[axis].workgroups(sizes, self.tile[axis] as usize);
        [groups(0), groups(1), sizes.replicas]
    }

    /// The precision of its products.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self.requires.cooperative_matrix {
            Some(_) => Precision::Mixed,
            None => Precision::F32,
        }
    }

    /// The values of its tunables, by name.
    #[must_use]
    pub fn tuned(&self) -> BTreeMap<String, u32> {
        self.tunables.iter().map(|tunable| (tunable.name.clone(), tunable.value)).collect()
    }

    /// Kernel and variant, e.g. `sgd (naive)`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({})", self.contract.name, self.variant)
    }

    /// Bytes of workgroup memory that a workgroup takes, each variable rounded up to a multiple of 16.
    #[must_use]
    pub fn workgroup_memory(&self) -> u32 {
        let variables = self.module.global_variables.iter().map(|(_, variable)| variable);
        let shared = variables.filter(|variable| variable.space == AddressSpace::WorkGroup);
        let size = |ty| self.module.types[ty].inner.size(self.module.to_ctx());
        shared.map(|variable| size(variable.ty).next_multiple_of(16)).sum()
    }

    /// The SHA-256 of the whole source, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256(self.text.as_bytes())
    }
}

/// The fields of the uniform `Params`, in order: sizes, strides, parameters.
#[must_use]
pub fn params_fields(contract: &Contract) -> Vec<(String, ScalarKind)> {
    let sizes = contract.sizes.iter().map(|name| ((*name).to_owned(), ScalarKind::Uint));
    let strided = contract.operands.iter().filter(|operand| operand.strided);
    let strides = strided.map(|operand| (format!("{}_stride", operand.name), ScalarKind::Uint));
    let parameters =
        contract.parameters.iter().map(|known| (known.name.to_owned(), ScalarKind::Float));
    sizes.chain(strides).chain(parameters).collect()
}

/// A module to be checked against a contract.
struct Fit<'a> {
    contract: &'static Contract,
    module: &'a Module,
    info: &'a ModuleInfo,
}

type Check<T> = std::result::Result<T, String>;

impl Fit<'_> {
    /// Checks all bindings, and that there is an entry point.
    fn check(&self) -> Check<()> {
        for (_, variable) in self.module.global_variables.iter() {
            let Some(binding) = variable.binding else { continue };
            if binding.group != 0 {
                return Err(format!(
                    "{} is in @group({}); all bindings are in @group(0)",
                    named(variable),
                    binding.group
                ));
            }
            match binding.binding {
                0 => self.params(variable)?,
                number => self.operand(variable, number as usize - 1)?,
            }
        }
        workgroup_size(self.module).map(|_| ())
    }

    /// Cooperative matrices must have the size that the header requires: a driver does not check it.
    fn cooperative(&self, required: Option<u32>) -> Check<()> {
        let mut sides = self.module.types.iter().filter_map(|(_, ty)| match ty.inner {
            TypeInner::CooperativeMatrix { rows, .. } => Some(rows as u32),
            _ => None,
        });
        match sides.find(|side| Some(*side) != required) {
            None => Ok(()),
            Some(side) => Err(format!(
                "it uses cooperative matrices of {side} x {side}; its header must have the line \
                 `// requires: cooperative_matrix = {side}`"
            )),
        }
    }

    /// Binding 0: the uniform `Params`.
    fn params(&self, variable: &GlobalVariable) -> Check<()> {
        let expected = params_fields(self.contract);
        let wanted = || {
            let fields = expected.iter().map(|(name, kind)| format!("{name}: {}", wgsl(*kind)));
            fields.collect::<Vec<_>>().join(", ")
        };
        let wrong = |found: &str| {
            Err(format!(
                "{} at @binding(0) {found}; expected var<uniform> of a struct with {}",
                named(variable),
                wanted()
            ))
        };
        if variable.space != AddressSpace::Uniform {
            return wrong("is not a uniform");
        }
        let TypeInner::Struct { members, .. } = &self.module.types[variable.ty].inner else {
            return wrong("is not a struct");
        };
        for (position, (name, kind)) in expected.iter().enumerate() {
            let fits = members.get(position).is_some_and(|member| {
                member.name.as_deref() == Some(name)
                    && matches!(self.module.types[member.ty].inner,
                        TypeInner::Scalar(scalar) if scalar.kind == *kind && scalar.width == 4)
            });
            if !fits {
                return wrong(&format!("lacks the field {name} at position {position}"));
            }
        }
        if members.len() > expected.len() {
            return wrong("has more fields than the contract");
        }
        Ok(())
    }

    /// Binding 1 and up: the operands.
    fn operand(&self, variable: &GlobalVariable, position: usize) -> Check<()> {
        let operands = self.contract.operands;
        let Some(operand) = operands.get(position) else {
            return Err(format!(
                "{} is at @binding({}); {} has bindings 0 to {}",
                named(variable),
                position + 1,
                self.contract.name,
                operands.len()
            ));
        };
        let element = self.array_element(variable);
        let access = match variable.space {
            AddressSpace::Storage { access } => Some(access),
            _ => None,
        };
        let fits = variable.name.as_deref() == Some(operand.name)
            && element == Some(operand.element)
            && access == Some(storage_access(operand));
        if fits {
            return Ok(());
        }
        Err(format!(
            "{} at @binding({}) does not match the contract: expected \
             var<storage, {}> {}: array<{}>",
            named(variable),
            position + 1,
            if operand.access == Access::Read { "read" } else { "read_write" },
            operand.name,
            operand.element.wgsl()
        ))
    }

    fn array_element(&self, variable: &GlobalVariable) -> Option<Element> {
        let TypeInner::Array { base, size: naga::ArraySize::Dynamic, .. } =
            self.module.types[variable.ty].inner
        else {
            return None;
        };
        match self.module.types[base].inner {
            TypeInner::Scalar(naga::Scalar { kind: ScalarKind::Float, width: 4 }) => {
                Some(Element::F32)
            }
            TypeInner::Scalar(naga::Scalar { kind: ScalarKind::Uint, width: 4 }) => {
                Some(Element::U32)
            }
            _ => None,
        }
    }

    /// Items that a workgroup covers on an axis: the shader's constant, or else its invocations.
    fn tile(&self, axis: GridAxis, invocations: u32) -> Check<u32> {
        let Some(name) = axis.tile_constant() else { return Ok(invocations) };
        let mut overridable = self.module.overrides.iter();
        if let Some((found, _)) = overridable.find(|(_, one)| one.name.as_ref() == Some(&name)) {
            let tile = overrides::default_of(self.module, self.info, found)?;
            return tile.ok_or_else(|| {
                format!("{name} is not a u32 above 0; write it as `override {name}: u32 = 32u;`")
            });
        }
        let constants = &self.module.constants;
        let found = constants.iter().find(|(_, constant)| constant.name.as_ref() == Some(&name));
        let Some((_, constant)) = found else { return Ok(invocations) };
        match self.module.global_expressions[constant.init] {
            naga::Expression::Literal(naga::Literal::U32(tile)) if tile > 0 => Ok(tile),
            _ => {
                Err(format!("{name} is not a u32 above 0; write it as `const {name}: u32 = 32u;`"))
            }
        }
    }
}

/// The entry point's workgroup size.
fn workgroup_size(module: &Module) -> Check<[u32; 3]> {
    let main = module.entry_points.iter().find(|entry| entry.name == "main");
    let main = main.filter(|entry| entry.stage == naga::ShaderStage::Compute);
    main.map(|entry| entry.workgroup_size).ok_or_else(|| {
        "it has no compute entry point called main; write `@compute @workgroup_size(…) fn main(…)`"
            .to_owned()
    })
}

fn storage_access(operand: &Operand) -> StorageAccess {
    match operand.access {
        Access::Read => StorageAccess::LOAD,
        Access::Write | Access::ReadWrite => StorageAccess::LOAD | StorageAccess::STORE,
    }
}

fn named(variable: &GlobalVariable) -> &str {
    variable.name.as_deref().unwrap_or("a variable")
}

fn wgsl(kind: ScalarKind) -> &'static str {
    if kind == ScalarKind::Float { "f32" } else { "u32" }
}
