//! The loader of IDX files: what it reads, and with which sentence it refuses everything else.

use std::fs;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use normlab::data::Examples;
use normlab::data::idx::{self, Images, MAX_ELEMENTS};
use normlab::error::{Error, Result};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tempfile::TempDir;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// An IDX file, with any header over any body.
fn file(magic: u32, sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let words = [&[magic], sizes].concat();
    let header = words.iter().flat_map(|word| word.to_be_bytes());
    header.chain(body.iter().copied()).collect()
}

/// `count` images of 2 × 3 pixels.
fn images(count: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..6 * count).map(|index| index.wrapping_mul(37)).collect();
    file(0x0803, &[count.into(), 2, 3], &pixels)
}

fn labels(of: &[u8]) -> Vec<u8> {
    file(0x0801, &[u32::try_from(of.len()).unwrap()], of)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parse_images(bytes: &[u8]) -> Result<Images> {
    idx::parse_images("pictures", bytes, bytes.len() as u64)
}

fn parse_labels(bytes: &[u8]) -> Result<Vec<u8>> {
    idx::parse_labels("classes", bytes, bytes.len() as u64)
}

/// A folder with four sound files: three training examples and two test examples.
fn data_set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, TRAIN_IMAGES, &images(3));
    put(&folder, TRAIN_LABELS, &labels(&[5, 0, 4]));
    put(&folder, TEST_IMAGES, &images(2));
    put(&folder, TEST_LABELS, &labels(&[7, 2]));
    folder
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) {
    fs::write(folder.path().join(name), bytes).unwrap();
}

fn rename(folder: &TempDir, from: &str, to: &str) {
    fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
}

/// Asserts that this is a refusal of the data, in one line that says all of `parts`.
#[track_caller]
fn assert_refused<T>(result: Result<T>, parts: &[&str]) {
    let Err(error) = result else { panic!("loaded, though it should be refused") };
    assert!(matches!(error, Error::Data(_)), "{error:?}");
    assert_eq!(error.exit_status(), 2);
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in parts {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}

/// Both the plain and the compressed form of an image file must be refused.
#[track_caller]
fn assert_images_refused(bytes: &[u8], parts: &[&str]) {
    assert_refused(parse_images(bytes), parts);
    assert_refused(parse_images(&gzip(bytes)), parts);
}

#[track_caller]
fn assert_labels_refused(bytes: &[u8], parts: &[&str]) {
    assert_refused(parse_labels(bytes), parts);
    assert_refused(parse_labels(&gzip(bytes)), parts);
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
    assert_is_data_set(idx::load(folder.path()).unwrap());
    rename(&folder, TRAIN_IMAGES, "train-images.idx3-ubyte");
    fs::remove_file(folder.path().join(TRAIN_LABELS)).unwrap();
    put(&folder, "train-labels-idx1-ubyte.gz", &gzip(&labels(&[5, 0, 4])));
    fs::remove_file(folder.path().join(TEST_IMAGES)).unwrap();
    put(&folder, "t10k-images.idx3-ubyte.gz", &gzip(&images(2)));
    assert_is_data_set(idx::load(folder.path()).unwrap());
}

#[test]
fn the_plain_file_wins_and_content_tells_what_is_compressed() {
    let folder = data_set();
    put(&folder, "train-images-idx3-ubyte.gz", b"never read");
    // A gzip file may have several members.
    let members = [gzip(&images(3)[..20]), gzip(&images(3)[20..])].concat();
    put(&folder, TRAIN_IMAGES, &members);
    rename(&folder, TRAIN_LABELS, "train-labels-idx1-ubyte.gz");
    assert_is_data_set(idx::load(folder.path()).unwrap());
}

#[test]
fn a_path_that_is_no_folder_is_named() {
    let folder = data_set();
    for (name, found) in [("nowhere", "does not exist"), (TRAIN_IMAGES, "is a file")] {
        let path = folder.path().join(name);
        let parts = [path.to_str().unwrap(), found, "a data folder is expected", TRAIN_LABELS];
        assert_refused(idx::load(&path), &parts);
    }
}

#[test]
fn each_missing_file_is_named_with_its_other_spellings() {
    for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        let folder = data_set();
        fs::remove_file(folder.path().join(name)).unwrap();
        let dotted = name.replace("-idx", ".idx");
        assert_refused(idx::load(folder.path()), &[name, &dotted, ".gz"]);
    }
}

#[test]
fn a_folder_of_the_files_name_is_passed_over_or_named() {
    let folder = data_set();
    rename(&folder, TEST_LABELS, "t10k-labels.idx1-ubyte");
    fs::create_dir(folder.path().join(TEST_LABELS)).unwrap();
    assert_is_data_set(idx::load(folder.path()).unwrap());
    fs::remove_file(folder.path().join("t10k-labels.idx1-ubyte")).unwrap();
    let parts = [TEST_LABELS, "is not a file", "labels are expected"];
    assert_refused(idx::load(folder.path()), &parts);
}

