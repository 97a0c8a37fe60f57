//! What may be done with a run that has ended: evaluate, predict, compare, records, and the loader for PyTorch. No
//! test here needs an adapter: the CPU engine computes.

use crate::support::idx_files::{TEST_IMAGES, TEST_LABELS, file, put};
use crate::support::program::{entries, evaluations, folder, normlab, run, say, summary, text};
use crate::support::small::small;
use image::{GrayImage, Luma, Rgba, RgbaImage};
use normlab::record::Classification;
use safetensors::SafeTensors;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder with a run of two networks.
fn trained(steps: usize, more: &[&str]) -> (TempDir, PathBuf) {
    let folder = folder();
    let out = folder.path().join("run");
    let train =
        ["train", "--norm", "none,batch", "--device", "cpu", "--hidden", "8", "--batch", "5"];
    let steps = format!("--steps={steps}");
    run(normlab().args(train).arg(steps).args(more).arg("--out").arg(&out)).with(0);
    (folder, out)
}

fn on_cpu(command: &str, out: &Path, more: &[&str]) -> crate::support::program::Ended {
    run(normlab().arg(command).arg(out).args(["--device", "cpu"]).args(more))
}

/// What `evaluate --json` says of a run's networks.
fn evaluated(out: &Path, more: &[&str]) -> Vec<Classification> {
    let ended = on_cpu("evaluate", out, &[&["--json"], more].concat()).with(0);
    let all: Value = serde_json::from_str(&ended.stdout).unwrap();
    serde_json::from_value(all["networks"].clone()).unwrap()
}

/// The numbers of a file for NumPy, and its shape.
fn logits(path: &Path) -> (String, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    let end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..end].to_vec()).unwrap();
    let (words, _) = bytes[end..].as_chunks();
    (header, words.iter().map(|&word| f32::from_le_bytes(word)).collect())
}

#[test]
fn an_evaluation_is_that_of_the_run() {
    let (_folder, out) = trained(4, &["--replicas", "2"]);
    let found = evaluated(&out, &[]);
    let recorded = evaluations(&out);
    assert_eq!(found.len(), 4);
    for one in &found {
        let mut own =
            recorded.iter().filter(|known| known.run == one.run && known.replica == one.replica);
        let last = own.next_back().unwrap();
        assert_eq!((one.step, one.images), (Some(last.step), 2_000));
        assert_eq!((one.accuracy, one.loss), (last.test_accuracy, last.test_loss), "{}", one.run);
        let right: usize = (0..10).map(|class| one.confusion[class][class]).sum();
        assert_eq!(right as f64 / 2_000.0, one.accuracy);
        assert_eq!(one.confusion.iter().flatten().sum::<usize>(), 2_000);
    }
    let pictures = [
        "sigmoid-batch-replica1.svg",
        "sigmoid-batch.svg",
        "sigmoid-none-replica1.svg",
        "sigmoid-none.svg",
    ];
    assert_eq!(entries(&out.join("confusion")), pictures);
    let said = on_cpu("evaluate", &out, &["--network", "sigmoid-batch"]).with(0).stdout;
    assert!(
        said.contains("sigmoid-batch-replica1: images of each class")
            && !said.contains("sigmoid-none")
    );
}

#[test]
fn logits_are_written_for_numpy_and_agree_with_the_classes() {
    let (folder, out) = trained(4, &[]);
    let file = folder.path().join("logits.npy");
    let path = file.to_str().unwrap();
    let found = evaluated(&out, &["--network", "sigmoid-batch", "--logits", path]);
    let (header, numbers) = logits(&file);
    assert!(header.contains("'shape': (2000, 10, )") && numbers.len() == 20_000, "{header}");
    let mut taken = vec![0; 10];
    for row in numbers.chunks(10) {
        let best = (1..10).fold(0, |best, at| if row[at] > row[best] { at } else { best });
        taken[best] += 1;
    }
    let columns =
        (0..10).map(|class| found[0].confusion.iter().map(|row| row[class]).sum::<usize>());
    assert_eq!(taken, columns.collect::<Vec<_>>());
    on_cpu("evaluate", &out, &["--logits", path])
        .refused(&["the file holds one network", "--network sigmoid-none"]);
    let other = folder.path().join("logits.csv");
    on_cpu("evaluate", &out, &["--network", "sigmoid-none", "--logits", other.to_str().unwrap()])
        .refused(&["ends in .npy"]);
    let nowhere = folder.path().join("no/logits.npy");
    on_cpu("evaluate", &out, &["--network", "sigmoid-none", "--logits", nowhere.to_str().unwrap()])
        .refused(&["cannot create", "no/logits.npy"]);
}

