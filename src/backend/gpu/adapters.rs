//! Which adapters there are, and which one is used.
//!
//! Hardware comes first, then software Vulkan. Backends are Vulkan, Metal and DX12, and others only if
//! `WGPU_BACKEND` names them; wgpu's other environment variables are honoured too.

use super::{capabilities, software};
use crate::backend::interpreter;
use crate::error::{Error, Result};
use crate::kernels;
use crate::kernels::activation::Activation;
use crate::kernels::capabilities::AdapterCapabilities;
use crate::kernels::library::Library;
use crate::kernels::precision::Precision;
use crate::record::Adapter;
use std::fmt;
use std::str::FromStr;

/// wgpu's variable that limits the adapters to those whose name contains its value.
const ADAPTER_NAME: &str = "WGPU_ADAPTER_NAME";

/// What the user asked to compute on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The best adapter that opens, or the CPU engine where there is none.
    #[default]
    Auto,
    /// The best adapter; an error where there is none.
    Gpu,
    /// The CPU engine.
    Cpu,
    /// The interpreter of WGSL.
    Interpreter,
    /// The best adapter whose name contains this.
    Named(String),
}

impl FromStr for DeviceChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match text {
            "auto" => Self::Auto,
            "gpu" => Self::Gpu,
            "cpu" => Self::Cpu,
            interpreter::NAME => Self::Interpreter,
            name => Self::Named(name.to_owned()),
        })
    }
}

/// An adapter that could be opened.
#[derive(Debug)]
pub struct Candidate {
    pub(super) adapter: wgpu::Adapter,
}

/// An adapter and its features, for display.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The adapter.
    pub adapter: Adapter,
    /// Why it has its place in the list.
    pub rank: &'static str,
    /// Limits by name, with units.
    pub limits: Vec<(&'static str, String)>,
    /// Features that variants may need, and whether it has them.
    pub features: Vec<(String, bool)>,
    /// For every kernel with several variants: its name, and the variant that is used here.
    pub variants: Vec<(&'static str, String)>,
    /// What would make it faster.
    pub hints: Vec<String>,
}

/// All adapters, the best first.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    let descriptor = descriptor.with_env();
    let backends = descriptor.backends;
    let instance = wgpu::Instance::new(descriptor);
    let mut found = pollster::block_on(instance.enumerate_adapters(backends));
    let wanted = std::env::var(ADAPTER_NAME).unwrap_or_default().to_lowercase();
    found.retain(|adapter| adapter.get_info().name.to_lowercase().contains(&wanted));
    let saving = saving();
    found.sort_by_key(|adapter| rank(software::kind(&adapter.get_info()), saving).0);
    found.into_iter().map(|adapter| Candidate { adapter }).collect()
}

/// The adapters [to try](open_first): all, the best first, if the user leaves the choice open, else the
/// requested one; none if no adapter is needed.
///
/// # Errors
/// [`Error::Config`] when the requested adapter does not exist.
pub fn choose(choice: &DeviceChoice) -> Result<Vec<Candidate>> {
    let wanted = match choice {
        DeviceChoice::Auto => return Ok(candidates()),
        DeviceChoice::Cpu | DeviceChoice::Interpreter => return Ok(Vec::new()),
        DeviceChoice::Gpu => String::new(),
        DeviceChoice::Named(name) => name.to_lowercase(),
    };
    let all = candidates();
    let names: Vec<_> = all.iter().map(|found| found.adapter.get_info().name).collect();
    let chosen = all
        .into_iter()
        .find(|found| found.adapter.get_info().name.to_lowercase().contains(&wanted));
    match chosen {
        Some(candidate) => Ok(vec![candidate]),
        None if names.is_empty() => {
            Err(Error::Config(format!("--device {choice}: {}", why_none())))
        }
        None => Err(Error::Config(format!(
            "--device {choice}: no adapter's name contains that; available: {}",
            names.join(", ")
        ))),
    }
}