#[test]
fn a_wrong_magic_number_is_told_with_the_right_one() {
    let page = b"<!DOCTYPE html>";
    assert_images_refused(page, &["pictures", "0x3c21444f", "0x00000803"]);
    assert_labels_refused(page, &["classes", "0x3c21444f", "0x00000801"]);
    // Floating-point elements: an IDX file, but of another type.
    assert_images_refused(&file(0x0D03, &[1, 1, 1], &[0; 4]), &["0x00000d03", "0x00000803"]);
    // Each of the two kinds in the other's place.
    assert_images_refused(&labels(&[1]), &["0x00000801", "holds labels", "0x00000803"]);
    assert_labels_refused(&images(1), &["0x00000803", "holds images", "0x00000801"]);
}

#[test]
fn a_file_that_is_cut_off_is_told() {
    for kept in 0..28 {
        let (found, expected) = match kept {
            0..16 => (format!("after {kept} bytes"), "has 16"),
            _ => (format!("holds {kept} bytes"), "promises 28 (a header of 16 and 2 × 2 × 3 of "),
        };
        assert_images_refused(&images(2)[..kept], &["pictures", &found, expected]);
    }
    for kept in 0..10 {
        let (found, expected) = match kept {
            0..8 => (format!("after {kept} bytes"), "has 8"),
            _ => (format!("holds {kept} bytes"), "promises 10 (a header of 8 and 2 of labels)"),
        };
        assert_labels_refused(&labels(&[1, 2])[..kept], &["classes", &found, expected]);
    }
}

#[test]
fn trailing_bytes_are_told() {
    let longer = [images(2), vec![0; 5]].concat();
    assert_refused(parse_images(&longer), &["pictures", "holds 33 bytes", "promises 28"]);
    let found = "holds more than 28 bytes once decompressed";
    assert_refused(parse_images(&gzip(&longer)), &["pictures", found, "promises 28"]);
    let longer = [labels(&[1, 2]), vec![3]].concat();
    assert_refused(parse_labels(&longer), &["classes", "holds 11 bytes", "promises 10"]);
    let found = "holds more than 10 bytes once decompressed";
    assert_refused(parse_labels(&gzip(&longer)), &["classes", found, "promises 10"]);
}

#[test]
fn a_size_of_0_is_told() {
    for sizes in [[0, 2, 3], [2, 0, 3], [2, 3, 0], [u32::MAX, u32::MAX, 0]] {
        let found = format!("{} × {} × {} bytes of images", sizes[0], sizes[1], sizes[2]);
        let parts = ["pictures", &found, "every size must be at least 1"];
        assert_images_refused(&file(0x0803, &sizes, &[]), &parts);
    }
    assert_labels_refused(&labels(&[]), &["classes", "0 bytes of labels", "at least 1"]);
}

#[test]
fn labels_beyond_the_ten_classes_are_told() {
    let parts = ["classes", "example 2 ", "the label 10", "0 to 9"];
    assert_labels_refused(&labels(&[0, 9, 10, 255]), &parts);
    assert_eq!(parse_labels(&labels(&[0, 9])).unwrap(), [0, 9]);
}

#[test]
fn images_and_labels_of_different_numbers_are_told() {
    let folder = data_set();
    put(&folder, TEST_LABELS, &labels(&[7, 2, 1]));
    let parts = [TEST_LABELS, "3 labels", TEST_IMAGES, "2 images"];
    assert_refused(idx::load(folder.path()), &parts);
}

#[test]
fn training_and_test_images_of_different_sizes_are_told() {
    let folder = data_set();
    put(&folder, TEST_IMAGES, &file(0x0803, &[2, 3, 2], &[0; 12]));
    let parts = [TEST_IMAGES, "3 × 2 pixels", TRAIN_IMAGES, "have 2 × 3"];
    assert_refused(idx::load(folder.path()), &parts);
}

