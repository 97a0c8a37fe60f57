//! `normlab predict`: what a network of a run takes pictures for.

use super::arguments::MeasureArguments;
use super::opening::open;
use super::output::{Status, print, print_json};
use crate::data::Examples;
use crate::error::{Error, Result};
use crate::inference::picture::{self, Seen};
use crate::inference::{Inference, Trained, class, probabilities};
use crate::report::number::percent;
use crate::report::records::Records;
use clap::Args;
use serde::Serialize;
use std::io::{Write, sink};
use std::path::{Path, PathBuf};

/// Columns of the longest bar.
const BAR: f64 = 40.0;

/// Signs of grey values, from the ground to full ink; each stands twice, to be about square.
const SHADES: [&str; 5] = ["  ", "░░", "▒▒", "▓▓", "██"];

/// Arguments of `normlab predict`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// The folder that a run has left, for example runs/lesson.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// PNG pictures of one digit (or other class) each, of any size.
    ///
    /// Dark on bright is inverted; what is drawn is cropped, scaled to 20 of 28 pixels and centred by its mass, as
    /// MNIST's images are. A picture of the network's own size, bright on dark, is taken as it is.
    #[arg(value_name = "PICTURE.png", required = true)]
    pictures: Vec<PathBuf>,
    /// The network, for example sigmoid-batch [default: the most accurate one].
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    #[command(flatten)]
    measure: MeasureArguments,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Predicted {
    network: String,
    pictures: Vec<Prediction>,
}

/// What a network takes one picture for.
#[derive(Serialize)]
struct Prediction {
    file: PathBuf,
    /// The likeliest class.
    class: usize,
    /// What the first class is called; the others count on from it.
    first_label: usize,
    /// The probability of each class.
    probabilities: Vec<f64>,
    inverted: bool,
    centred: bool,
    /// What the network sees: grey values, row by row.
    image: Vec<Vec<u8>>,
}

/// Shows what a network takes pictures for.
pub(super) fn predict(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<Status> {
    let MeasureArguments { device, shaders, json } = &arguments.measure;
    let mut trained = Trained::read(&arguments.run)?;
    let (network, why) = network(&trained, arguments)?;
    let size = trained.image(&network)?;
    let seen = arguments.pictures.iter().map(|path| picture::read(path, size));
    let seen = seen.collect::<Result<Vec<_>>>()?;
    let device = device.agreed(&mut trained.experiment);
    let library = shaders.library()?;
    let mut nothing = sink();
    let said: &mut dyn Write = if *json { &mut nothing } else { &mut *out };
    let mut backend = open(&device, library, said)?;
    print(said, &format!("network: {network}{why}"))?;
    let pixels: Vec<u8> = seen.iter().flat_map(|one| one.pixels.iter().copied()).collect();
    // Nobody knows their classes.
    let images = Examples::new(&pixels, vec![0; seen.len()], size);
    let images = if trained.experiment.binary { images.black_or_white() } else { images };
    let scored = Inference::new(&mut *backend, &trained, &network, &images)?.run()?;
    let first_label = trained.about.as_ref().map_or(0, |about| about.data.first_label);
    let (grey, logits) = (images.images(), &scored[0].logits);
    let prediction = |(at, (file, seen)): (usize, (&PathBuf, &Seen))| {
        let features = size[0] * size[1];
        Prediction {
            file: file.clone(),
            class: first_label + class(logits.row(at)),
            first_label,
            probabilities: probabilities(logits.row(at)),
            inverted: seen.inverted,
            centred: seen.centred,
            image: grey[at * features..(at + 1) * features]
                .chunks(size[1])
                .map(<[u8]>::to_vec)
                .collect(),
        }
    };
    let pictures = arguments.pictures.iter().zip(&seen).enumerate().map(prediction);
    let pictures: Vec<_> = pictures.collect();
    if *json {
        print_json(&Predicted { network, pictures }, out)?;
    } else {
        pictures.iter().try_for_each(|one| print(out, &text(one)))?;
    }
    Ok(Status::Good)
}

/// The network that was asked for, else the most accurate one of the run, and words about that.
fn network(trained: &Trained, arguments: &Arguments) -> Result<(String, String)> {
    if let Some(name) = &arguments.network {
        trained.find(name)?;
        return Ok((name.clone(), of_replicas(trained)));
    }
    let names = trained.networks();
    if let [only] = names.as_slice() {
        return Ok((only.clone(), of_replicas(trained)));
    }
    let best = best(&arguments.run, &names).ok_or_else(|| {
        Error::Config(format!(
            "the run in {} does not say which of its networks is the most accurate; name one with --network: {}",
            arguments.run.display(),
            names.join(", ")
        ))
    })?;
    let (name, accuracy) = best;
    let why = format!(", the most accurate one ({}){}", percent(accuracy), of_replicas(trained));
    Ok((name, why))
}

fn of_replicas(trained: &Trained) -> String {
    if trained.experiment.replicas > 1 { ", replica 0".to_owned() } else { String::new() }
}

/// The most accurate of some networks at its last evaluation, and its accuracy.
fn best(run: &Path, names: &[String]) -> Option<(String, f64)> {
    let records = Records::read(run).ok()?;
    let last = |name: &String| {
        let evaluation = records.evaluations_of(name).last()?;
        Some((name.clone(), evaluation.test_accuracy)).filter(|(_, accuracy)| !accuracy.is_nan())
    };
    names.iter().filter_map(last).reduce(|best, one| if one.1 > best.1 { one } else { best })
}

/// A picture as the network sees it, and a bar for each class.
fn text(one: &Prediction) -> String {
    let changed = match (one.inverted, one.centred) {
        (true, _) => "inverted, cropped, scaled and centred",
        (false, true) => "cropped, scaled and centred",
        (false, false) => "as it is",
    };
    let shade = |&grey: &u8| SHADES[usize::from(grey) * (SHADES.len() - 1) / 255];
    let line = |row: &Vec<u8>| format!("  {}", row.iter().map(shade).collect::<String>());
    let image: Vec<_> = one.image.iter().map(|row| line(row).trim_end().to_owned()).collect();
    let wide = (one.first_label + one.probabilities.len() - 1).to_string().len();
    let bar = |(at, &share): (usize, &f64)| {
        let bar = "█".repeat((BAR * share).round() as usize);
        let line = format!("  {:>wide$}  {:>7}  {bar}", one.first_label + at, percent(share));
        line.trim_end().to_owned()
    };
    let bars: Vec<_> = one.probabilities.iter().enumerate().map(bar).collect();
    format!(
        "\n{}: {}, as the network sees it ({changed})\n{}\n\n{}",
        one.file.display(),
        one.class,
        image.join("\n"),
        bars.join("\n")
    )
}
