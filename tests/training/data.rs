//! The data sets serve their purpose: the drawn digits are worth training on, and realistic enough.

use super::{Checked, hold, on_gpu, text};
use crate::support::gpu::{self, Gpu};
use crate::support::trial::Trial;
use libtest_mimic::{Completion, Failed};
use normlab::backend::Backend;
use normlab::config::{Experiment, Norm};
use normlab::data::folder::Files;
use normlab::data::{Dataset, Source};
use normlab::kernels::activation::Activation;
use normlab::train::{Plan, Trainer};
use std::path::{Path, PathBuf};

/// The variable that names the folder with MNIST's four files, which are not part of the project.
const MNIST: &str = "NORMLAB_MNIST";

/// Where they are looked for, next to the checkout, if the variable is not set.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/mnist");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_gpu("digits::linear_classifier_stays_under_93_percent", |backend| {
            let accuracy = test_accuracy(backend, &[], 5_000, None)?;
            let plausible = (0.80..0.93).contains(&accuracy);
            hold(plausible, || format!("a linear classifier reaches {accuracy}"))
        }),
        on_gpu("digits::batch_norm_network_exceeds_96_percent", |backend| {
            let accuracy = test_accuracy(backend, &[100, 100, 100], 5_000, None)?;
            hold(accuracy > 0.96, || format!("the network reaches {accuracy}"))
        }),
        Trial::ignorable_test("mnist::loads", || with_mnist(mnist_loads)),
        Trial::ignorable_test("mnist::is_read_after_training_on_drawn_digits", || {
            let mut backend = match gpu::open()? {
                Gpu::Open(backend) => backend,
                Gpu::Missing(reason) => return Ok(Completion::ignored_with(reason)),
            };
            with_mnist(|folder| {
                let hidden = [100, 100, 100];
                let accuracy = test_accuracy(backend.as_mut(), &hidden, 1_500, Some(folder))?;
                hold(accuracy > 0.6, || format!("only {accuracy} of MNIST's digits are read"))
            })
        }),
    ]
}

/// Runs a check on MNIST, or ignores it with the reason.
fn with_mnist(check: impl FnOnce(&Path) -> Checked) -> Result<Completion, Failed> {
    let folder = std::env::var_os(MNIST).map_or_else(|| PathBuf::from(BESIDE), PathBuf::from);
    if !folder.is_dir() {
        let reason = format!("MNIST is not there; {MNIST} names the folder with its four files");
        return Ok(Completion::ignored_with(reason));
    }
    check(&folder).map(|()| Completion::Completed).map_err(Failed::from)
}

fn mnist_loads(folder: &Path) -> Checked {
    let (train, test) = Files::at(folder, None).and_then(|files| files.read()).map_err(text)?;
    let sizes = (train.len(), test.len(), train.features());
    hold(sizes == (60_000, 10_000, 28 * 28), || format!("the sizes are {sizes:?}"))?;
    hold(train.labels[..5] == [5, 0, 4, 1, 9], || format!("labels {:?}", &train.labels[..5]))
}

/// Trains a sigmoid network with batch norm on the drawn digits, with the experiment's defaults.
fn test_accuracy(
    backend: &mut dyn Backend,
    hidden: &[usize],
    steps: usize,
    test_folder: Option<&Path>,
) -> Result<f64, String> {
    let data = Dataset::load(&Source {
        test_folder: test_folder.map(Path::to_owned),
        ..Source::default()
    })
    .map_err(text)?;
    let experiment = Experiment { hidden: hidden.to_vec(), ..Experiment::default() };
    let (activation, norm) = (Activation::Sigmoid, Norm::Batch);
    let plan = Plan { experiment: &experiment, activation, norm, data: &data, verify: false };
    let mut trainer = Trainer::new(backend, &plan).map_err(text)?;
    trainer.run_to(steps).map_err(text)?;
    Ok(trainer.evaluation().map_err(text)?.0[0].test_accuracy)
}