#[test]
fn another_test_set_has_the_same_classes_and_size() {
    let (folder, out) = trained(4, &[]);
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let set = |size: u32, labels: &[u8]| {
        let count = labels.len() as u32;
        let pixels: Vec<u8> = (0..count * size * size).map(|at| (at * 7) as u8).collect();
        put(&data, TEST_IMAGES, &file(0x0803, &[count, size, size], &pixels));
        put(&data, TEST_LABELS, &file(0x0801, &[count], labels));
    };
    let path = data.to_str().unwrap();
    set(28, &[3, 1, 4]);
    let found = evaluated(&out, &["--data", path, "--network", "sigmoid-none"]);
    assert_eq!((found[0].images, found[0].classes[4].images), (3, 1));
    set(28, &[3, 1, 10]);
    on_cpu("evaluate", &out, &["--data", path]).refused(&["has the label 10", "are 0 to 9"]);
    set(20, &[3]);
    on_cpu("evaluate", &out, &["--data", path]).refused(&["have 400 pixels", "images of 784"]);
}

#[test]
fn weights_without_metadata_need_their_experiment() {
    let (_folder, out) = trained(4, &[]);
    let before = evaluated(&out, &[]);
    let weights = out.join("weights.safetensors");
    let bytes = fs::read(&weights).unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    safetensors::serialize_to_file(whole.tensors(), None, &weights).unwrap();
    let after = evaluated(&out, &[]);
    assert_eq!(after.iter().map(|one| one.step).collect::<Vec<_>>(), [None, None]);
    let stepless = |all: &[Classification]| {
        all.iter().map(|one| (one.run.clone(), one.confusion.clone())).collect::<Vec<_>>()
    };
    assert_eq!(stepless(&before), stepless(&after));
    let toml = text(&out, "experiment.toml");
    fs::write(out.join("experiment.toml"), toml.replace("hidden = [8]", "hidden = [9]")).unwrap();
    on_cpu("evaluate", &out, &[]).refused(&["lacks the tensor sigmoid-none/layer1.weight"]);
    fs::remove_file(out.join("experiment.toml")).unwrap();
    on_cpu("evaluate", &out, &[]).refused(&["does not say of which experiment it is"]);
    fs::write(&weights, &bytes[..bytes.len() - 1]).unwrap();
    on_cpu("evaluate", &out, &[]).refused(&["is no whole safetensors file"]);
    fs::remove_file(&weights).unwrap();
    on_cpu("evaluate", &out, &[]).refused(&["has no weights.safetensors"]);
    on_cpu("evaluate", Path::new("/nowhere"), &[]).refused(&["has no weights.safetensors"]);
}

/// A dark 1 on bright paper.
fn drawn(path: &Path) {
    let ink = |x: u32, y: u32| (90..110).contains(&x) && (20..180).contains(&y);
    let image = GrayImage::from_fn(200, 200, |x, y| Luma([if ink(x, y) { 10 } else { 240 }]));
    image.save(path).unwrap();
}

