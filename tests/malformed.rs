//! Two thousand damaged inputs for everything that reads one: experiments, shaders, activations, data files,
//! tensors, records, flags. Each is a sound input with a few changes, from a seed. None may cause a panic or
//! a hang; what a whole program makes of some of them is seen in its exit status.

use crate::support::idx_files::{self, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS};
use crate::support::program::{folder, normlab};
use clap::Parser;
use normlab::commands::Cli;
use normlab::config::Experiment;
use normlab::data::{Dataset, Source};
use normlab::eval::{Options, Request};
use normlab::files::{TensorBytes, write_tensors};
use normlab::kernels::activation::Activation;
use normlab::kernels::{self, library::Library};
use normlab::report::records::Records;
use normlab::rng::{Purpose, Stream};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one input may take.
const LONGEST: Duration = Duration::from_secs(20);

/// Material for damage, besides bytes of the input itself: typical stumbling blocks of parsers.
const PIECES: [&[u8]; 16] = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"-1",
    b"1e999",
    b"NaN",
    b"18446744073709551616",
    b"[[[[[[[[",
    b"{{{{",
    b"\"",
    b"\n",
    b"=",
    b"../../x",
    b"/*",
    b"\xf0\x9f\xa6\x80",
    b"@",
];

/// An input with one to six changes.
fn damaged(sound: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..1 + stream.below(6) {
        let at = stream.below(bytes.len() as u32 + 1) as usize;
        let end = (at + 1 + stream.below(40) as usize).min(bytes.len());
        match stream.below(6) {
            0 => bytes.truncate(at),
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << stream.below(8);
                }
            }
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again.repeat(1 + stream.below(50) as usize));
            }
            _ => {
                let piece = PIECES[stream.below(PIECES.len() as u32) as usize];
                bytes.splice(at..end.max(at), piece.iter().copied());
            }
        }
    }
    bytes
}

/// Gives a reader damaged inputs.
fn shake(name: &str, count: usize, sound: &[&[u8]], read: impl Fn(&[u8])) {
    let number =
        name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    for round in 0..count {
        let mut stream = Stream::new(round as u64, Purpose::Checks, number);
        let input = damaged(sound[round % sound.len()], &mut stream);
        let start = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| read(&input)));
        let shown = || String::from_utf8_lossy(&input).into_owned();
        assert!(ended.is_ok(), "{name}, round {round}: a panic on {}", shown());
        assert!(start.elapsed() < LONGEST, "{name}, round {round}: too long on {}", shown());
    }
}

#[test]
fn experiments() {
    let lesson = normlab::config::LESSON.as_bytes();
    shake("experiments", 400, &[lesson], |input| {
        let text = String::from_utf8_lossy(input);
        let read = Experiment::parse(&text, "damaged.toml");
        let _ = read.and_then(|experiment| experiment.validate());
    });
}

#[test]
fn shaders() {
    let folder = folder();
    let kernels =
        [&kernels::sgd::KERNEL, &kernels::matmul_nn::KERNEL, &kernels::batch_norm_forward::KERNEL];
    for kernel in kernels {
        let place = folder.path().join(kernel.name());
        fs::create_dir_all(&place).unwrap();
        let texts: Vec<_> = kernel.shaders.iter().map(|source| source.text.as_bytes()).collect();
        shake(kernel.name(), 130, &texts, |input| {
            fs::write(place.join("damaged.wgsl"), input).unwrap();
            let library = Library::over(folder.path()).unwrap();
            let _ = library.shader(kernel, "damaged", Activation::Sigmoid);
        });
    }
}

#[test]
fn activations() {
    let folder = folder();
    let path = folder.path().join("damaged.wgsl");
    let texts = [Activation::Sigmoid.shader().as_bytes(), include_bytes!("own/gelu.wgsl")];
    shake("activations", 300, &texts, |input| {
        fs::write(&path, input).unwrap();
        if let Ok(activation) = path.to_str().unwrap().parse::<Activation>() {
            let _ = activation.activate(0.5_f32);
        }
    });
}