#[test]
fn a_damaged_gzip_stream_is_told() {
    let sound = gzip(&images(9));
    let parts = ["pictures", "not the sound gzip file"];
    for kept in 2..sound.len() {
        assert_refused(parse_images(&sound[..kept]), &parts);
    }
    // The last eight bytes are the checksum and the length.
    for damaged in sound.len() - 8..sound.len() {
        let mut bytes = sound.clone();
        bytes[damaged] ^= 1;
        assert_refused(parse_images(&bytes), &["pictures", "checksum"]);
    }
    assert_refused(parse_images(&[&sound, &b"rubbish"[..]].concat()), &parts);
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_the_body_is_read() {
    let greatest = u32::MAX;
    let above = u32::try_from(MAX_ELEMENTS).unwrap() + 1;
    for sizes in [[greatest, 28, 28], [greatest; 3], [above, 1, 1]] {
        let header = file(0x0803, &sizes, &[]);
        let found = format!("{} × {} × {} bytes of images", sizes[0], sizes[1], sizes[2]);
        assert_images_refused(&header, &["pictures", &found, "at most 1073741824"]);
    }
    let parts = ["4294967295 bytes of labels", "at most 1073741824"];
    assert_labels_refused(&file(0x0801, &[greatest], &[]), &parts);
    // At the limit itself the length of the plain file decides, and nothing but the header is read.
    let bytes = file(0x0803, &[1 << 20, 32, 32], &[0; 1000]);
    let mut reader = bytes.as_slice();
    let parts = ["holds 1016 bytes", "promises 1073741840"];
    assert_refused(idx::parse_images("pictures", &mut reader, 1016), &parts);
    assert_eq!(reader.len(), 1000);
}

#[test]
fn a_gzip_bomb_is_read_no_further_than_its_header_promises() {
    let mut bytes = file(0x0803, &[2, 2, 3], &[0; 12]);
    bytes.resize(128 << 20, 0);
    let bomb = gzip(&bytes);
    let mut reader = bomb.as_slice();
    let parts = ["more than 28 bytes", "promises 28"];
    assert_refused(idx::parse_images("pictures", &mut reader, bomb.len() as u64), &parts);
    assert!(reader.len() > bomb.len() / 2, "{} of {} bytes left", reader.len(), bomb.len());
}

/// A disk that fails.
struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn a_failing_disk_is_no_fault_of_the_data() {
    for start in [vec![], images(2)[..20].to_vec(), gzip(&images(2))[..20].to_vec()] {
        let error = idx::parse_images("pictures", start.chain(Failing), 28).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{error:?}");
        assert_eq!(error.exit_status(), 2);
        assert_eq!(error.to_string(), "cannot read pictures: the disk is gone");
    }
}

/// Whatever the bytes are: they load exactly, or are refused with a sentence.
fn check_any_bytes(bytes: &[u8]) {
    let mut content = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        // What cannot be decompressed must not load, so its content is not looked at.
        let _ = MultiGzDecoder::new(bytes).read_to_end(&mut content);
    } else {
        content.extend(bytes);
    }
    match parse_images(bytes) {
        Err(error) => assert_refused::<()>(Err(error), &["pictures"]),
        Ok(Images { pixels, rows, cols }) => {
            let sizes = [pixels.len() / (rows * cols), rows, cols].map(|size| size as u32);
            assert_eq!(file(0x0803, &sizes, &pixels), content);
        }
    }
    match parse_labels(bytes) {
        Err(error) => assert_refused::<()>(Err(error), &["classes"]),
        Ok(loaded) => assert_eq!(labels(&loaded), content),
    }
}

/// Seeded, so that a run can be repeated; a case that fails is printed and not kept in a file.
fn config() -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(1);
    ProptestConfig { cases: 512, rng_seed, failure_persistence: None, ..Default::default() }
}

/// A sound file of either kind, plain or compressed.
fn sound_file() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop_oneof![
        (1_u8..20).prop_map(images),
        prop::collection::vec(0_u8..10, 1..40).prop_map(|of| labels(&of)),
    ];
    (kinds, any::<bool>()).prop_map(|(bytes, zip)| if zip { gzip(&bytes) } else { bytes })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        check_any_bytes(&bytes);
        check_any_bytes(&gzip(&bytes));
        check_any_bytes(&[&[0x1f, 0x8b, 8], bytes.as_slice()].concat());
    }

    #[test]
    fn arbitrary_sizes_never_panic(
        sizes in prop::array::uniform3(prop_oneof![0_u32..4, any::<u32>()]),
        body in prop::collection::vec(0_u8..11, 0..30),
    ) {
        for bytes in [file(0x0803, &sizes, &body), file(0x0801, &sizes[..1], &body)] {
            check_any_bytes(&bytes);
            check_any_bytes(&gzip(&bytes));
        }
    }

    #[test]
    fn mutated_files_never_panic(
        mut bytes in sound_file(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        check_any_bytes(&bytes);
    }

    #[test]
    fn sound_files_load_and_truncated_files_do_not(
        bytes in sound_file(),
        kept in any::<prop::sample::Index>(),
    ) {
        prop_assert!(parse_images(&bytes).is_ok() != parse_labels(&bytes).is_ok());
        let rest = &bytes[..kept.index(bytes.len())];
        assert_refused(parse_images(rest), &["pictures"]);
        assert_refused(parse_labels(rest), &["classes"]);
    }
}
