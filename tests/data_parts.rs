//! A data set whose training images exceed a device's largest binding: they are uploaded in parts, with identical
//! results.

use normlab::backend::cpu::CpuBackend;
use normlab::backend::{Backend, Session};
use normlab::config::{Experiment, Norm};
use normlab::data::Dataset;
use normlab::error::Result;
use normlab::export::Export;
use normlab::kernels::activation::Activation;
use normlab::kernels::selection::Selection;
use normlab::lowering::shaders::Lowering;
use normlab::program::Program;
use normlab::record::{Adapter, Evaluation, Probe, ShaderRecord};
use normlab::train::{self, Observer, Plan, Weights};

/// The CPU engine with a limit on the bytes of a tensor.
struct Small(CpuBackend, usize);

impl Backend for Small {
    fn adapter(&self) -> Adapter {
        self.0.adapter()
    }

    fn largest_tensor(&self) -> usize {
        self.1
    }

    fn load(&mut self, program: &Program) -> Result<Box<dyn Session>> {
        self.0.load(program)
    }

    fn shaders(&self) -> Vec<ShaderRecord> {
        Vec::new()
    }

    fn fork(&self) -> Box<dyn Backend> {
        Box::new(Self(CpuBackend, self.1))
    }
}

/// What a training records, without its times.
#[derive(Default)]
struct Kept(Vec<Evaluation>, Vec<Weights>, Vec<Probe>);

impl Observer for Kept {
    fn progress(&mut self, _: usize) {}

    fn evaluation(&mut self, evaluation: &Evaluation, weights: &Weights) -> Result<()> {
        self.0.push(Evaluation { ms_per_step: 0.0, ..evaluation.clone() });
        self.1.push(weights.clone());
        Ok(())
    }

    fn probed(&mut self, probe: &Probe) -> Result<()> {
        self.2.push(probe.clone());
        Ok(())
    }
}

fn data() -> Dataset {
    let mut data = Dataset::drawn().unwrap();
    data.train.keep("train_images", 400).unwrap();
    data
}

fn plan<'a>(experiment: &'a Experiment, data: &'a Dataset) -> Plan<'a> {
    let (activation, norm) = (Activation::Sigmoid, Norm::BATCH);
    Plan { experiment, activation, norm, data, verify: false }
}

fn trained(experiment: &Experiment, data: &Dataset, largest: usize) -> Kept {
    let mut kept = Kept::default();
    let mut backend = Small(CpuBackend, largest);
    train::train(&mut backend, &plan(experiment, data), &mut kept).unwrap();
    kept
}

#[test]
fn images_in_parts_train_to_the_same_bits() {
    let data = data();
    let usual = Experiment { hidden: vec![7], batch: 30, steps: 40, ..Experiment::default() };
    // 13 batches an epoch; of 30 or 90 images of 784 bytes, 4 or 1 fit at a time.
    for (replicas, largest) in [(1, 4 * 30 * 784 + 500), (3, 110_000)] {
        let experiment = Experiment { replicas, probes: 3, ..usual.clone() };
        let parts = plan(&experiment, &data).model(&Small(CpuBackend, largest));
        assert_eq!(parts.unwrap().network.window, Some(if replicas == 1 { 4 } else { 1 }));
        let (whole, parts) =
            (trained(&experiment, &data, usize::MAX), trained(&experiment, &data, largest));
        assert!(whole.0.len() > 1 && whole.2.len() > 1);
        assert_eq!(whole.0, parts.0);
        assert_eq!(whole.1, parts.1);
        assert_eq!(whole.2, parts.2);
    }
}

#[test]
fn what_cannot_be_in_parts_is_refused_with_what_fits() {
    let (data, experiment) = (data(), Experiment { hidden: vec![7], ..Experiment::default() });
    let refused = |largest: usize| {
        let backend = Small(CpuBackend, largest);
        let model = plan(&experiment, &data).model(&backend).unwrap();
        let error = model.program.check_sizes(largest, "this adapter").unwrap_err();
        assert_eq!(error.exit_status(), 2);
        error.to_string()
    };
    // 2,000 test images of 784 bytes.
    let said = refused(1_500_000);
    for words in ["test.images", "this adapter binds at most 1 MiB", "use --test-images 1913"] {
        assert!(said.contains(words), "{said}");
    }
    let said = refused(50_000);
    assert!(said.contains("use smaller layers, smaller batches or fewer replicas"), "{said}");
}

#[test]
fn what_no_browser_binds_is_not_exported_to_one() {
    let experiment = Experiment { hidden: vec![16_384; 2], ..Experiment::default() };
    let data = data();
    let mut lowering = Lowering::new(Selection::new(normlab::export::BROWSER));
    let refused = Export::new(&plan(&experiment, &data), &mut lowering, "browser", 0);
    let said = refused.map(drop).unwrap_err().to_string();
    assert!(said.contains("a browser binds at most 128 MiB at once"), "{said}");
}

/// The width that a refusal names.
fn named_width(said: &str) -> usize {
    let (_, after) = said.split_once("fit with up to ").unwrap();
    after.split_once(' ').unwrap().0.parse().unwrap()
}

#[test]
fn a_network_that_is_too_wide_is_refused_with_the_widest_that_fits() {
    let (data, largest) = (data(), 1 << 20);
    let with = |norm: Norm, hidden: Vec<usize>, replicas: usize| {
        let experiment = Experiment { hidden, replicas, batch: 5, ..Experiment::default() };
        let plan = Plan { norm, ..plan(&experiment, &data) };
        plan.model(&Small(CpuBackend, largest)).map(|model| model.program.bytes())
    };
    for (norm, depth, replicas) in
        [(Norm::NONE, 1, 1), (Norm::BATCH, 3, 1), (Norm::LAYER, 2, 3), (Norm::group(10), 2, 1)]
    {
        let said = with(norm, vec![4000; depth], replicas).unwrap_err().to_string();
        let width = named_width(&said);
        assert!(said.contains("this adapter binds at most 1 MiB at once"), "{said}");
        assert!(said.contains(&format!("--hidden {}", vec![width.to_string(); depth].join(","))));
        // It fits, and a wider one does not.
        let step = if norm == Norm::group(10) { 10 } else { 1 };
        with(norm, vec![width; depth], replicas).unwrap();
        with(norm, vec![width + step; depth], replicas).unwrap_err();
    }
    let said = with(Norm::NONE, vec![4000], 500).unwrap_err().to_string();
    assert!(said.contains("use fewer layers or fewer replicas"), "{said}");
}