#[test]
fn data_files() {
    let images = idx_files::images(4);
    let labels = idx_files::labels(&[1, 0, 2, 9]);
    let folder = folder();
    let names = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    for (name, sound) in names.iter().zip([&images, &labels, &images, &labels]) {
        for (other, bytes) in names.iter().zip([&images, &labels, &images, &labels]) {
            fs::write(folder.path().join(other), bytes).unwrap();
        }
        shake(name, 100, &[sound], |input| {
            fs::write(folder.path().join(name), input).unwrap();
            let folder = Some(folder.path().to_owned());
            let _ = Dataset::load(&Source { folder, ..Source::default() });
        });
    }
}

#[test]
fn tensors() {
    let folder = folder();
    let (path, kernel) = (folder.path().join("damaged.safetensors"), &kernels::matmul_nn::KERNEL);
    let tensors = BTreeMap::from([
        ("a".to_owned(), TensorBytes::reals(&[2, 3], &[1.0; 6])),
        ("b".to_owned(), TensorBytes::reals(&[3, 2], &[1.0; 6])),
    ]);
    write_tensors(&path, &tensors, None).unwrap();
    let sound = fs::read(&path).unwrap();
    shake("tensors", 200, &[&sound], |input| {
        fs::write(&path, input).unwrap();
        let _ = Request::read(kernel, &path, &Options::default());
    });
}

#[test]
fn records() {
    let folder = folder();
    let run =
        ["train", "--device", "cpu", "--hidden", "4,4", "--steps", "6", "--batch", "5", "--out"];
    assert!(normlab().args(run).arg(folder.path()).output().unwrap().status.success());
    for file in ["experiment.toml", "metrics.jsonl", "histograms.jsonl", "summary.json"] {
        let path = folder.path().join(file);
        let sound = fs::read(&path).unwrap();
        shake(file, 60, &[&sound], |input| {
            fs::write(&path, input).unwrap();
            if let Ok(records) = Records::read(folder.path()) {
                let made = folder.path().join("made");
                fs::create_dir_all(&made).unwrap();
                let _ = normlab::report::folder::make(&made, records);
            }
        });
        fs::write(&path, sound).unwrap();
    }
}

#[test]
fn flags() {
    let lines = [
        "normlab train --hidden 100,20 --learning-rate 0.1 --batch 60 --seed 7 --norm batch,layer --init he",
        "normlab check sgd matmul_nn --variant sgd=naive --tunable sgd.INVOCATIONS=64 --time-cap 3",
        "normlab bench matmul_nn --shape 64x32x16 --json",
        "normlab batch-sizes --sizes 1,2,60 --seeds 3 --steps 20",
    ];
    let lines = lines.map(str::as_bytes);
    shake("flags", 250, &lines, |input| {
        let line = String::from_utf8_lossy(input);
        let _ = Cli::try_parse_from(line.split(' '));
    });
}

/// The whole program on some of them: nothing but 0, 1 or 2.
#[test]
fn statuses() {
    let folder = folder();
    let path = folder.path().join("damaged");
    let put = |input: &[u8]| fs::write(&path, input).unwrap();
    let status = |arguments: &[&str], name: &Path| {
        let mut command = normlab();
        let ended = command.args(arguments).arg(name).output().unwrap();
        let code = ended.status.code();
        assert!(matches!(code, Some(0..=2)), "{arguments:?}: {ended:?}");
        assert!(!String::from_utf8_lossy(&ended.stderr).contains("panicked"), "{ended:?}");
    };
    let lesson = normlab::config::LESSON.as_bytes();
    shake("statuses of experiments", 20, &[lesson], |input| {
        put(input);
        status(&["export", "--force", "/nonexistent/folder"], &path);
    });
    let activation = folder.path().join("damaged.wgsl");
    shake("statuses of activations", 20, &[include_bytes!("own/gelu.wgsl")], |input| {
        fs::write(&activation, input).unwrap();
        status(
            &[
                "train",
                "--device",
                "cpu",
                "--hidden",
                "2",
                "--steps",
                "1",
                "--out",
                "/nonexistent/folder",
                "--activation",
            ],
            &activation,
        );
    });
}
