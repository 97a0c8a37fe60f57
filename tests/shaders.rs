//! The shipped shaders without a GPU: that they are valid, can be translated to every language that a
//! driver may need, and stay within WebGPU's default limits; and that a shader that does not fit its
//! contract is refused with a helpful message.

use naga::back::{glsl, hlsl, msl, spv};
use naga::valid::{ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, ShaderStage, proc::BoundsCheckPolicies};
use normlab::kernels::activation::Activation;
use normlab::kernels::composition::{Composition, Part};
use normlab::kernels::header::Requirements;
use normlab::kernels::kernel::Kernel;
use normlab::kernels::shader::Shader;
use normlab::kernels::wgsl::capabilities;
use normlab::kernels::{self, bias_forward, library::Library, sgd};

/// Every kernel in every variant with every activation that it takes.
fn shipped() -> Vec<Shader> {
    let mut all = Vec::new();
    for kernel in kernels::ALL {
        let all_of_them = &Activation::ALL[..];
        let activations =
            if kernel.contract.activation { all_of_them } else { &[Activation::Identity] };
        for source in kernel.shaders {
            for &activation in activations {
                all.push(Library::default().shader(kernel, source.variant, activation).unwrap());
            }
        }
    }
    all
}

/// `kernel/variant`, and the activation where there is one.
fn name(shader: &Shader) -> String {
    let activation = shader.activation.map(|activation| format!(" with {}", activation.name()));
    format!("{}/{}{}", shader.contract.name, shader.variant, activation.unwrap_or_default())
}

fn info(shader: &Shader) -> ModuleInfo {
    let validated = Validator::new(ValidationFlags::all(), capabilities(&shader.requires))
        .validate(&shader.module);
    validated.unwrap_or_else(|error| panic!("{}: {error}", name(shader)))
}

/// The length given for a shader that no adapter with this language runs.
const ELSEWHERE: usize = 1;

/// Translates all shaders to one language; returns those that it cannot express, with the reason.
fn refused(write: impl Fn(&Shader, &ModuleInfo) -> Result<usize, String>) -> Vec<String> {
    let mut refused = Vec::new();
    for shader in shipped() {
        match write(&shader, &info(&shader)) {
            Ok(length) => assert!(length > 0, "{} became an empty text", name(&shader)),
            Err(reason) => refused.push(format!("{}: {reason}", name(&shader))),
        }
    }
    refused
}

/// Vulkan. Subgroup operations came with SPIR-V 1.3, which is Vulkan 1.1.
#[test]
fn every_shader_can_be_written_as_spirv() {
    let refused = refused(|shader, info| {
        let lang_version = if shader.requires.subgroups { (1, 3) } else { (1, 0) };
        let options = spv::Options { lang_version, ..spv::Options::default() };
        let words = spv::write_vec(&shader.module, info, &options, None);
        words.map(|words| words.len()).map_err(|error| error.to_string())
    });
    assert_eq!(refused, Vec::<String>::new());
}

/// Metal. Subgroup operations came with version 2.1 of its language, cooperative ("simdgroup") matrices
/// with 2.3.
#[test]
fn every_shader_can_be_written_as_msl() {
    let refused = refused(|shader, info| {
        let lang_version = match shader.requires {
            Requirements { cooperative_matrix: Some(_), .. } => (2, 3),
            Requirements { subgroups: true, .. } => (2, 1),
            _ => (1, 0),
        };
        let options = msl::Options { lang_version, ..msl::Options::default() };
        let pipeline = msl::PipelineOptions::default();
        let written = msl::write_string(&shader.module, info, &options, &pipeline);
        written.map(|(text, _)| text.len()).map_err(|error| error.to_string())
    });
    assert_eq!(refused, Vec::<String>::new());
}

/// DX12. Subgroup ("wave") operations came with shader model 6.0. It has no cooperative matrices.
#[test]
fn every_shader_can_be_written_as_hlsl() {
    let refused = refused(|shader, info| {
        if shader.requires.cooperative_matrix.is_some() {
            return Ok(ELSEWHERE);
        }
        let wave = shader.requires.subgroups;
        let shader_model = if wave { hlsl::ShaderModel::V6_0 } else { hlsl::ShaderModel::V5_1 };
        let options = hlsl::Options { shader_model, ..hlsl::Options::default() };
        let pipeline = hlsl::PipelineOptions::default();
        let mut text = String::new();
        let written = hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(&shader.module, info, None)
            .map(|_| ());
        written.map(|()| text.len()).map_err(|error| error.to_string())
    });
    assert_eq!(refused, Vec::<String>::new());
}

