//! The shipped shaders as other tools read them.

use naga::back::spv;
use naga::valid::{ValidationFlags, Validator};
use normlab::kernels::activation::Activation;
use normlab::kernels::library::Library;
use normlab::kernels::wgsl::capabilities;
use std::process::Command;

/// The variable that turns a missing `spirv-val` into a failure, like a missing browser.
const REQUIRE: &str = "NORMLAB_REQUIRE_BROWSER";

/// Every shader but the cooperative ones, which only Vulkan's extensions have words for, becomes SPIR-V that
/// Khronos's own validator finds valid.
#[test]
fn every_shaders_spirv_is_valid() {
    if Command::new("spirv-val").arg("--version").output().is_err() {
        let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
        assert!(!required, "{REQUIRE} is 1, but there is no spirv-val on the PATH (spirv-tools)");
        eprintln!("ignored: there is no spirv-val on the PATH");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut complaints = Vec::new();
    for kernel in normlab::kernels::ALL {
        for source in kernel.shaders {
            let library = Library::default();
            let shader = library.shader(kernel, source.variant, Activation::Sigmoid).unwrap();
            if shader.requires.cooperative_matrix.is_some() {
                continue;
            }
            let info = Validator::new(ValidationFlags::all(), capabilities(&shader.requires))
                .validate(&shader.module)
                .unwrap();
            let (lang_version, environment) = match shader.requires.subgroups {
                true => ((1, 3), "vulkan1.1"),
                false => ((1, 0), "vulkan1.0"),
            };
            let options = spv::Options { lang_version, ..spv::Options::default() };
            let words = spv::write_vec(&shader.module, &info, &options, None).unwrap();
            let file = folder.path().join(format!("{}-{}.spv", kernel.name(), source.variant));
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            std::fs::write(&file, bytes).unwrap();
            let mut validator = Command::new("spirv-val");
            let ended = validator.args(["--target-env", environment]).arg(&file).output().unwrap();
            if !ended.status.success() {
                let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                complaints.push(format!("{}/{}: {said}", kernel.name(), source.variant));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
