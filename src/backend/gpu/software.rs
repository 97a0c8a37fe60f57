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
