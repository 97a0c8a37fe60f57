//! The folder of a data set: which files are found and how they belong together, and with which sentence anything
//! else is refused.

use crate::support::idx_files::{
    TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, assert_refused, file, gzip, images,
    labels, put, qmnist_labels,
};
use crate::support::program::{say, summary, text};
use normlab::data::folder::Files;
use normlab::data::{Dataset, Examples, Source};
use normlab::error::{Error, Result};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn load(path: &Path) -> Result<(Examples, Examples)> {
    Files::at(path, None)?.read()
}

/// A folder with four sound files: three training examples and two test examples.
fn data_set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let named = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    put_set(folder.path(), named, (&[5, 0, 4], &[7, 2]));
    folder
}

/// Four sound files of these names with these labels: images and labels to train on, then to test on.
fn put_set(folder: &Path, names: [&str; 4], (train, test): (&[u8], &[u8])) {
    for (names, of) in names.chunks(2).zip([train, test]) {
        put(folder, names[0], &images(of.len() as u8));
        put(folder, names[1], &labels(of));
    }
}

fn rename(folder: &TempDir, from: &str, to: &str) {
    fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
}

#[track_caller]
fn assert_is_data_set((train, test): (Examples, Examples)) {
    for (part, expected_labels) in [(train, &[5, 0, 4][..]), (test, &[7, 2])] {
        let count = u8::try_from(expected_labels.len()).unwrap();
        assert_eq!(part.labels, expected_labels);
        assert_eq!(part.images(), images(count)[16..]);
        assert_eq!((part.image_rows, part.image_cols, part.features()), (2, 3, 6));
        assert_eq!(part.len(), usize::from(count));
    }
}

#[test]
fn plain_compressed_and_dotted_files_load_alike() {
    let folder = data_set();
    assert_is_data_set(load(folder.path()).unwrap());
    rename(&folder, TRAIN_IMAGES, "train-images.idx3-ubyte");
    fs::remove_file(folder.path().join(TRAIN_LABELS)).unwrap();
    put(folder.path(), "train-labels-idx1-ubyte.gz", &gzip(&labels(&[5, 0, 4])));
    fs::remove_file(folder.path().join(TEST_IMAGES)).unwrap();
    put(folder.path(), "t10k-images.idx3-ubyte.gz", &gzip(&images(2)));
    assert_is_data_set(load(folder.path()).unwrap());
}

#[test]
fn the_plain_file_wins_and_content_tells_what_is_compressed() {
    let folder = data_set();
    put(folder.path(), "train-images-idx3-ubyte.gz", b"never read");
    // A gzip file may have several members.
    let members = [gzip(&images(3)[..20]), gzip(&images(3)[20..])].concat();
    put(folder.path(), TRAIN_IMAGES, &members);
    rename(&folder, TRAIN_LABELS, "train-labels-idx1-ubyte.gz");
    assert_is_data_set(load(folder.path()).unwrap());
}

#[test]
fn a_path_that_is_no_folder_is_named() {
    let folder = data_set();
    put(folder.path(), "notes.txt", b"");
    for (name, found) in [("nowhere", "does not exist"), ("notes.txt", "is another kind of file")] {
        let path = folder.path().join(name);
        let parts = [path.to_str().unwrap(), found, "a data set is expected", TRAIN_LABELS];
        assert_refused(load(&path), &parts);
    }
}

#[test]
fn each_missing_file_is_named_with_its_other_spellings() {
    for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        let folder = data_set();
        fs::remove_file(folder.path().join(name)).unwrap();
        let dotted = name.replace("-idx", ".idx");
        assert_refused(load(folder.path()), &[name, &dotted, ".gz"]);
    }
}

#[test]
fn a_folder_of_the_files_name_is_passed_over_or_named() {
    let folder = data_set();
    rename(&folder, TEST_LABELS, "t10k-labels.idx1-ubyte");
    fs::create_dir(folder.path().join(TEST_LABELS)).unwrap();
    assert_is_data_set(load(folder.path()).unwrap());
    fs::remove_file(folder.path().join("t10k-labels.idx1-ubyte")).unwrap();
    let parts = [TEST_LABELS, "is not a file", "labels are expected"];
    assert_refused(load(folder.path()), &parts);
}