/// Opens the first of several candidates that does not refuse. `tell` is called with each refusal and the
/// candidate that is tried next. None if there are no candidates.
///
/// # Errors
/// The last refusal, if all refuse; any error that is not a refusal of a device, and any from `tell`, at once.
pub fn open_first<C, T>(
    candidates: &[C],
    mut open: impl FnMut(&C) -> Result<T>,
    mut tell: impl FnMut(&Error, &C) -> Result<()>,
) -> Result<Option<T>> {
    let mut waiting = candidates.iter().peekable();
    while let Some(candidate) = waiting.next() {
        match (open(candidate), waiting.peek()) {
            (Err(refusal @ Error::Device(_)), Some(next)) => tell(&refusal, next)?,
            (opened, _) => return opened.map(Some),
        }
    }
    Ok(None)
}

/// The message for a user who has no adapter.
pub const NO_ADAPTER: &str = "no Vulkan, Metal or DX12 adapter was found. Install your GPU's driver, \
     or Mesa's software Vulkan (the package mesa-vulkan-drivers on Debian, Ubuntu and Fedora, \
     vulkan-swrast on Arch)";

/// Why there is no adapter on this machine, now.
#[must_use]
pub fn why_none() -> String {
    match std::env::var(ADAPTER_NAME) {
        Ok(name) if !name.is_empty() => format!(
            "no adapter's name contains {name:?}, which the environment variable {ADAPTER_NAME} \
             requires"
        ),
        _ => NO_ADAPTER.to_owned(),
    }
}

/// An adapter as records and tables show it.
pub(super) fn describe(info: &wgpu::AdapterInfo) -> Adapter {
    let kind = match software::kind(info) {
        wgpu::DeviceType::DiscreteGpu => "discrete gpu",
        wgpu::DeviceType::IntegratedGpu => "integrated gpu",
        wgpu::DeviceType::VirtualGpu => "virtual gpu",
        wgpu::DeviceType::Cpu => "software",
        wgpu::DeviceType::Other => "other",
    };
    Adapter {
        adapter: info.name.clone(),
        backend: info.backend.to_str().to_owned(),
        kind: kind.to_owned(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
            Self::Interpreter => interpreter::NAME,
            Self::Named(name) => name,
        })
    }
}

impl Candidate {
    /// The adapter as records show it.
    #[must_use]
    pub fn describe(&self) -> Adapter {
        describe(&self.adapter.get_info())
    }

    /// The adapter with its limits and features, and the variants that it uses at this precision.
    ///
    /// # Errors
    /// [`Error::Shader`] when a shipped shader does not fit its kernel.
    pub fn listing(&self, precision: Precision) -> Result<Listing> {
        let (info, limits) = (self.adapter.get_info(), self.adapter.limits());
        let mut capabilities = capabilities::of(&self.adapter);
        // The variants list what it lacks for this precision.
        let _ = capabilities.cooperative.open(precision);
        let (min, max) = capabilities.subgroup_size;
        let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
        Ok(Listing {
            adapter: describe(&info),
            rank: rank(software::kind(&info), saving()).1,
            limits: vec![
                ("largest buffer", mib(limits.max_buffer_size)),
                ("largest binding", mib(limits.max_storage_buffer_binding_size)),
                ("storage buffers", limits.max_storage_buffers_per_shader_stage.to_string()),
                (
                    "invocations per workgroup",
                    limits.max_compute_invocations_per_workgroup.to_string(),
                ),
                (
                    "workgroup memory",
                    format!("{} KiB", limits.max_compute_workgroup_storage_size >> 10),
                ),
                (
                    "workgroups per dimension",
                    limits.max_compute_workgroups_per_dimension.to_string(),
                ),
            ],
            features: vec![
                ("subgroups".to_owned(), capabilities.subgroups),
                (format!("subgroup size {min} to {max}"), capabilities.subgroups),
                capabilities.cooperative.feature(),
            ],
            variants: variants(&capabilities)?,
            hints: software::hints(&info),
        })
    }
}

