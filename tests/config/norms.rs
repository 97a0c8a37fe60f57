//! Norms in an experiment: how they are written, and which layers have them.

use super::{parse, refusal, refused};
use normlab::config::{Norm, NormKind, NormLayers};

#[test]
fn norms_are_read_as_they_are_written() {
    let cases = [
        ("group:10", Norm::group(10)),
        ("batch@last", Norm::BATCH.in_layers(NormLayers::Last)),
        ("rms@first", Norm::RMS.in_layers(NormLayers::First)),
        ("group:4@3", Norm::group(4).in_layers(NormLayers::Only(3))),
    ];
    for (text, norm) in cases {
        assert_eq!(text.parse::<Norm>(), Ok(norm));
        assert_eq!(norm.to_string(), text);
        assert_eq!(parse(&format!("norm = {text:?}")).norm, [norm]);
    }
    for text in ["group", "group:", "group:0", "group:-1", "group:x", "group:1.5", "group@last"] {
        refused(
            &format!("norm = {text:?}"),
            &["needs a number of groups", "group:GROUPS", "group:10"],
        );
    }
    for text in ["batch@", "batch@0", "batch@-1", "batch@middle", "batch@last@last", "batch@1.5"] {
        refused(
            &format!("norm = {text:?}"),
            &["names no layer", "first, last or the number", "batch@last"],
        );
    }
    refused("norm = \"none@last\"", &["none@last puts no norm into a layer", "batch@last"]);
    refused("norm = \"bach@last\"", &["no norm is called bach", "did you mean batch?"]);
}

#[test]
fn a_norm_of_one_layer_leaves_the_others_without() {
    let of = |norm: &str, depth: usize| -> Vec<NormKind> {
        let norm: Norm = norm.parse().unwrap();
        (0..depth).map(|layer| norm.of_layer(layer, depth)).collect()
    };
    let (none, batch, group) = (NormKind::None, NormKind::Batch, NormKind::Group(5));
    assert_eq!(of("batch", 3), [batch; 3]);
    assert_eq!(of("batch@first", 3), [batch, none, none]);
    assert_eq!(of("batch@2", 3), [none, batch, none]);
    assert_eq!(of("group:5@last", 3), [none, none, group]);
    assert_eq!(of("batch@last", 1), [batch]);
}

#[test]
fn a_norm_that_does_not_fit_the_layers_is_refused() {
    let hidden = |units: &str, norm: &str| format!("hidden = {units}\nnorm = [{norm}]");
    let said = refusal(&hidden("[100, 32]", "\"group:10\""));
    assert_eq!(
        said,
        "norm is group:10; expected a number of groups that divides the 32 units of hidden layer 2, for \
         example group:8"
    );
    parse(&hidden("[100, 32]", "\"group:10@first\"")).validate().unwrap();
    refused(&hidden("[100, 32]", "\"group:10@last\""), &["the 32 units of hidden layer 2"]);
    refused(&hidden("[7]", "\"group:99\""), &["the 7 units of hidden layer 1", "group:7"]);
    let said = refusal(&hidden("[9, 9]", "\"none\", \"batch@3\""));
    assert_eq!(
        said,
        "norm is batch@3; expected a hidden layer from 1 to 2, first or last after the @"
    );
    refused(&hidden("[]", "\"layer@last\""), &["layer@last", "without @", "no hidden layer"]);
    let said = refusal(&hidden("[9, 9]", "\"batch@2\", \"batch\", \"batch@last\""));
    let expected =
        "norm is a list with repetitions, batch@2 and batch@last; expected each network once";
    assert_eq!(said, expected);
    refused(&hidden("[9]", "\"batch\", \"batch@1\""), &["batch and batch@1"]);
    parse(&hidden("[9, 9]", "\"batch@1\", \"batch\", \"batch@last\", \"layer@1\""))
        .validate()
        .unwrap();
}