#[test]
fn images_and_labels_of_different_numbers_are_told() {
    let folder = data_set();
    put(folder.path(), TEST_LABELS, &labels(&[7, 2, 1]));
    let parts = [TEST_LABELS, "3 labels", TEST_IMAGES, "2 images"];
    assert_refused(load(folder.path()), &parts);
}

#[test]
fn training_and_test_images_of_different_sizes_are_told() {
    let folder = data_set();
    put(folder.path(), TEST_IMAGES, &file(0x0803, &[2, 3, 2], &[0; 12]));
    let parts = [TEST_IMAGES, "3 × 2 pixels", TRAIN_IMAGES, "have 2 × 3"];
    assert_refused(load(folder.path()), &parts);
}

#[test]
fn files_have_the_names_of_their_data_sets() {
    for prefix in ["", "emnist-letters-", "emnist-byclass-", "qmnist-", "my-own-"] {
        for test in ["t10k", "test"] {
            let folder = tempfile::tempdir().unwrap();
            let name = |part: &str, rest: &str| format!("{prefix}{part}-{rest}");
            let names = [
                name("train", "images-idx3-ubyte"),
                name("train", "labels-idx1-ubyte"),
                name(test, "images-idx3-ubyte"),
                name(test, "labels-idx1-ubyte"),
            ];
            put_set(folder.path(), names.each_ref().map(|name| &**name), (&[5, 0, 4], &[7, 2]));
            let files = Files::at(folder.path(), None).unwrap();
            let is_emnist = prefix.starts_with("emnist");
            assert_eq!(files.transposed, is_emnist);
            let said = match prefix.trim_end_matches('-') {
                "" => String::new(),
                set if is_emnist => format!(" ({set}, images transposed)"),
                set => format!(" ({set})"),
            };
            assert_eq!(files.describe(), format!("{}{said}", folder.path().display()));
            // Any of its files names it; and the user can override the orientation of the images.
            for name in &names {
                let files = Files::at(&folder.path().join(name), Some(false)).unwrap();
                assert_is_data_set(files.read().unwrap());
            }
            let (train, _) = Files::at(folder.path(), Some(true)).unwrap().read().unwrap();
            assert_eq!((train.image_rows, train.image_cols, train.images()[1]), (3, 2, 111));
        }
    }
}

#[test]
fn the_labels_of_qmnist_load_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    for (part, count) in [("train", 3), ("test", 2)] {
        put(folder.path(), &format!("qmnist-{part}-images-idx3-ubyte.gz"), &gzip(&images(count)));
    }
    let names = ["qmnist-train-labels-idx2-int.gz", "qmnist-test-labels-idx2-int"];
    put(folder.path(), names[0], &gzip(&qmnist_labels(&[5, 0, 4])));
    put(folder.path(), names[1], &qmnist_labels(&[7, 2]));
    assert_is_data_set(load(folder.path()).unwrap());
}

#[test]
fn a_folder_with_files_of_two_data_sets_asks_which() {
    let folder = data_set();
    let letters = "emnist-letters-train-images-idx3-ubyte.gz";
    put(folder.path(), letters, &gzip(&images(1)));
    let parts = ["holds files of 2 data sets", TRAIN_IMAGES, letters, "name a file of the one"];
    assert_refused(load(folder.path()), &parts);
    assert_is_data_set(load(&folder.path().join(TEST_LABELS)).unwrap());
    let missing = load(&folder.path().join(letters));
    assert_refused(missing, &["emnist-letters-train-labels-idx1-ubyte does not exist"]);
    // To test on, the other one has nothing.
    Files::of_test(folder.path(), None).unwrap().read_test().unwrap();
}