#[test]
fn a_picture_is_predicted_by_the_most_accurate_network() {
    let (folder, out) = trained(30, &[]);
    let picture = folder.path().join("one.png");
    drawn(&picture);
    let picture = picture.to_str().unwrap();
    let ended = on_cpu("predict", &out, &["--json", picture]).with(0);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    let runs = summary(&out).runs;
    let best =
        runs.iter().max_by(|a, b| a.test_accuracy.partial_cmp(&b.test_accuracy).unwrap()).unwrap();
    assert_eq!(found["network"], best.name.as_str());
    let one = &found["pictures"][0];
    let shares: Vec<_> =
        one["probabilities"].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect();
    assert!(shares.len() == 10 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{shares:?}");
    let largest = shares.iter().copied().fold(0.0, f64::max);
    assert_eq!(shares[one["class"].as_u64().unwrap() as usize], largest);
    let image: Vec<Vec<u8>> = serde_json::from_value(one["image"].clone()).unwrap();
    assert_eq!((image.len(), image[14][13].max(image[14][14])), (28, 255));
    assert_eq!((&one["inverted"], &one["centred"]), (&true.into(), &true.into()));
    let said = on_cpu("predict", &out, &["--network", "sigmoid-none", picture]).with(0).stdout;
    assert!(
        said.contains("network: sigmoid-none\n") && said.contains("██") && said.contains(" %"),
        "{said}"
    );
    on_cpu("predict", &out, &["--network", "relu-none", picture])
        .refused(&["no network \"relu-none\"", "sigmoid-none, sigmoid-batch"]);
}

#[test]
fn an_image_of_the_data_is_classified_as_the_evaluation_does() {
    let (folder, out) = trained(40, &[]);
    let data = normlab::data::Dataset::drawn().unwrap();
    let images = data.test.images();
    let file = folder.path().join("logits.npy");
    on_cpu("evaluate", &out, &["--network", "sigmoid-batch", "--logits", file.to_str().unwrap()])
        .with(0);
    let (_, numbers) = logits(&file);
    let mut pictures = Vec::new();
    for (at, pixels) in images.chunks(784).take(4).enumerate() {
        let path = folder.path().join(format!("{at}.png"));
        GrayImage::from_raw(28, 28, pixels.to_vec()).unwrap().save(&path).unwrap();
        pictures.push(path.to_str().unwrap().to_owned());
    }
    let pictures: Vec<_> = pictures.iter().map(String::as_str).collect();
    let arguments = [&["--json", "--network", "sigmoid-batch"], &pictures[..]].concat();
    let found: Value =
        serde_json::from_str(&on_cpu("predict", &out, &arguments).with(0).stdout).unwrap();
    for (at, row) in numbers.chunks(10).take(4).enumerate() {
        let one = &found["pictures"][at];
        assert_eq!(one["centred"], false, "picture {at} was changed");
        let sum: f64 = row.iter().map(|&logit| f64::from(logit).exp()).sum();
        for (class, &logit) in row.iter().enumerate() {
            let share = one["probabilities"][class].as_f64().unwrap();
            assert!((share - f64::from(logit).exp() / sum).abs() < 1e-5, "{at}, {class}: {share}");
        }
    }
}

#[test]
fn pictures_that_show_nothing_or_are_none_are_refused() {
    let (folder, out) = trained(4, &[]);
    let refused = |name: &str, bytes: &[u8], words: &str| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap().to_owned();
        on_cpu("predict", &out, &["--network", "sigmoid-none", &path]).refused(&[&path, words]);
    };
    let png = |image: &RgbaImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let blank = |width, height| png(&RgbaImage::from_pixel(width, height, Rgba([9, 9, 9, 255])));
    refused("pixel.png", &blank(1, 1), "shows nothing");
    refused("blank.png", &blank(300, 20), "shows nothing");
    refused("clear.png", &png(&RgbaImage::new(40, 40)), "shows nothing");
    refused("large.png", &blank(10_000, 10_000), "has 10000 × 10000 pixels; expected at most");
    let whole = blank(30, 30);
    refused("cut.png", &whole[..whole.len() / 2], "is a damaged PNG picture");
    refused("photo.jpg", b"\xff\xd8\xff\xe0 and more", "is no PNG picture; save it as PNG");
    refused("empty.png", b"", "is no PNG picture");
    on_cpu("predict", &out, &["nowhere.png"]).refused(&["cannot read nowhere.png"]);
    on_cpu("predict", &out, &[]).refused(&["<PICTURE.png>"]);
}

#[test]
fn runs_are_compared_by_what_differs() {
    let (folder, one) = trained(4, &[]);
    let other = folder.path().join("other");
    small(&["train", "--norm", "batch", "--learning-rate", "0.5"], &other).with(0);
    let page = folder.path().join("page.html");
    let compare = |runs: &[&Path]| run(normlab().arg("compare").args(runs).arg("--out").arg(&page));
    let said = compare(&[&one, &other]).with(0).stdout;
    let row = |name: &str| said.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    assert!(
        row("learning_rate ").is_some_and(|row| row.contains("0.1") && row.ends_with("0.5")),
        "{said}"
    );
    assert!(row("norm ").is_some() && row("batch ").is_none(), "{said}");
    assert!(row("sigmoid-none ").is_some_and(|row| row.ends_with('–')), "{said}");
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("<figure id=\"accuracy\">") && html.contains("<figure id=\"loss\">"));
    assert!(
        html.matches("<svg ").count() >= 2
            && !html.contains("src=\"")
            && html.ends_with("</html>\n")
    );
    fs::remove_file(&page).unwrap();
    compare(&[&one, folder.path()]).refused(&["holds no run"]);
    compare(&[&one]).refused(&["2"]);
    assert!(!page.exists());
}

