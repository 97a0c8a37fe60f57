//! The format of IDX files: what is read, and with which sentence everything else is refused.

use std::io::{self, Read};

use crate::support::idx_files::{assert_refused, file, gzip, images, labels, qmnist_labels};
use flate2::read::MultiGzDecoder;
use normlab::data::idx::{self, Images, MAX_BYTES};
use normlab::error::{Error, Result};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn parse_images(bytes: &[u8]) -> Result<Images> {
    idx::parse_images("pictures", bytes, bytes.len() as u64)
}

fn parse_labels(bytes: &[u8]) -> Result<Vec<u8>> {
    idx::parse_labels("classes", bytes, bytes.len() as u64)
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

#[test]
fn a_wrong_magic_number_is_told_with_the_right_one() {
    let page = b"<!DOCTYPE html>";
    assert_images_refused(page, &["pictures", "0x3c21444f", "0x00000803"]);
    assert_labels_refused(page, &["classes", "0x3c21444f", "0x00000801"]);
    // Only the element type and a missing dimension can be unknown to the format.
    assert_images_refused(&file(0x0703, &[1, 1, 1], &[0; 4]), &["0x00000703", "download it again"]);
    assert_images_refused(&file(0x0800, &[], &[0]), &["0x00000800", "download it again"]);
}

/// Asserts that a sound file is refused for its contents, and is not called damaged.
#[track_caller]
fn assert_other(refused: Result<()>, parts: &[&str]) {
    let said = refused.as_ref().unwrap_err().to_string();
    assert!(!said.contains("download") && !said.contains("damaged"), "{said}");
    assert_refused(refused, parts);
}

#[test]
fn a_sound_file_of_another_kind_is_told_by_what_it_holds() {
    let elements = [
        (0x09, 1, "signed bytes"),
        (0x0b, 2, "16-bit integers"),
        (0x0c, 4, "32-bit integers"),
        (0x0d, 4, "32-bit floats"),
        (0x0e, 8, "64-bit floats"),
    ];
    let expected = "images are unsigned bytes in 3 dimensions (images × rows × columns)";
    for (code, size, name) in elements {
        let bytes = file(code << 8 | 3, &[5, 2, 3], &vec![0; 30 * size]);
        let held = format!("pictures holds {name} in 3 dimensions (5 × 2 × 3), but {expected}");
        for bytes in [gzip(&bytes), bytes] {
            assert_other(parse_images(&bytes).map(drop), &[&held, "write the images in that form"]);
        }
        let bytes = file(code << 8 | 1, &[5], &vec![0; 5 * size]);
        let parts = [name, "in 1 dimension (5), but labels are unsigned bytes in 1 dimension"];
        assert_other(parse_labels(&bytes).map(drop), &parts);
    }
    for (sizes, advice) in [
        (&[4, 6][..], "store each image as rows and columns"),
        (&[2, 2, 3, 2], "write the images in that form"),
        (&[2, 2, 2, 3], "convert these colour images to grey"),
        (&[2, 3, 2, 2], "convert these colour images to grey"),
        (&[24], "these are labels: rename the file accordingly"),
    ] {
        let bytes = file(0x0800 | sizes.len() as u32, sizes, &[0; 24]);
        let held = format!("unsigned bytes in {} dimension", sizes.len());
        assert_other(parse_images(&bytes).map(drop), &[&held, advice]);
    }
    let advice = "these are labels: rename the file accordingly";
    assert_other(parse_images(&qmnist_labels(&[1, 2])).map(drop), &["(2 × 8)", advice]);
    let advice = "these are images: rename the file accordingly";
    assert_other(parse_labels(&images(2)).map(drop), &["unsigned bytes in 3 dim", advice]);
    // One that is not as long as its own header says is damaged, whatever it would hold.
    let cut_off = file(0x0d03, &[5, 2, 3], &[0; 119]);
    let parts = ["holds 135 bytes", "promises 136", "5 × 2 × 3 32-bit floats", "damaged"];
    assert_refused(parse_images(&cut_off), &parts);
}

#[test]
fn labels_of_eight_columns_are_read_by_their_first() {
    for bytes in [qmnist_labels(&[7, 0, 255]), gzip(&qmnist_labels(&[7, 0, 255]))] {
        assert_eq!(parse_labels(&bytes).unwrap(), [7, 0, 255]);
    }
    for beyond in [-1, 256, i32::MAX] {
        let found = format!("example 1 (counted from 0) the label {beyond}");
        let parts = ["classes", &found, "0 to 255"];
        assert_labels_refused(&qmnist_labels(&[3, beyond]), &parts);
    }
    let five = file(0x0c02, &[3, 5], &[0; 60]);
    let parts =
        ["32-bit integers in 2 dimensions (3 × 5)", "or 32-bit integers in 2 (examples × 8)"];
    assert_other(parse_labels(&five).map(drop), &parts);
}

#[test]
fn zeros_behind_a_gzip_file_are_no_damage() {
    let sound = gzip(&images(2));
    let two = [gzip(&images(2)[..9]), gzip(&images(2)[9..])].concat();
    for members in [&sound, &two] {
        for count in [1, 7, 511, 20_000] {
            let padded = [members.as_slice(), &vec![0; count]].concat();
            assert_eq!(parse_images(&padded).unwrap(), parse_images(&images(2)).unwrap());
            for behind in [&[1][..], &sound] {
                let more = [&padded, behind].concat();
                assert_refused(parse_images(&more), &["follows its end", "damaged"]);
            }
        }
    }
    // No storage format leaves zeros after a plain file.
    assert_refused(parse_images(&[images(2), vec![0]].concat()), &["holds 29 bytes"]);
}

#[test]
fn transposed_images_have_rows_for_columns() {
    let Images { pixels, rows, cols } = parse_images(&images(2)).unwrap().transposed();
    assert_eq!((rows, cols), (3, 2));
    let of = |at: usize| (at as u8).wrapping_mul(37);
    assert_eq!(pixels, [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11].map(of));
}

#[test]
fn a_file_that_is_cut_off_is_told() {
    for kept in 0..28 {
        let (found, expected) = match kept {
            0..4 => (format!("after {kept} bytes"), "has 16"),
            4..16 => (format!("after {kept} bytes"), "its header has 16"),
            _ => (
                format!("holds {kept} bytes"),
                "promises 28 (a header of 16 and 2 × 2 × 3 unsigned",
            ),
        };
        assert_images_refused(&images(2)[..kept], &["pictures", &found, expected]);
    }
    for kept in 0..10 {
        let (found, expected) = match kept {
            0..8 => (format!("after {kept} bytes"), "has 8"),
            _ => {
                (format!("holds {kept} bytes"), "promises 10 (a header of 8 and 2 unsigned bytes)")
            }
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
        let found = format!("{} × {} × {} unsigned bytes of images", sizes[0], sizes[1], sizes[2]);
        let parts = ["pictures", &found, "every size must be at least 1"];
        assert_images_refused(&file(0x0803, &sizes, &[]), &parts);
    }
    assert_labels_refused(&labels(&[]), &["classes", "0 unsigned bytes of labels", "at least 1"]);
}

#[test]
fn a_damaged_gzip_stream_is_told() {
    let sound = gzip(&images(9));
    let parts = ["pictures", "starts like a gzip file"];
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
    let above = u32::try_from(MAX_BYTES).unwrap() + 1;
    for sizes in [[greatest, 28, 28], [greatest; 3], [above, 1, 1]] {
        let header = file(0x0803, &sizes, &[]);
        let found = format!("{} × {} × {} unsigned bytes of images", sizes[0], sizes[1], sizes[2]);
        assert_images_refused(&header, &["pictures", &found, "at most 1073741824"]);
    }
    let parts = ["4294967295 unsigned bytes of labels", "at most 1073741824"];
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
        // What cannot be decompressed must not load, so its content is ignored; so are zeros after it, at
        // which this decoder fails only after the content.
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
        Ok(loaded) if content[2] == 0x0c => assert_eq!(32 * loaded.len() + 12, content.len()),
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
        prop::collection::vec(0_i32..10, 1..40).prop_map(|of| qmnist_labels(&of)),
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
