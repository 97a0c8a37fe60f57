//! The pictures of sweeps.

use crate::support::network::{at_rate, network, with_affine};
use normlab::record::{SweepRecord, Swept};
use normlab::report::sweeps::pictures;

/// A network of the sweep over batch sizes.
fn at(norm: &str, batch: usize, seed: u64, accuracy: f64) -> SweepRecord {
    let learning_rate = 0.01;
    SweepRecord { batch, seed, learning_rate, ..network(&format!("sigmoid-{norm}"), accuracy) }
}

/// The numbers of an attribute in all elements of a kind.
fn numbers(svg: &str, element: &str, attribute: &str) -> Vec<f64> {
    let start = format!("<{element} ");
    let elements = svg.split(&start).skip(1);
    let value = |rest: &str| {
        let from = rest.find(&format!("{attribute}=\"")).unwrap() + attribute.len() + 2;
        rest[from..].split('"').next().unwrap().parse().unwrap()
    };
    elements.map(value).collect()
}

#[test]
fn the_picture_shows_every_mean_where_it_is() {
    let records = [
        at("batch", 1, 1, 0.1),
        at("layer", 1, 1, 0.5),
        at("layer", 1, 2, 0.7),
        at("batch", 4, 1, 0.8),
        at("layer", 4, 1, 0.8),
        at("batch", 16, 1, 1.0),
    ];
    let pictures = pictures(Swept::BatchSize, &records, None);
    let [picture] = &pictures[..] else { panic!("{pictures:#?}") };
    assert_eq!(picture.id, "batch-sizes-sigmoid");
    for word in ["batch norm: 10.0 % at 1, 80.0 % at 4", "layer norm: 60.0 % at 1", "0.01"] {
        assert!(picture.caption.contains(word), "{word}: {}", picture.caption);
    }
    assert!(picture.alt.contains("60.0 % at 1") && picture.frames.len() == 1);
    let svg = &picture.frames[0].svg;
    assert!(svg.starts_with("<svg ") && svg.contains("viewBox") && svg.ends_with("</svg>"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let (x, y) = (numbers(svg, "circle", "cx"), numbers(svg, "circle", "cy"));
    let same = |a: f64, b: f64| (a - b).abs() < 0.11;
    // Batch norm at 1, 4, 16, then layer norm at 1, 4: equal octaves, equal accuracies.
    assert_eq!(x.len(), 5, "{svg}");
    assert!(same(x[1] - x[0], x[2] - x[1]) && same(x[3], x[0]) && same(x[4], x[1]), "{x:?}");
    assert!(same(y[1], y[4]) && same((y[0] - y[3]) / 5.0, (y[0] - y[1]) / 7.0), "{y:?}");
    // Only layer norm at 1 has two seeds.
    assert_eq!(svg.matches("stroke-width=\"1.5\"").count(), 1, "{svg}");
}

#[test]
fn what_did_not_end_is_a_cross() {
    let mut failed = at("batch", 1, 1, 0.9);
    failed.run.failure = Some("the loss is inf at step 3".into());
    let picture = &pictures(Swept::BatchSize, &[failed, at("layer", 1, 1, 0.5)], None)[0];
    let svg = &picture.frames[0].svg;
    assert_eq!(numbers(svg, "circle", "cx").len(), 1);
    assert_eq!((svg.matches("l8 8m0 -8l-8 8").count(), svg.matches("× diverged").count()), (1, 1));
    assert!(picture.caption.contains("batch norm: diverged at 1;"), "{}", picture.caption);
    for swept in Swept::ALL {
        assert_eq!(pictures(swept, &[], None), []);
    }
}

#[test]
fn rates_lie_on_a_logarithmic_axis_with_a_cross_where_a_network_diverged() {
    let records = [
        at_rate("relu-none", 0.01, Some(0.4)),
        at_rate("relu-none", 0.1, Some(0.9)),
        at_rate("relu-none", 1.0, None),
        at_rate("relu-batch", 1.0, Some(0.95)),
    ];
    let pictures = pictures(Swept::LearningRate, &records, None);
    let [picture] = &pictures[..] else { panic!("{pictures:#?}") };
    assert_eq!(picture.id, "learning-rates-relu");
    let said = "no norm: 40.0 % at 0.01, 90.0 % at 0.1, diverged at 1; batch norm: 95.0 % at 1";
    assert!(picture.alt.contains(said), "{}", picture.alt);
    let best = "Best of each: no norm 90.0 % at 0.1, batch norm 95.0 % at 1. The horizontal axis is logarithmic.";
    assert!(picture.caption.ends_with(best), "{}", picture.caption);
    let svg = &picture.frames[0].svg;
    let x = numbers(svg, "circle", "cx");
    assert!((x[1] - x[0] - (x[2] - x[1])).abs() < 0.11, "{x:?}");
    assert_eq!(svg.matches("l8 8m0 -8l-8 8").count(), 1);
    for rate in ["0.01", "0.1", "1"] {
        assert_eq!(svg.matches(&format!(">{rate}</text>")).count(), 1, "{rate}");
    }
}

#[test]
fn curves_are_means_of_all_seeds() {
    let mut records = vec![
        with_affine("relu-layer", "per_unit", 1, 0.8),
        with_affine("relu-layer", "per_unit", 2, 0.6),
        with_affine("relu-layer", "shared", 1, 0.9),
    ];
    let all = pictures(Swept::Affine, &records, None);
    let [picture] = &all[..] else { panic!("{all:#?}") };
    let said = "each unit: 70.0 % (60.0 % to 80.0 %) with 100010 parameters";
    assert!(picture.caption.contains(said), "{}", picture.caption);
    let svg = &picture.frames[0].svg;
    assert_eq!((svg.matches("fill-opacity").count(), svg.contains(">ReLU</text>")), (2, true));
    // A seed that is cut off, or that diverged, leaves what all have in common.
    records[1].accuracies.truncate(1);
    records[1].run.failure = Some("the loss is inf at step 3".into());
    let picture = &pictures(Swept::Affine, &records, None)[0];
    assert!(picture.caption.contains("each unit: 80.0 % (80.0 % to"), "{}", picture.caption);
    assert!(!picture.frames[0].svg.contains("NaN"));
}
