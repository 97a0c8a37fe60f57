//! Which adapters are software: programs that compute on the CPU. Variants made for hardware are slow on them.

use wgpu::{AdapterInfo, DeviceType};

/// Parts of the names of software adapters or their drivers, whatever kind they claim to be: Mesa's, alone or
/// behind a virtual machine's driver, Chromium's, Microsoft's, Apple's.
const NAMES: [&str; 9] = [
    "llvmpipe",
    "lavapipe",
    "softpipe",
    "swrast",
    "swiftshader",
    "microsoft basic render",
    "windows advanced rasterization",
    "software renderer",
    "software rasterizer",
];

/// Microsoft's software, matched as a whole word only: names of hardware may contain these letters.
const WARP: &str = "warp";

/// Software in which barriers have been measured to be cheap: 32 x 32 blocks in workgroup memory make
/// products 3 to 6 times as fast as naive ones there. In SwiftShader they make them half as fast or slower;
/// the others have not been measured.
const CHEAP_BARRIERS: [&str; 2] = ["llvmpipe", "lavapipe"];

/// Whether an adapter is software.
pub(super) fn is_software(info: &AdapterInfo) -> bool {
    info.device_type == DeviceType::Cpu
        || has(info, &NAMES)
        || words(info).any(|text| text.split(|c: char| !c.is_alphanumeric()).any(|one| one == WARP))
}

/// The kind of an adapter: software by any name is [`DeviceType::Cpu`].
pub(super) fn kind(info: &AdapterInfo) -> DeviceType {
    if is_software(info) { DeviceType::Cpu } else { info.device_type }
}

/// Whether workgroup barriers are cheap.
pub(super) fn has_cheap_barriers(info: &AdapterInfo) -> bool {
    !is_software(info) || has(info, &CHEAP_BARRIERS)
}

/// Mesa's software before this version takes 1.3 to 1.45 times as long for a training step.
const FAST_MESA: u32 = 25;

/// What would make an adapter faster.
pub(super) fn hints(info: &AdapterInfo) -> Vec<String> {
    let mut hints = Vec::new();
    if !has(info, &CHEAP_BARRIERS) {
        return hints;
    }
    if mesa(&info.driver_info).is_some_and(|version| version < FAST_MESA) {
        hints.push(format!(
            "Mesa {FAST_MESA} or newer trains 1.3 to 1.45 times as fast on this adapter"
        ));
    }
    hints.push("the CPU engine trains faster than this adapter: --device cpu".to_owned());
    hints
}

/// Mesa's major version in a driver's description, for example "Mesa 22.3.6 (LLVM 15.0.6)".
fn mesa(driver: &str) -> Option<u32> {
    let (_, version) = driver.split_once("Mesa ")?;
    version.split('.').next()?.parse().ok()
}

fn has(info: &AdapterInfo, names: &[&str]) -> bool {
    words(info).any(|text| names.iter().any(|name| text.contains(name)))
}

/// The names of an adapter and its driver, in lower case.
fn words(info: &AdapterInfo) -> impl Iterator<Item = String> {
    [&info.name, &info.driver].into_iter().map(|text| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};

    fn info(kind: DeviceType, name: &str, driver: &str) -> AdapterInfo {
        let (name, driver) = (name.to_owned(), driver.to_owned());
        AdapterInfo { name, driver, ..AdapterInfo::new(kind, wgpu::Backend::Vulkan) }
    }

    #[test]
    fn software_is_software_by_any_name() {
        for (kind, name, driver, cheap_barriers) in [
            (Cpu, "llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe", true),
            (Cpu, "a name that nobody knows", "", false),
            (VirtualGpu, "Virtio-GPU Venus (llvmpipe (LLVM 19.1.1, 256 bits))", "venus", true),
            (Other, "lavapipe", "", true),
            (Cpu, "SwiftShader Device (Subzero)", "SwiftShader driver", false),
            (IntegratedGpu, "SwiftShader Device (LLVM 10.0.0)", "", false),
            (VirtualGpu, "Google", "SwiftShader driver", false),
            (DiscreteGpu, "Microsoft Basic Render Driver", "", false),
            (Other, "Microsoft Direct3D12 (WARP)", "", false),
            (Other, "Apple Software Renderer", "", false),
        ] {
            let info = info(kind, name, driver);
            assert!(is_software(&info) && super::kind(&info) == Cpu, "{name}");
            assert_eq!(has_cheap_barriers(&info), cheap_barriers, "{name}");
        }
    }

    #[test]
    fn an_old_mesa_has_a_hint() {
        let hints = |name: &str, mesa: &str| {
            let driver_info = mesa.to_owned();
            super::hints(&AdapterInfo { driver_info, ..info(Cpu, name, "llvmpipe") })
        };
        let old = hints("llvmpipe (LLVM 15.0.6, 256 bits)", "Mesa 22.3.6 (LLVM 15.0.6)");
        assert!(old.len() == 2 && old[0].contains("Mesa 25 or newer"), "{old:?}");
        for mesa in ["Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)", "Mesa 26.1.6", "of an unknown version"]
        {
            let usual = hints("llvmpipe", mesa);
            assert!(usual.len() == 1 && usual[0].contains("--device cpu"), "{usual:?}");
        }
        // A driver of hardware is Mesa's as well.
        let intel = AdapterInfo {
            driver_info: "Mesa 22.3.6".to_owned(),
            ..info(IntegratedGpu, "Intel(R) Graphics (ADL GT2)", "Intel open-source Mesa driver")
        };
        assert!(super::hints(&intel).is_empty());
    }

    #[test]
    fn hardware_is_none() {
        for (kind, name, driver) in [
            (DiscreteGpu, "NVIDIA GeForce RTX 4090", "NVIDIA"),
            (DiscreteGpu, "AMD Radeon RX 7900 XTX (RADV NAVI31)", "radv"),
            (IntegratedGpu, "Intel(R) Graphics (ADL GT2)", "Intel open-source Mesa driver"),
            (IntegratedGpu, "Apple M2 Pro", ""),
            (VirtualGpu, "Virtio-GPU Venus (Intel(R) Graphics)", "venus"),
            (Other, "Mali-G78", "Warpath"),
        ] {
            let info = info(kind, name, driver);
            assert!(!is_software(&info) && has_cheap_barriers(&info), "{name}");
            assert_eq!(super::kind(&info), kind, "{name}");
        }
    }
}