/// OpenGL, for `WGPU_BACKEND=gl`. ES 3.1 is the first with compute shaders and storage buffers; it
/// has the subgroup operations of GL_KHR_shader_subgroup too, but no cooperative matrices.
#[test]
fn every_shader_can_be_written_as_glsl() {
    for version in [glsl::Version::new_gles(310), glsl::Version::Desktop(430)] {
        let refused = refused(|shader, info| {
            if shader.requires.cooperative_matrix.is_some() {
                return Ok(ELSEWHERE);
            }
            let options = glsl::Options { version, ..glsl::Options::default() };
            let pipeline = glsl::PipelineOptions {
                shader_stage: ShaderStage::Compute,
                entry_point: "main".to_owned(),
                multiview: None,
            };
            let mut text = String::new();
            let policies = BoundsCheckPolicies::default();
            let writer =
                glsl::Writer::new(&mut text, &shader.module, info, &options, &pipeline, policies);
            let written = writer.and_then(|mut writer| writer.write().map(|_| ()));
            written.map(|()| text.len()).map_err(|error| error.to_string())
        });
        assert_eq!(refused, Vec::<String>::new(), "GLSL {version}");
    }
}

#[test]
fn the_first_line_names_kernel_and_variant() {
    for kernel in kernels::ALL {
        for source in kernel.shaders {
            let first = source.text.lines().next().unwrap_or_default();
            let wanted = format!("// {}, {}: ", kernel.name(), source.variant);
            assert!(
                first.starts_with(&wanted),
                "shaders/{}/{}.wgsl begins with {first:?}; begin it with {wanted:?} and the formula",
                kernel.name(),
                source.variant
            );
        }
    }
}

#[test]
fn every_shader_stays_in_the_default_limits_of_webgpu() {
    for shader in shipped() {
        let name = name(&shader);
        let invocations: u32 = shader.workgroup_size.iter().product();
        assert!(invocations <= 256, "{name}: {invocations} invocations a workgroup, 256 are sure");
        assert!(shader.workgroup_size[2] <= 64, "{name}: more than 64 invocations along z");
        let bytes = shader.workgroup_memory();
        assert!(bytes <= 16 << 10, "{name}: {bytes} bytes of workgroup memory, 16 KiB are sure");
        let storage = |space| matches!(space, AddressSpace::Storage { .. });
        let variables = shader.module.global_variables.iter().map(|(_, variable)| variable);
        let buffers = variables.filter(|variable| storage(variable.space)).count();
        assert!(buffers <= 8, "{name}: {buffers} storage buffers, 8 are sure");
    }
}

/// The explicit layout binds all operands of a contract, used or not.
#[test]
fn every_contract_stays_in_the_default_limits_of_webgpu() {
    for kernel in kernels::ALL {
        let buffers = kernel.contract.operands.len();
        assert!(buffers <= 8, "{}: {buffers} storage buffers, 8 are sure", kernel.name());
    }
}

#[test]
fn shaders_use_what_their_header_requires() {
    for kernel in kernels::ALL {
        for source in kernel.shaders {
            let shader = Library::default().shader(kernel, source.variant, Activation::Identity);
            let shader = shader.unwrap_or_else(|error| panic!("{error}"));
            let uses = source.composed().lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains("subgroup")
            });
            assert_eq!(
                shader.requires.subgroups,
                uses,
                "{}: a header has `// requires: subgroups` just if the code uses them",
                name(&shader)
            );
        }
    }
}

/// The parts of a shader for `bias_forward` that its contract checks.
pub(crate) struct Parts {
    pub(crate) header: &'static str,
    pub(crate) params: &'static str,
    pub(crate) bindings: &'static str,
    pub(crate) entry: &'static str,
}

pub(crate) const RIGHT: Parts = Parts {
    header: "// bias_forward, mine: nothing",
    params: "rows: u32, cols: u32, bias_stride: u32",
    bindings: "@group(0) @binding(1) var<storage, read> x: array<f32>;",
    entry: "@compute @workgroup_size(1) fn main() {}",
};

const PLACE: &str = "shaders/bias_forward/mine.wgsl";

impl Parts {
    pub(crate) fn parse(&self, kernel: &'static Kernel) -> Result<Shader, String> {
        let Self { header, params, bindings, entry } = self;
        let params = format!("struct P {{ {params} }}\n@group(0) @binding(0) var<uniform> p: P;");
        let text = format!("{header}\n{params}\n{bindings}\n{entry}\n");
        let own = Part { place: PLACE.to_owned(), text: text.into(), ships: false };
        let activation = kernel.contract.activation.then_some(Activation::Relu);
        let relu = Part::shipped("activations", "relu", Activation::Relu.shader());
        let texts = Composition::new(own, |_| unreachable!("it shares nothing"));
        let texts = texts.and_then(|texts| texts.and_activation(relu)).unwrap();
        let shader = Shader::parse(&kernel.contract, "mine", &texts, activation);
        shader.map_err(|error| error.to_string())
    }

    /// Panics unless `bias_forward` refuses it with a message that contains all of `words`.
    pub(crate) fn assert_refused(&self, words: &[&str]) {
        let Err(message) = self.parse(&bias_forward::KERNEL) else {
            panic!("accepted, where {words:?} was expected")
        };
        for word in [PLACE].iter().chain(words) {
            assert!(message.contains(word), "no {word:?} in: {message}");
        }
    }
}