#[test]
fn classes_come_from_the_labels() {
    let names = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    let loaded = |train: &[u8], test: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        put_set(folder.path(), names, (train, test));
        let source = Source { folder: Some(folder.path().to_owned()), ..Source::default() };
        Dataset::load(&source).unwrap()
    };
    let data = loaded(&[5, 0, 4], &[7, 2]);
    assert_eq!((data.classes, data.first_label, &*data.test.labels), (8, 0, &[7, 2][..]));
    // Letters are counted from 1.
    let data = loaded(&[1, 26, 4], &[7, 2]);
    assert_eq!((data.classes, data.first_label), (26, 1));
    assert_eq!((&*data.train.labels, &*data.test.labels), (&[0, 25, 3][..], &[6, 1][..]));
    assert_eq!(loaded(&[1, 2], &[0]).first_label, 0);
    assert_eq!(loaded(&[61], &[255]).classes, 256);
    assert_eq!(loaded(&[0], &[0]).classes, 1);
}

#[test]
fn images_to_test_on_must_be_of_the_same_classes() {
    let (letters, others) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let names = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    put_set(letters.path(), names, (&[1, 26, 4], &[7]));
    let load = |test: &[u8]| {
        put_set(others.path(), names, (&[0], test));
        let [folder, test_folder] = [&letters, &others].map(|one| Some(one.path().to_owned()));
        Dataset::load(&Source { folder, test_folder, ..Source::default() })
    };
    let data = load(&[1, 26]).unwrap();
    assert_eq!((&*data.test.labels, data.classes), (&[0, 25][..], 26));
    for (test, found) in [([3, 0], "the label 0"), ([27, 3], "the label 27")] {
        assert_refused(load(&test), &[found, "are 1 to 26", "images of the same classes"]);
    }
}

#[test]
fn the_first_images_are_taken_or_all() {
    let folder = data_set();
    let load = |train_images, test_images| {
        let folder = Some(folder.path().to_owned());
        Dataset::load(&Source { folder, train_images, test_images, ..Source::default() })
    };
    let data = load(2, 0).unwrap();
    assert_eq!((&*data.train.labels, data.test.len(), data.classes), (&[5, 0][..], 2, 8));
    assert_eq!(data.train.images(), images(2)[16..]);
    for (train, test, said) in [(4, 0, "train_images is 4"), (0, 3, "test_images is 3")] {
        let error = load(train, test).unwrap_err();
        assert!(
            matches!(error, Error::Config(_)) && error.to_string().starts_with(said),
            "{error}"
        );
    }
}

/// Every class has the number that its files give it, wherever it is shown.
#[test]
fn letters_train_and_are_shown_by_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
    let names: Vec<_> = ["train", "test"]
        .iter()
        .flat_map(|part| {
            names.map(|name| format!("emnist-letters-{}", name.replacen("train", part, 1)))
        })
        .collect();
    let all: Vec<u8> = (1..=26).collect();
    let names = std::array::from_fn(|at| &*names[at]);
    put_set(folder.path(), names, (&all, &[3, 1, 26]));
    let out = folder.path().join("run");
    let data = ["train", "--device", "cpu", "--data", folder.path().to_str().unwrap()];
    let network = ["--hidden", "5", "--steps", "2", "--batch", "4", "--probes", "1"];
    let ended = say(&[&data[..], &network, &["--out", out.to_str().unwrap()]].concat()).with(0);
    for words in [
        " (emnist-letters, images transposed), 26 training and 3 test images in 26 classes, \
         labelled 1 to 26",
        "network: 6-5-26, 2 steps",
    ] {
        assert!(ended.stdout.contains(words), "{words:?} is not in {ended:#?}");
    }
    assert_eq!(summary(&out).first_label, 1);
    let picture = text(&out, "pictures/seen-sigmoid.svg");
    assert!(picture.contains(">26</text>") && !picture.contains(">0</text>"));
    assert!(out.join("training.gif").is_file());
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_is_not_waited_for() {
    let folder = data_set();
    let pipe = folder.path().join(TEST_LABELS);
    fs::remove_file(&pipe).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_refused(load(folder.path()), &[TEST_LABELS, "is not a file", "labels are expected"]);
}