#[test]
fn records_are_lines_of_ten_columns() {
    let (folder, out) = trained(4, &["--replicas", "2"]);
    let said = run(normlab().args(["records", "--csv"]).arg(&out)).with(0).stdout;
    let lines: Vec<Vec<_>> = said.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        lines[0].join(","),
        "network,activation,norm,replica,step,record,layer,unit,quantity,value"
    );
    assert!(lines.iter().all(|line| line.len() == 10));
    let mut found = BTreeMap::new();
    for line in &lines[1..] {
        let key =
            [line[0], line[3], line[4], line[5], line[6], line[7], line[8]].map(str::to_owned);
        assert!(found.insert(key, line[9].to_owned()).is_none(), "{line:?} stands twice");
    }
    let value = |key: [&str; 7]| found[&key.map(str::to_owned)].clone();
    for one in evaluations(&out) {
        let (step, replica) = (one.step.to_string(), one.replica.to_string());
        let accuracy = value([&one.run, &replica, &step, "evaluation", "", "", "test_accuracy"]);
        assert_eq!(accuracy.parse::<f64>().unwrap(), one.test_accuracy);
        let loss = value([&one.run, &replica, &step, "step", "", "", "loss"]);
        assert_eq!(loss.parse::<f32>().unwrap(), *one.losses.last().unwrap());
    }
    assert!(
        value(["sigmoid-batch", "0", "4", "probe", "layer1", "7", "gamma"]).parse::<f32>().is_ok()
    );
    let csv = folder.path().join("records.csv");
    let ended = run(normlab().args(["records", "--csv"]).arg(&out).arg("--out").arg(&csv)).with(0);
    assert!(ended.stdout.is_empty() && fs::read_to_string(&csv).unwrap() == said);
    say(&["records", "/nowhere", "--csv"]).refused(&["/nowhere holds no run"]);
    run(normlab().arg("records").arg(&out)).refused(&["--csv"]);
}

#[cfg(unix)]
#[test]
fn a_reader_who_has_gone_ends_records_quietly() {
    let (_folder, out) = trained(4, &[]);
    let mut child = normlab()
        .args(["records", "--csv"])
        .arg(&out)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

/// Compares the loader's logits with the program's own, in Python.
const HELD: &str = r#"
import sys, numpy, torch
sys.path.insert(0, sys.argv[1])
from load_weights import load_network
run, images = sys.argv[2:4]
pixels = torch.tensor(numpy.fromfile(images, dtype=numpy.uint8).reshape(2000, 784) / 255, dtype=torch.float32)
for name in sys.argv[4:]:
    with torch.no_grad():
        logits = torch.tensor(numpy.load(f"{run}/{name}.npy"))
        error = (load_network(run, name)(pixels) - logits).abs().max().item()
    assert error <= 1e-4, (name, error)
"#;

#[test]
fn pytorch_loads_the_weights() {
    let has = "import torch, numpy, safetensors, tomllib";
    let found = Command::new("python3").args(["-c", has]).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("not run: python3 has no torch, numpy and safetensors here");
        return;
    }
    let data = normlab::data::Dataset::drawn().unwrap();
    for (norms, more) in [
        ("none,batch,layer,rms,group:3,batch@last", &["--activation", "relu"][..]),
        (
            "batch,layer",
            &["--norm-position", "after", "--affine", "shared", "--activation", "tanh"],
        ),
    ] {
        let folder = folder();
        let [out, images] = ["run", "images"].map(|name| folder.path().join(name));
        fs::write(&images, data.test.images()).unwrap();
        let train =
            ["train", "--device", "cpu", "--hidden", "12,9", "--steps", "60", "--probes", "0"];
        run(normlab().args(train).args(["--norm", norms]).args(more).arg("--out").arg(&out))
            .with(0);
        let name = |norm: &str| format!("{}-{}", more.last().unwrap(), norm.replace(':', ""));
        let names: Vec<_> = norms.split(',').map(name).collect();
        for name in &names {
            let logits = out.join(format!("{name}.npy"));
            let logits = ["--network", name, "--logits", logits.to_str().unwrap()];
            on_cpu("evaluate", &out, &logits).with(0);
        }
        let mut python = Command::new("python3");
        python.arg("-c").arg(HELD).arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"));
        let ended = python.args([&out, &images]).args(&names).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
}
