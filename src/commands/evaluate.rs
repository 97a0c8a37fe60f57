//! `normlab evaluate`: how the networks of a run classify a test set.

use super::arguments::MeasureArguments;
use super::experiment::load;
use super::opening::open;
use super::output::{Status, print, print_json};
use super::terminal;
use crate::data::folder::Files;
use crate::data::{Dataset, Examples};
use crate::error::{Error, Result};
use crate::files::{check_writable, replace};
use crate::inference::{Inference, Scored, Trained, classify, npy};
use crate::record::Classification;
use crate::report::{confusion, number, table};
use crate::tensor::Shape;
use crate::train::run_folder::CONFUSION;
use clap::Args;
use serde::Serialize;
use std::fs;
use std::io::{Write, sink};
use std::path::{Path, PathBuf};

/// Arguments of `normlab evaluate`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The folder that a run has left, for example runs/lesson.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// One of its networks, for example sigmoid-batch [default: all].
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// A folder with IDX files whose test images are classified, instead of the run's own.
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    data: Option<PathBuf>,
    /// A file for the logits of one network, for numpy.load: [images, classes], or [replicas, images, classes].
    #[arg(long, value_name = "FILE.npy", help_heading = "Output")]
    logits: Option<PathBuf>,
    /// The folder for the pictures [default: RUN/confusion].
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    #[command(flatten)]
    measure: MeasureArguments,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Evaluated {
    data: String,
    networks: Vec<Classification>,
}

/// Classifies the test set with each network.
pub(super) fn evaluate(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let MeasureArguments { device, shaders, json } = &arguments.measure;
    let mut trained = Trained::read(&arguments.run)?;
    let names = names(&trained, arguments)?;
    if let Some(file) = &arguments.logits {
        check_logits(file, &names)?;
    }
    let device = device.agreed(&mut trained.experiment);
    let library = shaders.library()?;
    let (data, first_label, test) = test_images(&trained, &names[0], arguments.data.as_deref())?;
    let folder = arguments.out.clone().unwrap_or_else(|| arguments.run.join(CONFUSION));
    fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
    let mut nothing = sink();
    let said: &mut dyn Write = if *json { &mut nothing } else { &mut *out };
    let mut backend = open(&device, library, said)?;
    print(said, &format!("data: {data}, {} test images", test.len()))?;
    let mut networks = Vec::new();
    for name in &names {
        let scored = Inference::new(&mut *backend, &trained, name, &test)?.run()?;
        if let Some(file) = &arguments.logits {
            write_logits(file, &scored)?;
        }
        for (replica, scored) in scored.iter().enumerate() {
            let of = (name.as_str(), replica, trained.steps(name));
            networks.push(classify(of, scored, &test.labels, first_label));
        }
    }
    for found in &networks {
        let path = folder.join(format!("{}.svg", found.name()));
        replace(&path, confusion::svg(found).as_bytes())
            .map_err(|error| Error::file("write", &path, error))?;
    }
    if *json {
        print_json(&Evaluated { data, networks }, out)?;
        return Ok(Status::Good);
    }
    print(out, &text(&networks))?;
    print(out, &format!("pictures: {}", folder.display()))?;
    if let Some(file) = &arguments.logits {
        print(out, &format!("logits: {}", file.display()))?;
    }
    Ok(Status::Good)
}

/// The networks that were asked for.
fn names(trained: &Trained, arguments: &Arguments) -> Result<Vec<String>> {
    if let Some(name) = &arguments.network {
        trained.find(name)?;
        return Ok(vec![name.clone()]);
    }
    let names = trained.networks();
    if names.is_empty() {
        return Err(Error::Config(format!(
            "the run in {} has recorded no weights yet; wait for its first evaluation",
            arguments.run.display()
        )));
    }
    Ok(names)
}

/// Checks that the logits have a place.
fn check_logits(file: &Path, names: &[String]) -> Result<()> {
    if file.extension().is_none_or(|end| end != "npy") {
        return Err(Error::Config(format!(
            "--logits {}: expected a name that ends in .npy, for numpy.load",
            file.display()
        )));
    }
    if let [first, _, ..] = names {
        return Err(Error::Config(format!(
            "--logits {}: the file holds one network, and the run has {}; name one, for example --network {first}",
            file.display(),
            names.join(", ")
        )));
    }
    check_writable(file).map_err(|error| Error::file("create", file, error))
}

/// Writes the logits of all replicas.
fn write_logits(file: &Path, scored: &[Scored]) -> Result<()> {
    let Some(first) = scored.first() else { return Ok(()) };
    let shape = Shape { replicas: scored.len(), ..first.logits.shape };
    let data: Vec<f32> = scored.iter().flat_map(|one| one.logits.data.iter().copied()).collect();
    npy::write(file, &shape.axes(), &data)
}

/// The test images that were asked for: what they are called, what their first class is called, and they themselves,
/// checked against what a network takes.
fn test_images(
    trained: &Trained,
    name: &str,
    folder: Option<&Path>,
) -> Result<(String, usize, Examples)> {
    let [features, classes] = trained.ends(name)?;
    let Some(folder) = folder else {
        let data = load(&trained.experiment)?;
        check_size(&data.name, data.test.features(), features)?;
        if data.classes != classes {
            return Err(Error::Data(format!(
                "{} has {} classes, but {name} was trained on {classes}; name a test set of its own with --data",
                data.name, data.classes
            )));
        }
        return Ok((data.name, data.first_label, data.test));
    };
    let files = Files::of_test(folder, trained.experiment.transpose)?;
    let test = files.read_test()?;
    check_size(&files.describe(), test.features(), features)?;
    let size = [test.image_rows, test.image_cols];
    let first_label = trained.about.as_ref().map_or(0, |about| about.data.first_label);
    // What the network was trained on is known by its classes alone.
    let nothing = || Examples::new(&[], Vec::new(), size);
    let name = format!("the data that {name} was trained on");
    let mut data = Dataset { name, train: nothing(), test: nothing(), classes, first_label };
    data.test_on(&files.describe(), test)?;
    let test = if trained.experiment.binary { data.test.black_or_white() } else { data.test };
    Ok((files.describe(), first_label, test))
}

fn check_size(name: &str, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Data(format!(
        "the images of {name} have {found} pixels, but the network was trained on images of {expected}; name a test \
         set of that size with --data"
    )))
}

/// What is printed of networks: one table of all, and the matrix of each.
fn text(networks: &[Classification]) -> String {
    let header = ["network", "steps", "accuracy", "loss"].map(str::to_owned).to_vec();
    let row = |found: &Classification| {
        vec![
            found.name(),
            found.step.map_or_else(|| "–".to_owned(), |step| step.to_string()),
            number::percent(found.accuracy),
            number::decimals(found.loss, 3),
        ]
    };
    let rows: Vec<_> = [header].into_iter().chain(networks.iter().map(row)).collect();
    let width = terminal::width();
    let matrices = networks.iter().map(|found| {
        format!(
            "\n{}: images of each class, by what they are classified as\n{}",
            found.name(),
            confusion::table(found, width)
        )
    });
    format!("\n{}{}", table::columns(&rows, width), matrices.collect::<String>())
}