/// The variant used for each kernel that has several.
fn variants(capabilities: &AdapterCapabilities) -> Result<Vec<(&'static str, String)>> {
    let library = Library::default();
    let mut chosen = Vec::new();
    for kernel in kernels::ALL.into_iter().filter(|kernel| kernel.shaders.len() > 1) {
        let mut words = Vec::new();
        for source in kernel.shaders {
            let shader = library.shader(kernel, source.variant, Activation::default())?;
            let reason = capabilities
                .lacks(&shader)
                .or(capabilities.passes_over(&shader).map(str::to_owned));
            match reason {
                None => words.insert(0, source.variant.to_owned()),
                Some(reason) => words.push(format!("({}: {reason})", source.variant)),
            }
        }
        chosen.push((kernel.name(), words.join(" ")));
    }
    Ok(chosen)
}

/// Whether wgpu's variable requests low power.
fn saving() -> bool {
    std::env::var("WGPU_POWER_PREF").is_ok_and(|value| value.eq_ignore_ascii_case("low"))
}

/// The order of preference, and the reason for it.
fn rank(kind: wgpu::DeviceType, saving: bool) -> (u8, &'static str) {
    use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
    match kind {
        DiscreteGpu => {
            if saving {
                (2, "hardware with its own memory: second choice (WGPU_POWER_PREF=low)")
            } else {
                (0, "hardware with its own memory: first choice")
            }
        }
        IntegratedGpu if saving => {
            (1, "hardware that shares the system's memory: first choice (WGPU_POWER_PREF=low)")
        }
        IntegratedGpu => {
            (1, "hardware that shares the system's memory: after hardware with its own")
        }
        VirtualGpu => (3, "virtualized hardware: after this machine's own hardware"),
        Other => (4, "unknown kind of device: after known hardware"),
        Cpu => (5, "software: after all hardware, before the CPU engine"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens the first of some adapters, of which those called `broken` refuse and those called `poor` lack a
    /// requested feature. Returns the result and the reported refusals.
    fn opened(
        names: &[&'static str],
    ) -> (std::result::Result<Option<String>, String>, Vec<String>) {
        let mut notes = Vec::new();
        let open = |name: &&str| match *name {
            broken if broken.starts_with("broken") => Err(Error::Device(format!("{name} refuses"))),
            "poor" => Err(Error::Config("poor lacks matrices".to_owned())),
            name => Ok(name.to_owned()),
        };
        let tell = |refusal: &Error, next: &&str| {
            notes.push(format!("{refusal}; {next} is tried"));
            Ok(())
        };
        let result = open_first(names, open, tell).map_err(|error| error.to_string());
        (result, notes)
    }

    #[test]
    fn the_first_that_opens_is_taken_and_refusals_before_it_are_told() {
        let good = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(opened(&["good", "broken"]), (good("good"), Vec::new()));
        let notes = ["broken 1 refuses; broken 2 is tried", "broken 2 refuses; good is tried"];
        let names = ["broken 1", "broken 2", "good", "better"];
        assert_eq!(opened(&names), (good("good"), notes.map(str::to_owned).to_vec()));
    }

    #[test]
    fn where_all_refuse_the_last_refusal_is_the_error() {
        let notes = vec!["broken 1 refuses; broken 2 is tried".to_owned()];
        assert_eq!(opened(&["broken 1", "broken 2"]), (Err("broken 2 refuses".to_owned()), notes));
        assert_eq!(opened(&[]), (Ok(None), Vec::new()));
    }

    #[test]
    fn one_that_lacks_what_was_asked_for_is_not_passed_over() {
        assert_eq!(opened(&["poor", "good"]), (Err("poor lacks matrices".to_owned()), Vec::new()));
    }
}