#[test]
fn what_fits_is_accepted_with_unused_bindings_left_out() {
    let shader = RIGHT.parse(&bias_forward::KERNEL);
    let shader = shader.unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(shader.workgroup_size, [1, 1, 1]);
    assert_eq!(shader.activation, Some(Activation::Relu));
}

#[test]
fn a_tile_constant_says_what_a_workgroup_covers() {
    let entry = "const TILE_COLS: u32 = 48; @compute @workgroup_size(16, 4) fn main() {}";
    let shader = Parts { entry, ..RIGHT }.parse(&bias_forward::KERNEL);
    let shader = shader.unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(shader.tile, [48, 4]);
}

#[test]
fn a_wrong_binding_is_refused() {
    let expected = "expected var<storage, read> x: array<f32>";
    for bindings in [
        "@group(0) @binding(1) var<storage, read_write> x: array<f32>;",
        "@group(0) @binding(1) var<storage, read> x: array<u32>;",
        "@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;",
        "@group(0) @binding(1) var<storage, read> x: f32;",
        "@group(0) @binding(1) var<uniform> x: vec4<f32>;",
    ] {
        Parts { bindings, ..RIGHT }.assert_refused(&["x at @binding(1)", expected]);
    }
    let bindings = "@group(0) @binding(1) var<storage, read> input: array<f32>;";
    Parts { bindings, ..RIGHT }.assert_refused(&["input at @binding(1)", expected]);
    let bindings = "@group(0) @binding(3) var<storage, read> z: array<f32>;";
    Parts { bindings, ..RIGHT }
        .assert_refused(&["z at @binding(3)", "expected var<storage, read_write> z: array<f32>"]);
}

#[test]
fn a_binding_beyond_the_contract_is_refused() {
    let bindings = "@group(0) @binding(5) var<storage, read> more: array<f32>;";
    Parts { bindings, ..RIGHT }
        .assert_refused(&["more is at @binding(5)", "bias_forward has bindings 0 to 4"]);
}

#[test]
fn another_group_is_refused() {
    let bindings = "@group(1) @binding(1) var<storage, read> x: array<f32>;";
    Parts { bindings, ..RIGHT }
        .assert_refused(&["x is in @group(1)", "all bindings are in @group(0)"]);
}

#[test]
fn wrong_params_are_refused() {
    let fields = "rows: u32, cols: u32, bias_stride: u32";
    for (params, words) in [
        ("rows: u32, columns: u32, bias_stride: u32", "lacks the field cols at position 1"),
        ("cols: u32, rows: u32, bias_stride: u32", "lacks the field rows at position 0"),
        ("rows: u32, cols: u32", "lacks the field bias_stride at position 2"),
        ("rows: u32, cols: f32, bias_stride: u32", "lacks the field cols at position 1"),
        ("rows: u32, cols: u32, bias_stride: u32, more: f32", "has more fields"),
    ] {
        Parts { params, ..RIGHT }.assert_refused(&["p at @binding(0)", words, fields]);
    }
    let entry = "@group(0) @binding(0) var<storage, read> q: array<u32>;
        @compute @workgroup_size(1) fn main() { _ = q[0]; }";
    Parts { entry, ..RIGHT }.assert_refused(&["q at @binding(0) is not a uniform", fields]);
}

/// Sizes come first, then strides, then the parameters as f32.
#[test]
fn parameters_are_fields_too() {
    let parts = |params| Parts { params, bindings: "", ..RIGHT };
    let right = parts("count: u32, momentum: f32").parse(&sgd::KERNEL);
    assert!(right.is_ok(), "{:?}", right.err());
    let message = parts("count: u32, momentum: u32").parse(&sgd::KERNEL).err();
    let message = message.unwrap_or_default();
    assert!(message.contains("lacks the field momentum at position 1"), "{message}");
    assert!(message.contains("count: u32, momentum: f32"), "{message}");
}

#[test]
fn a_shader_without_main_is_refused() {
    for entry in [
        "",
        "@compute @workgroup_size(1) fn start() {}",
        "@vertex fn main() -> @builtin(position) vec4<f32> { return vec4<f32>(); }",
    ] {
        Parts { entry, ..RIGHT }.assert_refused(&["no compute entry point called main"]);
    }
}

/// A message from naga has the file's own line, because the activation is appended.
#[test]
fn a_mistake_is_shown_with_its_line() {
    let entry = "@compute @workgroup_size(1) fn main() { let y = activate(x[0])) }";
    Parts { entry, ..RIGHT }.assert_refused(&["mine.wgsl:5:"]);
    let entry = "@compute @workgroup_size(1) fn main() { let y: u32 = activate(1.0); }";
    Parts { entry, ..RIGHT }.assert_refused(&["mine.wgsl:5:"]);
}

#[test]
fn an_unknown_variant_is_refused_with_a_list() {
    let refused = Library::default().shader(&bias_forward::KERNEL, "warp", Activation::Relu);
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("bias_forward has no variant warp; available: naive"), "{message}");
}
